"""Writes a recording as WAVs and a nodes file that `soundpost replay` reads (simulators/recordings/nodes_file.py)."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from simulators.recordings.recording import Recording, Track

NODES_FILE = "nodes.json"


def write_recording(recording: Recording, folder: Path) -> Path:
    """One 16-bit WAV a track and, last, the nodes file. Makes the folder; replaces files of these names.

    Returns the nodes file's path. Raises OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for track in recording.tracks:
        with (folder / f"{track.node}.wav").open("wb") as file:
            samples = np.rint(track.read() * 32768).clip(-32768, 32767).astype(np.int16)
            soundfile.write(file, samples, track.rate_hz, format="WAV", subtype="PCM_16")
    unfinished = folder / f".{NODES_FILE}.part"
    unfinished.write_text(json.dumps(_tables(recording), indent=1) + "\n")
    return unfinished.replace(folder / NODES_FILE)


def _tables(recording: Recording) -> dict[str, Any]:
    air = recording.air
    east_mps, north_mps = air.wind_en_mps
    return {
        "temperature_c": air.temperature_c,
        "humidity_pct": air.humidity_pct,
        "wind_mps": float(np.hypot(east_mps, north_mps)),
        "wind_from_deg": float(np.degrees(np.arctan2(-east_mps, -north_mps)) % 360),
        "nodes": [_node(track) for track in recording.tracks],
        "truths": [
            {"xyz_m": truth.xyz_m, "n_rounds": truth.n_rounds, "times_utc": [_iso(t_us) for t_us in truth.t_us]}
            for truth in recording.truths
        ],
    }


def _node(track: Track) -> dict[str, Any]:
    entry = {
        "node": track.node,
        "xyz_m": track.xyz_m,
        "channel": 0,
        "audio": f"{track.node}.wav",
        "start_utc": _iso(track.start_us),
        "sigma_us": track.sigma_us,
    }
    return entry if track.full_scale_db is None else entry | {"full_scale_db": track.full_scale_db}


def _iso(t_us: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=t_us)).isoformat()
