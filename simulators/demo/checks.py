"""What must hold after a demo's night, each with what was found. Pure: the exit status is `all(check.holds ...)`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gateway.street import level_m
from simulators.demo.camera_checks import in_picture, left_alone
from simulators.demo.evidence import Seen
from simulators.demo.findings import FULL_PCT, Lamps, Look, Shot
from simulators.demo.story import Failed, Written
from simulators.street.scenario import Scenario

WITHIN_M = 5.0
WITHIN_DEG = 1.0
RADIUS_M = 120.0  # policy.lights.radius_m of a gateway.toml that says nothing of it
BEFORE_US = 1_000_000  # at least so much of a clip lies before the shot; how much depends on when its camera was up
EDGE_M = 5.0  # a lamp this near to the radius may come up or not, as the fix falls


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so, and what was found."""

    words: str
    holds: bool
    found: str


@dataclass(frozen=True, slots=True)
class Witness:
    """What the demo itself saw. lamps : by a client of the demo's own. looks : of each camera for each incident.
    journal : what `soundpost journal verify` said. statuses : of every program, its exit status. seen : by the cameras,
    and exported. told : the cameras' own notebooks. failed : what the journal has of lamps that failed."""

    lamps: Lamps
    looks: Sequence[Look]
    journal_status: int
    journal: str
    statuses: Mapping[str, int]
    seen: Sequence[Seen] = ()
    told: Mapping[str, Sequence[Written]] = field(default_factory=dict)
    failed: Sequence[Failed] = ()


def checks(scenario: Scenario, shots: Sequence[Shot], witness: Witness) -> tuple[Check, ...]:
    """All that must hold, in the order of the street: placed, lamps, camera, journal, programs."""
    found = [_placed(shots)]
    if scenario.lamps:
        due = lamps_due(scenario, shots)
        found += [_lamps(due, witness.lamps.up_pct), _back(due, witness.lamps)]
        if witness.lamps.dead:
            found.append(_dead(witness.lamps.dead, witness.failed))
    if scenario.cameras:
        found.append(_camera(cameras_due(scenario, shots), shots, witness.looks))
        found.append(_seen(incidents_due(scenario, shots), witness.seen))
        if cameras_due(scenario, shots):
            found.append(Check(*in_picture(scenario, shots, witness.told)))
        if (alone := left_alone(scenario, witness.told)) is not None:
            found.append(Check(*alone))
    found.append(Check("the journal is whole", witness.journal_status == 0, witness.journal))
    return (*found, _programs(witness.statuses))


def lamps_due(scenario: Scenario, shots: Sequence[Shot]) -> list[str]:
    """The lamps that are within the radius of any round, beyond doubt."""
    near_m = RADIUS_M - EDGE_M
    return [
        lamp.name for lamp in scenario.lamps if any(level_m(lamp.xyz_m, shot.fired.xyz_m) <= near_m for shot in shots)
    ]


def cameras_due(scenario: Scenario, shots: Sequence[Shot]) -> bool:
    """Whether any camera is near enough to a round to be turned to it."""
    return any(
        level_m(camera.xyz_m, shot.fired.xyz_m) <= camera.range_m - EDGE_M
        for camera in scenario.cameras
        for shot in shots
    )


def incidents_due(scenario: Scenario, shots: Sequence[Shot]) -> dict[str, int]:
    """The incidents that a camera must have seen, and when the first round of each was fired, us UTC."""
    found: dict[str, int] = {}
    for shot in shots:
        near = cameras_due(scenario, [shot])
        if near and shot.placed is not None:
            found.setdefault(shot.placed.incident, shot.fired.t_us)
    return found


def _seen(due: Mapping[str, int], seen: Sequence[Seen]) -> Check:
    words = "a clip from before each shooting, a still and plates, exported"
    whole = [
        each
        for each in seen
        if each.incident in due
        and any(clip.from_us < due[each.incident] - BEFORE_US and clip.n_pictures for clip in each.clips)
        and each.stills
        and each.plates
    ]
    n_pictures = sum(clip.n_pictures for each in seen for clip in each.clips)
    found = f"{len(whole)} of {len(due)}; {sum(len(each.clips) for each in seen)} clips with {n_pictures} pictures"
    return Check(words, len(whole) == len(due), found)


def _placed(shots: Sequence[Shot]) -> Check:
    errors_m = [shot.error_m for shot in shots if shot.error_m is not None]
    missed = [str(shot.number) for shot in shots if shot.error_m is None]
    worst = f"worst error {max(errors_m):.2f} m" if errors_m else "none was"
    found = f"{len(errors_m)} of {len(shots)} placed, {worst}"
    if missed:
        found += f"; not placed: {', '.join(missed)}"
    return Check(f"every round within {WITHIN_M:g} m", not missed and max(errors_m, default=0) <= WITHIN_M, found)


def _lamps(due: Sequence[str], levels_pct: Mapping[str, int]) -> Check:
    dim = [f"{lamp} {levels_pct.get(lamp, 'not read')}" for lamp in due if levels_pct.get(lamp) != FULL_PCT]
    found = f"{len(due) - len(dim)} of {len(due)} read {FULL_PCT} %" + (f"; not: {', '.join(dim)}" if dim else "")
    return Check("lamps full by the lamp bank's own register", not dim, found)


def _back(due: Sequence[str], lamps: Lamps) -> Check:
    off = [
        f"{lamp} {lamps.after_pct.get(lamp, 'not read')}, was {was_pct}"
        for lamp, was_pct in lamps.before_pct.items()
        if lamps.after_pct.get(lamp) != was_pct
    ]
    n_back = len(lamps.before_pct) - len(off)
    found = f"{n_back} of {len(lamps.before_pct)}" + (f"; not: {'; '.join(off)}" if off else "")
    return Check("lamps back at what each was", set(due) <= set(lamps.before_pct) and not off, found)


def _dead(dead: str, failed: Sequence[Failed]) -> Check:
    others = sorted({each.lamp for each in failed} - {dead})
    own = [each for each in failed if each.lamp == dead]
    holds = len(own) == 1 and own[0].is_open and not others
    found = f"{dead} died, {len(own)} notice{'' if len(own) == 1 else 's'}" + (f": {own[0].why}" if own else "")
    return Check(
        "the lamp that died is reported, once", holds, found + (f"; also: {', '.join(others)}" if others else "")
    )


def _camera(is_due: bool, shots: Sequence[Shot], looks: Sequence[Look]) -> Check:
    words = f"camera within {WITHIN_DEG:g} degree of the true bearing"
    if not is_due:
        return Check(words, not looks, "no camera is near enough to any round")
    incidents = {shot.placed.incident for shot in shots if shot.placed is not None}
    off_deg = [look.off_deg for look in looks if look.off_deg is not None]
    seen = {look.incident for look in looks} & incidents
    if not off_deg:
        return Check(words, False, "no camera turned to a round")
    found = f"turned for {len(seen)} of {len(incidents)} incidents, at most {max(off_deg):.2f} degrees off"
    return Check(words, max(off_deg) <= WITHIN_DEG, found)


def _programs(statuses: Mapping[str, int]) -> Check:
    bad = [f"{name} with {status}" for name, status in statuses.items() if status != 0]
    found = f"{len(statuses) - len(bad)} of {len(statuses)} with status 0" + (f"; {', '.join(bad)}" if bad else "")
    return Check("every program ended cleanly", not bad, found)
