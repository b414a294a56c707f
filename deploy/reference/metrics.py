"""The page of figures for Prometheus: those of a gateway and those of the web process, from what makes them."""

from typing import Any, cast

from deploy.reference.markdown import Page, escaped, table, wrapped
from deploy.reference.samples import AT_US, NODE, TELLS, TOLD
from firmware import wire
from firmware.clock import Clock
from firmware.linux import figures as node_figures
from firmware.linux.look_outbox import LookOutbox
from firmware.linux.looking_node import LookingEar, LookingNode
from gateway.watching.figures import Figures, Now
from gateway.web.live.feed import Feed
from gateway.web.metering.meter import Meter
from gateway.web.metering.street import Street
from gateway.web.records import Freshness
from gateway.web.store.store import Store
from hw.linux.textfile import EVERY_S
from hw.ports import ClockReading

PREFIX = "soundpost_gateway_"
HEAD = "How they are gathered, and the alerts on them: [watching](../how-to/watching.md)."


def page() -> Page:
    """All figures."""
    text = f"# Metrics\n\n{wrapped(HEAD)}"
    text += f"## Of a gateway\n\nWritten to `metrics_file` every {EVERY_S:g} s.\n\n" + _table(_of_gateway())
    text += f"## Of a Linux node\n\nWritten to its own `metrics_file` every {EVERY_S:g} s.\n\n" + _table(_of_node())
    text += "## Of the web process\n\nServed at `/metrics`.\n\n" + _table(_of_web())
    return Page("metrics.md", text, "gateway/watching, firmware/linux/figures.py and gateway/web/metering")


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    return table(("name", "type", "labels", "what it is"), rows)


def _row(name: str, kind: str, labels: set[str], words: str) -> tuple[str, str, str, str]:
    shown = ", ".join(f"`{label}`" for label in sorted(labels - {"le"}))
    return f"`{name}`", kind, shown, escaped(words.rstrip("."))


def _of_gateway() -> list[tuple[str, str, str, str]]:
    """With one of each thing told, so that every family has its labels."""
    figures = Figures((NODE,), AT_US)
    figures.told(TELLS, AT_US)
    for kind in ("effect", "alarm", "lamp"):
        figures.told(TOLD[kind], AT_US)
    health = wire.Health(AT_US, 1, wire.LOCKED, 1, 0, 0, 0, None, None, 0, 0, 0, 0, 1, 1, wire.DBSPL, None)
    state = type("Heard", (), {"heard_us": AT_US, "health": health})()
    families = figures.families(Now({}, {NODE: state}, 0, 0, 1, 1, AT_US))
    return [
        _row(PREFIX + each.name, each.kind, {label for sample in each.samples for label in sample.labels}, each.words)
        for each in families
    ]


def _of_node() -> list[tuple[str, str, str, str]]:
    node = LookingNode(_Ear(), Clock(48_000), LookOutbox(1), NODE, bytes(32))
    now = node_figures.Now(1, ClockReading(1, "pps"), True, AT_US)
    return [
        _row(
            node_figures.PREFIX + each.name, each.kind,
            {label for sample in each.samples for label in sample.labels}, each.words,
        )
        for each in node_figures.Figures("", AT_US).families(node, now)
    ]  # fmt: skip


class _Ear(LookingEar):
    """One that knows its noise."""

    noise_cdb = 1


class _Store:
    """What Street asks of a store: one of each thing."""

    def freshness(self) -> Freshness:
        return Freshness("ok", 0, 1, AT_US, ())

    def counted(self) -> list[Any]:
        return [type("Counted", (), {"grade": "A", "kind": "gunshot", "n": 1})()]

    def poles(self) -> list[Any]:
        return []


def _of_web() -> list[tuple[str, str, str, str]]:
    meter = Meter(lambda: AT_US)
    meter.answered("/", "GET", 200)
    feed = type("Listeners", (), {"n_listeners": 0})()
    families = [*Street(cast("Store", _Store()), cast("Feed", feed), AT_US).collect(), *meter.registry.collect()]
    return [
        _row(
            each.name + ("_total" if each.type == "counter" else ""), each.type,
            {label for sample in each.samples for label in sample.labels}, each.documentation,
        )
        for each in families
    ]  # fmt: skip
