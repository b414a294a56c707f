"""What one page of a replay's report shows of its source: figures as HTML, and the rows of its tables."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import zip_longest

import numpy as np
from numpy.typing import NDArray

from dsp.air import travel_s
from dsp.placing.fix import ellipse
from gateway.incident import Arrival, Round, Unplaced
from gateway.pictures.residuals import residual_bars
from gateway.pictures.street_map import FixSpot, Spot, Street, close_up, street_map
from gateway.pictures.waveforms import COLUMNS, Trace, envelope, waveforms
from simulators.recordings.playback import Playback
from simulators.recordings.reckoning import FALSE, FOUND, OTHER, Judged, judged
from simulators.recordings.recording import BLOCK_SAMPLES, Track
from simulators.street.verdict import is_gunshot

NEAR_M = 600.0  # poles this near a fix are drawn even if they did not hear it
CLOSE_M = 60.0  # a fix farther from any firing position is not drawn beside one
BEFORE_US, BEHIND_US = 500_000, 1_000_000  # of the first and last arrival used: what the waveforms show round them
MOST_SAMPLES = 64 * COLUMNS  # of a trace; more are drawn as the least and the most of each stretch


@dataclass(frozen=True, slots=True)
class RoundRow:
    """A round in words. error : how far from where it was fired, or what it is instead; "" where nobody knows."""

    number: int
    fired: str
    east_north: str
    lat_lon: str
    error: str
    is_false: bool
    ellipse: str
    grade: str
    p_gunshot: str
    kind: str
    why: str
    n_nodes: int
    rms_ms: str
    bars: str


def round_rows(playback: Playback) -> list[RoundRow]:
    """Every round, in order of firing."""
    numbered = _numbered(playback)
    told = judged(playback.recording, [shot for _, shot in numbered])
    return [_row(playback, number, shot, each) for (number, shot), each in zip_longest(numbered, told)]


def unplaced_rows(playback: Playback) -> list[tuple[str, str]]:
    """(nodes, why) of every group that looked like a shot and got no place."""
    groups = [decision for decision in playback.decisions if isinstance(decision, Unplaced)]
    return [(", ".join(arrival.node for arrival in group.arrivals), group.why) for group in groups]


def listener_words(playback: Playback) -> str:
    """When, who listened, what they reported and in what air, in a sentence."""
    air, tracks = playback.recording.air, playback.recording.tracks
    wind_mps = math.hypot(*air.wind_en_mps)
    nodes = {track.node for track in tracks} | {arrival.node for arrival in playback.arrivals}
    when = f"{_moment(playback.arrivals[0].t_us):%Y-%m-%d}: " if playback.arrivals else ""
    return (
        f"{when}{len(nodes)} nodes, {len(playback.arrivals)} arrivals; air {air.temperature_c:g} C, "
        f"{air.humidity_pct:g} % humidity, wind {wind_mps:.1f} m/s: sound at {air.speed_mps:.1f} m/s"
    )


def map_of(playback: Playback) -> str:
    """Poles, fixes with their ellipses, and where it was fired, as HTML; "" where there is no pole. What was never
    fired, and what is rightly no gunshot, are drawn as such."""
    poles = _poles(playback)
    truths = [Spot("fired", truth.xyz_m[:2]) for truth in playback.recording.truths]
    numbered = _numbered(playback)
    told = judged(playback.recording, [shot for _, shot in numbered])
    wrong = {number for number, each in enumerate(told, start=1) if each.verdict == FALSE}
    sounds = {number for number, shot in numbered if not is_gunshot(shot)} - wrong
    spots = {number: _spot(number, shot) for number, shot in numbered}
    street = Street(
        poles,
        [spot for number, spot in spots.items() if number not in wrong | sounds],
        truths,
        ghosts=[spots[number] for number in sorted(wrong)],
        sounds=[Spot(str(number), spots[number].en_m) for number in sorted(sounds)],
    )
    return street_map(street) if poles else ""


def close_ups(playback: Playback) -> list[str]:
    """Each fix beside where it was fired, as HTML; one that was never fired beside the nearest firing position, where
    that is near enough to be in one picture with it."""
    told = judged(playback.recording, [shot for _, shot in _numbered(playback)])
    return [_close_up(number, each) for number, each in enumerate(told, start=1)]


def _close_up(number: int, each: Judged) -> str:
    spot, words = _spot(number, each.placed), _words(each)
    near = each.verdict == FOUND or each.error_m < CLOSE_M
    return close_up(
        f"{'Sound' if each.verdict == OTHER else 'Round'} {number}", each.truth_m if near else None, spot, words
    )


def _words(each: Judged) -> str:
    if each.verdict == FOUND:
        return f"{each.error_m:.1f} m off"
    return "no gunshot" if each.verdict == OTHER else "never fired"


def waves_of(playback: Playback) -> str:
    """What each microphone heard, with the onsets, as HTML; "" where there is no sound."""
    if not playback.recording.tracks:
        return ""
    first_us, last_us = _window(playback)
    used = {arrival for shot in playback.rounds for arrival in shot.arrivals}
    traces = [_trace(playback, track, used, (first_us, last_us)) for track in playback.recording.tracks]
    return waveforms(traces, 0.0, (last_us - first_us) / 1e6, f"seconds after {_clock(first_us)} UTC")


def _numbered(playback: Playback) -> list[tuple[int, Round]]:
    return list(enumerate(sorted(playback.rounds, key=lambda shot: shot.fix.t_us), start=1))


def _spot(number: int, shot: Round) -> FixSpot:
    return FixSpot(str(number), shot.fix.xyz_m[:2], shot.fix.cov_m2)


def _row(playback: Playback, number: int, shot: Round, told: Judged | None) -> RoundRow:
    recording, fix, shape = playback.recording, shot.fix, ellipse(shot.fix.cov_m2)
    lat_lon = recording.site.to_geodetic(*fix.xyz_m)[:2] if recording.site else ()
    return RoundRow(
        number=number,
        fired=_clock(fix.t_us),
        east_north=f"{fix.xyz_m[0]:.1f}, {fix.xyz_m[1]:.1f}",
        lat_lon=", ".join(f"{degrees:.6f}" for degrees in lat_lon),
        error="" if told is None else f"{told.error_m:.1f}" if told.verdict == FOUND else _words(told),
        is_false=told is not None and told.verdict == FALSE,
        ellipse=f"{shape.major_m:.1f} x {shape.minor_m:.1f}, {shape.azimuth_deg:.0f} deg",
        grade=shot.grade,
        p_gunshot="?" if shot.p_gunshot is None else f"{shot.p_gunshot:.2f}",
        kind=shot.kind,
        why=shot.why,
        n_nodes=len(shot.arrivals),
        rms_ms=f"{fix.rms_us / 1000:.1f}",
        bars=residual_bars([_short(a.node) for a in shot.arrivals], list(fix.residuals_us), f"Residuals of {number}"),
    )


def _poles(playback: Playback) -> list[Spot]:
    """Poles that were used or recorded, and those near a fix; where nothing was placed, all."""
    at = {arrival.node: arrival.xyz_m for arrival in playback.arrivals}
    at |= {track.node: track.xyz_m for track in playback.recording.tracks}
    shown = {arrival.node for shot in playback.rounds for arrival in shot.arrivals}
    shown |= {track.node for track in playback.recording.tracks}
    fixes_m = [shot.fix.xyz_m[:2] for shot in playback.rounds]
    shown |= {node for node, xyz_m in at.items() if any(math.dist(xyz_m[:2], fix) < NEAR_M for fix in fixes_m)}
    return [Spot(_short(node), xyz_m[:2]) for node, xyz_m in at.items() if node in shown or not playback.rounds]


def _window(playback: Playback) -> tuple[int, int]:
    """What of the recording is shown: round the arrivals used; where none was, round all; at last all there is."""
    used = [arrival.t_us for shot in playback.rounds for arrival in shot.arrivals]
    times_us = used or [arrival.t_us for arrival in playback.arrivals]
    if times_us:
        return min(times_us) - BEFORE_US, max(times_us) + BEHIND_US
    start_us = min(track.start_us for track in playback.recording.tracks)
    return start_us, max(_end_us(track) for track in playback.recording.tracks)


def _trace(playback: Playback, track: Track, used: set[Arrival], window_us: tuple[int, int]) -> Trace:
    zero_us = window_us[0]
    start_us, rate_hz, samples = sketch(track, *window_us)
    own = [arrival for arrival in playback.arrivals if arrival.node == track.node]
    due_us = [
        t_us + float(travel_s(playback.recording.air, np.subtract(track.xyz_m, truth.xyz_m))) * 1e6
        for truth in playback.recording.truths
        for t_us in truth.t_us
    ]
    return Trace(
        name=_short(track.node),
        start_s=(start_us - zero_us) / 1e6,
        rate_hz=rate_hz,
        samples=samples,
        onsets_s=_after(zero_us, [arrival.t_us for arrival in own if arrival in used]),
        strays_s=_after(zero_us, [arrival.t_us for arrival in own if arrival not in used]),
        expected_s=_after(zero_us, due_us),
    )


def sketch(track: Track, first_us: int, last_us: int) -> tuple[float, float, NDArray[np.float32]]:
    """What of a track lies within a window: start in UTC microseconds, rate in Hz, samples; no more than a picture has
    room for, as the least and the most of each stretch. Raises as `Track.read` does."""
    first, last = (round((t_us - track.start_us) / 1e6 * track.rate_hz) for t_us in (first_us, last_us))
    first = max(first, 0)
    step = max(1, (last - first) // MOST_SAMPLES)
    columns = max(1, BLOCK_SAMPLES // step)
    at, parts = 0, [np.zeros(0, np.float32)]
    for block in track.blocks():
        part = block[max(first - at, 0) : max(last - at, 0)]
        at += len(block)
        if step > 1 and len(part):
            part = np.stack(envelope(part, math.ceil(len(part) * columns / BLOCK_SAMPLES)), axis=1).ravel()
        parts.append(part)
    share = 1.0 if step == 1 else 2 * columns / BLOCK_SAMPLES
    return track.start_us + first / track.rate_hz * 1e6, track.rate_hz * share, np.concatenate(parts)


def _after(zero_us: int, times_us: Sequence[float]) -> list[float]:
    return [(t_us - zero_us) / 1e6 for t_us in times_us]


def _end_us(track: Track) -> int:
    return track.start_us + round(track.n_samples / track.rate_hz * 1e6)


def _moment(t_us: int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=t_us)


def _clock(t_us: int) -> str:
    moment = _moment(t_us)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 1000:03d}"


def _short(node: str) -> str:
    """The live fire's serials differ in their ends."""
    return node.removeprefix("SCP-00-")
