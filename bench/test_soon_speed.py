"""How soon a core asks for light once six arrivals agree, and what looking for it costs where there is nothing.

The floor of the crowd is the association of the same impulses.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from firmware import wire
from gateway.core import Core
from gateway.incident import Arrival
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from gateway.orders import Light
from gateway.placing.associate import Associator
from gateway.placing.backlog import Backlog
from gateway.placing.soon import Soon
from gateway.reaction.lamp_policy import LampRules
from gateway.reaction.policy import Policy, Rules
from gateway.street import Lamp, Pole
from simulators.locating.cases import AIR
from simulators.street.pulses import CLEAN, Faults, Shot, arrivals, pulses, street

T_US, LINK_US, CROWD_S = 1_800_000_000_000_000, 20_000, 10
N_SHOTS, APART_US = 40, 60_000_000
CROWD, FLOOR = "a crowd: 40 poles, 2000 impulses a second, one core", "the association alone"
Poles = dict[str, tuple[float, float, float]]


def crowd() -> tuple[Poles, list[Arrival]]:
    rng = np.random.default_rng(1)
    poles_m = street(rng, 40)
    faults = replace(Faults(), clutter_per_min=60 * 2000 / 40, dead_us=0)
    given = arrivals(pulses(rng, poles_m, [], AIR, faults, (T_US, T_US + CROWD_S * 1_000_000)))
    return named(poles_m), given


def named(poles_m: Any) -> Poles:
    return {str(i): (float(east_m), float(north_m), float(up_m)) for i, (east_m, north_m, up_m) in enumerate(poles_m)}


def decide(poles: Poles, given: list[Arrival], soon: Soon | None) -> int:
    live, told = Associator(AIR, poles), 0
    for each in given:
        live.tick(each.t_us)
        live.feed(each)
        if soon is not None:
            soon.feed(each, each.t_us + LINK_US)
            told += len(soon.look(live, each.t_us + LINK_US))
    return told


def test_a_crowd(measure: Callable[..., Any]) -> None:
    poles, given = crowd()

    told = measure(
        CROWD, "with soon", lambda: decide(poles, given, Soon()), len(given), "impulses", real_s=CROWD_S, floor=FLOOR,
        rounds=2,
    )  # fmt: skip

    assert told == 0


def test_the_floor_of_a_crowd(measure: Callable[..., Any]) -> None:
    poles, given = crowd()

    measure(CROWD, FLOOR, lambda: decide(poles, given, None), len(given), "impulses", real_s=CROWD_S, rounds=2)

    assert len(given) > 1500 * CROWD_S


def sealed(poles: Poles) -> list[tuple[int, bytes]]:
    """Frames of shots so far apart that each lights the lamps anew."""
    rng = np.random.default_rng(2)
    poles_m = np.array(list(poles.values()))
    frames: list[tuple[int, bytes]] = []
    for number in range(N_SHOTS):
        place_m = (float(rng.uniform(-60, 60)), float(rng.uniform(-60, 60)), 1.5)
        shot = Shot(place_m, T_US + number * APART_US)
        for each in arrivals(pulses(rng, poles_m, [shot], AIR, CLEAN, (shot.t_us, shot.t_us))):
            said = wire.Arrival(
                each.t_us, 500, wire.LOCKED, round(100 * (each.level_db or 0)), wire.DBSPL,
                round(100 * (each.snr_db or 0)), 930, wire.BLAST, 0, (300, 2000, 900, 4), None, None,
            )  # fmt: skip
            frames.append(
                (each.t_us + LINK_US, wire.seal(said, key(each.node), each.node.encode(), 1, len(frames) + 1))
            )
    return frames


def key(node: str) -> bytes:
    return hashlib.sha256(node.encode()).digest()


def test_light(note: Callable[[str, str], None]) -> None:
    poles = named(street(np.random.default_rng(3), 25))
    surveyed = {node: Pole(node, xyz_m) for node, xyz_m in poles.items()}
    policy = Policy(Rules(lights=LampRules(hold_s=20)), [Lamp("l", (0.0, 0.0, 8.0))], (), lambda t_us: -20.0)
    gate = Gate({node: key(node) for node in poles}, Seen(), 1)
    core = Core(gate, Associator(AIR, poles), policy, surveyed, Backlog(poles), soon=Soon())
    took_ms, now_us = [], T_US
    for at_us, frame in sealed(poles):
        for tick_us in range(now_us, at_us, 50_000):
            core.tick(tick_us)
        began_s, now_us = time.process_time(), at_us
        effects = core.feed(frame, at_us)
        if any(isinstance(each, Light) and each.incident.startswith("soon-") for each in effects):
            took_ms.append((time.process_time() - began_s) * 1000)
    p50, p99 = np.percentile(took_ms[1:], (50, 99))
    words = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms of {len(took_ms)}; the very first {took_ms[0]:.0f} ms"
    note("soon, core alone: the sixth agreeing arrival fed, light asked for", words)

    assert len(took_ms) > N_SHOTS / 2
