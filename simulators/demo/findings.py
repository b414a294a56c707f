"""What came of every round that was fired: where it was placed, and how soon the lamps came up. Pure.

When the blast reached a pole is reckoned from the truth and the air (dsp/air.py), not from what any node said. A lamp's
time is the lamp bank's own note of being written to. So no latency rests on a clock or a claim of what is judged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dsp.air import travel_s
from dsp.geodesy import bearing
from gateway.incident import Round
from simulators.demo.story import Placed, Story, Written
from simulators.street.scenario import CameraEntry, Scenario
from simulators.street.scene import truths
from simulators.street.verdict import Fired, error_m, judge

FULL_PCT = 100
HEARD_WITHIN_US = 20_000  # a pole's onset so near to when the blast was due is the blast


@dataclass(frozen=True, slots=True)
class Shot:
    """One round fired, and what came of it. Times are us UTC; None where it did not come to that.

    due_us : when the blast reached each pole. onset_us : what each pole that heard it reported. needed_us : the blast
    reached the last pole of those that the fix rests on. heard_us : the last pole of all that reported it.
    first_lamp_us, full_us : when the lamp bank was told of the first and of the last lamp; None for a round whose lamps
    an earlier round of its incident had brought up.
    """

    number: int
    fired: Fired
    due_us: Mapping[str, int]
    onset_us: Mapping[str, int] = field(default_factory=dict)
    placed: Placed | None = None
    error_m: float | None = None
    needed_us: int | None = None
    heard_us: int | None = None
    first_lamp_us: int | None = None
    full_us: int | None = None


@dataclass(frozen=True, slots=True)
class Lamps:
    """The level of each lamp in per cent, read by a client of our own: before anything happened, the highest when the
    gateway had said that it was there, and in the end. dead : the one that died in the night."""

    before_pct: Mapping[str, int] = field(default_factory=dict)
    up_pct: Mapping[str, int] = field(default_factory=dict)
    after_pct: Mapping[str, int] = field(default_factory=dict)
    dead: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """A camera that was asked where it looks once the gateway had said that it had turned it for an incident.

    azimuth_deg, elevation_deg : true, by the camera's own word. off_deg : its azimuth against the true bearing of the
    round that it was turned to; None where that round was never fired.
    """

    camera: str
    incident: str
    azimuth_deg: float
    elevation_deg: float
    off_deg: float | None


def look(
    camera: CameraEntry, incident: str, aim_deg: tuple[float, float], ordered_deg: float, shots: Sequence[Shot]
) -> Look:
    """What a camera's own (pan, tilt) comes to. ordered_deg : the true azimuth that the gateway asked for."""
    azimuth_deg = (camera.bearing_deg + aim_deg[0]) % 360
    turned_to = [
        (off_deg(bearing(camera.xyz_m, shot.placed.shot.fix.xyz_m)[0], ordered_deg), shot)
        for shot in shots
        if shot.placed is not None and shot.placed.incident == incident
    ]
    if not turned_to:
        return Look(camera.name, incident, azimuth_deg, aim_deg[1], None)
    _, shot = min(turned_to, key=lambda pair: pair[0])
    true_deg = bearing(camera.xyz_m, shot.fired.xyz_m)[0]
    return Look(camera.name, incident, azimuth_deg, aim_deg[1], off_deg(azimuth_deg, true_deg))


def off_deg(a_deg: float, b_deg: float) -> float:
    """How far two azimuths are apart, 0 to 180 degrees."""
    return abs((a_deg - b_deg + 180) % 360 - 180)


def shots(scenario: Scenario, story: Story) -> tuple[tuple[Shot, ...], tuple[Placed, ...]]:
    """Every round that was fired, in order, and what was placed besides them."""
    verdict = judge(truths(scenario), [placed.shot for placed in story.placed])
    match = {fired.t_us: _by_round(story, shot) for fired, shot in verdict.placed}
    fired = sorted([*(fired for fired, _ in verdict.placed), *verdict.missed], key=lambda each: each.t_us)
    found: list[Shot] = []
    for number, each in enumerate(fired, 1):
        placed = match.get(each.t_us)
        due_us = due(scenario, each)
        shot = Shot(number, each, due_us, _onsets(due_us, story))
        if placed is not None:
            earlier = any(other.placed is not None and other.placed.incident == placed.incident for other in found)
            lit_us = {} if earlier else lamp_writes(story, placed.incident, channels(scenario), each.t_us)
            shot = _place(shot, placed, lit_us)
        found.append(shot)
    besides = {id(shot) for shot in (*verdict.false, *verdict.others)}
    return tuple(found), tuple(placed for placed in story.placed if id(placed.shot) in besides)


def due(scenario: Scenario, fired: Fired) -> dict[str, int]:
    """When a round's blast reaches each pole, us UTC."""
    air = scenario.air.air()
    paths_m = [[pole.xyz_m[axis] - fired.xyz_m[axis] for axis in range(3)] for pole in scenario.poles]
    return {
        pole.node: fired.t_us + round(float(late_s) * 1e6)
        for pole, late_s in zip(scenario.poles, travel_s(air, paths_m), strict=True)
    }


def channels(scenario: Scenario) -> dict[str, int]:
    """The lamp bank's channel of each lamp."""
    return {lamp.name: lamp.channel for lamp in scenario.lamps}


def lamp_writes(story: Story, incident: str, channel_of: Mapping[str, int], since_us: int) -> dict[str, int]:
    """When the lamp bank was first told to bring each lamp of an incident to full, by its own notes, us UTC.

    since_us : when it was fired. It may have been told of it before it was decided, under another name.
    """
    done = {
        deed.device: deed.t_us
        for deed in reversed(story.deeds)
        if deed.incident == incident and deed.level_pct == FULL_PCT and deed.done
    }
    told = {lamp: _first_write(story.lamp_log, channel_of[lamp], since_us, until_us) for lamp, until_us in done.items()}
    return {lamp: t_us for lamp, t_us in told.items() if t_us is not None}


def soon_ms(story: Story) -> tuple[float, ...]:
    """From when the sixth agreeing arrival was fed to the gateway until the lamp bank was told, by its own notes, each
    time that lamps came up before the decision; milliseconds."""
    full_us = sorted(each.t_us for each in story.lamp_log if each.level_pct == FULL_PCT)
    told_us = [(fed_us, next((t_us for t_us in full_us if t_us >= fed_us), None)) for fed_us in story.soon_us]
    return tuple((t_us - fed_us) / 1000 for fed_us, t_us in told_us if t_us is not None)


def ms_after(later_us: int | None, earlier_us: int | None) -> int | None:
    """Milliseconds from one time to another, or None where either is not known."""
    return None if later_us is None or earlier_us is None else round((later_us - earlier_us) / 1000)


def _place(shot: Shot, placed: Placed, lit_us: Mapping[str, int]) -> Shot:
    return replace(
        shot,
        placed=placed,
        error_m=error_m(shot.fired, placed.shot),
        needed_us=max((shot.due_us[node] for node in placed.nodes), default=None),
        heard_us=max((shot.due_us[node] for node in shot.onset_us), default=None),
        first_lamp_us=min(lit_us.values(), default=None),
        full_us=max(lit_us.values(), default=None),
    )


def _onsets(due_us: Mapping[str, int], story: Story) -> dict[str, int]:
    """Of each node, the onset that is the blast."""
    near = {
        node: min(story.onsets_us[node], key=lambda onset_us: abs(onset_us - t_us))
        for node, t_us in due_us.items()
        if story.onsets_us.get(node)
    }
    return {node: onset_us for node, onset_us in near.items() if abs(onset_us - due_us[node]) <= HEARD_WITHIN_US}


def _first_write(log: Sequence[Written], channel: int, since_us: int, until_us: int) -> int | None:
    times = [each.t_us for each in log if each.channel == channel and each.level_pct == FULL_PCT]
    return min((t_us for t_us in times if since_us <= t_us <= until_us), default=None)


def _by_round(story: Story, shot: Round) -> Placed:
    return next(placed for placed in story.placed if placed.shot is shot)
