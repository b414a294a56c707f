"""report.html: the result as one page that needs nothing from outside, for a phone or a desk, in dark or light."""

import base64
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from dsp.placing.fix import ellipse
from gateway.pictures import svg
from gateway.pictures.street_map import FixSpot, LampSpot, Spot, Street, View, close_up, street_map
from gateway.pictures.timeline import Lane, Moment, timeline
from gateway.pictures.waveforms import Trace, waveforms
from gateway.street import level_m
from simulators.demo.evidence import Seen
from simulators.demo.findings import Shot, channels, lamp_writes, ms_after
from simulators.demo.night import Ran
from simulators.demo.plan import night_words
from simulators.demo.result import ALREADY, Result, sentence

BEFORE_S, AFTER_S = 0.05, 0.25
BEYOND_M = 12.0
FULL_PCT = 100


def write_report(result: Result, path: Path) -> Path:
    """The page, written whole or not at all. Returns its path."""
    unfinished = path.with_name(f".{path.name}.part")
    unfinished.write_text(render(result), "utf-8")
    return unfinished.replace(path)


def render(result: Result) -> str:
    """The page as HTML."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    plan = result.passed.plan
    began = datetime.fromtimestamp(plan.scenario.start_utc / 1e6, UTC)
    return environment.get_template("report.html.j2").render(
        result=result,
        style=Markup(svg.STYLE),
        sentence=sentence(result),
        when=f"Scenario {plan.source}, {began:%Y-%m-%d %H:%M:%S} UTC, {result.took_s:.0f} s from start to end",
        night=night_words(plan.scenario, plan.sun_deg).capitalize(),
        map=Markup(_map(result)),
        close_ups=[Markup(picture) for picture in _close_ups(result)],
        rows=[_row(shot) for shot in result.shots],
        others=[_besides(result, index) for index in range(len(result.besides))],
        timelines=[(title, Markup(picture)) for title, picture in _timelines(result)],
        sounds=[(title, Markup(picture)) for title, picture in _sounds(result)],
        lamps=[_lamp(lamp.name, lamp.channel, result) for lamp in plan.scenario.lamps],
        seen=[_seen(each, plan.folder) for each in result.passed.seen],
        ran=[_ran(each, result) for each in result.passed.ran],
    )


def _map(result: Result) -> str:
    scenario = result.passed.plan.scenario
    fixes = [
        FixSpot(str(shot.number), shot.placed.shot.fix.xyz_m[:2], shot.placed.shot.fix.cov_m2)
        for shot in result.shots
        if shot.placed is not None
    ]
    return street_map(
        Street(
            poles=[Spot(pole.node, pole.xyz_m[:2]) for pole in scenario.poles],
            fixes=fixes,
            truths=[Spot(str(shot.number), shot.fired.xyz_m[:2]) for shot in result.shots],
            walls=[(wall.from_en_m, wall.to_en_m) for wall in scenario.walls],
            lamps=[
                LampSpot(lamp.xyz_m[:2], result.passed.lamps.up_pct.get(lamp.name) == FULL_PCT)
                for lamp in scenario.lamps
            ],
            views=_views(result),
        ),
        f"Map of {result.passed.plan.source}",
    )


def _views(result: Result) -> list[View]:
    """The last look of each camera for each incident, drawn a little beyond what it was turned to."""
    views = {}
    for each in result.looks:
        camera = next(camera for camera in result.passed.plan.scenario.cameras if camera.name == each.camera)
        fixes = [s.placed.shot.fix for s in result.shots if s.placed and s.placed.incident == each.incident]
        far_m = max((level_m(camera.xyz_m, fix.xyz_m) for fix in fixes), default=40.0) + BEYOND_M
        views[each.camera, each.incident] = View(camera.name, camera.xyz_m[:2], each.azimuth_deg, far_m)
    return list(views.values())


def _close_ups(result: Result) -> list[str]:
    return [
        close_up(
            f"Round {shot.number}",
            shot.fired.xyz_m[:2],
            FixSpot(str(shot.number), shot.placed.shot.fix.xyz_m[:2], shot.placed.shot.fix.cov_m2),
        )
        for shot in result.shots
        if shot.placed is not None
    ]


def _row(shot: Shot) -> tuple[str, ...]:
    truth = f"{shot.fired.xyz_m[0]:.1f}, {shot.fired.xyz_m[1]:.1f}"
    if shot.placed is None or shot.error_m is None:
        return (str(shot.number), truth, "not placed", *[""] * 7)
    fix, shape = shot.placed.shot.fix, ellipse(shot.placed.shot.fix.cov_m2)
    return (
        str(shot.number),
        truth,
        f"{fix.xyz_m[0]:.2f}, {fix.xyz_m[1]:.2f}",
        f"{shot.error_m:.2f}",
        f"{shape.major_m:.1f} x {shape.minor_m:.1f}, {shape.azimuth_deg:.0f} deg",
        f"{shot.placed.shot.grade}, {len(shot.placed.nodes)}",
        _seconds(shot.placed.announced_us, shot.needed_us, "?"),
        _seconds(shot.first_lamp_us, shot.needed_us, ALREADY),
        _seconds(shot.full_us, shot.needed_us, ALREADY),
        _seconds(shot.full_us, shot.heard_us, ALREADY),
    )


def _seconds(later_us: int | None, earlier_us: int | None, otherwise: str) -> str:
    ms = ms_after(later_us, earlier_us)
    return otherwise if ms is None else f"{ms / 1000:.2f}"


def _besides(result: Result, index: int) -> str:
    shot = result.besides[index].shot
    p_gunshot = "unknown" if shot.p_gunshot is None else f"{shot.p_gunshot:.2f}"
    return (
        f"Also placed, and fired by nobody: a sound at ({shot.fix.xyz_m[0]:.1f}, {shot.fix.xyz_m[1]:.1f}) m, grade "
        f"{shot.grade}, chance of a gunshot {p_gunshot}."
    )


def _timelines(result: Result) -> list[tuple[str, str]]:
    """One for each incident that a fired round is in, from its first trigger on."""
    incidents: dict[str, list[Shot]] = {}
    for shot in result.shots:
        if shot.placed is not None:
            incidents.setdefault(shot.placed.incident, []).append(shot)
    return [(_title(found), _timeline(result, name, found)) for name, found in incidents.items()]


def _title(found: Sequence[Shot]) -> str:
    numbers = [str(shot.number) for shot in found]
    return f"Round {numbers[0]}" if len(numbers) == 1 else f"Rounds {', '.join(numbers[:-1])} and {numbers[-1]}"


def _timeline(result: Result, incident: str, found: Sequence[Shot]) -> str:
    zero_us = found[0].fired.t_us
    lit_us = lamp_writes(result.story, incident, channels(result.passed.plan.scenario), zero_us)
    announced = sorted({shot.placed.announced_us for shot in found if shot.placed is not None})
    looks = [deed for deed in result.story.deeds if deed.incident == incident and deed.level_pct is None]
    told = [
        (f"{camera} told", line.t_us)
        for camera, log in result.story.camera_logs.items()
        for line in log
        if looks and zero_us <= line.t_us <= looks[-1].t_us
    ]
    seen = [(f"{deed.device} there", deed.t_us) for deed in looks if deed.note.startswith("looks there")]
    lanes = [
        Lane("trigger pulled", "truth", [_moment(zero_us, shot.fired.t_us, f"round {shot.number}") for shot in found]),
        Lane("blast at poles", "pole", [moment for shot in found for moment in _ends(zero_us, shot.due_us)]),
        Lane("announced", "fix", [_moment(zero_us, t_us, "round placed") for t_us in announced]),
        Lane("lamps written", "lamp", _ends(zero_us, lit_us)),
        Lane("camera", "camera", [_moment(zero_us, t_us, words) for words, t_us in (*told, *seen)]),
    ]
    last_s = max(moment.t_s for lane in lanes for moment in lane.moments)
    return timeline(lanes, -0.05 * last_s, last_s * 1.08, f"seconds after the trigger of round {found[0].number}")


def _ends(zero_us: int, times_us: Mapping[str, int]) -> list[Moment]:
    """A moment each, the first and the last with their names: they lie too close for more."""
    ordered = sorted(times_us.items(), key=lambda pair: pair[1])
    named = {name for name, _ in (ordered[:1] + ordered[-1:])}
    return [_moment(zero_us, t_us, name if name in named else "") for name, t_us in ordered]


def _moment(zero_us: int, t_us: int, words: str) -> Moment:
    return Moment((t_us - zero_us) / 1e6, words)


def _sounds(result: Result) -> list[tuple[str, str]]:
    """The whole night, and the first blast of each incident spread out."""
    scenario, traces = result.passed.plan.scenario, _traces(result)
    pictures = [("The whole night", waveforms(traces, 0, scenario.duration_s, "seconds of the night"))]
    seen: set[str] = set()
    for shot in result.shots:
        if shot.placed is None or shot.placed.incident in seen:
            continue
        seen.add(shot.placed.incident)
        first_us, last_us = min(shot.due_us.values()), max(shot.due_us.values())
        window_s = [(t_us - scenario.start_utc) / 1e6 for t_us in (first_us, last_us)]
        picture = waveforms(
            sorted(traces, key=lambda trace: shot.due_us[trace.name]),
            window_s[0] - BEFORE_S,
            window_s[1] + AFTER_S,
            "seconds of the night; poles in the order in which the blast reached them",
        )
        pictures.append((f"Round {shot.number}, spread out", picture))
    return pictures


def _traces(result: Result) -> list[Trace]:
    start_us = result.passed.plan.scenario.start_utc
    return [
        Trace(
            name=track.node,
            start_s=(track.start_us - start_us) / 1e6,
            rate_hz=track.rate_hz,
            samples=track.read(),
            onsets_s=_onsets_s(result, track.node, used=True),
            strays_s=_onsets_s(result, track.node, used=False),
            expected_s=[(shot.due_us[track.node] - start_us) / 1e6 for shot in result.shots],
        )
        for track in result.passed.recording.tracks
    ]


def _onsets_s(result: Result, node: str, *, used: bool) -> list[float]:
    start_us = result.passed.plan.scenario.start_utc
    taken = {
        shot.onset_us[node]
        for shot in result.shots
        if shot.placed is not None and node in shot.placed.nodes and node in shot.onset_us
    }
    return [(t_us - start_us) / 1e6 for t_us in result.story.onsets_us.get(node, ()) if (t_us in taken) == used]


def _lamp(name: str, channel: int, result: Result) -> tuple[str, ...]:
    """A line of the table of lamps. Its times are the lamp bank's own notes."""
    start_us, lamps = result.passed.plan.scenario.start_utc, result.passed.lamps
    log = [each for each in result.story.lamp_log if each.channel == channel and each.level_pct is not None]
    first_us = next((each.t_us for each in log if each.level_pct == FULL_PCT), None)
    back_us = next((each.t_us for each in reversed(log) if each.level_pct != FULL_PCT), None)
    failed = "; ".join(
        f"{each.why} (at {_seconds(each.t_us, start_us, '?')} s)" for each in result.story.failed if each.lamp == name
    )
    levels = [f"{told[name]} %" if name in told else "-" for told in (lamps.before_pct, lamps.up_pct, lamps.after_pct)]
    return (name, *levels, _seconds(first_us, start_us, "-"), _seconds(back_us, start_us, "-"), failed or "-")


def _seen(each: Seen, folder: Path) -> dict[str, object]:
    """What the cameras saw of an incident: stills in the page, clips beside it."""
    clips = [
        (clip.path.relative_to(folder), f"{(clip.until_us - clip.from_us) / 1e6:.1f} s, {clip.n_pictures} pictures")
        for clip in each.clips
    ]
    stills = [base64.b64encode(path.read_bytes()).decode() for path in each.stills]
    return {"incident": each.incident, "clips": clips, "stills": stills, "plates": ", ".join(each.plates)}


def _ran(each: Ran, result: Result) -> dict[str, str | int]:
    """A line of the table of programs."""
    links = result.passed.plan.links
    words = {"mosquitto": "MQTT 5 broker", "lamp-bank": "Modbus TCP", "gateway": ", ".join(sorted(set(links.values())))}
    words |= {"evidence": "RTSP, HTTP", "plate-reader": "HTTP, ONVIF relay"}
    peers = {"camera": "ONVIF", "picture": "RTSP"}
    link = links.get(each.name.removeprefix("node-"), peers.get(each.name.partition("-")[0], ""))
    command = each.command.replace(sys.executable, "python").replace(f"{result.passed.plan.folder}/", "")
    return {
        "name": each.name,
        "link": words.get(each.name, link),
        "pid": each.pid,
        "status": each.status,
        "command": command,
    }
