"""Whatever is told, by its kind: one line for people, one record for programs and the journal."""

from collections.abc import Callable, Mapping
from typing import Any

from dsp.geodesy import Site
from gateway.alerts import notices
from gateway.alerts.area import area_line, area_record
from gateway.alerts.bulletin import headline, incident_record
from gateway.effects import Told
from gateway.incident import Alarm, Announce, Asked, Heard, News, Updated
from gateway.lamp_notice import LampNotice
from gateway.orders import Outcome

OTHERS: Mapping[type, tuple[Callable[[Any], str], Callable[[Any], dict[str, Any]]]] = {
    Outcome: (notices.outcome_line, notices.outcome_record),
    Heard: (notices.heard_line, notices.heard_record),
    Alarm: (notices.alarm_line, notices.alarm_record),
    Updated: (notices.updated_line, notices.updated_record),
    News: (notices.news_line, notices.news_record),
    Asked: (notices.asked_line, notices.asked_record),
    LampNotice: (notices.lamp_line, notices.lamp_record),
}


def line(told: Told | LampNotice, site: Site) -> str:
    """For people. What a camera, a lamp or a reviewer put in that is no letter is shown as a box: nobody forges a line
    or moves the terminal."""
    if isinstance(told, Heard) and told.group.area is not None:
        text = area_line(told, site)
    else:
        text = headline(told, site) if isinstance(told, Announce) else OTHERS[type(told)][0](told)
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def record(told: Told | LampNotice, site: Site) -> dict[str, Any]:
    """For programs."""
    if isinstance(told, Heard) and told.group.area is not None:
        return area_record(told, site)
    return incident_record(told, site) if isinstance(told, Announce) else OTHERS[type(told)][1](told)
