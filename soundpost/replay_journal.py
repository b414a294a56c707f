"""A gateway's journal fed again to a fresh core: every incident must come out as it was."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware import wire
from gateway.alerts.bulletin import incident_record
from gateway.assembly.gateway import build_core, build_policy, read_air
from gateway.config import GatewayConfig, read_config
from gateway.core import arrival
from gateway.incident import Announce, Arrival, Heard, Incident
from gateway.intake.gate import Gate
from gateway.intake.keyring import read_keys
from gateway.intake.seen import Seen
from gateway.journal.archive import is_archive
from gateway.journal.chain import first_fault
from gateway.journal.moments import replay
from gateway.journal.rows import Kept, kept
from gateway.journal.whole import Opened, opened
from simulators.recordings.playback import in_order
from soundpost.shots import Line, numbered, shot_line

MAGIC = b"SQLite format 3\0"
SEEN_FRAMES = 100_000


@dataclass(frozen=True, slots=True)
class JournalReplay:
    """lines : as `replay` tells them, each with the incident that its round belongs to; last, what was never placed,
    with its reason. n_incidents : announcements, an incident being announced again when it changes. n_unproven : frames
    that came under a key that the keys file no longer holds, taken as the journal has them. differs : in words
    what did not come out as it was, or "". without : what was pruned and is not replayed, in words, or ""."""

    lines: list[Line]
    n_incidents: int
    n_unproven: int
    differs: str
    without: str = ""


def is_journal(path: Path) -> bool:
    """Whether this is a file that SQLite wrote, or an archive of such a one. Raises OSError where it cannot be
    opened."""
    if path.is_dir() or not path.exists():
        return False
    if is_archive(path):
        return True
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def replay_journal(path: Path, config_path: Path) -> JournalReplay:
    """Feed a journal's frames, in their order and at their times, to the core that a config asks for.

    Raises ValueError or OSError naming the file: no journal, a broken row, a config or keys that cannot be used.
    """
    config = read_config(config_path)
    gate = Gate(read_keys(config_path.parent / config.keys_file), Seen(), 1)
    with opened(path) as journal:
        connection = journal.connection
        if fault := first_fault(connection, journal.start):
            raise ValueError(f"{path}: {fault}")
        frames = [(each.row.at_us, each.row.body) for each in kept(connection, "frame")]
        airs = [read_air(each.row.body) for each in kept(connection, "air")]
        was = [each.row.body for each in kept(connection, "incident", journal.cut)]
        core = build_core(config, gate, airs, None, policy=build_policy(config, config_path.parent))
        told = [
            each for each in replay(core, (one.row for one in _happened(journal))) if isinstance(each, Announce | Heard)
        ]
    announced = [each for each in told if isinstance(each, Announce)]
    incidents = _grown(each.incident for each in announced)
    n_unproven = gate.n_unproven
    number = numbered(in_order(_arrivals(config, gate, frames)))
    lines = [
        {"source": path.name, "incident": incident.id, **shot_line(shot, number, config.the_site())}
        for incident in incidents
        for shot in incident.rounds
        if not shot.withdrawn
    ]
    placed = {arrival for incident in incidents for shot in incident.rounds for arrival in shot.arrivals}
    unplaced = (each.group for each in told if isinstance(each, Heard))
    lines += [
        {"source": path.name, **shot_line(group, number)} for group in unplaced if placed.isdisjoint(group.arrivals)
    ]
    differs = _difference(was, [_record(config, each) for each in announced])
    return JournalReplay(lines, len(was), n_unproven, differs, _without(journal))


def _happened(journal: Opened) -> Iterator[Kept]:
    """The rows that are to happen again: behind what was pruned."""
    return kept(journal.connection, None, journal.cut)


def _without(journal: Opened) -> str:
    if not journal.missing:
        return ""
    names = ", ".join(each.name for each in journal.missing)
    return f"rows up to {journal.cut} were pruned and are not replayed: not beside the journal: {names}"


def _arrivals(config: GatewayConfig, gate: Gate, frames: list[tuple[int, bytes]]) -> Iterator[Arrival]:
    """Every arrival that a surveyed node said."""
    poles = config.poles()
    for received_us, frame in frames:
        try:
            opened = gate.open(frame, received_us, kept=True)
        except wire.BadFrame:  # no gateway kept this; what depends on it will be missed in the incidents
            continue
        if isinstance(opened.record, wire.Arrival) and opened.node in poles:
            yield arrival(poles[opened.node], opened.record)


def _grown(incidents: Iterable[Incident]) -> list[Incident]:
    """Each incident once, as it was when last announced."""
    return list({incident.id: incident for incident in incidents}.values())


def _record(config: GatewayConfig, announce: Announce) -> dict[str, Any]:
    return incident_record(announce, config.the_site())


def _difference(was: list[bytes], now: list[dict[str, Any]]) -> str:
    """What the journal's incident rows and the replay's do not share, in words."""
    before = [json.loads(body) for body in was]
    after = [json.loads(json.dumps(record)) for record in now]
    if not all("n_rounds" in record for record in before):  # rows of before 27 November 2026 repeat all rounds
        before, after = [_in_short(record) for record in before], [_in_short(record) for record in after]
    elif not all("why" in record for record in before):  # rows of before the third look
        before, after = [_unjudged(record) for record in before], [_unjudged(record) for record in after]
    if before == after:
        return ""
    gone = [record.get("incident") for record in before if record not in after]
    new = [record["incident"] for record in after if record not in before]
    told = [f"{words} {', '.join(map(str, names))}" for words, names in (("not again:", gone), ("new:", new)) if names]
    return f"incidents came out otherwise ({'; '.join(told) or 'in another order'}); was the config another one then?"


def _unjudged(record: dict[str, Any]) -> dict[str, Any]:
    """Without what the third look says."""
    plain = {name: value for name, value in record.items() if name not in ("kind", "p_gunshot", "why")}
    return {**plain, "rounds": [_unjudged(each) for each in record["rounds"]]} if "rounds" in record else plain


def _in_short(record: dict[str, Any]) -> dict[str, Any]:
    """What rows of all ages share."""
    same = ("incident", "historic", "grade", "t_us", "e_m", "n_m", "ellipse_95")
    n_rounds = record.get("n_rounds", len(record.get("rounds", ())))
    return {**{name: record.get(name) for name in same}, "n_rounds": n_rounds}
