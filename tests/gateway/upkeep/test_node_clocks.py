"""A node that tells another second than the others is found by what it says of itself, and told what to look at."""

import math
from dataclasses import replace

import numpy as np
import pytest

from dsp.air import Air
from dsp.placing.medium import Medium
from firmware import wire
from gateway.assembly.gateway import build_core
from gateway.config import read_config
from gateway.incident import Alarm, Announce
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from gateway.upkeep.ledger import Ledger
from gateway.upkeep.node_clocks import NodeClocks
from gateway.upkeep.watch import Watch

S = 1_000_000
START_US = 1_790_000_000 * S
NODES = ["a", "b", "c", "d", "e", "f"]


def word(t_us, clock=wire.LOCKED):
    return wire.Health(t_us, 50, clock, 60, 0, 0, 0, None, None, 0, 0, 0, 0, None, None, wire.DBFS, None)


def minutes(clocks, off_us, way_us=lambda node, n: 80_000, n_words=12, start_us=START_US, clock=None):
    """Each node says a word every 20 s; off_us(node, n) : what its clock is ahead. Gives (seconds since, alarm)."""
    said = []
    for n in range(n_words):
        for place, node in enumerate(NODES):
            true_us = start_us + n * 20 * S + place * 100_000
            record = word(true_us + off_us(node, n), clock(node, n) if clock else wire.LOCKED)
            now_us = true_us + way_us(node, n)
            said += [((now_us - start_us) // S, alarm) for alarm in clocks.feed(node, record, now_us)]
    return said


def one(off_us):
    return lambda node, n: off_us if node == "c" else 0


def test_a_pulse_named_by_the_next_second_is_found_within_a_minute():
    said = minutes(NodeClocks(NODES), one(1 * S))

    assert [(alarm.node, alarm.kind, alarm.raised) for _, alarm in said] == [("c", "second", True)]
    assert said[0][0] <= 60
    assert said[0][1].why == (
        "its clock is 1.0 s ahead of the other nodes', a whole second: is its PPS named by the wrong one?; "
        "nothing is placed by it"
    )


def test_a_pulse_named_by_the_second_before_is_found_in_two_minutes_and_a_slow_line_is_not_ruled_out():
    ((at_s, alarm),) = minutes(NodeClocks(NODES), one(-1 * S))

    assert at_s <= 120
    assert alarm.why == (
        "its words come 1.0 s after the other nodes': its clock is behind, a whole second: is its PPS named by the "
        "wrong one?, or its line slow"
    )


@pytest.mark.parametrize("off_s", [18, -37])
def test_a_receiver_that_says_gps_or_atomic_time_for_utc_is_found(off_s):
    ((_, alarm),) = minutes(NodeClocks(NODES), one(off_s * S))

    assert f"{abs(off_s)}.0 s" in alarm.why
    assert "a whole second" in alarm.why


def test_a_clock_that_is_off_by_half_a_second_is_found_and_no_second_is_blamed():
    ((_, alarm),) = minutes(NodeClocks(NODES), one(500_000))

    assert "0.5 s ahead" in alarm.why
    assert "second:" not in alarm.why


def test_the_alarm_is_over_once_the_node_tells_the_same_second_again_and_comes_again_if_it_does_not():
    def off(node, n):
        return S if node == "c" and (n < 6 or n >= 15) else 0

    said = minutes(NodeClocks(NODES), off, n_words=24)

    assert [alarm.raised for _, alarm in said] == [True, False, True]
    assert said[1][1].why.startswith("its clock tells the same second")


def test_ways_that_are_long_now_and_then_and_clocks_that_are_as_bad_as_ntp_raise_nothing():
    rng = np.random.default_rng(16)
    slow = {(node, n): int(rng.exponential(400_000)) for node in NODES for n in range(600)}
    ntp = {node: int(rng.normal(0, 20_000)) for node in NODES}

    assert minutes(NodeClocks(NODES), lambda node, n: ntp[node], lambda node, n: slow[node, n], 600) == []


def test_our_own_clock_being_wrong_is_no_fault_of_any_node():
    assert minutes(NodeClocks(NODES), lambda node, n: 3 * S) == []
    assert minutes(NodeClocks(NODES), lambda node, n: -3 * S) == []


def test_words_that_waited_for_a_line_to_come_back_raise_nothing():
    clocks, said = NodeClocks(NODES), []
    minutes(clocks, lambda node, n: 0, n_words=6)
    back_us = START_US + 400 * S
    for n in range(6, 20):  # of five minutes, all at once
        said += clocks.feed("c", word(START_US + n * 20 * S), back_us + n * 1000)
    for n in range(20, 30):
        for node in NODES:
            said += clocks.feed(node, word(START_US + n * 20 * S), START_US + n * 20 * S + 90_000)

    assert said == []


def test_a_node_that_says_it_does_not_know_the_time_is_not_compared():
    assert minutes(NodeClocks(NODES), one(-5 * S), clock=lambda node, n: wire.COARSE) == []


def test_three_nodes_are_too_few_to_tell_which_of_them_is_wrong():
    clocks = NodeClocks(NODES[:3])

    assert minutes(clocks, one(1 * S)) == []


@pytest.mark.parametrize("step_s", [5, -5])
def test_a_step_of_our_own_clock_is_not_taken_for_the_nodes(step_s):
    clocks = NodeClocks(NODES)
    minutes(clocks, lambda node, n: 0)
    clocks.forget()

    assert minutes(clocks, lambda node, n: -step_s * S, start_us=START_US + 245 * S) == []


def test_after_our_own_clock_was_set_back_by_an_hour_a_node_is_compared_anew_within_a_minute():
    clocks = NodeClocks(NODES)
    minutes(clocks, lambda node, n: 0)
    clocks.forget()
    ((at_s, alarm),) = minutes(clocks, one(1 * S), start_us=START_US - 3600 * S)

    assert (alarm.node, alarm.raised) == ("c", True)
    assert at_s <= 60


@pytest.mark.parametrize("step_us", [700_000, 800_000, 1_000_000, -800_000, -1_000_000])
@pytest.mark.parametrize("first", range(6))
def test_a_step_of_our_own_clock_that_nobody_tells_of_is_not_taken_for_the_nodes(step_us, first):
    def off(node, n):
        return -step_us if (n, NODES.index(node)) >= (8, first) else 0

    assert minutes(NodeClocks(NODES), off, n_words=24) == []


@pytest.mark.parametrize("ppm", [60_000, 83_000, -83_000])
def test_our_own_clock_being_slewed_as_fast_as_chrony_does_is_not_taken_for_the_nodes(ppm):
    def off(node, n):
        return -(n * 20 + NODES.index(node) * 3) * ppm

    assert minutes(NodeClocks(NODES), off, n_words=24) == []


def test_words_that_waited_on_other_lines_than_a_good_nodes_own_do_not_make_it_early():
    """Our own clock is half a second behind: every word comes before it was said, by ours."""
    clocks, said = NodeClocks(NODES), []
    for n in range(12):
        now_us = START_US + n * 20 * S
        at_us = now_us + S // 2
        said += clocks.feed("c", word(at_us - 80_000), now_us)
        for node in ("a", "b", "d"):
            if n == 2:  # of both, at once, twelve seconds after the newer was said
                said += clocks.feed(node, word(at_us - 32 * S), now_us)
                said += clocks.feed(node, word(at_us - 12 * S), now_us + 1)
            elif n > 2:
                said += clocks.feed(node, word(at_us + 8 * S), now_us + 8 * S + 80_000)

    assert said == []


SLOW_US = 950_000
"""Some hundred bytes at 1200 baud."""


@pytest.mark.parametrize("ours_us", [0, 100_000, -100_000])
def test_a_node_with_a_short_way_among_slow_lines_is_not_ahead(ours_us):
    """ours_us : what our own clock is behind."""

    def way_us(node, n):
        return (5_000 if node == "c" else SLOW_US) - ours_us

    assert minutes(NodeClocks(NODES), lambda node, n: 0, way_us, n_words=24) == []


def test_a_node_that_is_ahead_among_slow_lines_is_found_and_its_alarm_ends_when_it_is_mended():
    def off(node, n):
        return S if node == "c" and n < 8 else 0

    said = minutes(NodeClocks(NODES), off, lambda node, n: 5_000 if node == "c" else SLOW_US, n_words=24)

    assert [(alarm.node, alarm.raised) for _, alarm in said] == [("c", True), ("c", False)]


class Careless(Watch):
    """One that does not compare clocks."""

    def word(self, node, said, now_us):
        return []


def night(small_street, kind=Watch, since_us=0, mended_us=0):
    """Thirty shots and each node's words, n3 naming its pulses by the next second: (alarms, incidents' errors in m).
    mended_us : by which the gateway's settings mend that."""
    small_street.poles["n3"] = replace(small_street.poles["n3"], offset_us=mended_us)
    places = {node: pole.xyz_m for node, pole in small_street.poles.items()}
    offsets_us = {node: pole.offset_us for node, pole in small_street.poles.items()}
    core = small_street.core(watch=kind(Air(12.0), Medium(Air(12.0)), Ledger(places), (), since_us, offsets_us))
    rng, frames, shots = np.random.default_rng(7), [], []
    for n in range(30):
        t_us = small_street.t_us + n * 120 * S
        shot = (float(rng.uniform(0, 120)), float(rng.uniform(-40, 70)), 1.5)
        shots.append(shot)
        for node, pole in small_street.poles.items():
            wrong_us = S if node == "n3" else 0
            at_us = t_us + round(math.dist(pole.xyz_m, shot) / small_street.air.speed_mps * 1e6)
            frames.append((at_us + S // 5, small_street.frame(node, small_street.arrival(at_us + wrong_us))))
            for k in range(1, 6):
                said_us = t_us + k * 20 * S
                frames.append((said_us + 90_000, small_street.frame(node, small_street.health(said_us + wrong_us))))
    effects = [effect for at_us, frame in sorted(frames) for effect in core.feed(frame, at_us)] + core.settle()
    told = [each for each in effects if isinstance(each, Announce) and each.is_new]
    off_m = [min(math.dist(each.incident.rounds[0].fix.xyz_m[:2], shot[:2]) for shot in shots) for each in told]
    return [each for each in effects if isinstance(each, Alarm)], off_m


def test_a_node_a_second_off_is_called_wrong_of_its_clock_and_not_deaf_and_shots_are_placed_without_it(small_street):
    alarms, off_m = night(small_street)

    assert [(each.node, each.kind, each.raised) for each in alarms] == [("n3", "second", True)]
    assert len(off_m) == 30
    assert max(off_m) < 3


def test_without_comparing_clocks_it_would_be_called_deaf(small_street):
    alarms, _ = night(small_street, Careless)

    assert ("n3", "microphone") in [(each.node, each.kind) for each in alarms]


def test_a_node_whose_second_is_mended_by_the_gateways_settings_is_no_alarm_and_places_shots(small_street):
    alarms, off_m = night(small_street, mended_us=S)

    assert alarms == []
    assert len(off_m) == 30
    assert max(off_m) < 3


@pytest.mark.parametrize(("offset_us", "n_alarms"), [(0, 1), (S, 0)])
def test_what_a_poles_settings_mend_its_times_by_is_taken_off_its_words(small_street, tmp_path, offset_us, n_alarms):
    poles = "".join(
        f'[[pole]]\nnode = "{node}"\nxyz_m = {list(pole.xyz_m)}\noffset_us = {offset_us if node == "n3" else 0}\n'
        for node, pole in small_street.poles.items()
    )
    (tmp_path / "gateway.toml").write_text(
        'journal = "street.journal"\nkeys_file = "keys.toml"\n'
        f'site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}\n{poles}[[serial]]\nport = "/dev/ttyUSB0"\n'
    )
    core = build_core(
        read_config(tmp_path / "gateway.toml"), Gate(small_street.keys, Seen(), 1), since_us=small_street.t_us
    )
    effects = []
    for n in range(6):
        at_us = small_street.t_us + n * 20 * S
        for node in small_street.poles:
            said = small_street.health(at_us + (S if node == "n3" else 0))
            effects += core.feed(small_street.frame(node, said), at_us + 80_000)

    assert len([each for each in effects if isinstance(each, Alarm)]) == n_alarms


def test_a_replay_tells_nothing_of_clocks(small_street):
    assert night(small_street, since_us=None)[0] == []
