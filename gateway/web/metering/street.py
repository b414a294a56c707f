"""What the store knows that a watcher wants to see over time. Read anew for each time that it is asked for."""

import time
from collections import Counter
from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from gateway.web.live.feed import Feed
from gateway.web.records import Freshness
from gateway.web.store.store import Store

STATES = ("ok", "behind", "silent", "offline")
POLES = ("well", "alarm", "silent", "unheard")


class Street(Collector):
    """now_us : microseconds UTC, when it was asked for."""

    def __init__(self, store: Store, feed: Feed, now_us: int) -> None:
        self._store, self._feed, self._now_us = store, feed, now_us

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Where the database cannot be read: what is known without it."""
        fresh = self._store.freshness()
        yield from _fresh(fresh, self._now_us)
        yield _one("soundpost_web_listeners", "Who listens for news now.", self._feed.n_listeners)
        if fresh.state != "offline" or fresh.number:
            yield self._incidents()
            yield self._poles()

    def _incidents(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("soundpost_web_incidents", "Incidents by grade and kind.", labels=("grade", "kind"))
        for each in self._store.counted():
            family.add_metric((each.grade, each.kind), each.n)
        return family

    def _poles(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily("soundpost_web_poles", "Poles by how they are.", labels=("state",))
        counts = Counter(each.state for each in self._store.poles())
        for state in POLES:
            family.add_metric((state,), counts[state])
        return family


def street_registry(store: Store, feed: Feed) -> CollectorRegistry:
    """A registry of this one time."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(Street(store, feed, time.time_ns() // 1000))
    return registry


def _fresh(fresh: Freshness, now_us: int) -> Iterator[GaugeMetricFamily]:
    yield _one("soundpost_web_rows_behind", "Rows of the journal that are still to be read.", fresh.behind)
    if fresh.last_us is not None:
        age_s = (now_us - fresh.last_us) / 1_000_000
        yield _one("soundpost_web_last_row_age_seconds", "Since the gateway wrote the row that was read last.", age_s)
    state = GaugeMetricFamily("soundpost_web_state", "1 for what it is now, as /health says it.", labels=("state",))
    for each in STATES:
        state.add_metric((each,), float(each == fresh.state))
    yield state


def _one(name: str, words: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, words, value=value)
