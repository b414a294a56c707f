"""What a Linux node tells of itself to whoever watches it, and that no trouble of that is the node's."""

import asyncio
from dataclasses import dataclass

import pytest
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from firmware import wire
from firmware.clock import Clock
from firmware.linux.figures import PREFIX, Figures, Now
from firmware.linux.look_outbox import LookOutbox
from firmware.linux.looking_node import LookingEar, LookingNode
from firmware.linux.metering import Metering
from firmware.linux.patient_spool import PatientSpool
from firmware.linux.shell import Shell
from firmware.linux.uplink import Uplink
from firmware.node import Heard, Keep
from hw.fake import FakeMicrophone
from hw.linux.exposition import text_of
from hw.ports import ClockReading

RATE_HZ = 16_000
NOW_US = 1_790_000_000_000_000
LIMIT_S = 10


@dataclass
class Ear(LookingEar):
    """It hears one onset in the first samples that it is fed."""

    level_unit = wire.DBSPL
    noise_cdb = 4_150
    n = 0

    def feed(self, samples):
        self.n += 1
        return [Heard(100 << 8, 50, 9000, 3000, 900, wire.BLAST, 0, (1, 2, 3, 4), None, None)] if self.n == 1 else []

    def skip(self, n_samples):
        return []

    def flush(self):
        return []

    def later(self):
        return []


@pytest.fixture
def node():
    clock = Clock(RATE_HZ)
    return LookingNode(Ear(), clock, LookOutbox(3), "n17", bytes(32))


def told(figures, node, now):
    """(name, labels) -> value, as Prometheus' own parser reads the text."""
    families = text_string_to_metric_families(text_of(figures.families(node, now), PREFIX))
    return {
        (each.name.removeprefix(PREFIX), *sorted(each.labels.items())): each.value
        for family in families for each in family.samples
    }  # fmt: skip


def now(tick=None, host=None, is_up=False):
    return Now(tick, host, is_up, NOW_US)


def test_before_the_first_sample_the_clock_is_in_no_state_and_nothing_was_heard(node):
    found = told(Figures("0.1.0", NOW_US - 5_000_000), node, now())

    assert (found["arrivals_total",], found["waiting",], found["uplink_up",]) == (0, 0, 0)
    assert [found["clock", ("state", each)] for each in wire.CLOCK_STATES] == [0, 0, 0, 0]
    assert not any(name[0] == "sigma_seconds" for name in found)
    assert found["info", ("node", "n17"), ("version", "0.1.0")] == 1
    assert found["start_timestamp_seconds",] == NOW_US / 1e6 - 5


def test_clock_sigma_and_what_the_host_follows_are_told_in_seconds(node):
    node.clock.mark(0, NOW_US, 20)
    found = told(Figures("0.1.0", NOW_US), node, now(RATE_HZ, ClockReading(12, "pps"), True))

    assert [found["clock", ("state", each)] for each in wire.CLOCK_STATES].index(1) == wire.LOCKED
    assert found["sigma_seconds",] == pytest.approx(28e-6, abs=2e-6)  # 20 us, and 20 ppm of the second since
    assert found["host_sigma_seconds", ("source", "pps")] == 12e-6
    assert found["uplink_up",] == 1
    assert found["noise_db", ("unit", "dBSPL")] == 41.5


def test_arrivals_gaps_and_what_waits_are_counted_and_acks_timed(node):
    figures = Figures("0.1.0", NOW_US)
    kept = [each for each in node.feed([0] * 320, 0) if isinstance(each, Keep)]
    for each in kept:
        figures.kept((each.saved.boot, each.saved.sequence), 1_000_000)
    node.feed([0] * 320, 5_000)
    before = told(figures, node, now(5_320))
    figures.acked([(each.saved.boot, each.saved.sequence) for each in kept], 1_300_000)
    figures.acked([(1, 1)], 1_300_000)  # of another run: nobody knows when it was kept
    after = told(figures, node, now(5_320))

    assert (before["arrivals_total",], before["gaps_total",], before["waiting",]) == (1, 1, 1)
    assert (before["ack_seconds_count",], after["ack_seconds_count",]) == (0, 1)
    assert after["ack_seconds_sum",] == pytest.approx(0.3)
    assert (after["ack_seconds_bucket", ("le", "0.25")], after["ack_seconds_bucket", ("le", "0.5")]) == (0, 1)


def test_a_node_without_a_gateway_for_days_waits_for_no_more_acks_than_it_has_room_for(node):
    figures = Figures("0.1.0", NOW_US)
    for n in range(10_000):
        figures.kept((1, n), n)
    figures.acked([(1, n) for n in range(10_000)], 20_000)

    assert told(figures, node, now())["ack_seconds_count",] == 4096


def to_node(record, n):
    return wire.seal(record, bytes(32), b"n17", 1, n)


async def test_a_record_that_was_thrown_away_from_a_full_outbox_was_not_acked(tmp_path):
    """A gateway that asks and acks nothing for two days, at one word an hour, and then acks what is left: an arrival of
    before, and the last two words."""
    node = LookingNode(Ear(), Clock(RATE_HZ), LookOutbox(3), "n17", bytes(32))
    node.outbox.limit = 3
    spool, figures, now_us = PatientSpool(tmp_path, 1), Figures("0.1.0", NOW_US), [0]
    metering = Metering(tmp_path / "soundpost-node.prom", figures)
    uplink = Uplink("test", asyncio.Future)
    shell = Shell(node, FakeMicrophone(RATE_HZ), spool, uplink, metering=metering, now_us=lambda: now_us[0])
    node.clock.mark(0, NOW_US, 20)
    node.tick(0)
    node.feed([0] * 320, 0)
    for n in range(48):
        now_us[0] += 3_600_000_000
        shell.received(to_node(wire.Command(n + 1, wire.REPORT, 0, 2 * NOW_US), n + 1))
    before = told(figures, node, now(320))
    shell.received(to_node(wire.Ack(((3, 1, 1000),)), 100))
    after = told(figures, node, now(320))
    spool.close()

    assert (before["waiting",], before["ack_seconds_count",]) == (3, 0)
    assert before["dropped_total", ("what", "health")] > 40
    assert (after["waiting",], after["ack_seconds_count",]) == (0, 2)
    assert after["ack_seconds_sum",] == 3600


def test_records_that_were_thrown_away_leave_room_for_the_acks_of_others(node):
    figures = Figures("0.1.0", NOW_US)
    for n in range(10_000):
        figures.kept((1, n), n)
        figures.thrown_away([(1, n - 2)])
    figures.acked([(1, 9_999)], 20_000)

    assert told(figures, node, now())["ack_seconds_count",] == 1


async def test_a_folder_that_is_away_costs_the_figures_alone_and_is_said_once(node, tmp_path):
    path = tmp_path / "away" / "soundpost-node.prom"
    metering = Metering(path, Figures("0.1.0", NOW_US), every_s=0.01)
    with capture_logs() as logs:
        task = asyncio.create_task(metering.run(node, now))
        async with asyncio.timeout(LIMIT_S):
            while not logs:  # noqa: ASYNC110 (as long as it takes)
                await asyncio.sleep(0.01)
            path.parent.mkdir()
            while not path.exists():  # noqa: ASYNC110 (a file wakes nobody)
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert [each["event"] for each in logs] == ["metrics cannot be written"]
    assert "soundpost_node_info" in path.read_text()
