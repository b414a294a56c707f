"""What leaves a pole and what does not, drawn on a line of time."""

from simulators.explaining.sheet import path, sheet, words

WIDTH, LEFT, PX_A_S = 900.0, 30.0, 68.0
ONSET_S = 10.0  # on the line: so much lies before it
ON_POLE = "the sound, in memory only, ten seconds at most; no code writes it to a disk"
FROM_POLE = "20 ms, with time, level and shape in numbers (clips = false: the numbers alone)"
OF_CAMERA = "pictures without sound, of an incident only, to 30 s after its last round; sealed, let go after keep_days"
BARS = (
    ("on the pole", 0.0, 10.0, "#33658a", ON_POLE),
    ("from the pole", 10.0, 10.02, "#c8402f", FROM_POLE),
    ("at the gateway", 10.0, 10.02, "#7a3e9d", "the same, in the journal, until the frame is pruned"),
    ("of a camera", 0.0, 12.0, "#1b8a6b", OF_CAMERA),
)
ROW, TOP = 58.0, 74.0
HEIGHT = TOP + len(BARS) * ROW + 8


def drawing() -> str:
    """The picture as SVG."""
    onset = LEFT + ONSET_S * PX_A_S
    drawn = [
        words(LEFT, 26, "What is heard and seen, and what becomes of it", "bold"),
        path([(LEFT, 48), (LEFT + 12 * PX_A_S, 48)], "wire"),
        *(path([(LEFT + s * PX_A_S, 44), (LEFT + s * PX_A_S, 52)], "wire") for s in range(13)),
        words(LEFT, 66, "10 s before", "small soft"),
        words(onset, 66, "an impulse", "small soft", "middle"),
        path([(onset, 48), (onset, HEIGHT - 12)], "asked"),
    ]
    for i, (name, start_s, end_s, colour, said) in enumerate(BARS):
        y = TOP + 12 + i * ROW
        wide = max((end_s - start_s) * PX_A_S, 2.0)  # 20 ms are 1.4
        drawn.append(
            f'<rect x="{LEFT + start_s * PX_A_S:.1f}" y="{y:g}" width="{wide:.1f}" height="20" fill="{colour}"/>'
        )
        drawn.append(words(LEFT, y + 40, f"{name}: {said}", "halo small"))
        if start_s:
            drawn.append(words(onset - 10, y + 15, "this wide, to scale:", "halo small soft", "end"))
    return sheet("What leaves a pole: twenty milliseconds round an impulse", WIDTH, HEIGHT, *drawn)
