"""What a gateway tells of itself to whoever watches it."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from firmware import wire
from gateway.core import NodeState
from gateway.incident import Alarm, Announce, Incident, News, Round
from gateway.lamp_notice import LampNotice
from gateway.orders import NEWER, Aim, Light, Outcome
from gateway.watching.figures import PREFIX, Figures, Now
from hw.linux.exposition import Family, Histogram, Sample, text_of

NOW_US = 1_790_000_000_000_000


class Fix:
    """As much of one as figures look at."""

    def __init__(self, t_us):
        self.t_us = t_us


def health(**more):
    given = {
        "t_us": NOW_US, "sigma_us": 90, "clock": wire.HOLDOVER, "uptime_s": 60, "queued": 7, "arrivals": 0,
        "withheld": 0, "withheld_first_us": None, "withheld_last_us": None, "dropped_arrivals": 1, "dropped_healths": 0,
        "gaps": 2, "refused": 0, "temperature_cc": -550, "noise_cdb": None, "level_unit": wire.DBSPL, "lamp_ma": None,
    }  # fmt: skip
    return wire.Health(**given | more)


def now(counts=None, nodes=None, **more):
    given = {"waiting_frames": 3, "held_bytes": 0, "journal_bytes": 4096, "free_bytes": 10**9, "version": "0.1.0"}
    return Now(counts=counts or {}, nodes=nodes or {}, now_us=NOW_US, **given | more)


def told(figures, at=None):
    """Every sample, (name, labels) -> value, as Prometheus' own parser reads the text."""
    families = text_string_to_metric_families(text_of(figures.families(at or now()), PREFIX))
    samples = [each for family in families for each in family.samples]
    return {
        (each.name.removeprefix("soundpost_gateway_"), *sorted(each.labels.items())): each.value for each in samples
    }


def incident(t_us, historic=False):
    shot = Round(Fix(t_us), (), "A")
    return Announce(Incident("i1", (shot,), "gunshot", "A", historic), (shot,))


def test_counts_of_the_core_are_told_with_every_reason_from_the_start():
    found = told(Figures(["n1"], NOW_US), now({"frames": 12, "mac": 3, "clock": 2}))

    assert found["frames_total",] == 12
    assert found["rejects_total", ("reason", "mac")] == 3
    assert [found["rejects_total", ("reason", each)] for each in wire.REASONS if each != "mac"] == [0] * 7
    assert found["unused_total", ("why", "clock")] == 2


def test_a_node_of_the_survey_that_was_never_heard_is_told_and_one_that_is_none_of_it_is_not():
    nodes = {"n1": NodeState(NOW_US - 5_000_000, health()), "stranger": NodeState(NOW_US, health())}
    found = told(Figures(["n1", "n2"], NOW_US), now(nodes=nodes))

    assert (found["node_heard", ("node", "n1")], found["node_heard", ("node", "n2")]) == (1, 0)
    assert found["node_heard_timestamp_seconds", ("node", "n1")] == pytest.approx(NOW_US / 1e6 - 5)
    assert [found["node_clock", ("node", "n1"), ("state", each)] for each in wire.CLOCK_STATES] == [0, 0, 1, 0]
    assert found["node_sigma_seconds", ("node", "n1")] == pytest.approx(90e-6)
    assert found["node_queued", ("node", "n1")] == 7
    assert found["node_temperature_celsius", ("node", "n1")] == -5.5
    assert not any("stranger" in str(key) for key in found)


def test_what_became_of_orders_is_counted_by_outcome():
    figures = Figures([], NOW_US)
    light, aim = Light(("L1",), 100, "i1"), Aim("c", 10.0, 0.0, "i1")
    for done, effect in ((True, light), (True, light), (False, light), (False, aim)):
        figures.told(Outcome(effect, "x", done, NOW_US, ""), NOW_US)
    found = told(figures)

    assert found["effects_total", ("outcome", "done"), ("what", "lamp")] == 2
    assert found["effects_total", ("outcome", "failed"), ("what", "lamp")] == 1
    assert found["effects_total", ("outcome", "failed"), ("what", "camera")] == 1


def test_an_order_that_a_newer_one_took_the_place_of_is_counted_and_is_no_failure():
    figures = Figures([], NOW_US)
    for effect in (Light(("L1",), 100, "i1"), Aim("c", 10.0, 0.0, "i1")):
        figures.told(Outcome(effect, "x", False, NOW_US, NEWER, superseded=True), NOW_US)
    found = told(figures)

    assert found["effects_total", ("outcome", "superseded"), ("what", "lamp")] == 1
    assert found["effects_total", ("outcome", "superseded"), ("what", "camera")] == 1
    assert ("effects_total", ("outcome", "failed"), ("what", "lamp")) not in found


def test_how_long_a_shot_took_to_be_told_is_counted_and_history_is_not():
    figures = Figures([], NOW_US)
    figures.told(incident(NOW_US - 1_400_000), NOW_US)
    figures.told(incident(NOW_US - 3_600_000_000, historic=True), NOW_US)
    found = told(figures)

    assert found["alert_seconds_count",] == 1
    assert found["alert_seconds_sum",] == pytest.approx(1.4)
    assert (found["alert_seconds_bucket", ("le", "1")], found["alert_seconds_bucket", ("le", "1.5")]) == (0, 1)
    assert found["incidents_total", ("grade", "A"), ("kind", "gunshot")] == 2


def test_an_incident_that_is_told_again_is_one():
    figures = Figures([], NOW_US)
    first = incident(NOW_US)
    figures.told(first, NOW_US)
    figures.told(Announce(first.incident, first.news, is_new=False), NOW_US)

    assert told(figures)["incidents_total", ("grade", "A"), ("kind", "gunshot")] == 1


def test_alarms_and_notices_are_counted_when_they_begin():
    figures = Figures([], NOW_US)
    for raised in (True, False):
        figures.told(Alarm("n1", "silent", raised, "why", 0.0, 0, NOW_US), NOW_US)
        figures.told(Alarm("n1", "second", raised, "why", 0.0, 0, NOW_US), NOW_US)
        figures.told(LampNotice("1", "L1", "out", raised, "why", 1, NOW_US, ()), NOW_US)
    figures.told(News("journal", "x", NOW_US), NOW_US)
    found = told(figures)

    assert found["pole_alarms_total", ("kind", "silent")] == 1
    assert found["pole_alarms_total", ("kind", "second")] == 1
    assert found["lamp_notices_total", ("fault", "out")] == 1


def test_frames_that_wait_for_the_disk_are_in_the_buckets_of_acks():
    figures = Figures([], NOW_US)
    for seconds in (0.004, 0.2, 60.0):
        figures.kept(seconds)
    found = told(figures)

    assert found["ack_seconds_bucket", ("le", "0.005")] == 1
    assert found["ack_seconds_bucket", ("le", "0.25")] == 2
    assert found["ack_seconds_bucket", ("le", "+Inf")] == found["ack_seconds_count",] == 3


def test_what_cannot_be_known_of_a_disk_is_not_told_as_nothing():
    found = told(Figures([], NOW_US), now(journal_bytes=None, free_bytes=None))

    assert ("disk_free_bytes",) not in found
    assert found["held_bytes",] == 0


def test_a_label_of_hostile_letters_reads_back_as_it_is():
    hostile = 'a"b\\c\nd{}é'
    text = text_of([Family("x_total", "counter", "x", [Sample(1, {"a": hostile})])], PREFIX)
    (family,) = text_string_to_metric_families(text)

    assert family.samples[0].labels == {"a": hostile}


def test_a_histogram_counts_a_value_on_a_bound_below_it():
    histogram = Histogram((1.0, 2.0))
    histogram.add(1.0)

    assert [each.value for each in histogram.samples()] == [1, 1, 1, 1.0, 1]
