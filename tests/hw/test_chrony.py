"""chrony's word on the clock: lines that chronyc 4.3 printed here, lines made to its format, and hostile ones."""

import math
import stat

import pytest
from hypothesis import given
from hypothesis.strategies import floats, text

from hw.linux.chrony import UNSET, parse_tracking, read_clock
from hw.ports import ClockReading

PPS = (
    "50505300,PPS,1,1732251532.000123,0.000000012,-0.000000034,"
    "0.000000041,-3.214,0.000,0.002,0.000000001,0.000001200,16.0,Normal"
)
GPS = (
    "47505300,GPS,1,1732251532.000123,0.000012,-0.000034,"
    "0.000041,-3.214,0.000,0.002,0.200000000,0.000500400,16.0,Normal"
)
NTP = (
    "A29FC87B,162.159.200.123,4,1732251532.1,-0.000200000,0.000300000,"
    "0.0001,-26.056,-0.001,0.129,0.013639022,0.001100737,64.2,Normal"
)


@pytest.mark.parametrize(
    ("line", "sigma_us", "source"),
    [
        (PPS, 2, "pps"),  # 0.012 + 0.034 + 1.2 + 0.0005 us, rounded up
        (GPS, 100_547, "gps"),  # 12 + 34 + 500.4 us and half of 0.2 s, rounded up
        (NTP, 8_421, "ntp"),  # 200 + 300 + 1100.737 + 6819.511 us
    ],
)
def test_sigma_is_chronys_own_bound_with_the_last_offset_on_top(line, sigma_us, source):
    assert parse_tracking(line + "\n") == ClockReading(sigma_us, source)


UNFOLLOWED = [
    # Printed by chronyc 4.3 here, of a chronyd without sources, and of one told to call its own clock true (`local`).
    "00000000,,0,0.000000000,0.000000000,0.000000000,0.000000000,"
    "0.000,0.000,0.000,1.000000000,1.000000000,0.0,Not synchronised",
    "7F7F0101,,10,1795324881.284072268,0.000000000,"
    "0.000000000,0.000000000,0.000,0.000,0.000,0.000000000,0.000000000,0.0,Normal",
    NTP.replace("Normal", "Not synchronised"),
    NTP.replace("0.001100737", "16.0"),
]


@pytest.mark.parametrize("line", UNFOLLOWED)
def test_a_clock_that_follows_nothing_is_unset(line):
    assert parse_tracking(line) == UNSET


def test_a_server_whose_name_begins_with_pps_is_no_pps():
    assert parse_tracking(NTP.replace("162.159.200.123", "PPS")).source == "ntp"


@given(floats(0, 1), floats(0, 1))
def test_a_worse_clock_never_has_a_smaller_sigma(dispersion_s, more_s):
    def sigma_us(root_dispersion_s):
        return parse_tracking(NTP.replace("0.001100737", f"{root_dispersion_s:.9f}")).sigma_us

    assert sigma_us(dispersion_s + more_s) >= sigma_us(dispersion_s) >= math.floor(dispersion_s * 1e6)


@pytest.mark.parametrize(
    "line",
    ["", "506 Cannot talk to daemon", NTP + ",more", NTP.replace("0.013639022", "nan"), NTP.replace("0.0003", "x")],
)
def test_another_line_is_refused(line):
    with pytest.raises(ValueError):
        parse_tracking(line)


@given(text(max_size=60))
def test_hostile_text_is_refused(line):
    with pytest.raises(ValueError):
        parse_tracking(line)


def program(folder, script):
    path = folder / "chronyc"
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


async def test_the_program_is_asked_for_one_line_of_tracking(tmp_path):
    chronyc = program(tmp_path, f'[ "$*" = "-n -c tracking" ] && echo "{GPS}"')

    assert await read_clock(chronyc) == ClockReading(100_547, "gps")


@pytest.mark.parametrize(
    "script", ["exit 1", f"echo '{GPS}'; exit 1", "echo nonsense", "printf '\\377\\377'", "exit 0"]
)
async def test_a_program_that_fails_leaves_the_clock_unset(tmp_path, script):
    assert await read_clock(program(tmp_path, script)) == UNSET


async def test_no_chrony_leaves_the_clock_unset():
    assert await read_clock("/no/such/chronyc") == UNSET
