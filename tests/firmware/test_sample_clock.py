"""Time from the stream, with crystals, pulses and receivers as they are: within 5 us when locked, and sigma is true."""

from array import array

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from firmware.gnss import GnssParser, Second, days
from firmware.pps import Edge, PpsFinder
from firmware.sample_clock import SampleClock
from firmware.wire import HOLDOVER, LOCKED, U32
from simulators.board.crystal import Crystal, frames_of
from simulators.board.receiver import nav_pvt, rmc, tim_tp, zda

T_S = 1_790_000_000
JITTER_S = 30e-9
BLOCK = 960
SETTLED_S = 12


def blocks_round(rise, first):
    """Three blocks of stereo words about a pulse, and the tick of each."""
    start = int(rise) - BLOCK - 100
    for tick in range(start, start + 3 * BLOCK, BLOCK):
        frames = np.zeros((BLOCK, 2), np.int32)
        frames[:, 1] = frames_of([rise], tick, BLOCK, 4800)
        yield array("i", frames.tobytes()), tick - first


def followed(seconds, pulses_until=10**9, seed=1, **crystal):
    """(error_us, sigma_us, state, second) at three moments of each second of a node that hears pulses and receiver."""
    rng = np.random.default_rng(seed)
    sample_clock = Crystal.grown(rng, seconds + 1, **crystal)
    first = int(sample_clock.phases[0])
    clock, finder, parser, rows = SampleClock(sample_clock.rate_hz), PpsFinder(), GnssParser(), []
    rises = sample_clock.phase(np.arange(1, seconds) + rng.normal(0, JITTER_S, seconds - 1))
    for second, rise in enumerate(rises, 1):
        if second <= pulses_until:
            for words, tick in blocks_round(rise, first):
                for edge in finder.feed(words, tick):
                    assert clock.pulse(edge) == 0
            for named in parser.feed(nav_pvt(T_S + second) + tim_tp(T_S + second + 1)):
                clock.name(named, int(sample_clock.phase(second + 0.1)) - first)
        for part in (0.2, 0.5, 0.999):
            tick = int(sample_clock.phase(second + part)) - first
            true_us = (T_S + float(sample_clock.time_s(tick + first))) * 1e6
            rows.append((clock.utc_us(tick << 8) - true_us, clock.sigma_us(tick), clock.state(tick), second))
    return [np.array(column) for column in zip(*rows, strict=True)]


CRYSTALS = {
    "bare": {"offset_ppm": 20, "walk_ppm": 0.005},
    "slow": {"offset_ppm": -64, "walk_ppm": 0.005},
    "tcxo": {"offset_ppm": 0.5, "walk_ppm": 0.0005},
    "exact": {"offset_ppm": 0, "walk_ppm": 0},
}


@pytest.mark.parametrize("crystal", CRYSTALS)
@pytest.mark.parametrize("seed", [1, 2])
def test_locked_means_5_us_and_68_in_100_lie_within_sigma(crystal, seed):
    error_us, sigma_us, state, second = followed(60, seed=seed, **CRYSTALS[crystal])
    settled = second >= SETTLED_S
    inside = np.mean(np.abs(error_us) <= sigma_us, where=settled)
    std_us, most_us = np.std(error_us[settled]), np.abs(error_us[settled]).max()
    print(f"{crystal}: std {std_us:.2f} us, most {most_us:.2f} us, within sigma {inside:.2f}")

    assert set(state[settled]) == {LOCKED}
    assert np.abs(error_us[settled]).max() <= 5
    assert np.median(sigma_us[settled]) <= 3
    assert inside >= 0.68


def test_sigma_is_true_from_the_first_name_on():
    error_us, sigma_us, state, _ = followed(20, **CRYSTALS["bare"])
    named = state == LOCKED

    assert np.mean(np.abs(error_us[named]) <= sigma_us[named]) >= 0.68


@pytest.mark.parametrize("ramp_ppm_per_min", [0, 0.5, 1])
def test_in_holdover_sigma_grows_and_stays_true_while_the_sun_warms_the_crystal(ramp_ppm_per_min):
    error_us, sigma_us, state, second = followed(300, pulses_until=60, ramp_ppm_per_min=ramp_ppm_per_min)
    held = second > 63

    assert set(state[held]) == {HOLDOVER}
    assert np.mean(np.abs(error_us[held]) <= sigma_us[held]) >= 0.68
    assert np.all(np.diff(sigma_us[held]) >= 0)


@given(st.integers(315_964_860, 7_258_118_399))
def test_what_a_receiver_writes_is_read(second_s):
    parser, minute_s = GnssParser(), second_s // 60 * 60

    assert parser.feed(nav_pvt(second_s)) == [Second(second_s, False, False, 25)]
    assert parser.feed(nav_pvt(minute_s, leap=True)) == [Second(minute_s, False, True, 25)]
    assert parser.feed(tim_tp(second_s)) == [Second(second_s, True, False, 0)]


@given(st.integers(946_684_800, 4_102_444_799))
def test_nmea_is_read(second_s):
    assert GnssParser().feed(rmc(second_s) + zda(second_s)) == [Second(second_s, False, False, 1000)] * 2


@pytest.mark.parametrize(
    "doubtful",
    [
        nav_pvt(T_S, valid=0b011),
        nav_pvt(T_S, fix_ok=False),
        tim_tp(T_S, flags=0b01),
        tim_tp(T_S, qerr_ps=2_000_000),
        rmc(T_S, status="V"),
        zda(T_S),
    ],
)
def test_what_the_receiver_does_not_vouch_for_names_nothing(doubtful):
    parser = GnssParser()
    parser.feed(rmc(T_S, status="V"))

    assert parser.feed(doubtful) == []


@settings(max_examples=300)
@given(st.lists(st.one_of(st.binary(max_size=300), st.sampled_from([nav_pvt(T_S), tim_tp(T_S), rmc(T_S), b"\xb5b"]))))
def test_random_bytes_never_crash_the_parser_nor_make_it_grow(pieces):
    parser = GnssParser()
    for piece in pieces:
        for second in parser.feed(piece):
            assert 0 < second.second_s < 1 << 40

    parser.feed(bytes(256))
    assert parser.feed(nav_pvt(T_S)) == [Second(T_S, False, False, 25)]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(1, 5_000_000), st.integers(0, 300), st.booleans(), st.integers(0, 1 << 33))))
def test_whatever_pulses_and_names_come_a_time_and_a_lawful_sigma_come_out(events):
    clock, tick = SampleClock(48_000, 256, 4403), 0
    for step, half_q8, is_pulse, second_s in events:
        tick += step
        if is_pulse:
            tick += clock.pulse(Edge((tick << 8) + half_q8, half_q8))
        else:
            clock.name(Second(second_s, half_q8 % 2 == 0, half_q8 % 7 == 0, half_q8), tick)

        assert isinstance(clock.utc_us(tick << 8), int)
        assert 1 <= clock.sigma_us(tick) <= U32
        assert clock.state(tick) in range(4)


@given(st.dates())
def test_days_are_those_of_the_calendar(day):
    assert days(day.year, day.month, day.day) == day.toordinal() - 719_163
