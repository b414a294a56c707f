"""What the map says of each thing on it when it is pointed at, in the reader's language: the browser adds no word."""

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from gateway.web.records import Brief
from gateway.web.showing import moment
from gateway.web.street import AlarmState, Device, PoleState


@dataclass(frozen=True, slots=True)
class Words:
    """gettext : of the reader's catalogue (gateway/web/words/catalogue.py). zone : theirs."""

    gettext: Callable[[str], str]
    zone: datetime.tzinfo = datetime.UTC

    def shot(self, brief: Brief) -> str:
        """Grade, kind, rounds, when, where, and what became of it."""
        _ = self.gettext
        told = [_("grade %s") % brief.grade, _(KINDS.get(brief.kind, brief.kind)), _("rounds: %d") % brief.n_rounds]
        told += [self._when(brief.first_us), brief.near, brief.quiet]
        verdict = "exercise" if brief.review_what == "exercise" else VERDICTS.get(brief.review, brief.review)
        told += [_(verdict)] if brief.review else []
        return ", ".join(word for word in told if word)

    def round(self, t_us: int, grade: str, kind: str) -> str:
        """When it was fired, to the millisecond, and how sure."""
        _ = self.gettext
        return ", ".join((self._when(t_us, "milliseconds"), _("grade %s") % grade, _(KINDS.get(kind, kind))))

    def pole(self, pole: PoleState) -> str:
        """How it is, and what is wrong with it."""
        alarms: list[AlarmState] = list(pole.alarms)
        return ", ".join((self.gettext(STATES.get(pole.state, pole.state)), *(each.why for each in alarms if each.why)))

    def lamp(self, lamp: Device, state: str) -> str:
        """Whether it is lit."""
        return lamp.fault or self.gettext(STATES[state])

    def camera(self, camera: Device) -> str:
        """Where it looks, where it was turned."""
        order = camera.order
        if camera.fault or order is None or order.azimuth_deg is None:
            return camera.fault or self.gettext(STATES["camera"])
        return self.gettext("camera, turned to %d°") % round(order.azimuth_deg)

    def _when(self, t_us: int, to: str = "seconds") -> str:
        here = moment(t_us, self.zone)
        return f"{here.date()} {here.time().isoformat(to)} {here.tzname() or ''}".strip()


def say(english: str) -> str:
    """Marks words for the catalogues: what collects them looks for this name."""
    return english


KINDS = {
    "gunshot": say("Gunshot"), "possible gunshot": say("Possible gunshot"), "other": say("Other sound"),
    "unknown": say("Not judged"), "fireworks": say("Fireworks"), "thunder": say("Thunder"),
    "explosion": say("Explosion"),
}  # fmt: skip
VERDICTS = {
    "gunshot": say("gunshot, confirmed"), "no gunshot": say("not gunfire"), "unsure": say("undetermined"),
}  # fmt: skip
STATES = {
    "well": say("well"), "alarm": say("alarm"), "silent": say("silent"), "unheard": say("never heard"),
    "lit": say("lamp at full"), "rest": say("lamp at rest"), "fault": say("fault"), "camera": say("camera"),
}  # fmt: skip


def frame_words(gettext: Callable[[str], str]) -> dict[str, str]:
    """Of the map itself and of the list beside it, for its `data-words`."""
    _ = gettext
    return {
        "list": _("What is on the map, as a list"), "shots": _("Incidents"), "rounds": _("Rounds, in order"),
        "poles": _("Poles"), "cameras": _("Cameras"), "lamps": _("Lamps"),
        "damaged": _("Part of the base map cannot be read; build it anew."),
        "plan": _("The moving map cannot be shown here; this is the plan."),
    }  # fmt: skip
