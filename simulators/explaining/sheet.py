"""A sheet that pictures of the handbook are drawn on: SVG by hand, on white, the same in the dark."""

from html import escape

STYLE = """text{font:13px system-ui,"DejaVu Sans",sans-serif;fill:#1d2329}.soft{fill:#5d6873}.small{font-size:11.5px}
.bold{font-weight:600}.halo{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}
.sheet{fill:#fff}.panel{fill:#fafafa;stroke:#d0d4d8}.grid{stroke:#eceef0}.box{fill:#fff;stroke-width:1.6}
.pole{fill:#33658a}.late{fill:#fff;stroke:#33658a;stroke-width:2}.fix{fill:#c8402f}.area{fill:#c8402f22;stroke:#c8402f}
.truth{stroke:#1d2329;stroke-width:2;fill:none}.curve{fill:none;stroke:#33658a;stroke-width:1.3;opacity:.75}
.stray{fill:none;stroke:#b06a00;stroke-width:1.3;stroke-dasharray:6 4}.wire{fill:none;stroke:#5d6873;stroke-width:1.4}
.asked{fill:none;stroke:#5d6873;stroke-width:1.4;stroke-dasharray:5 4}.tip{fill:#5d6873}"""
ANCHORS = ("start", "middle", "end")


def sheet(title: str, width: float, height: float, *drawn: str) -> str:
    """The whole picture. title : what a screen reader says."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img"><title>{escape(title)}</title><style>{STYLE}</style>'
    )
    return "\n".join((head, f'<rect class="sheet" width="{width:g}" height="{height:g}"/>', *drawn, "</svg>")) + "\n"


def words(x: float, y: float, said: str, kind: str = "", anchor: str = "start") -> str:
    """A line of text; y : of its foot. Raises ValueError for an anchor that is none of ANCHORS."""
    if anchor not in ANCHORS:
        raise ValueError(f"anchor {anchor!r}: must be one of {', '.join(ANCHORS)}")
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(said)}</text>'


def path(points: list[tuple[float, float]], kind: str) -> str:
    """A line through points."""
    return f'<path class="{kind}" d="M{"L".join(f"{x:.1f} {y:.1f}" for x, y in points)}"/>'


def dot(x: float, y: float, radius: float, kind: str) -> str:
    """A disc."""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:g}"/>'


def cross(x: float, y: float) -> str:
    """Where something really was."""
    return f'<path class="truth" d="M{x - 6:.1f} {y - 6:.1f}l12 12m0 -12l-12 12"/>'


def oval(x: float, y: float, major: float, minor: float, azimuth_deg: float) -> str:
    """An ellipse by its half axes; azimuth_deg : of the major one, clockwise from up."""
    turn = f'transform="rotate({azimuth_deg - 90:.1f} {x:.1f} {y:.1f})"'
    return f'<ellipse class="area" cx="{x:.1f}" cy="{y:.1f}" rx="{major:.1f}" ry="{minor:.1f}" {turn}/>'
