"""How values are written for a reader: times in their zone with UTC beside, lengths, shares. The templates' filters."""

import datetime
import zoneinfo

from babel.dates import format_date
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from gateway.orders import is_superseded
from gateway.web.words.catalogue import catalogue

UTC = datetime.UTC
NBSP = "\u00a0"
"""Between a figure and its unit: no line ends there."""


def zone_of(name: str) -> datetime.tzinfo:
    """Of the IANA list; UTC where there is no such zone."""
    try:
        return zoneinfo.ZoneInfo(name or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def moment(t_us: int, zone: datetime.tzinfo = UTC) -> datetime.datetime:
    """Of microseconds UTC; the calendar's first or last moment where they lie outside of it."""
    try:
        return (datetime.datetime.fromtimestamp(0, UTC) + datetime.timedelta(microseconds=t_us)).astimezone(zone)
    except OverflowError:
        return datetime.datetime.max.replace(tzinfo=UTC) if t_us > 0 else datetime.datetime.min.replace(tzinfo=UTC)


@pass_context
def when(context: Context, t_us: int | None, day: bool = True) -> Markup:
    """As <time>: the reader's clock, then UTC. day : with its date."""
    if not t_us:
        return Markup("<span class=soft>-</span>")
    zone = zone_of(_zone_name(context))
    here, there = moment(t_us, zone), moment(t_us)
    date = _date(here, context["language"]) + " " if day else ""
    other = _date(there, context["language"]) + " " if day and here.date() != there.date() else ""
    utc = "" if here.utcoffset() == there.utcoffset() else f"{other}{there:%H:%M:%S} UTC"
    told = Markup('<time datetime="{}">{}{}</time>').format(
        there.isoformat(timespec="milliseconds").replace("+00:00", "Z"), date, f"{here:%H:%M:%S}"
    )
    return told + (
        Markup(' <span class="utc">{}</span>').format(utc) if utc else Markup(' <span class="utc">UTC</span>')
    )


@pass_context
def fine(context: Context, t_us: int) -> str:
    """The reader's clock to the microsecond."""
    return f"{moment(t_us, zone_of(_zone_name(context))):%H:%M:%S.%f}"


@pass_context
def ago(context: Context, t_us: int | None) -> Markup:
    """How long before the server's now, in the largest unit that is not zero. static/live.js keeps it true."""
    if not t_us:
        return Markup("-")
    passed_s = max(0, (context["now_us"] - t_us) // 1_000_000)
    unit_s, one, more = next((each for each in AGO if passed_s >= each[0]), AGO[-1])
    number = passed_s // unit_s
    told = catalogue(context["language"]).ngettext(one, more, number) % {"num": number}
    return Markup('<span data-ago="{}">{}</span>').format(t_us, told)


def _n(one: str, more: str) -> tuple[str, str]:
    """Marks words for the catalogues (gateway/web/words/collect.py)."""
    return one, more


AGO = (
    (86_400, *_n("%(num)s day ago", "%(num)s days ago")),
    (3_600, *_n("%(num)s hour ago", "%(num)s hours ago")),
    (60, *_n("%(num)s minute ago", "%(num)s minutes ago")),
    (1, *_n("%(num)s second ago", "%(num)s seconds ago")),
)


def metres(value_m: float | None) -> str:
    """With one decimal below ten."""
    if value_m is None:
        return "-"
    return f"{value_m:.1f}{NBSP}m" if abs(value_m) < 9.95 else f"{value_m:.0f}{NBSP}m"


def share(value: float | None) -> str:
    """In per cent, never rounded up to certainty or down to none."""
    if value is None:
        return "-"
    if 0.99 < value < 1:
        return f">{NBSP}99{NBSP}%"
    return f"<{NBSP}1{NBSP}%" if 0 < value < 0.01 else f"{value * 100:.0f}{NBSP}%"


def place(lat_deg: float, lon_deg: float) -> str:
    """Latitude and longitude to some 0.1 m."""
    return f"{lat_deg:.6f}, {lon_deg:.6f}"


def _zone_name(context: Context) -> str:
    who = context.get("who")
    return who.time_zone if who is not None else "UTC"


def _date(at: datetime.datetime, language: str) -> str:
    return format_date(at.date(), "d MMM y", locale=language)


FILTERS = {
    "when": when, "fine": fine, "ago": ago, "metres": metres, "share": share, "place": place,
    "superseded": is_superseded,
}  # fmt: skip
"""By the names that templates have for them."""
PLAIN = {"metres": metres, "share": share, "place": place}
"""Those that templates call as functions, too."""
