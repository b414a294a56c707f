"""Time from the stream, in cases that run on CPython (test_portable.py) and, as a program, on MicroPython.

Each function is a case; as a program this prints `ok NAME` for each and ends with a traceback at the first that fails.
"""

from array import array

from firmware.clock import Clock
from firmware.gnss import MAX_PAYLOAD, GnssParser, Second
from firmware.pps import Edge, PpsFinder
from firmware.sample_clock import AGREE, BELIEVE, ERA_S, FLOOR_S, ODD, SampleClock
from firmware.wire import COARSE, HOLDOVER, LOCKED, UNSET

T_S = 1_790_000_000
RATE_HZ = 48_000
WIDTH_Q8 = 4_800 << 8
NAV_PVT = bytes.fromhex("b56201075c0000000000ea0709150e0d140719000000000000000301" + "00" * 70 + "c6ee")
TIM_TP = bytes.fromhex("b5620d011000e89f330800000000581b000085090300e4ec")
RMC = b"$GPRMC,141320.00,A,3853.95,N,07702.19,W,0.0,0.0,210926,,,A*4C\r\n"
ZDA = b"$GNZDA,141320.00,21,09,2026,00,00*71\r\n"
CASES = []


def case(function):
    CASES.append(function)
    return function


def right_word(frame, rise_q8):
    """The right word of a frame when the pin rises at rise_q8: each bit is the level at its middle; the last is odd."""
    word = 0
    for i in range(31):
        middle_q8 = (frame << 8) + 130 + 4 * i
        word = word << 1 | (rise_q8 <= middle_q8 < rise_q8 + WIDTH_Q8)
    word = word << 1 | frame & 1
    return word - (word >> 31 << 32)


def block(first, n, rise_q8, noise=()):
    words = array("i", [0] * (2 * n))
    for i in range(n):
        words[2 * i] = 12345 * i
        words[2 * i + 1] = right_word(first + i, rise_q8)
    for frame, word in noise:
        if 0 <= frame - first < n:
            words[2 * (frame - first) + 1] = word
    return words


def found(rise_q8, noise=(), sizes=(480, 480, 480)):
    finder, tick, edges = PpsFinder(), 0, []
    for n in sizes:
        edges += finder.feed(block(tick, n, rise_q8, noise), tick)
        tick += n
    return edges


@case
def a_rise_in_the_right_slot_is_found_to_a_bit():
    for rise_q8 in ((700 << 8) + 132, (700 << 8) + 190, (700 << 8) + 249, (701 << 8) + 131):
        (edge,) = found(rise_q8)
        assert edge.half_q8 == 2, edge
        assert abs(edge.tick_q8 - rise_q8) <= 2, (edge, rise_q8)


@case
def a_rise_in_the_left_slot_is_found_to_half_a_frame():
    for part in (-5, 0, 40, 100, 127):
        (edge,) = found((700 << 8) + part)
        assert edge.half_q8 == 68, edge
        assert abs(edge.tick_q8 - (700 << 8) - part) <= 68, edge


@case
def a_rise_is_found_wherever_blocks_are_cut():
    for cut in range(600, 800, 7):
        (edge,) = found((700 << 8) + 180, sizes=(cut, 1440 - cut))
        assert abs(edge.tick_q8 - (700 << 8) - 180) <= 2, (cut, edge)


@case
def noise_in_single_words_shifts_nothing():
    lone = ((97, -1), (101, 0x5A5A5A5A), (690, -1), (705, 0), (710, 0x12345678), (1057, 0))
    (edge,) = found((700 << 8) + 180, lone)
    assert abs(edge.tick_q8 - (700 << 8) - 180) <= 2, edge


@case
def noise_on_the_very_words_widens_the_interval():
    (edge,) = found((700 << 8) + 40, ((699, 0x0F0F0F0F), (700, 0x70000001)))
    assert edge.half_q8 > 128, edge
    assert abs(edge.tick_q8 - (700 << 8) - 40) <= edge.half_q8, edge


@case
def noise_alone_is_no_pulse():
    seed, finder = 1, PpsFinder()
    words = array("i", [0] * 960)
    edges = []
    for k in range(50):
        for i in range(960):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            words[i] = (seed << 1 & 0xFFFFFFFF) - (1 << 31)
        edges += finder.feed(words, k * 480)
    assert edges == [], edges


@case
def a_tick_that_jumps_begins_anew():
    finder = PpsFinder()
    assert finder.feed(block(0, 480, 1 << 30), 0) == []
    assert finder.feed(block(5_000, 480, 4_000 << 8), 5_000) == []
    assert len(finder.feed(block(60_000, 480, 60_200 << 8), 60_000)) == 1


@case
def receivers_name_the_second_that_they_are_sure_of():
    parser = GnssParser()
    assert parser.feed(NAV_PVT) == [Second(T_S, False, False, 25)]
    assert parser.feed(TIM_TP) == [Second(T_S + 1, True, False, 0)]
    assert parser.has_fix is True


@case
def nmea_names_the_second_where_there_is_no_ubx():
    parser = GnssParser()
    assert parser.feed(ZDA) == []
    assert parser.feed(RMC + ZDA) == [Second(T_S, False, False, 1000)] * 2
    assert parser.feed(NAV_PVT + RMC + ZDA) == [Second(T_S, False, False, 25)]
    assert parser.feed(RMC.replace(b"A,38", b"V,38").replace(b"*4C", b"*5B")) == []
    assert parser.refused == 0


@case
def a_message_may_come_in_any_pieces_and_after_any_noise():
    for size in (1, 2, 3, 7, 50):
        parser, heard = GnssParser(), []
        stream = b"\xb5\xb5b$GP" + NAV_PVT + b"$$\n\xb5b\x01\x07\xff\xff" + TIM_TP
        for at in range(0, len(stream), size):
            heard += parser.feed(stream[at : at + size])
        heard += parser.feed(bytes(MAX_PAYLOAD + 8))
        assert [second.second_s for second in heard] == [T_S, T_S + 1], (size, heard)


@case
def a_flipped_bit_is_refused():
    for at in range(2, len(NAV_PVT)):
        parser = GnssParser()
        spoilt = bytearray(NAV_PVT)
        spoilt[at] ^= 4
        assert parser.feed(spoilt) == [], at


@case
def hostile_bytes_never_raise():
    seed, parser = 7, GnssParser()
    alphabet = b"\xb5b\x01\x07$GPRMC,*09\r\n\x5c\x00\xff"
    for _ in range(300):
        piece = bytearray()
        for _ in range(40):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            piece.append(alphabet[(seed >> 8) % len(alphabet)])
        parser.feed(piece)


class Street:
    """A sample clock off by ppm whose pulses begin at some phase, and the SampleClock that hears it."""

    def __init__(self, ppm=20, granule=16, delay_q8=0):
        self.clock, self.ppm = SampleClock(RATE_HZ, granule, delay_q8), ppm
        self.s, self.lost, self.counted, self.off_s, self.wrong_s = 0, 0, 0, 0, 0

    def tick_q8(self, s):
        """The reader's tick at s seconds: without what was lost, with what was counted in since."""
        return s * (RATE_HZ << 8) * (1_000_000 + self.ppm) // 1_000_000 + 97 + (self.counted - self.lost << 8)

    def run(self, seconds, pulses=True, names=True):
        for _ in range(seconds):
            self.s += 1
            if pulses:
                self.counted += self.clock.pulse(Edge(self.tick_q8(self.s), 2))
            if names:
                self.name(Second(self.utc_s() + self.wrong_s, False, False, 30))
        return self

    def name(self, second):
        self.clock.name(second, (self.tick_q8(self.s) >> 8) + RATE_HZ // 10)

    def utc_s(self):
        return T_S + self.s + self.off_s

    def error_us(self):
        """At the last pulse."""
        return self.clock.utc_us(self.tick_q8(self.s)) - self.utc_s() * 1_000_000

    def error_ms(self):
        return (self.error_us() + 500) // 1000

    def state(self):
        return self.clock.state(self.tick_q8(self.s) >> 8)

    def sigma_us(self):
        return self.clock.sigma_us(self.tick_q8(self.s) >> 8)


@case
def a_clock_without_a_name_is_unset_and_with_three_is_locked():
    street = Street()
    street.run(2)
    assert street.state() == UNSET
    street.run(1 + AGREE)
    assert street.state() == LOCKED
    for ppm in (-90, -20, 0, 20, 64):
        street = Street(ppm).run(40)
        assert abs(street.error_us()) <= 1, (ppm, street.error_us())
        assert street.sigma_us() <= 3, (ppm, street.sigma_us())


@case
def the_next_pulse_and_the_last_one_are_told_apart():
    street = Street().run(10, names=False)
    for _ in range(5):
        street.run(1)
        street.name(Second(street.utc_s() + 1, True, False, 0))
    assert (street.error_ms(), street.state()) == (0, LOCKED)


@case
def a_name_that_comes_with_the_pulse_itself_is_no_vote():
    street = Street()
    for _ in range(20):
        street.run(1, names=False)
        street.clock.name(Second(street.utc_s(), False, False, 30), street.tick_q8(street.s) >> 8)
    assert street.state() == UNSET


@case
def lost_blocks_are_counted_in_at_the_next_pulse():
    for granule, lost in ((16, 16), (16, 160), (256, 256), (256, 2560)):
        street = Street(granule=granule).run(20)
        street.lost = lost
        street.run(1)
        assert street.clock.lost == street.counted == lost, (granule, lost, street.clock.lost)
        street.run(5)
        assert abs(street.error_us()) <= 1 and street.state() == LOCKED, (street.error_us(), street.state())


@case
def frames_missing_in_another_number_are_no_lost_blocks():
    street = Street(granule=256).run(20)
    street.lost = 100
    street.run(ODD - 1)
    assert street.clock.lost == 0
    street.run(40)
    assert abs(street.error_us()) <= 1 and street.state() == LOCKED, (street.error_us(), street.state())


@case
def a_reader_that_was_late_is_coarse_until_the_next_pulse():
    street = Street().run(20)
    street.clock.doubt()
    assert street.state() == COARSE and street.sigma_us() >= 1_000_000
    street.run(1)
    assert street.state() == LOCKED and street.sigma_us() <= 3


@case
def without_pulses_the_clock_holds_over_with_growing_sigma():
    street, states, sigmas_us = Street().run(40), [], []
    for _ in range(4):
        states.append(street.state())
        sigmas_us.append(street.sigma_us())
        street.run(2000, pulses=False)
        assert abs(street.error_us()) <= street.sigma_us(), street.error_us()
    assert states == [LOCKED, HOLDOVER, HOLDOVER, COARSE], states
    assert sigmas_us == sorted(sigmas_us) and sigmas_us[1] > 1_000, sigmas_us
    street.run(10)
    assert street.state() == LOCKED and abs(street.error_us()) <= 1, (street.state(), street.error_us())


@case
def a_receiver_without_a_fix_marks_nothing():
    street = Street().run(40)
    pulses = street.clock.pulses
    street.run(10, names=False)
    assert street.clock.pulses == pulses + 3 and street.state() == HOLDOVER, (street.clock.pulses, street.state())


@case
def a_wrong_second_is_not_heard_until_it_is_said_five_times():
    street = Street().run(20)
    street.wrong_s = 1
    street.run(1)
    assert (street.state(), street.error_ms()) == (LOCKED, 0)
    street.run(1)
    assert (street.state(), street.error_ms()) == (COARSE, 0)
    street.wrong_s = 0
    street.run(1)
    assert (street.state(), street.error_ms()) == (LOCKED, 0)
    street.wrong_s = 1
    street.run(BELIEVE)
    assert (street.state(), street.error_ms()) == (LOCKED, 1000)


@case
def a_date_that_rolls_back_or_forth_by_1024_weeks_changes_nothing():
    for wrong_s in (-ERA_S, ERA_S, -2 * ERA_S):
        street = Street().run(20)
        street.wrong_s = wrong_s
        street.run(20)
        assert (street.state(), street.error_ms()) == (LOCKED, 0)
        street = Street()
        street.wrong_s = wrong_s
        street.run(20)
        assert (street.state(), street.error_ms()) == (LOCKED, 0)
    assert FLOOR_S < T_S < FLOOR_S + ERA_S


@case
def a_leap_second_that_is_named_is_followed_at_once():
    street = Street().run(20)
    street.run(1, names=False)
    street.name(Second(street.utc_s(), False, True, 30))
    for _ in range(3):
        street.off_s = -1
        street.run(1)
        assert (street.state(), street.error_ms()) == (LOCKED, 0)


@case
def a_leap_second_that_nobody_announced_makes_the_clock_coarse_then_right():
    for step_s in (-1, 1):
        street, states = Street().run(20), []
        street.off_s = step_s
        for _ in range(8):
            street.run(1)
            states.append(street.state())
        assert states == [LOCKED] + [COARSE] * 3 + [LOCKED] * 4, states
        assert street.error_us() == 0


@case
def the_microphones_delay_is_taken_off():
    plain, delayed = Street().run(40), Street(delay_q8=172 * 256 // 10).run(40)
    assert abs(plain.error_us() - delayed.error_us() - 358) <= 1, (plain.error_us(), delayed.error_us())


@case
def a_line_may_be_shifted_and_begun_anew():
    clock = Clock(RATE_HZ)
    for k in range(10):
        clock.mark(k * RATE_HZ, T_S * 1_000_000 + k * 1_000_000, 10)
    clock.shift(-1_000_000)
    assert clock.utc_us(9 * RATE_HZ << 8) == (T_S + 8) * 1_000_000
    clock.restart()
    assert clock.state(0) == UNSET


if __name__ == "__main__":
    for each in CASES:
        each()
        print("ok", each.__name__)
