"""A journal with what happens in a street, and a web process' store that reads it."""

import asyncio
import contextlib
import json
import threading
import time

import pytest

from dsp.air import Air
from firmware import wire
from gateway.alerts.told import OTHERS
from gateway.assembly.web_journal import WebJournal
from gateway.incident import Asked, Committed
from gateway.journal.doorbell import Doorbell
from gateway.journal.file import JournalFile
from gateway.journal.request import Requests
from gateway.journal.rows import Row
from gateway.web.database import Database
from gateway.web.records import Plan, Standing
from gateway.web.store.applying import Applying
from gateway.web.store.pulse import Pulse
from gateway.web.store.reader import Reader
from gateway.web.store.store import Store
from gateway.web.store.survey import Survey

S = 1_000_000
DAY_US = 86_400 * S
SIDE_M = 100.0
KEY = bytes(range(32))
SHAPE = {"major_m": 2.0, "minor_m": 1.0, "azimuth_deg": 30.0}


class Journalled:
    """A journal that a gateway would have written. t_us : of what it writes next."""

    def __init__(self, path):
        self.path, self.t_us = path, 1_790_000_000 * S
        self.file, self.sequence = JournalFile(path), 0
        self.places = {f"P{n}": (SIDE_M * (n % 3), SIDE_M * (n // 3), 6.0) for n in range(6)}

    def write(self, *rows):
        self.file.commit(rows)

    def row(self, kind, /, **body):
        return Row(kind, self.t_us, json.dumps(body).encode())

    def frame(self, node, record):
        self.sequence += 1
        frame = wire.seal(record, bytes(32), node.encode(), 1, self.sequence)
        return Row("frame", self.t_us, frame, node, 1, self.sequence)

    def arrival(self, node, t_us, clip=None):
        rate = None if clip is None else 16000
        return self.frame(node, wire.Arrival(t_us, 50, 3, 9000, 1, 3000, 900, 0, 0, (1, 2, 3, 4), clip, rate))

    def health(self, node, temperature_cc=2100, queued=0, clock=wire.LOCKED):
        said = (60, queued, 5, 0, None, None, 0, 0, 0, 0, temperature_cc, 5200, wire.DBSPL, 310)
        return self.frame(node, wire.Health(self.t_us, 50, clock, *said))

    def shot(self, name="i-1", t_us=None, place=(30.0, 40.0), late_us=None, rounds=None, **more):
        """What a round's poles say, then the incident's row. late_us : by node."""
        t_us = self.t_us if t_us is None else t_us
        rows = []
        for node, (east, north, up) in self.places.items():
            away_m = ((east - place[0]) ** 2 + (north - place[1]) ** 2 + (up - 1.0) ** 2) ** 0.5
            due_us = t_us + round(away_m / Air().speed_mps * 1e6) + (late_us or {}).get(node, 0)
            rows.append(self.arrival(node, due_us, bytes(range(200)) * 2))
        return [*rows, self.incident(name, t_us, place, rounds, **more)]

    def incident(self, name="i-1", t_us=None, place=(30.0, 40.0), rounds=None, **more):
        t_us = self.t_us if t_us is None else t_us
        where = {"e_m": place[0], "n_m": place[1], "lat_deg": 40.0 + place[1] / 111_195, "lon_deg": -88.0}
        judged = {"grade": "A", "kind": "gunshot", "p_gunshot": 0.97, "why": "6 of 6 poles take it for a gunshot"}
        shot = {**where, **judged, "ellipse_95": SHAPE, "t_us": t_us, "nodes": list(self.places), "rms_us": 40.0}
        told = {**shot, "incident": name, "historic": False, "first_us": t_us, "n_rounds": 1, **more}
        return self.row("incident", **told, rounds=[{**shot, **each} for each in rounds or ({},)])

    def review(self, name, verdict, who="", nonce="00" * 16, **more):
        body = {"incident": name, "verdict": verdict, **({"who": who} if who else {}), **more}
        return self.row("request", by="web", at_us=self.t_us, nonce=nonce, ask="review", body=body, mac="")

    def evidence(self, **body):
        return self.row("request", by="evidence", at_us=self.t_us, nonce="", ask="evidence", body=body, mac="")


class Follows:
    """A store, and what reads the journal into it, step by step. told : of each step."""

    def __init__(self, folder, journalled, people=1, keep_days=(3, 60)):
        self.told, self.pulse, self.now_us = [], Pulse(), 1 << 62
        places = journalled.places
        standing = [Standing("pole", node, 40.0, -88.0, {}) for node in places]
        standing += [
            Standing("lamp", "L1", 40.0, -88.0, {"bank": "tcp://b"}),
            Standing("camera", "C1", 40.0, -88.0, {}),
        ]
        self.database, self.plan = Database(folder / "web.db"), Plan((40.0, -88.0, 0.0), tuple(standing))
        self.journal = WebJournal(journalled.path, "web", None)
        applying = Applying(Survey(places), *(days * DAY_US for days in keep_days), clock=lambda: self.now_us)
        self.reader = Reader(self.database, self.journal, applying, self.pulse, self.told.extend)
        self.store = Store(self.database, self.plan, self.pulse, self.journal, people)

    def read(self):
        while self.reader.step():
            pass
        return self.store


class Gateway:
    """A journal's door, in a thread of its own. keeps : whether what is asked becomes a row."""

    def __init__(self, journalled, keeps=True):
        self.journalled, self.keeps = journalled, keeps
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.doorbell = asyncio.run_coroutine_threadsafe(self._made(), self.loop).result()
        self.running = asyncio.run_coroutine_threadsafe(self.doorbell.run(lambda: None), self.loop)
        while not (journalled.path.with_name(journalled.path.name + ".socket")).exists():
            assert not self.running.done()

    async def _made(self):
        asks = Requests({"web": KEY}, {"i-1"})
        return Doorbell(self.journalled.path, asks, self.told, lambda: time.time_ns() // 1000)

    def told(self, asked: Asked):
        if self.keeps:
            record = OTHERS[Asked][1](asked)
            self.journalled.write(Row("request", asked.at_us, json.dumps(record).encode()))
            self.doorbell.order(Committed())

    def end(self):
        self.running.cancel()
        with contextlib.suppress(BaseException):
            self.running.result(5)
        asyncio.run_coroutine_threadsafe(self.doorbell.close(), self.loop).result(5)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()


@pytest.fixture
def journalled(tmp_path):
    made = Journalled(tmp_path / "street.journal")
    yield made
    made.file.close()


@pytest.fixture
def follows(tmp_path, journalled):
    return Follows(tmp_path, journalled)


@pytest.fixture
def second(tmp_path, journalled):
    """One where two people are asked for."""
    return Follows(tmp_path, journalled, people=2)


@pytest.fixture
def gateway(journalled):
    """The door of a gateway: `web` may ask by KEY, about i-1."""
    made = Gateway(journalled)
    yield made
    made.end()
