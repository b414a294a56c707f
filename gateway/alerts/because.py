"""Why something was done for an incident or was not, in plain words; and the journal's record of it read back."""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.reasons import Because, Near, Weighed


def read_because(record: Mapping[str, Any]) -> Because:
    """A reason of the body of its row. Raises KeyError or TypeError for what is none."""
    weighed, devices = record["weighed"], tuple(Near(**each) for each in record["devices"])
    plain = {**record, "weighed": None if weighed is None else Weighed(**weighed), "devices": devices}
    return Because(**plain)


def words(reason: Because) -> str:
    """One sentence: what, and by which rule."""
    say = WORDS.get(reason.word)
    return say(reason) if say else f"{reason.word} ({reason.rule})"


def standing(reason: Because) -> str:
    """How what was weighed stands to what was asked for, in words; "" where nothing was."""
    if (of := reason.weighed) is None:
        return ""
    p_gunshot = "unknown, which holds nothing back" if of.p_gunshot is None else f"{of.p_gunshot:.2f}"
    parts = (
        f"grade {of.grade} ({of.grade_rule} asks for {of.min_grade}{'' if of.min_grade == 'A' else ' or better'})",
        f"p(gunshot) {p_gunshot} ({of.p_rule} asks for {of.min_p_gunshot:.2f})",
        f"by {'night' if of.is_night else 'day'} ({_sun(of.sun_deg)})",
        f"{of.age_us / 1e6:.1f} s after the shot",
        *((f"in the zone {of.zone}",) if of.zone else ()),
        *((f"within the announced event {of.quiet}",) if of.quiet else ()),
    )
    return ", ".join(parts)


def _sun(sun_deg: float | None) -> str:
    if sun_deg is None:
        return "nobody knows where the sun stood"
    return f"sun {abs(sun_deg):.1f} deg {'above' if sun_deg >= 0 else 'below'} the horizon"


def _does(reason: Because) -> str:
    asked = f"{_names(reason)}{_level(reason)}: " if reason.devices else ""
    return asked + standing(reason)


def _still(reason: Because) -> str:
    return "one is not up" if reason.act == "lights" else "one does not look there"


def _over(reason: Because) -> str:
    return f"{_names(reason)}{_level(reason)}: nobody holds them up any more"


def _level(reason: Because) -> str:
    return "" if reason.bound is None or reason.act != "lights" else f" to {reason.bound:g} %"


def _names(reason: Because) -> str:
    return ", ".join(each.name + ("" if each.away_m is None else f" ({each.away_m:.0f} m)") for each in reason.devices)


def _far(reason: Because) -> str:
    nearest = "".join(f"; the nearest, {each.name}, stands {each.away_m:.0f} m off" for each in reason.devices)
    return f"no lamp within {reason.bound:g} m or in its street{nearest}"


def _grade(reason: Because) -> str:
    of = reason.weighed
    return f"grade {of.grade}, and {reason.rule} asks for {of.min_grade} or better" if of else reason.word


def _p_gunshot(reason: Because) -> str:
    of = reason.weighed
    return f"p(gunshot) {of.p_gunshot:.2f}, and {reason.rule} asks for {of.min_p_gunshot:.2f}" if of else reason.word


def _day(reason: Because) -> str:
    sun = _sun(reason.weighed.sun_deg) if reason.weighed else ""
    return f"it was day: {sun}, and it is dark below {reason.bound:g} deg (policy.lights.only_when_dark)"


def _old(reason: Because) -> str:
    age_s = reason.weighed.age_us / 1e6 if reason.weighed else 0.0
    return f"it was known {age_s:.1f} s after the shot; nothing acts on what is older than {reason.bound:g} s"


def _ahead(reason: Because) -> str:
    age_s = -reason.weighed.age_us / 1e6 if reason.weighed else 0.0
    return f"it lay {age_s:.1f} s in the future: some clock is wrong"


WORDS: Mapping[str, Callable[[Because], str]] = {
    "does": _does,
    "again": lambda reason: f"a later round: {_names(reason)} again, where {_still(reason)}",
    "over": _over,
    "became": lambda reason: f"what was lit or turned before it was decided: it became {reason.became}",
    "off": lambda reason: f"{reason.rule} says act = false",
    "grade": _grade,
    "p_gunshot": _p_gunshot,
    "day": _day,
    "far": _far,
    "blind": lambda reason: "no camera can be turned there: none is in range, or none turns so far",
    "old": _old,
    "ahead": _ahead,
    "withdrawn": lambda reason: "the round was withdrawn: with what came late it is none",
    "limit": lambda reason: f"policy.{reason.act}.most_per_h: {reason.bound:g} incidents in an hour were reached",
}
"""Word of a reason -> its sentence."""
