"""What the process counts of itself, for Prometheus, in a registry of its own."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Histogram

from gateway.web.records import Change

METHODS = ("GET", "HEAD", "POST", "OPTIONS")
LATENCY_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


def wall_us() -> int:
    """UTC, by this machine's clock."""
    return time.time_ns() // 1000


class Meter:
    """One a process, of any thread. now_us : () -> microseconds UTC."""

    def __init__(self, now_us: Callable[[], int] = wall_us) -> None:
        self.registry, self._now_us = CollectorRegistry(), now_us
        self._requests = Counter(
            "soundpost_web_requests", "Requests by route, method and status.", ("route", "method", "status"),
            registry=self.registry,
        )  # fmt: skip
        self._latency = Histogram(
            "soundpost_web_row_to_listener_seconds",
            "From the gateway writing a row, by its clock, to a listener being handed it.",
            buckets=LATENCY_S, registry=self.registry,
        )  # fmt: skip

    def answered(self, route: str, method: str, status: int) -> None:
        """route : as the table of grants has it, "none" where there is none: never what somebody typed."""
        self._requests.labels(route, method if method in METHODS else "other", str(status)).inc()

    def heard(self, change: Change) -> None:
        """A listener was handed this. What is not one row has no time."""
        if change.at_us and not change.missed:
            self._latency.observe(max(0, self._now_us() - change.at_us) / 1_000_000)
