"""Why each thing was done for an incident or was not, from the journal of the gateway that decided it."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.alerts.because import read_because, words
from gateway.journal.rows import kept
from gateway.reaction.provisional import SOON
from gateway.reasons import ACTS, Because
from soundpost.terminal import utc

MOST_NAMED = 5


@dataclass(slots=True)
class Explained:
    """reasons : in their order. outcomes : of its orders. told : its incident rows, each (when, body). early : what was
    done for it before it was decided, each under a name of its own."""

    incident: str
    reasons: list[Because] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    told: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    early: list["Explained"] = field(default_factory=list)


def explain(connection: sqlite3.Connection, path: Path, name: str) -> Explained:
    """What a journal says of an incident. name : its name, or enough of it. Raises ValueError where there is none of
    that name, or where several begin so, or where its gateway gave no reasons yet."""
    found: dict[str, Explained] = {}
    for kind in ("reason", "effect", "incident"):
        for at_us, body in _bodies(connection, kind):
            incident = body.get("incident")
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
    of.early = [each for each in found.values() if any(reason.became == of.incident for reason in each.reasons)]
    return of


def lines(of: Explained) -> Iterator[str]:
    """For people."""
    yield _head(of)
    for act in ACTS:
        for one, reason in (pair for pair in _pairs(of) if pair[1].act == act):
            done = "done" if reason.does else "NOT DONE"
            soon = f"before it was decided, as {one.incident}: " if one is not of else ""
            yield f"{act:9} {done:9} {utc(reason.at_us)[11:]}  {soon}{words(reason)}"
            yield from (f"{'':20} {line}" for line in _outcomes(one, reason))
            if act == "announce" and reason.does:
                yield from (f"{'':20} {line}" for line in _told(of))


def records(of: Explained) -> Iterator[dict[str, Any]]:
    """For programs: one a reason."""
    for one, reason in _pairs(of):
        outcomes = [each for each in one.outcomes if each.get("action") == reason.action]
        told = {"incident": one.incident, "act": reason.act, "action": reason.action, "does": reason.does}
        told |= {} if one is of else {"became": of.incident}
        yield {**told, "word": reason.word, "rule": reason.rule, "at_us": reason.at_us, "why": words(reason)} | (
            {"outcomes": outcomes} if reason.act != "announce" else {"announced_us": [at_us for at_us, _ in of.told]}
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


def _outcomes(of: Explained, reason: Because) -> Iterator[str]:
    """What devices told of an order."""
    if not reason.does or reason.act == "announce":
        return
    outcomes = [each for each in of.outcomes if each.get("action") == reason.action]
    for each in outcomes:
        done = "" if each.get("done") else "NOT DONE: "
        yield f"{utc(each['t_us'])[11:]}  {each.get('device')}: {done}{each.get('note')}"
    if not outcomes:
        yield "no device told what became of it"


def _told(of: Explained) -> Iterator[str]:
    for at_us, body in of.told[:MOST_NAMED]:
        yield f"{utc(at_us)[11:]}  told: grade {body.get('grade')}, rounds: {body.get('n_rounds', '?')}"
    if len(of.told) > MOST_NAMED:
        yield f"and {len(of.told) - MOST_NAMED} times more"
