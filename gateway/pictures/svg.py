"""Pictures for report pages, as SVG written by hand: no plotting library, no script, nothing from outside.

Colours are CSS variables of STYLE, which a page includes once; with them every picture follows the reader's dark or
light setting. All text that comes in is escaped here.
"""

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

COLOURS = """
:root { color-scheme: light dark; --page: #fcfcfa; --panel: #ffffff; --ink: #1d2329; --soft: #5d6873; --faint: #d9dde1;
  --grid: #eceef0; --wall: #8c7b6b; --pole: #33658a; --fix: #c8402f; --fixfill: #c8402f33; --truth: #1d2329;
  --lamp: #f2b134; --camera: #1b8a6b; --camerafill: #1b8a6b22; --wave: #6f8ba3; --expected: #7a4fb5; --good: #1f7a4d;
  --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --page: #14181c; --panel: #1b2026; --ink: #e8ebee; --soft: #9aa5b0;
  --faint: #3a424b; --grid: #272e35; --wall: #a6927d; --pole: #7db4de; --fix: #ff7a66; --fixfill: #ff7a6640;
  --truth: #e8ebee; --lamp: #ffc857; --camera: #4fd1a5; --camerafill: #4fd1a52e; --wave: #6e8ca6;
  --expected: #b794f4; --good: #63d297; --bad: #ff8a80; } }
"""
RULES = """
figure { margin: 0; }
figure svg { display: block; width: 100%; height: auto; font: 13px system-ui, "DejaVu Sans", sans-serif; }
.legend { display: flex; flex-wrap: wrap; gap: .3em 1.2em; list-style: none; margin: .6em 0 0; padding: 0;
  color: var(--soft); font-size: .85rem; }
.legend li { display: flex; align-items: center; gap: .45em; }
.legend svg { width: 26px; height: 16px; flex: none; }
svg text { fill: var(--ink); } svg .soft { fill: var(--soft); } svg .small { font-size: 11px; }
svg .halo { paint-order: stroke; stroke: var(--panel); stroke-width: 3.5px; stroke-linejoin: round; }
svg .bold { font-weight: 600; }
svg .grid { stroke: var(--grid); stroke-width: 1; } svg .axis { stroke: var(--faint); stroke-width: 1; }
svg .wall { stroke: var(--wall); stroke-width: 4; stroke-linecap: round; }
svg .pole { fill: var(--pole); stroke: var(--panel); stroke-width: 1.5; }
svg .fix { fill: var(--fix); stroke: var(--panel); stroke-width: 1.5; }
svg .ellipse { fill: var(--fixfill); stroke: var(--fix); stroke-width: 1.5; }
svg .truth { stroke: var(--truth); stroke-width: 2; fill: none; }
svg .quiet { fill: var(--panel); stroke: var(--soft); stroke-width: 1.2; }
svg .ghost { fill: var(--expected); stroke: var(--panel); stroke-width: 1.5; }
svg .doubt { fill: none; stroke: var(--expected); stroke-width: 1.5; stroke-dasharray: 5 3; }
svg .rest { stroke: var(--expected); stroke-width: 1; stroke-opacity: .45; }
svg .lit { fill: var(--lamp); opacity: .38; } svg .unlit { fill: none; stroke: var(--soft); stroke-dasharray: 2 3; }
svg .camera { fill: var(--camera); stroke: var(--panel); stroke-width: 1.5; }
svg .view { fill: var(--camerafill); stroke: var(--camera); stroke-width: 1; stroke-opacity: .6; }
svg .wave { fill: var(--wave); stroke: var(--wave); stroke-width: .6; }
svg .onset { fill: var(--fix); } svg .stray { fill: none; stroke: var(--soft); }
svg .curve { stroke: var(--fix); stroke-width: 2; } svg .past { stroke: var(--pole); stroke-width: 1.6; }
svg .expected { stroke: var(--expected); stroke-width: 1.2; stroke-dasharray: 4 3; }
svg .dot-lamp { fill: var(--lamp); stroke: var(--ink); stroke-width: .6; } svg .dot-camera { fill: var(--camera); }
svg .dot-fix { fill: var(--fix); } svg .dot-pole { fill: var(--pole); } svg .dot-truth { fill: var(--truth); }
"""
"""The web pages have these in a file of their own, gateway/web/static/pictures.css."""

STYLE = COLOURS + RULES

Say = Callable[[str], str]
"""From the English to the reader's language."""
Entry = tuple[str, str]
"""Of a legend: SVG in a box of 26 x 16, and what it means."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Straight from values to places on the picture: `low` lies at `at_low`, `high` at `at_high`."""

    low: float
    high: float
    at_low: float
    at_high: float

    def __call__(self, value: float) -> float:
        return self.at_low + (value - self.low) / (self.high - self.low) * (self.at_high - self.at_low)


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten apart) within low to high, some `about` of them."""
    if not high > low:
        raise ValueError(f"ticks of {low:g} to {high:g}: the range must have a length")
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(step * index, 9) for index in range(first, last + 1)]


def element(name: str, *children: str, **attributes: str | float) -> str:
    """One SVG element. `children` are SVG already; attribute values are escaped; `stroke_width` is stroke-width."""
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{html.escape(_plain(value))}"' for key, value in attributes.items()
    )
    return f"<{name}{told}>{''.join(children)}</{name}>" if children else f"<{name}{told}/>"


def text(words: str, x: float, y: float, class_: str = "", anchor: str = "start") -> str:
    """Words at a place, escaped. anchor : start, middle or end."""
    return element("text", html.escape(words), x=x, y=y, class_=class_, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> str:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def cross(x: float, y: float, size: float = 6, class_: str = "truth") -> str:
    """A cross of two strokes."""
    path = (
        f"M{x - size:.2f} {y - size:.2f}l{2 * size:.2f} {2 * size:.2f}m0 {-2 * size:.2f}l{-2 * size:.2f} {2 * size:.2f}"
    )
    return element("path", d=path, class_=class_)


def figure(title: str, width: float, height: float, body: Sequence[str], legend: Sequence[Entry] = ()) -> str:
    """A whole picture: <figure> with one <svg> that fills its column, and its legend under it, never over it."""
    picture = element(
        "svg",
        element("title", html.escape(title)),
        *body,
        viewBox=f"0 0 {_plain(width)} {_plain(height)}",
        role="img",
        xmlns="http://www.w3.org/2000/svg",
    )
    items = "".join(
        f'<li><svg viewBox="0 0 26 16" aria-hidden="true">{symbol}</svg>{html.escape(words)}</li>'
        for symbol, words in legend
    )
    listed = f'<ul class="legend">{items}</ul>' if items else ""
    return f"<figure>{picture}{listed}</figure>"


def _plain(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")
