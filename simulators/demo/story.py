"""What happened in the demo's night, read from what its programs wrote: the gateway's journal, the peers' notebooks.

Nothing here was told by the demo itself. Times are int microseconds UTC of the one machine that everything ran on.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dsp.placing.fix import Fix
from firmware import wire
from gateway.incident import Round
from gateway.journal.rows import Kept, kept, reading
from gateway.reaction.provisional import SOON

SAME_US = 50_000  # gateway/placing/acoustics.py, apart_us: two rounds of one gun lie farther apart


@dataclass(frozen=True, slots=True)
class Placed:
    """A round as it was last announced, and when it first was. nodes : whose arrivals the fix rests on."""

    incident: str
    shot: Round
    nodes: tuple[str, ...]
    announced_us: int


@dataclass(frozen=True, slots=True)
class Deed:
    """What became of an order on one lamp or camera. level_pct : None for a camera."""

    incident: str
    device: str
    level_pct: int | None
    done: bool
    t_us: int
    note: str


@dataclass(frozen=True, slots=True)
class Written:
    """A line of a peer's notebook: a lamp's channel and level, or a camera's pan and zoom."""

    t_us: int
    channel: int | None = None
    level_pct: int | None = None
    pan_deg: float | None = None
    zoom: float | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """A row of the journal on a lamp that has failed, or is well again."""

    lamp: str
    why: str
    is_open: bool
    t_us: int


@dataclass(frozen=True, slots=True)
class Story:
    """onsets_us : of each node, its arrivals. lamp_log, camera_logs : the peers' own notebooks. soon_us : when the
    sixth arrival that agrees was fed to the gateway, each time that it brought lamps up. failed : what the gateway said
    of lamps that failed."""

    placed: tuple[Placed, ...]
    deeds: tuple[Deed, ...]
    onsets_us: Mapping[str, tuple[int, ...]]
    lamp_log: tuple[Written, ...]
    camera_logs: Mapping[str, tuple[Written, ...]]
    soon_us: tuple[int, ...] = ()
    failed: tuple[Failed, ...] = ()


def read_story(journal: Path, keys: Mapping[str, bytes], lamp_log: Path, camera_logs: Mapping[str, Path]) -> Story:
    """Read it all. A notebook that is not there is an empty one. Raises OSError or ValueError naming the journal."""
    with reading(journal) as connection:
        rows = list(kept(connection))
    return Story(
        _placed([each for each in rows if each.row.kind == "incident"]),
        tuple(_deed(json.loads(each.row.body)) for each in rows if each.row.kind == "effect"),
        _onsets([each for each in rows if each.row.kind == "frame"], keys),
        _notebook(lamp_log),
        {name: _notebook(path) for name, path in camera_logs.items()},
        _soon([json.loads(each.row.body) for each in rows if each.row.kind == "reason"]),
        tuple(_failed(json.loads(each.row.body), each.row.at_us) for each in rows if each.row.kind == "lamp"),
    )


def _soon(reasons: list[Mapping[str, Any]]) -> tuple[int, ...]:
    """When lamps were told of provisional rounds: the reason for it has the time of the frames that came then."""
    own = [each for each in reasons if each["incident"].startswith(SOON) and each["act"] == "lights"]
    return tuple(each["at_us"] for each in own if each["does"] and each["word"] == "does")


def _placed(rows: list[Kept]) -> tuple[Placed, ...]:
    """Every round once, known since it was first told, as it was last told; in the order of firing."""
    known: list[Placed] = []
    for each in rows:
        body = json.loads(each.row.body)
        for told in body["rounds"]:
            was = [one for one in known if one.incident == body["incident"] and _is_revised(one, told)]
            since_us = min((one.announced_us for one in was), default=each.row.at_us)
            known = [one for one in known if one not in was]
            if not told.get("withdrawn"):
                known.append(Placed(body["incident"], _round(told), tuple(told["nodes"]), since_us))
    return tuple(sorted(known, key=lambda placed: placed.shot.fix.t_us))


def _is_revised(placed: Placed, told: Mapping[str, Any]) -> bool:
    """Whether a round that is told is this one, as late arrivals have bettered it: no gun fires twice so soon."""
    return abs(placed.shot.fix.t_us - int(told["t_us"])) < SAME_US


def _round(told: Mapping[str, Any]) -> Round:
    """A round as announced; its arrivals stay with the gateway."""
    place_m = (told["e_m"], told["n_m"], 0.0)
    fix = Fix(place_m, told["t_us"], np.array(told["cov_m2"], float), np.zeros(0), told["rms_us"])
    return Round(fix, (), told["grade"], told["p_gunshot"], told.get("kind", "unknown"), told.get("why", ""))


def _deed(told: Mapping[str, Any]) -> Deed:
    level_pct = told.get("level_pct")
    return Deed(told["incident"], told["device"], level_pct, told["done"], told["t_us"], told["note"])


def _failed(told: Mapping[str, Any], at_us: int) -> Failed:
    return Failed(told["lamp"], told["why"], told["open"], at_us)


def _onsets(rows: list[Kept], keys: Mapping[str, bytes]) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {node: [] for node in keys}
    for each in rows:
        node = str(each.row.node)
        record = wire.open(each.row.body, keys[node], wire.UP).record
        if isinstance(record, wire.Arrival):
            found[node].append(record.t_us)
    return {node: tuple(sorted(times)) for node, times in found.items()}


def _notebook(path: Path) -> tuple[Written, ...]:
    if not path.is_file():
        return ()
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    return tuple(
        Written(line["t_us"], line.get("channel"), line.get("level_pct"), line.get("pan_deg"), line.get("zoom"))
        for line in lines
        if "relay_on" not in line
    )
