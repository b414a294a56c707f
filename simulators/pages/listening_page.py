"""The worst misses and false alarms of each class, to look at and to listen to: one page that asks nobody for
anything."""

import base64
import html
import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import soundfile
from matplotlib import image
from numpy.typing import NDArray

from dsp.hearing.patch import FRAMES, patch
from gateway.pictures import svg
from hw.linux.audio_file import read_audio
from simulators.training.score_sounds import Sound
from simulators.training.scoreboard import Figure, board

WORST = 5  # of a class
BEFORE_S, LONG_S = 0.3, 1.8  # of sound that is played round what was heard
ZOOM = 3  # pixels of a band and of a frame
STYLE = """
body { font-family: system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1.25rem;
  background: var(--page); color: var(--ink); }
pre { overflow-x: auto; }
ul { list-style: none; padding: 0; display: grid; gap: 1.5rem;
  grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); }
li { overflow-wrap: anywhere; min-width: 0; }
li img { width: 100%; height: 5rem; image-rendering: pixelated; }
audio { width: 100%; }
"""


def write_report(folder: Path, figures: Sequence[Figure], sounds: Sequence[Sound]) -> Path:
    """The page. OSError where it cannot be written, or a sound is no longer there."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = sorted({sound.kind for sound in sounds})
    parts = "".join(_part(kind, [sound for sound in sounds if sound.kind == kind]) for kind in kinds)
    page = folder / "index.html"
    text = (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>Sounds</title>"
        f"<meta name=viewport content='width=device-width, initial-scale=1'><style>{svg.STYLE}{STYLE}</style>"
        f"<h1>Sounds</h1><pre>{html.escape(board(figures))}</pre>"
        "<p>Of each class those that were taken most for what they are not. A picture shows 24 bands, low to high, "
        f"from 50 ms before what was heard to 950 ms after it.</p>{parts}</html>\n"
    )
    page.write_bytes(text.encode("utf-8", "replace"))  # names of files may be no UTF-8
    return page


def _part(kind: str, sounds: Sequence[Sound]) -> str:
    is_gun = sounds[0].is_gun
    worst = sorted(sounds, key=lambda sound: sound.p if is_gun else -sound.p)[:WORST]
    shown = "".join(f"<li>{_sound(sound)}</li>" for sound in worst if is_gun or sound.at_s is not None)
    words = "missed most" if is_gun else "taken most for a gunshot"
    return f"<h2>{html.escape(kind)}: {words}</h2><ul>{shown}</ul>" if shown else ""


def _sound(sound: Sound) -> str:
    samples, rate_hz = read_audio(sound.path)
    at_s = 0.0 if sound.at_s is None else sound.at_s
    seen = patch(samples[:, 0], round(at_s * rate_hz), rate_hz)
    words = f"p {sound.p:.2f} at {at_s:.2f} s" if sound.at_s is not None else "nothing heard"
    return "".join(_tags(sound.path.name, words, _png(seen), _wav(samples[:, 0], at_s, rate_hz)))


def _tags(name: str, words: str, png: bytes, wav: bytes) -> Iterator[str]:
    yield f"<img alt='{html.escape(name, quote=True)}' src='data:image/png;base64,{base64.b64encode(png).decode()}'>"
    yield f"<audio controls preload=none src='data:audio/wav;base64,{base64.b64encode(wav).decode()}'></audio>"
    yield f"<div>{html.escape(name)}<br>{words}</div>"


def _png(seen: NDArray[np.float32]) -> bytes:
    """Low bands at the bottom, loud is bright."""
    file = io.BytesIO()
    pixels = np.kron(seen.T[::-1], np.ones((ZOOM, ZOOM)))
    assert pixels.shape[1] == ZOOM * FRAMES
    image.imsave(file, pixels, cmap="magma", vmin=-1, vmax=4 / 3, format="png")
    return file.getvalue()


def _wav(samples: NDArray[np.float32], at_s: float, rate_hz: int) -> bytes:
    first = max(round((at_s - BEFORE_S) * rate_hz), 0)
    file = io.BytesIO()
    soundfile.write(file, samples[first : first + round(LONG_S * rate_hz)], rate_hz, format="WAV", subtype="PCM_16")
    return file.getvalue()
