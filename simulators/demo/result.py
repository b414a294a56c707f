"""The demo's result: the night, the journal verified by the real command, the verdict; as JSON, a sentence, a table."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from dsp.placing.fix import ellipse
from gateway.intake.keyring import read_keys
from simulators.demo.checks import Check, Witness, checks
from simulators.demo.findings import Look, Shot, look, ms_after, shots, soon_ms
from simulators.demo.night import Passed, pass_night
from simulators.demo.plan import Plan
from simulators.demo.programs import Program, python, start
from simulators.demo.story import Placed, Story, read_story
from simulators.demo.terminal import Terminal

ALREADY = "were up"


@dataclass(frozen=True, slots=True)
class Result:
    """All that the table, the JSON and the page are made of. besides : placed, but fired by nobody."""

    passed: Passed
    story: Story
    shots: tuple[Shot, ...]
    besides: tuple[Placed, ...]
    looks: tuple[Look, ...]
    checks: tuple[Check, ...]
    took_s: float

    @property
    def holds(self) -> bool:
        """Whether every check holds."""
        return all(check.holds for check in self.checks)


async def run_demo(plan: Plan, terminal: Terminal) -> Result:
    """The whole demo but its page. Raises OSError naming a program that did not start or ended before its time."""
    begun_s = time.monotonic()
    passed = await pass_night(plan, terminal)
    journal = plan.folder / "gateway" / "journal.sqlite"
    verify = await start("journal-verify", python("soundpost", "journal", "verify", str(journal)), plan.folder / "logs")
    status = await verify.ended()
    return await asyncio.to_thread(_conclude, passed, verify, status, time.monotonic() - begun_s)


def _conclude(passed: Passed, verify: Program, status: int, took_s: float) -> Result:
    plan, scenario = passed.plan, passed.plan.scenario
    logs, journal = plan.folder / "logs", plan.folder / "gateway" / "journal.sqlite"
    notebooks = {camera.name: logs / f"camera-{camera.name}.jsonl" for camera in scenario.cameras}
    keys = read_keys(plan.folder / "keys" / "keys.toml")
    story = read_story(journal, keys, logs / "lamps.jsonl", notebooks)
    found, besides = shots(scenario, story)
    camera_of = {camera.name: camera for camera in scenario.cameras}
    looks = tuple(look(camera_of[a.camera], a.incident, a.aim_deg, a.ordered_deg, found) for a in passed.aimed)
    said = (logs / "journal-verify.out").read_text("utf-8").partition("\n")[0].removeprefix(f"{journal}: ")
    statuses = {each.name: each.status for each in passed.ran}
    witness = Witness(
        passed.lamps, looks, status, said or verify.why(), statuses, passed.seen, story.camera_logs, story.failed
    )
    return Result(passed, story, found, besides, looks, checks(scenario, found, witness), took_s)


def sentence(result: Result) -> str:
    """What happened, in one or two plain sentences."""
    n_fired, errors_m = len(result.shots), [s.error_m for s in result.shots if s.error_m is not None]
    text = f"{n_fired} {'shot' if n_fired == 1 else 'shots'} fired, {len(errors_m)} placed"
    if errors_m:
        text += f", worst error {max(errors_m):.2f} m"
    waits_ms = [ms for shot in result.shots if (ms := ms_after(shot.full_us, shot.needed_us)) is not None]
    if waits_ms:
        text += f"; lamps full at most {max(waits_ms) / 1000:.2f} s after the sound had reached the last pole needed"
    if soon := soon_ms(result.story):
        often = "once" if len(soon) == 1 else f"{len(soon)} times"
        text += (
            f"; {often} before it was decided, at most {max(soon):.0f} ms after the sixth pole that agrees had said so"
        )
    off_deg = [each.off_deg for each in result.looks if each.off_deg is not None]
    if off_deg:
        text += f"; camera at most {max(off_deg):.2f} degrees off"
    n_false = sum((placed.shot.p_gunshot or 0) >= 0.5 for placed in result.besides)
    n_others = len(result.besides) - n_false
    text += f". {n_false or 'No'} false alarm{'' if n_false == 1 else 's'}"
    if n_others:
        text += f"; {n_others} other sound{'s' if n_others > 1 else ''} placed and told from gunfire"
    return text + "."


HEADS = ("#", "truth e, n", "fix e, n", "error", "95 % ellipse", "grade", "lamps full")
UNITS = (
    "Metres; the ellipse's half axes and the bearing of its longer one; grade and poles used. Lamps full: seconds "
    "after the blast had reached the last pole that the fix used / that reported it."
)


def table(result: Result) -> Table:
    """Truth against fix, a row a round; UNITS says what stands in it."""
    lines = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, head in enumerate(HEADS):
        lines.add_column(head, justify="left" if index > 4 else "right", no_wrap=True)
    for shot in result.shots:
        lines.add_row(*cells(shot))
    return lines


def cells(shot: Shot) -> tuple[str, ...]:
    """A round as the table has it."""
    truth = f"{shot.fired.xyz_m[0]:.1f}, {shot.fired.xyz_m[1]:.1f}"
    if shot.placed is None or shot.error_m is None:
        return str(shot.number), truth, "not placed", "", "", "", ""
    fix = shot.placed.shot.fix
    shape = ellipse(fix.cov_m2)
    return (
        str(shot.number),
        truth,
        f"{fix.xyz_m[0]:.1f}, {fix.xyz_m[1]:.1f}",
        f"{shot.error_m:.2f}",
        f"{shape.major_m:.1f} x {shape.minor_m:.1f}, {shape.azimuth_deg:.0f} deg",
        f"{shot.placed.shot.grade}, {len(shot.placed.nodes)}",
        _wait(shot),
    )


def _wait(shot: Shot) -> str:
    """Seconds from the last arrival needed / heard to the last lamp."""
    waits_ms = [ms_after(shot.full_us, since_us) for since_us in (shot.needed_us, shot.heard_us)]
    return ALREADY if waits_ms[0] is None else " / ".join("-" if ms is None else f"{ms / 1000:.2f}" for ms in waits_ms)


def as_json(result: Result) -> dict[str, Any]:
    """The result for programs."""
    scenario = result.passed.plan.scenario
    return {
        "scenario": result.passed.plan.source,
        "holds": result.holds,
        "sentence": sentence(result),
        "took_s": round(result.took_s, 1),
        "site": {**scenario.site.model_dump(), "sun_deg": round(result.passed.plan.sun_deg, 1)},
        "start_us": scenario.start_utc,
        "links": result.passed.plan.links,
        "rounds": [_round(shot) for shot in result.shots],
        "besides": [_placed(placed) for placed in result.besides],
        "soon_ms": [round(ms, 1) for ms in soon_ms(result.story)],
        "lamps_pct": dict(result.passed.lamps.up_pct),
        "lamps_before_pct": dict(result.passed.lamps.before_pct),
        "lamps_after_pct": dict(result.passed.lamps.after_pct),
        "lamps_failed": [{"lamp": each.lamp, "why": each.why, "open": each.is_open} for each in result.story.failed],
        "looks": [_look(each) for each in result.looks],
        "checks": [{"check": each.words, "holds": each.holds, "found": each.found} for each in result.checks],
        "late_s": {node: round(late_s, 2) for node, late_s in result.passed.late_s.items()},
        "programs": [{"name": each.name, "pid": each.pid, "status": each.status} for each in result.passed.ran],
    }


def _round(shot: Shot) -> dict[str, Any]:
    told: dict[str, Any] = {
        "round": shot.number,
        "truth": {"e_m": shot.fired.xyz_m[0], "n_m": shot.fired.xyz_m[1], "t_us": shot.fired.t_us},
        "placed": None,
    }
    if shot.placed is None or shot.error_m is None:
        return told
    return {
        **told,
        "placed": _placed(shot.placed),
        "error_m": round(shot.error_m, 3),
        "announced_ms_after_needed": ms_after(shot.placed.announced_us, shot.needed_us),
        "first_lamp_ms_after_needed": ms_after(shot.first_lamp_us, shot.needed_us),
        "lamps_full_ms_after_needed": ms_after(shot.full_us, shot.needed_us),
        "lamps_full_ms_after_heard": ms_after(shot.full_us, shot.heard_us),
    }


def _placed(placed: Placed) -> dict[str, Any]:
    fix, shape = placed.shot.fix, ellipse(placed.shot.fix.cov_m2)
    half_axes = {"major_m": shape.major_m, "minor_m": shape.minor_m, "azimuth_deg": shape.azimuth_deg}
    return {
        "incident": placed.incident,
        "e_m": fix.xyz_m[0],
        "n_m": fix.xyz_m[1],
        "t_us": fix.t_us,
        "ellipse_95": {name: round(value, 2) for name, value in half_axes.items()},
        "grade": placed.shot.grade,
        "p_gunshot": placed.shot.p_gunshot,
        "nodes": list(placed.nodes),
    }


def _look(each: Look) -> dict[str, Any]:
    return {
        "camera": each.camera,
        "incident": each.incident,
        "azimuth_deg": round(each.azimuth_deg, 3),
        "off_deg": None if each.off_deg is None else round(each.off_deg, 3),
    }


def failures(found: Sequence[Check]) -> str:
    """The checks that do not hold, in one line."""
    return "; ".join(f"{check.words}: {check.found}" for check in found if not check.holds)
