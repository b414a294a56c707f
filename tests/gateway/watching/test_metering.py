"""What counts, joined to a real journal and a real core."""

import asyncio
import contextlib
import types

from prometheus_client.parser import text_string_to_metric_families

from gateway.assembly.metering import Metering
from gateway.config import GatewayConfig
from gateway.journal.rows import Row, kept, reading
from gateway.orders import Light, Outcome

LIMIT_S = 20


class Teller:
    """Keeps what it is told, or dies of it."""

    def __init__(self, dies=False):
        self.heard, self._dies = [], dies

    def record(self, told):
        return {"what": "x"}

    def ready(self, links):
        self.heard.append(links)

    def tell(self, told):
        if self._dies:
            raise OSError("the terminal is gone")
        self.heard.append(told)


def config_of(small_street, **more):
    poles = [{"node": each.node, "xyz_m": list(each.xyz_m)} for each in small_street.poles.values()]
    document = {
        "journal": "street.journal", "keys_file": "keys.toml", "site": {"lat_deg": 38.9, "lon_deg": -77.0},
        "pole": poles, "serial": [{"port": "/dev/ttyUSB0"}], **more,
    }  # fmt: skip
    return GatewayConfig.model_validate(document, strict=False)


async def test_frames_kept_and_orders_told_come_out_in_the_file(tmp_path, small_street):
    now_us = [1_790_000_000_000_000]
    metering = Metering(config_of(small_street, metrics_file="soundpost.prom"), tmp_path, lambda: now_us[0])
    journal, core, heard = metering.journal(tmp_path / "street.journal", None), small_street.core(), Teller()
    frame = small_street.frame(next(iter(small_street.poles)), small_street.health(now_us[0]))
    core.feed(frame, now_us[0])
    core.feed(b"nonsense", now_us[0])
    await journal.append([Row("frame", now_us[0], frame, "n1", 5, 1)])
    await journal.append([Row("journal", now_us[0], b"{}")])
    teller = metering.teller(heard)
    outcome = Outcome(Light(("L1",), 100, "i1"), "L1", False, now_us[0], "")
    teller.tell(outcome)
    with contextlib.suppress(OSError):
        metering.teller(Teller(dies=True)).tell(outcome)  # counted first
    (plug,) = metering.plugs(core, journal, lambda: types.SimpleNamespace(n_waiting=2))
    writing = asyncio.create_task(plug.make(print).run(lambda: None))
    async with asyncio.timeout(LIMIT_S):
        while not (tmp_path / "soundpost.prom").exists():  # noqa: ASYNC110 (a file wakes nobody)
            await asyncio.sleep(0.01)
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    journal.close()
    families = text_string_to_metric_families((tmp_path / "soundpost.prom").read_text())
    found = {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}

    assert heard.heard == [outcome]
    assert found["soundpost_gateway_frames_total",] == 1
    assert found["soundpost_gateway_ack_seconds_count",] == 1  # of the batch with a frame alone
    assert found["soundpost_gateway_effects_total", "lamp", "failed"] == 2
    assert sum(value for (name, *_), value in found.items() if name == "soundpost_gateway_rejects_total") == 1
    assert found["soundpost_gateway_waiting_frames",] == 2
    assert found["soundpost_gateway_journal_bytes",] > 0


async def test_a_gateway_without_a_metrics_file_counts_nothing_and_keeps_all(tmp_path, small_street):
    metering, heard = Metering(config_of(small_street), tmp_path, lambda: 1), Teller()
    journal = metering.journal(tmp_path / "street.journal", None)
    await journal.append([Row("journal", 1, b"{}")])
    journal.close()

    assert metering.teller(heard) is heard
    assert metering.plugs(small_street.core(), journal, lambda: None) == []
    with reading(tmp_path / "street.journal") as connection:
        assert [each.row.kind for each in kept(connection)] == ["journal"]
