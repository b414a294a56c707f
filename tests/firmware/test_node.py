"""The node alone, its ear driven by hand: what it says, when, and what it leaves out."""

from itertools import count

import pytest

from firmware import wire
from firmware.clock import Clock
from firmware.node import BURST, HEALTH_US, RATE, Ear, Forget, Heard, Keep, Node, Obey, Send
from firmware.outbox import Outbox, Saved

KEY = bytes(range(32))
RATE_HZ = 16_000
T0_US = 1_790_000_000_000_000
BLOCK = bytes(320)


class DrivenEar(Ear):
    """Hears what a test tells it to, and remembers what was skipped."""

    level_unit = wire.DBSPL
    noise_cdb = 4200

    def __init__(self):
        self.next, self.last, self.skipped = [], [], []

    def feed(self, samples):
        heard, self.next = self.next, []
        return heard

    def skip(self, n_samples):
        self.skipped.append(n_samples)
        return []

    def flush(self):
        return self.last


def onset(tick, **changes):
    heard = Heard(tick << 8, 90, -1234, 2345, 901, wire.CRACK, 0, (60, 4100), bytes(640), RATE_HZ)
    return heard._replace(**changes)


def node(*, saved=(), marks=True, clock_sigma_us=120, **settings):
    clock = Clock(RATE_HZ, drift_ppm=0)
    if marks:
        clock.mark(0, T0_US, clock_sigma_us)
    return Node(DrivenEar(), clock, Outbox(9, saved), "n17", KEY, **settings)


def said(effects):
    """The records that are sent."""
    return [wire.open(effect.frame, KEY, wire.UP).record for effect in effects if isinstance(effect, Send)]


def hear(of, *onsets, tick=0):
    of.detector.next = list(onsets)
    return of.feed(BLOCK, tick)


sequences = count(1)


def from_gateway(record, key=KEY):
    return wire.seal(record, key, b"n17", 1, next(sequences))


def test_an_onset_becomes_an_arrival_with_its_time_and_both_sigmas():
    of = node()
    (arrival,) = said(hear(of, onset(8000)))

    assert arrival.t_us == T0_US + 500_000
    assert arrival.sigma_us == 150  # 90 of the picking and 120 of the clock
    assert arrival.clock == wire.LOCKED
    assert (arrival.level_cdb, arrival.level_unit, arrival.snr_cdb, arrival.sound) == (
        -1234,
        wire.DBSPL,
        2345,
        wire.CRACK,
    )
    assert (arrival.shape, arrival.clip, arrival.clip_hz) == ((60, 4100), bytes(640), RATE_HZ)


def test_where_memory_is_short_the_arrival_goes_without_its_clip(monkeypatch):
    def seal(record, *rest):
        if record.clip:
            raise MemoryError
        return whole(record, *rest)

    whole, of = wire.seal, node()
    monkeypatch.setattr(wire, "seal", seal)
    (arrival,) = said(hear(of, onset(8000)))

    assert (arrival.t_us, arrival.clip, arrival.clip_hz) == (T0_US + 500_000, None, None)
    assert (of.arrivals, len(of.outbox)) == (1, 1)


def test_a_record_is_kept_before_it_is_sent():
    effects = hear(node(), onset(8000), onset(9000))

    assert [type(effect) for effect in effects] == [Keep, Send, Keep, Send]
    assert [effect.saved.frame for effect in effects[::2]] == [effect.frame for effect in effects[1::2]]
    assert [effect.saved.sequence for effect in effects[::2]] == [1, 2]


def test_the_onsets_ticks_count_from_the_first_block():
    of = node()
    (arrival,) = said(hear(of, onset(8000), tick=32_000))

    assert arrival.t_us == T0_US + 2_500_000


def test_a_jump_of_the_tick_is_a_gap_that_the_ear_is_told_of():
    of = node()
    for tick in (0, 320, 1000):
        of.feed(BLOCK, tick)

    assert of.detector.skipped == [360]
    assert of.gaps == 1
    with pytest.raises(ValueError, match="tick 1000 comes after"):
        of.feed(BLOCK, 1000)


def test_the_end_of_the_sound_brings_what_was_still_open():
    of = node()
    of.detector.last = [onset(100)]
    of.feed(BLOCK, 0)

    assert len(said(of.flush())) == 1


def test_a_node_that_knows_no_time_says_so():
    of = node(marks=False)
    (arrival,) = said(hear(of, onset(8000)))

    assert (arrival.clock, arrival.t_us, arrival.sigma_us) == (wire.UNSET, 500_000, wire.U32)


def test_clips_stay_here_where_they_are_switched_off():
    (arrival,) = said(hear(node(clips=False), onset(8000)))

    assert (arrival.clip, arrival.clip_hz) == (None, None)


def test_a_storm_is_limited_its_clips_left_out_first_and_the_rest_counted():
    of = node()
    of.tick(0)
    arrivals = said(hear(of, *[onset(8000 + k) for k in range(100)]))
    with_clip = [arrival for arrival in arrivals if arrival.clip]
    (health,) = said(of.tick(HEALTH_US))

    assert len(arrivals) == BURST
    assert with_clip == arrivals[: len(with_clip)]
    assert len(with_clip) in (BURST // 2, BURST // 2 + 1)
    assert (health.arrivals, health.withheld) == (BURST, 100 - BURST)
    assert health.withheld_first_us == T0_US + (8000 + BURST) * 1_000_000 // RATE_HZ
    assert health.withheld_last_us - health.withheld_first_us == pytest.approx((99 - BURST) * 1e6 / RATE_HZ, abs=1)


def test_after_a_storm_the_node_speaks_again_and_the_next_health_starts_from_none():
    of = node()
    of.tick(0)
    hear(of, *[onset(8000) for _ in range(BURST + 1)])
    later = said(hear(of, *[onset(8000 + RATE_HZ) for _ in range(20)], tick=320))
    of.tick(HEALTH_US)
    (health,) = said(of.tick(2 * HEALTH_US))

    assert len(later) == RATE
    assert (health.withheld, health.withheld_first_us) == (0, None)


def test_health_goes_out_at_once_and_three_times_a_minute():
    of = node()
    minutes = [
        now_us
        for now_us in range(0, 5 * HEALTH_US, 250_000)
        if any(isinstance(effect, Keep) and effect.saved.is_health for effect in of.tick(now_us))
    ]

    assert minutes == [k * HEALTH_US for k in range(5)]


def test_health_says_how_the_node_is():
    of = node()
    of.temperature_cc, of.lamp_ma = -530, 700
    of.tick(0)
    of.feed(BLOCK, 0)
    of.feed(BLOCK, 640)
    of.receive(b"noise")
    of.tick(1_000_000)
    (health,) = said(of.tick(HEALTH_US))

    assert health.t_us == T0_US + 60_000 + HEALTH_US - 1_000_000
    assert (health.uptime_s, health.queued, health.gaps, health.refused) == (HEALTH_US // 1_000_000, 1, 1, 1)
    assert (health.clock, health.sigma_us) == (wire.LOCKED, 120)
    assert (health.temperature_cc, health.noise_cdb, health.lamp_ma) == (-530, 4200, 700)


def test_an_ack_forgets_what_it_names():
    of = node(saved=(Saved(3, 4, False, b"old"),))
    hear(of, onset(1), onset(2))

    assert of.receive(from_gateway(wire.Ack(((9, 1, 1), (3, 4, 4))))) == [Forget([(3, 4), (9, 1)], True)]
    assert len(of.outbox) == 1


def test_only_the_gateways_word_is_heard():
    of = node()
    (_, sent) = hear(of, onset(1))
    own = sent.frame
    forged = from_gateway(wire.Ack(((9, 1, 1),)), key=bytes(32))

    assert [of.receive(frame) for frame in (own, forged, b"", own[:-1])] == [[], [], [], []]
    assert (of.refused, len(of.outbox)) == (4, 1)


def test_a_new_connection_brings_everything_again():
    of = node(saved=(Saved(3, 4, False, b"old"),))
    (_, sent) = hear(of, onset(1))

    assert of.connected() == [Send(b"old"), sent]


def test_what_lies_here_under_the_key_of_before_goes_under_the_key_of_now():
    report = wire.Health(T0_US, 200, wire.LOCKED, 60, 0, 0, 0, None, None, 0, 0, 0, 0, None, None, wire.DBSPL, None)
    of = node(saved=(Saved(3, 4, True, wire.seal(report, bytes(32), b"n17", 3, 4)),))
    (sent,) = of.connected()
    opened = wire.open(sent.frame, KEY, wire.UP)

    assert (opened.boot, opened.sequence, opened.record) == (3, 4, report)


def test_a_gateway_that_says_hello_gets_all_that_is_open():
    of = node()
    of.tick(0)
    hear(of, *[onset(k) for k in range(50)])
    of.tick(2_000_000)

    assert len(said(of.receive(from_gateway(wire.Ack(()))))) == 50  # and the health before them was probed just now
    assert of.receive(from_gateway(wire.Ack(()))) == []  # not again at once, whoever plays it back


def command(verb=wire.IDENTIFY, id_=1, expires_us=T0_US + 10_000_000):
    return from_gateway(wire.Command(id_, verb, 5, expires_us))


def test_a_command_is_obeyed_once():
    of = node()
    of.tick(0)
    of.feed(BLOCK, 0)
    of.tick(1)
    frame = command()

    assert of.receive(frame) == [Obey(wire.IDENTIFY, 5)]
    assert of.receive(frame) == []
    assert of.refused == 1


def test_a_command_that_expired_is_refused():
    of = node()
    of.feed(BLOCK, 0)
    of.tick(0)
    of.tick(20_000_000)

    assert of.receive(command()) == []
    assert of.receive(command(id_=2, expires_us=T0_US + 21_000_000)) != []


def test_a_node_that_knows_no_time_obeys_nothing():
    of = node(marks=False)
    of.feed(BLOCK, 0)
    of.tick(0)

    assert of.receive(command()) == []


def test_a_report_that_is_asked_for_comes_at_once():
    of = node()
    of.feed(BLOCK, 0)
    of.tick(0)
    (health,) = said(of.receive(command(verb=wire.REPORT)))

    assert isinstance(health, wire.Health)


def test_a_full_outbox_tells_what_it_dropped():
    of = Node(DrivenEar(), Clock(RATE_HZ), Outbox(9, limit=2), "n17", KEY)
    of.tick(0)
    effects = hear(of, onset(1), onset(2))

    assert [effect for effect in effects if isinstance(effect, Forget)] == [Forget([(9, 1)], False)]
    assert said(of.tick(HEALTH_US))[-1].dropped_healths == 1
