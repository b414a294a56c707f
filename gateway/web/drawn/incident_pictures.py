"""What an incident looks like beside its map: when what happened, and what each pole heard of a round."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from gateway.pictures.residuals import residual_bars
from gateway.pictures.svg import Say
from gateway.pictures.timeline import Lane, Moment, timeline
from gateway.pictures.waveforms import Trace, waveforms
from gateway.web.records import Onset, RoundHeard, Whole

LONGEST_S = 60.0  # of a timeline: what came later stands in the list under it
AROUND_MS = 20.0
DUE = "when the sound of the round, as it was placed, is due"


@dataclass(frozen=True, slots=True)
class RoundPictures:
    """None where nothing can be drawn: no sound was sent, no pole of it is surveyed."""

    sound: Markup | None
    late: Markup | None


def incident_timeline(whole: Whole, say: Say) -> Markup | None:
    """Lanes of what was fired, heard, told and done, in seconds from the first round. None where nothing is known."""
    if not whole.rounds:
        return None
    first_us = min(int(each.told["t_us"]) for each in whole.rounds)
    lanes = [lane for lane in _lanes(whole, first_us, say) if lane.moments]
    latest = max(moment.t_s for lane in lanes for moment in lane.moments)
    until = min(max(latest * 1.08, 0.5), LONGEST_S)
    return Markup(timeline(lanes, -0.05 * until, until, say("seconds after the first round"), say("Timeline")))


def _lanes(whole: Whole, first_us: int, say: Say) -> list[Lane]:
    def moments(times: Sequence[tuple[int, str]]) -> list[Moment]:
        return [Moment((t_us - first_us) / 1e6, words) for t_us, words in times]

    rounds = [(int(each.told["t_us"]), str(index)) for index, each in enumerate(whole.rounds, start=1)]
    heard = [(onset.t_us, onset.node) for each in whole.rounds for onset in each.onsets]
    told = [(each.at_us, "") for each in whole.happened if each.what == "incident"]
    lamps, cameras = _effects(whole, "light"), _effects(whole, "aim")
    kept = [
        (each.at_us, "") for each in whole.happened if each.what == "request" and each.body.get("ask") == "evidence"
    ]
    return [
        Lane(say("fired"), "truth", moments(rounds)),
        Lane(say("heard"), "pole", moments(heard)),
        Lane(say("told"), "fix", moments(told)),
        Lane(say("lamps"), "lamp", moments(lamps)),
        Lane(say("cameras"), "camera", moments(cameras)),
        Lane(say("clips and stills"), "camera", moments(kept)),
    ]


def _effects(whole: Whole, what: str) -> list[tuple[int, str]]:
    return [
        (each.at_us, str(each.body.get("device", "")))
        for each in whole.happened
        if each.what == "effect" and each.body.get("what") == what
    ]


def round_pictures(heard: RoundHeard, say: Say) -> RoundPictures:
    """Of one round: the sound at each pole round its onset, and how late each was."""
    sounding = [onset for onset in heard.onsets if onset.sound is not None]
    placed = [(onset.node, onset.residual_us) for onset in heard.onsets if onset.residual_us is not None]
    title = say("Sound at each pole")
    sound = (
        waveforms(
            [_trace(onset) for onset in sounding],
            -0.002,
            AROUND_MS / 1000,
            say("seconds from its onset"),
            title,
            DUE,
            say,
        )
        if sounding
        else None
    )
    names, late_us = [name for name, _ in placed], [late for _, late in placed]
    late = residual_bars(names, late_us, say("How late it came at each pole"), say) if placed else None
    return RoundPictures(None if sound is None else Markup(sound), None if late is None else Markup(late))


def _trace(onset: Onset) -> Trace:
    assert onset.sound is not None
    samples = np.divide(np.frombuffer(onset.sound.pcm, "<i2"), 32768, dtype=np.float32)
    due = [] if onset.residual_us is None else [-onset.residual_us / 1e6]
    return Trace(onset.node, -onset.sound.lead_us / 1e6, float(onset.sound.rate_hz), samples, [0.0], (), due)
