"""Why each thing was done for an incident or was not, from the journal of the gateway that decided it."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.alerts.because import read_because, words
from gateway.journal.rows import kept
from gateway.orders import is_superseded
from gateway.reaction.lamp_policy import START
from gateway.reaction.provisional import SOON
from gateway.reasons import ACTS, AGAIN, Because
from soundpost.terminal import utc

MOST_NAMED = 5


@dataclass(slots=True)
class Explained:
    """reasons : in their order. outcomes : of its orders. told : its incident rows, each (when, body). early : what was
    done for it before it was decided, each under a name of its own. news : what lamps did by themselves, at any time.
    """

    incident: str
    reasons: list[Because] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    told: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    early: list["Explained"] = field(default_factory=list)
    news: list[dict[str, Any]] = field(default_factory=list)


def explain(connection: sqlite3.Connection, path: Path, name: str) -> Explained:
    """What a journal says of an incident. name : its name, or enough of it. Raises ValueError where there is none of
    that name, or where several begin so, or where its gateway gave no reasons yet."""
    found: dict[str, Explained] = {}
    news: list[dict[str, Any]] = []
    for kind in ("reason", "effect", "incident"):
        for at_us, body in _bodies(connection, kind):
            incident = body.get("incident")
            if kind == "effect" and incident == START and "action" not in body:
                news.append(body)
            if not isinstance(incident, str) or not incident.startswith((name, SOON)):
                continue
            of = found.setdefault(incident, Explained(incident))
            if kind == "reason":
                of.reasons.append(read_because(body))
            elif kind == "effect":
                of.outcomes.append(body)
            else:
                of.told.append((at_us, body))
    meant = [name] if name in found else [each for each in found if each.startswith(name)]
    if len(meant) > 1:
        raise ValueError(f"{path}: {name} may be {', '.join(meant[:MOST_NAMED])}: give more of the name")
    if not meant:
        raise ValueError(f"{path}: has no incident {name}; soundpost journal show lists them")
    of = found[meant[0]]
    of.news = news
    of.early = [each for each in found.values() if any(reason.became == of.incident for reason in each.reasons)]
    return of


def lines(of: Explained) -> Iterator[str]:
    """For people."""
    yield _head(of)
    for act in ACTS:
        for one, reason in (pair for pair in _pairs(of) if pair[1].act == act):
            came_of_it = _came_of(of, one, reason)
            soon = f"before it was decided, as {one.incident}: " if one is not of else ""
            yield f"{act:9} {_done(reason, came_of_it):10} {utc(reason.at_us)[11:]}  {soon}{words(reason)}"
            yield from (f"{'':21} {line}" for line in _outcomes(reason, came_of_it))
            if act == "announce" and reason.does:
                yield from (f"{'':21} {line}" for line in _told(of))


def records(of: Explained) -> Iterator[dict[str, Any]]:
    """For programs: one a reason."""
    for one, reason in _pairs(of):
        outcomes = _came_of(of, one, reason)
        told = {"incident": one.incident, "act": reason.act, "action": reason.action, "does": reason.does}
        told |= {} if one is of else {"became": of.incident}
        yield {**told, "word": reason.word, "rule": reason.rule, "at_us": reason.at_us, "why": words(reason)} | (
            {"came_to": _done(reason, outcomes), "outcomes": outcomes}
            if reason.act != "announce"
            else {"announced_us": [at_us for at_us, _ in of.told]}
        )


def _pairs(of: Explained) -> list[tuple[Explained, Because]]:
    """Its reasons in the order of time, with whose they are: of what was done before it was decided, too."""
    pairs = [(one, each) for one in of.early for each in one.reasons if each.word != "became"]
    return sorted([*pairs, *((of, each) for each in of.reasons)], key=lambda pair: pair[1].at_us)


def _bodies(connection: sqlite3.Connection, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for each in kept(connection, kind):
        body = json.loads(each.row.body)
        if isinstance(body, dict):
            yield each.row.at_us, body


def _head(of: Explained) -> str:
    if not of.told:
        return f"{of.incident}  (people were not told of it)"
    _, last = of.told[-1]
    p_gunshot = "?" if last.get("p_gunshot") is None else f"{last['p_gunshot']:.2f}"
    rounds = last.get("n_rounds", "?")
    words_of_it = f"{of.incident}  {last.get('kind')} p {p_gunshot}, grade {last.get('grade')}, rounds: {rounds}"
    quiet = f"  WITHIN AN ANNOUNCED EVENT: {last['quiet']}" if last.get("quiet") else ""
    why = f"\n{last['why']}" if last.get("why") else ""
    return f"{words_of_it}{quiet}{why}"


def _came_of(of: Explained, one: Explained, reason: Because) -> list[dict[str, Any]]:
    """What devices told of an order, of the same order again, and of having let go of what came of it."""
    told = [each for each in one.outcomes if str(each.get("action")).partition(AGAIN)[0] == reason.action]
    held = reason.act == "lights" and reason.does and reason.word != "over"
    news = [each for each in of.news if held and _owner(of, each) is reason]
    return sorted([*told, *news], key=lambda each: int(each["t_us"]))


def _owner(of: Explained, news: dict[str, Any]) -> Because | None:
    """The reason for which a lamp was up that is so no longer; None where it was not up for this incident."""
    for _, reason in reversed(_pairs(of)):
        if reason.act != "lights" or not reason.does or reason.at_us > news["t_us"]:
            continue
        if news["device"] in (each.name for each in reason.devices):
            return None if reason.word == "over" else reason
    return None


def _done(reason: Because, came_of_it: list[dict[str, Any]]) -> str:
    """What an act came to: of each device the last word about an order counts. What a lamp did by itself later undoes
    nothing, nor does a newer order; `superseded` where nothing failed and the newer order has what was left."""
    if not reason.does:
        return "NOT DONE"
    if reason.act not in ("lights", "cameras"):
        return "done"
    of_orders = [each for each in came_of_it if "action" in each]
    last = {each["device"]: bool(each["done"]) for each in of_orders if not is_superseded(each)}
    if not of_orders:
        return "ordered"
    if any(each["device"] not in last for each in of_orders) and all(last.values()):
        return "done" if last and reason.act == "cameras" else "superseded"
    if all(last.values()) or (reason.act == "cameras" and any(last.values())):
        return "done"
    return "PARTLY" if any(last.values()) else "NOT DONE"


def _outcomes(reason: Because, outcomes: list[dict[str, Any]]) -> Iterator[str]:
    """The same in words."""
    if not reason.does or reason.act == "announce":
        return
    for each in outcomes:
        done = "" if each.get("done") or is_superseded(each) else "NOT DONE: "
        yield f"{utc(each['t_us'])[11:]}  {each.get('device')}: {done}{each.get('note')}"
    if not outcomes:
        yield "no device told what became of it"


def _told(of: Explained) -> Iterator[str]:
    for at_us, body in of.told[:MOST_NAMED]:
        yield f"{utc(at_us)[11:]}  told: grade {body.get('grade')}, rounds: {body.get('n_rounds', '?')}"
    if len(of.told) > MOST_NAMED:
        yield f"and {len(of.told) - MOST_NAMED} times more"
