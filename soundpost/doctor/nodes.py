"""Each node's last word, as the journal has it."""

import pathlib
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from firmware import wire
from gateway.intake.gate import FUTURE_US, Gate
from gateway.intake.seen import Seen
from gateway.journal.rows import reading
from soundpost.doctor.verdict import Verdict, failed, passed, warned

NEWEST = 20_000
SILENT_US = 135_000_000
"""Who misses two of the words that a node says of itself each minute (gateway/upkeep/silence.py)."""
MANY_QUEUED = 50


@dataclass(frozen=True, slots=True)
class LastWord:
    """at_us : when the gateway wrote its newest frame. health : the newest of those that were looked through."""

    at_us: int
    health: wire.Health | None = None


def judge_node(node: str, word: LastWord | None, now_us: int) -> Verdict:
    """word : None where the journal has none."""
    if word is None:
        return failed("node", "was never heard", "is it on, is its key here, does the broker let it in?", node)
    if word.at_us > now_us + FUTURE_US:
        return failed("node", "was heard at a time that is yet to come by this host's clock", "set the clock", node)
    return _judge_word(node, word, now_us)


def _judge_word(node: str, word: LastWord, now_us: int) -> Verdict:
    says = f"last word {_ago(now_us - word.at_us)} ago"
    if now_us - word.at_us > SILENT_US:
        return failed("node", says, "see its power, its network and its log", node)
    if word.health is None:
        return passed("node", says, node)
    health = word.health
    clock = wire.CLOCK_STATES[health.clock]
    says += f"; clock {clock}, sigma {health.sigma_us} us, {health.queued} records wait"
    if health.clock in (wire.UNSET, wire.COARSE):
        return failed("node", f"{says}; nothing is placed by it", "its GNSS or chrony: soundpost doctor there", node)
    wrong = [
        f"its clock is in {clock}" if health.clock == wire.HOLDOVER else "",
        "many records wait for the gateway" if health.queued > MANY_QUEUED else "",
        f"{health.dropped_arrivals} arrivals were dropped since it started" if health.dropped_arrivals else "",
    ]
    if what := ", ".join(filter(None, wrong)):
        return warned("node", f"{says}; {what}", "run soundpost doctor on it", node)
    return passed("node", says, node)


def last_words(connection: sqlite3.Connection, nodes: Iterable[str]) -> dict[str, LastWord]:
    """Of the NEWEST frames; a node that is in none of them, of its own newest. What a node said was proven when it came
    in, so it is read without its key."""
    gate, found = Gate({}, Seen()), dict[str, LastWord]()
    newest = "select node, at_us, body from row where kind = 'frame' order by number desc limit ?"
    for node, at_us, body in connection.execute(newest, (NEWEST,)):
        known = found.get(node)
        if known is None or known.health is None:
            found[node] = LastWord(known.at_us if known else at_us, _health(gate, body))
    own = "select max(at_us) from row where kind = 'frame' and node = ?"
    for node in nodes:
        if node not in found:
            (at_us,) = connection.execute(own, (node,)).fetchone()
            if at_us is not None:
                found[node] = LastWord(at_us)
    return found


def _health(gate: Gate, frame: bytes) -> wire.Health | None:
    try:
        record = gate.open(frame, 0, kept=True).record
    except wire.BadFrame:
        return None  # a journal may have been tampered with
    return record if isinstance(record, wire.Health) else None


def judge_nodes(nodes: Iterable[str], words: Mapping[str, LastWord], now_us: int) -> list[Verdict]:
    """A line each."""
    return [judge_node(node, words.get(node), now_us) for node in nodes]


def check_nodes(journal: pathlib.Path, nodes: Iterable[str], now_us: int) -> list[Verdict]:
    """Raises OSError or ValueError naming the journal."""
    nodes = list(nodes)
    with reading(journal) as connection:
        words = last_words(connection, nodes)
    return judge_nodes(nodes, words, now_us)


def _ago(us: int) -> str:
    s = us // 1_000_000
    return (
        f"{s} s"
        if s < 600
        else f"{s // 60} min"
        if s < 7200
        else f"{s // 3600} h"
        if s < 172_800
        else f"{s // 86400} d"
    )
