"""How the web process reads a journal, and how fast pages are answered from what it read. Prints figures; judges none.

    python -m bench.web_store [FRAMES]

A journal of so many frames (a million) of 500 poles with 1 000 incidents is made in a folder that is removed again.
"""

import asyncio
import functools
import json
import pathlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

from firmware import wire
from gateway.assembly.web_journal import WebJournal
from gateway.journal.file import JournalFile
from gateway.journal.rows import Row
from gateway.web.database import Database
from gateway.web.live.feed import Feed
from gateway.web.records import Plan, Search, Standing
from gateway.web.store.applying import Applying
from gateway.web.store.pulse import Pulse
from gateway.web.store.reader import Reader
from gateway.web.store.store import Store
from gateway.web.store.survey import Survey

T_US = 1_790_000_000_000_000
DAY_US = 86_400_000_000
N_POLES, N_INCIDENTS, EACH_US = 500, 1000, 60_000
KEY = bytes(32)


def rows(n_frames: int, from_us: int = T_US) -> Iterator[Row]:
    """Frames as they come from 500 poles, two of three with sound, and an incident every so often."""
    clip = bytes(640)
    for number in range(n_frames):
        node, at_us = f"P{number % N_POLES:03}", from_us + number * EACH_US
        if number % 3:
            record: tuple[Any, ...] = wire.Arrival(
                at_us, 50, 3, 9000, 1, 3000, 900, 0, 0, (1, 2, 3, 4, 5, 6), clip, 16000
            )
        else:
            record = wire.Health(at_us, 50, 3, number, 0, 5, 0, None, None, 0, 0, 0, 0, 2100, 5200, 1, 300)
        frame = wire.seal(record, KEY, node.encode(), 1, number)
        yield Row("frame", at_us, frame, node, 1, number)
        if number % (n_frames // N_INCIDENTS) == 0:
            yield incident(number, at_us)


def incident(number: int, at_us: int) -> Row:
    """As gateway/alerts/bulletin.py has it."""
    nodes = [f"P{(number + each) % N_POLES:03}" for each in range(8)]
    place = {"e_m": 10.0, "n_m": 20.0, "lat_deg": 40.44 + number % 997 * 1e-5, "lon_deg": -88.38 + number % 991 * 1e-5}
    shape = {"ellipse_95": {"major_m": 1.0, "minor_m": 0.5, "azimuth_deg": 20.0}, "cov_m2": [[0.1, 0.0], [0.0, 0.1]]}
    judged = {
        "grade": "ABC"[number % 3],
        "kind": "gunshot",
        "p_gunshot": 0.98,
        "why": "8 of 8 poles take it for a gunshot",
    }
    shot = {**place, **shape, **judged, "t_us": at_us - 500_000, "nodes": nodes, "rms_us": 40.0}
    more = {"historic": False, "n_rounds": 1, "is_new": True, "first_us": at_us - 500_000, "what": "incident"}
    body = {**shot, **more, "incident": f"i-{number}", "rounds": [shot]}
    return Row("incident", at_us, json.dumps(body).encode())


def make(path: pathlib.Path, n_frames: int, from_us: int = T_US) -> None:
    """The journal, as a gateway would have written it."""
    file = JournalFile(path)
    batch: list[Row] = []
    for row in rows(n_frames, from_us):
        batch.append(row)
        if len(batch) == 5000:
            file.commit(batch)
            batch = []
    file.commit(batch)
    file.close()


def say(words: str) -> None:
    """A figure."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def timed(words: str, call: Callable[[], object], n: int = 20) -> None:
    """The median of so many calls."""
    took = []
    for _ in range(n):
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    say(f"{words}: {sorted(took)[n // 2] * 1000:.1f} ms (worst {max(took) * 1000:.1f})")


def peak_mb() -> float:
    """Of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def read_in(folder: pathlib.Path, n_frames: int) -> Store:
    """Read it, with the pace and the memory."""
    path = folder / "street.journal"
    began = time.perf_counter()
    make(path, n_frames)
    say(f"made in {time.perf_counter() - began:.0f} s, {path.stat().st_size / 1e6:.0f} MB, peak {peak_mb():.0f} MB")
    database = Database(folder / "web.db")
    places = {f"P{each:03}": (each % 25 * 50.0, each // 25 * 50.0, 6.0) for each in range(N_POLES)}
    standing = tuple(Standing("pole", name, 40.44 + n * 1e-4, -88.38, {}) for name, (_, n, _) in places.items())
    plan, pulse, journal = Plan((40.44, -88.38, 0.0), standing), Pulse(), WebJournal(path, "web", None)
    reader = Reader(database, journal, Applying(Survey(places), 3 * DAY_US, 60 * DAY_US), pulse, lambda changes: None)
    began, before = time.perf_counter(), peak_mb()
    while reader.step():
        pass
    took = time.perf_counter() - began
    size = (folder / "web.db").stat().st_size / 1e6
    say(f"{n_frames} frames read in {took:.0f} s, {n_frames / took:.0f}/s; database {size:.0f} MB")
    say(f"memory at its highest: {before:.0f} MB before, {peak_mb():.0f} MB after")
    return Store(database, plan, pulse, journal)


async def latency(folder: pathlib.Path, n_listeners: int = 200) -> None:
    """From a row's commit to the last of so many listeners; one never reads."""
    path = folder / "live.journal"
    file, feed = JournalFile(path), Feed()
    feed.open()
    database = Database(folder / "live.db")
    reader = Reader(database, WebJournal(path, "web", None), Applying(Survey(), DAY_US, DAY_US), Pulse(), feed.tell)
    stuck = feed.listen()
    waiting = asyncio.ensure_future(anext(stuck))
    heard: list[float] = []

    async def listen() -> None:
        async for _ in feed.listen():
            heard.append(time.perf_counter())

    tasks = [asyncio.create_task(listen()) for _ in range(n_listeners)]
    await asyncio.sleep(0.1)
    worst = []
    for number in range(50):
        heard.clear()
        await asyncio.to_thread(file.commit, [incident(number, T_US + number)])
        began = time.perf_counter()
        await asyncio.to_thread(reader.step)
        while len(heard) < n_listeners:  # noqa: ASYNC110 (each listener tells when it heard it)
            await asyncio.sleep(0.001)
        worst.append(1000 * (max(heard) - began))
    say(f"commit to the last of {n_listeners}: median {sorted(worst)[25]:.0f} ms, worst {max(worst):.0f} ms")
    for each in tasks:
        each.cancel()
    waiting.cancel()
    file.close()


def search_many(folder: pathlib.Path, n_incidents: int = 100_000) -> None:
    """Searches among so many."""
    path = folder / "many.journal"
    file = JournalFile(path)
    file.commit([incident(number, T_US + number * 60_000_000) for number in range(n_incidents)])
    file.close()
    database, plan, journal = (
        Database(folder / "many.db"),
        Plan((40.44, -88.38, 0.0), ()),
        WebJournal(path, "web", None),
    )
    pulse = Pulse()
    reader = Reader(database, journal, Applying(Survey(), DAY_US, DAY_US), pulse, lambda changes: None)
    began = time.perf_counter()
    while reader.step():
        pass
    say(f"{n_incidents} incidents read in {time.perf_counter() - began:.0f} s")
    store, span = Store(database, plan, pulse), (T_US + 60_000_000_000, T_US + 120_000_000_000)
    for words, search in (
        ("the newest 50", Search()),
        ("by a word of all", Search(text="gunshot")),
        ("by a name", Search(text="i-4711")),
        ("by words of none", Search(text="nobody")),
        ("by time", Search(from_us=span[0], until_us=span[1])),
        ("by place, 20 m", Search(near=(40.4410, -88.3790), within_m=20.0)),
        ("by a place of none", Search(near=(41.0, -88.0), within_m=20.0)),
        ("by grade and place", Search(grade="B", near=(40.4410, -88.3790), within_m=50.0)),
        ("disputed ones", Search(review="disputed")),
    ):
        timed(f"of {n_incidents}: {words}", functools.partial(store.briefs, search), 10)


def main() -> None:
    """All of it."""
    n_frames = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(prefix="soundpost-bench-") as name:
        folder = pathlib.Path(name)
        asyncio.run(latency(folder))
        search_many(folder)
        store = read_in(folder, n_frames)
        timed("briefs(50)", lambda: store.briefs(Search()))
        timed("briefs(1000)", lambda: store.briefs(Search(), limit=1000))
        timed("briefs by text", lambda: store.briefs(Search(text="gunshot poles")))
        timed("whole", lambda: store.whole(store.briefs(Search())[0].incident))
        timed("poles (500)", store.poles)
        timed("history of a day", lambda: store.history("P001", T_US, T_US + DAY_US))
        timed("freshness", store.freshness)


if __name__ == "__main__":
    main()
