"""When what is known of the example's shot, drawn: how long sound takes to each pole, when lamps and people hear of it.

The association and its provisional rounds are the real ones, told of each arrival LOOK_US and LINK_US after its sound
came, and of the time every STEP_US. People may wait for later looks besides (docs/explanation/looks.md).
"""

from collections.abc import Sequence

from dsp.hearing.patch import LOOKS_MS
from gateway.incident import Arrival, Round
from gateway.placing.associate import Associator
from gateway.placing.soon import Soon
from simulators.explaining.sheet import path, sheet, words
from simulators.explaining.worked import AIR, FIRED_US, arrivals

LOOK_US, LINK_US, STEP_US, LONGEST_US = LOOKS_MS[0] * 1000, 20_000, 10_000, 5_000_000
WIDTH, LEFT, RIGHT, TOP, ROW = 900.0, 60.0, 860.0, 56.0, 24.0
BLUE, LIGHT = "#33658a", "#9db8cc"


def moments(heard: Sequence[Arrival]) -> tuple[int, int]:
    """When six poles agree, and when it is decided, us after the shot. Raises ValueError where either never comes."""
    street = Associator(AIR, {each.node: each.xyz_m for each in heard})
    soon, soon_us = Soon(), 0
    for now_us in range(0, LONGEST_US, STEP_US):
        for each in heard:
            if now_us - STEP_US < each.t_us + LOOK_US + LINK_US - FIRED_US <= now_us:
                street.feed(each)
                soon.feed(each, FIRED_US + now_us)
        if soon.look(street, FIRED_US + now_us) and not soon_us:
            soon_us = now_us
        if any(isinstance(each, Round) for each in street.tick(FIRED_US + now_us)) and soon_us:
            return soon_us, now_us
    raise ValueError("the example's shot is never decided")


def drawing() -> str:
    """The picture as SVG."""
    heard = sorted(arrivals(), key=lambda each: each.t_us)
    soon_us, decided_us = moments(heard)
    height = TOP + len(heard) * ROW + 92

    def x(us: float) -> float:
        return LEFT + (RIGHT - LEFT) * us / (decided_us * 1.08)

    foot = TOP + len(heard) * ROW + 8
    drawn = [words(16, 26, "One shot in time: from the trigger to the lamps and the people", "bold")]
    for i, each in enumerate(heard):
        y, came_us = TOP + i * ROW, each.t_us - FIRED_US
        drawn += [
            words(16, y + 11, each.node, "small"),
            _bar(x(0), x(came_us), y, BLUE),
            _bar(x(came_us), x(came_us + LOOK_US + LINK_US), y, LIGHT),
        ]
    told = ((soon_us, "six agree: lamps", 6, "start"), (decided_us, "decided: people", -6, "end"))
    for us, said, side, anchor in told:
        drawn.append(path([(x(us), TOP - 8), (x(us), foot)], "asked"))
        drawn.append(words(x(us) + side, foot - 4, f"{said}, {us / 1e6:.2f} s", "halo bold", anchor))
    ticks = range(0, int(decided_us * 1.08), 200_000)
    drawn.append(path([(LEFT, foot + 10), (RIGHT, foot + 10)], "wire"))
    drawn += [path([(x(us), foot + 6), (x(us), foot + 14)], "wire") for us in ticks]
    drawn += [words(x(us), foot + 28, f"{us / 1e6:.1f} s", "small soft", "middle") for us in ticks]
    legend = foot + 48
    drawn += [_bar(LEFT, LEFT + 26, legend, BLUE), words(LEFT + 34, legend + 11, "the sound is on its way", "small")]
    drawn += [_bar(LEFT + 210, LEFT + 236, legend, LIGHT)]
    drawn.append(
        words(LEFT + 244, legend + 11, f"the pole listens for {LOOKS_MS[0]} ms, and its word is on the wire", "small")
    )
    return sheet("One shot in time", WIDTH, height, *drawn)


def _bar(x0: float, x1: float, y: float, colour: str) -> str:
    return f'<rect x="{x0:.1f}" y="{y:g}" width="{x1 - x0:.1f}" height="14" fill="{colour}"/>'
