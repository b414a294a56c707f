"""What is told of everything but incidents: what lamps and cameras did, what has no place, poles, releases, news."""

from typing import Any

from gateway.alerts.clock_time import clock_time
from gateway.incident import Alarm, Asked, Heard, News, Updated
from gateway.lamp_notice import LampNotice
from gateway.orders import Aim, Outcome


def outcome_record(outcome: Outcome) -> dict[str, Any]:
    """What became of an order on one lamp or camera, for machines. t_us: when that was known."""
    effect = outcome.effect
    order: dict[str, Any] = (
        {
            "what": "home" if effect.home else "aim",
            "azimuth_deg": round(effect.azimuth_deg, 3),
            "elevation_deg": round(effect.elevation_deg, 3),
        }
        if isinstance(effect, Aim)
        else {"what": "light", "level_pct": effect.level_pct}
    )
    told = {"device": outcome.device, "incident": effect.incident, "done": outcome.done}
    action = {"action": effect.action} if effect.action else {}
    was = {} if outcome.was_pct is None else {"was_pct": outcome.was_pct}
    superseded = {"superseded": True} if outcome.superseded else {}
    return {**order, **told, **action, "t_us": outcome.at_us, "note": outcome.note, **was, **superseded}


def outcome_line(outcome: Outcome) -> str:
    """The same for people."""
    effect = outcome.effect
    order = (
        f"{'home from' if effect.home else 'turn to'} {effect.azimuth_deg:.1f} deg, {effect.elevation_deg:+.1f} deg"
        if isinstance(effect, Aim)
        else f"to {effect.level_pct} %"
    )
    done = "" if outcome.done or outcome.superseded else "NOT DONE: "
    return f"{clock_time(outcome.at_us)}  {outcome.device}  {order}  {done}{outcome.note}  {effect.incident}"


def heard_record(heard: Heard) -> dict[str, Any]:
    """What was heard and has no place, for machines. t_us: when it was first heard."""
    arrivals = sorted(heard.group.arrivals, key=lambda each: each.t_us)
    told = {"why": heard.group.why, "nodes": [each.node for each in arrivals]}
    return {"what": "unplaced", "t_us": arrivals[0].t_us, **told, "arrivals_us": [each.t_us for each in arrivals]}


def heard_line(heard: Heard) -> str:
    """The same for people."""
    arrivals = heard.group.arrivals
    nodes = ", ".join(sorted(each.node for each in arrivals))
    first_us = min(each.t_us for each in arrivals)
    return f"{clock_time(first_us)}  NOT PLACED, heard by {len(arrivals)} poles ({nodes}): {heard.group.why}"


def alarm_record(alarm: Alarm) -> dict[str, Any]:
    """What is wrong with a pole, or right again, for machines."""
    told = {"node": alarm.node, "kind": alarm.kind, "raised": alarm.raised, "why": alarm.why}
    return {"what": "alarm", **told, "t_us": alarm.at_us, "sigmas": alarm.sigmas, "n_shots": alarm.n_shots}


def alarm_line(alarm: Alarm) -> str:
    """The same for people."""
    word = f"ALARM {alarm.kind}" if alarm.raised else f"alarm over, {alarm.kind}"
    rests = f"  ({alarm.n_shots} shots)" if alarm.raised and alarm.n_shots else ""
    return f"{clock_time(alarm.at_us)}  pole {alarm.node}  {word}: {alarm.why}{rests}"


def updated_record(updated: Updated) -> dict[str, Any]:
    """Where a node stands with a release, for machines."""
    told = {"node": updated.node, "release": updated.release, "sequence": updated.sequence, "stage": updated.stage}
    return {"what": "update", **told, "sha256": updated.sha256.hex(), "stops": updated.stops, "t_us": updated.at_us}


def read_updated(record: dict[str, Any]) -> Updated:
    """The inverse of `updated_record`."""
    told = (record["node"], record["release"], record["sequence"], bytes.fromhex(record["sha256"]))
    return Updated(*told, record["stage"], record["stops"], record["t_us"])


STAGES = {
    "wants": "takes it in",
    "whole": "has all of it, and starts it",
    "trial": "runs it on trial",
    "good": "stays with it",
    "rolled back": "went back to the one before",
    "lost": "did not come back",
    "silent": "no longer answers; later again",
}
"""Stage -> what the node does."""


def updated_line(updated: Updated) -> str:
    """The same for people."""
    does = STAGES.get(updated.stage, f"refuses it: {updated.stage}")
    stops = "  STOPPED: offered to nobody any more" if updated.stops else ""
    return f"{clock_time(updated.at_us)}  pole {updated.node}  release {updated.sequence}: {does}{stops}"


def news_record(news: News) -> dict[str, Any]:
    """What happened to the gateway itself, for machines."""
    return {"what": news.what, "note": news.note, "t_us": news.at_us}


def news_line(news: News) -> str:
    """The same for people."""
    return f"{clock_time(news.at_us)}  {news.note}"


def asked_record(asked: Asked) -> dict[str, Any]:
    """What somebody asked of the gateway, as it was signed, for machines."""
    signed = {"by": asked.by, "at_us": asked.at_us, "nonce": asked.nonce, "ask": asked.ask, "body": dict(asked.body)}
    return {"what": "request", **signed, "mac": asked.mac, "t_us": asked.at_us}


def asked_line(asked: Asked) -> str:
    """The same for people."""
    names = ("did", "incident", "camera", "what", "file", "verdict", "note", "who")
    words = "  ".join(str(asked.body[name]) for name in names if asked.body.get(name))
    return f"{clock_time(asked.at_us)}  {asked.by}  {asked.ask}: {words}"


def lamp_record(notice: LampNotice) -> dict[str, Any]:
    """What is wrong with a lamp, or that it is well again, for machines."""
    told = {"notice": notice.notice, "lamp": notice.lamp, "fault": notice.fault, "open": notice.is_open}
    history = [{"t_us": at_us, "what": words} for at_us, words in notice.history]
    return {
        "what": "lamp",
        **told,
        "why": notice.why,
        "since_us": notice.since_us,
        "t_us": notice.at_us,
        "history": history,
    }


def read_lamp_notice(record: dict[str, Any]) -> LampNotice:
    """The inverse of `lamp_record`."""
    history = tuple((each["t_us"], each["what"]) for each in record["history"])
    told = (record["notice"], record["lamp"], record["fault"], record["open"], record["why"])
    return LampNotice(*told, record["since_us"], record["t_us"], history)


def lamp_line(notice: LampNotice) -> str:
    """The same for people."""
    return f"{clock_time(notice.at_us)}  lamp {notice.lamp}  {'FAULT ' if notice.is_open else ''}{notice.why}"
