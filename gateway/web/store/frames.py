"""Frames, as they are read into the tables: many together, for there are a thousand of them to one of all else."""

import json
import sqlite3
from dataclasses import dataclass, field

from gateway.web.store.journal import ArrivalSaid, HealthWord, Row

STEP_US = 600_000_000
"""A pole's past is kept in steps of ten minutes."""
ARRIVAL = "insert or replace into arrival values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
POLE = """insert into pole(node, heard_us, clock, sigma_us, level_cdb, arrival_us, health, health_us)
    values (?, ?, ?, ?, ?, ?, ?, ?) on conflict(node) do update set
    heard_us = excluded.heard_us, clock = coalesce(excluded.clock, clock),
    sigma_us = case when excluded.clock is null then sigma_us else excluded.sigma_us end,
    level_cdb = coalesce(excluded.level_cdb, level_cdb),
    arrival_us = coalesce(excluded.arrival_us, arrival_us), health = coalesce(excluded.health, health),
    health_us = coalesce(excluded.health_us, health_us)"""
PAST = """insert into past values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict(node, step_us) do update set
    n_health = n_health + excluded.n_health, temperature_cc = temperature_cc + excluded.temperature_cc,
    n_temperature = n_temperature + excluded.n_temperature, noise_cdb = noise_cdb + excluded.noise_cdb,
    n_noise = n_noise + excluded.n_noise,
    sigma_us = max(coalesce(sigma_us, excluded.sigma_us), coalesce(excluded.sigma_us, sigma_us)),
    queued = max(coalesce(queued, excluded.queued), coalesce(excluded.queued, queued)),
    clock = min(coalesce(clock, excluded.clock), coalesce(excluded.clock, clock)),
    n_arrivals = n_arrivals + excluded.n_arrivals,
    level_cdb = max(coalesce(level_cdb, excluded.level_cdb), coalesce(excluded.level_cdb, level_cdb))"""


@dataclass(slots=True)
class _Pole:
    """What these frames say of a pole, the newest of each."""

    heard_us: int = 0
    clock: int | None = None
    sigma_us: int | None = None
    level_cdb: int | None = None
    arrival_us: int | None = None
    health: HealthWord | None = None
    health_us: int | None = None


@dataclass(slots=True)
class _Step:
    """What they add to a step of its past."""

    n_health: int = 0
    temperature_cc: int = 0
    n_temperature: int = 0
    noise_cdb: int = 0
    n_noise: int = 0
    sigma_us: int | None = None
    queued: int | None = None
    clock: int | None = None
    n_arrivals: int = 0
    level_cdb: int | None = None


@dataclass(slots=True)
class Frames:
    """Take frames, then write them down. nodes : those that spoke since the last `write`."""

    _arrivals: list[tuple[object, ...]] = field(default_factory=list)
    _poles: dict[str, _Pole] = field(default_factory=dict)
    _steps: dict[tuple[str, int], _Step] = field(default_factory=dict)

    def take(self, row: Row) -> None:
        """One more."""
        pole = self._poles.get(row.node)
        if pole is None:
            pole = self._poles[row.node] = _Pole()
        pole.heard_us = row.at_us
        said = row.said
        if said is None:
            return
        sigma_us = said.sigma_us if said.clock else None  # an unset clock's says nothing
        pole.clock, pole.sigma_us = said.clock, sigma_us
        place = row.node, row.at_us // STEP_US * STEP_US
        step = self._steps.get(place)
        if step is None:
            step = self._steps[place] = _Step()
        step.clock = said.clock if step.clock is None else min(step.clock, said.clock)
        if sigma_us is not None:
            step.sigma_us = sigma_us if step.sigma_us is None else max(step.sigma_us, sigma_us)
        if isinstance(said, ArrivalSaid):
            self._arrival(row, said, pole, step)
        else:
            _health(row, said, pole, step)

    def _arrival(self, row: Row, said: ArrivalSaid, pole: _Pole, step: _Step) -> None:
        pole.level_cdb, pole.arrival_us = said.level_cdb, row.at_us
        step.n_arrivals += 1
        step.level_cdb = said.level_cdb if step.level_cdb is None else max(step.level_cdb, said.level_cdb)
        heard = said.sigma_us, said.clock, said.level_cdb, said.level_unit, said.snr_cdb, said.p_permille, said.sound
        self._arrivals.append((row.number, row.node, said.t_us, row.at_us, *heard))

    def write(self, connection: sqlite3.Connection) -> None:
        """All that was taken, into the tables."""
        connection.executemany(ARRIVAL, self._arrivals)
        connection.executemany(POLE, [_pole_values(node, each) for node, each in self._poles.items()])
        connection.executemany(PAST, [_step_values(place, each) for place, each in self._steps.items()])
        self._arrivals.clear()
        self._poles.clear()
        self._steps.clear()


def _health(row: Row, said: HealthWord, pole: _Pole, step: _Step) -> None:
    pole.health, pole.health_us = said, row.at_us
    step.n_health += 1
    step.queued = said.queued if step.queued is None else max(step.queued, said.queued)
    if said.temperature_cc is not None:
        step.temperature_cc += said.temperature_cc
        step.n_temperature += 1
    if said.noise_cdb is not None:
        step.noise_cdb += said.noise_cdb
        step.n_noise += 1


def _pole_values(node: str, pole: _Pole) -> tuple[object, ...]:
    health = None
    if (said := pole.health) is not None:
        own = {"t_us": said.t_us, "queued": said.queued}
        health = json.dumps({**own, "temperature_cc": said.temperature_cc, "noise_cdb": said.noise_cdb, **said.more})
    return (
        node, pole.heard_us, pole.clock, pole.sigma_us, pole.level_cdb, pole.arrival_us, health, pole.health_us,
    )  # fmt: skip


def _step_values(place: tuple[str, int], step: _Step) -> tuple[object, ...]:
    return (
        *place, step.n_health, step.temperature_cc, step.n_temperature, step.noise_cdb, step.n_noise, step.sigma_us,
        step.queued, step.clock, step.n_arrivals, step.level_cdb,
    )  # fmt: skip
