"""Updates of running boards: real MicroPython with the board's own ear, a real gateway process, cables or a broker."""

import asyncio
import contextlib
import json
import signal
import sys
import time

import pytest

from firmware import update, wire
from firmware.workshop import layout, release
from firmware.workshop.application import ROOT, beside
from gateway.journal.chain import verify
from gateway.journal.rows import kept, reading
from simulators.board.broker import Broker
from simulators.board.street import BoardStreet

LIMIT_S = 60
KEY = bytes(range(32))
LIVE = ("b0", "b2")
"""Two of one chip."""
SHOT = (45.0, 30.0, 1.5)


class Gateway:
    """A `soundpost gateway --json` and all that it has said."""

    def __init__(self, folder):
        self.folder, self.said = folder, []

    async def start(self):
        command = (sys.executable, "-m", "soundpost", "gateway", "--config", self.folder / "gateway.toml", "--json")
        self._process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=(self.folder / "log").open("ab")
        )
        self._reading = asyncio.create_task(self._read())

    async def _read(self):
        async for line in self._process.stdout:
            self.said.append(json.loads(line))

    async def stop(self, number=signal.SIGTERM):
        if self._process.returncode is None:
            self._process.send_signal(number)
            await self._process.wait()
        await self._reading

    def updates(self):
        """(node, sequence, stage) of all that it said of updates."""
        return [(s["node"], s["sequence"], s["stage"]) for s in self.said if s["what"] == "update"]


@pytest.fixture(scope="module")
def releases():
    """Releases 5 and 6 of the firmware as it is, and 7, as a technician's and an operator's files."""
    return {n: release.build("esp32s3", "x64", n, 0, KEY) for n in (5, 6)}


def changed(image, sequence, contents, key=KEY):
    """The release with other files in it, each in the place of what it had under that name."""
    old = release.read(image, "old", KEY)
    gone = {path.removesuffix(".py") for path in contents}
    files = {path: each for path, each in old.contents.items() if path.removesuffix(".mpy") not in gone} | contents
    rows = tuple(update.file_of(path, content) for path, content in files.items())
    return update.image(update.Manifest(sequence, old.manifest.class_id, 0, rows), key, files)


def deaf(image, sequence):
    """One that starts and says so, but hears nothing; its trial is shorter, for the test's sake."""
    hears = "        _every_other(self._words, self.n_frames)"
    source = (ROOT / "hw" / "mcu" / "i2s_microphone.py").read_text()
    assert hears in source
    silent = source.replace(hears, "        return array('i', bytes(4 * self.n_frames))")
    trial = (ROOT / "firmware" / "trial.py").read_text().replace("TRIAL_MS = 900_000", "TRIAL_MS = 10_000")
    return changed(image, sequence, {"hw/mcu/i2s_microphone.py": silent.encode(), "firmware/trial.py": trial.encode()})


class Trial:
    """A street of which LIVE have boards that run release 5, its gateway, and a folder to put releases in."""

    def __init__(self, folder, releases, micropython, live=LIVE, broker=None):
        five = release.read(releases[5], "5", KEY)
        flash = layout.wanted(five, beside(), {"/update.key": KEY.hex().encode()})
        self.folder, self.micropython = folder, micropython
        self.street = BoardStreet(folder, folder, int(time.time()), broker, live=live, provisioned=flash)
        self.gateway = Gateway(folder)
        (folder / "releases").mkdir()

    async def __aenter__(self):
        await self.gateway.start()
        try:
            await self.street.switch_on(self.micropython)
            await self.until(lambda: all(bench.is_locked() for bench in self.street.benches.values()))
        except BaseException:
            await self.__aexit__(*sys.exc_info())
            raise
        return self

    async def __aexit__(self, *failure):
        await self.gateway.stop(signal.SIGKILL)
        await self.street.close()
        if failure[0]:
            print({node: bench.console()[-3000:] for node, bench in self.street.benches.items()})
            print(self.gateway.said[-20:], (self.folder / "log").read_text()[-2000:])

    def put(self, name, image):
        """As an operator does: the file is there whole, or not."""
        (self.folder / "new").write_bytes(image)
        (self.folder / "new").rename(self.folder / "releases" / f"{name}.release")

    async def until(self, is_so, limit_s=LIMIT_S):
        async with asyncio.timeout(limit_s):
            while not is_so():  # noqa: ASYNC110  (other processes do it)
                await asyncio.sleep(0.05)

    def records(self, kind):
        """(node, record) of all of a kind in the journal, opened with the node's key."""
        if not (self.folder / "street.journal").exists():
            return []
        with reading(self.folder / "street.journal") as connection:
            rows = [each.row for each in kept(connection, "frame")]
        opened = [(row.node, wire.open(row.body, self.street.keys[row.node], wire.UP).record) for row in rows]
        return [(node, record) for node, record in opened if isinstance(record, kind)]

    async def order(self):
        """The board whose turn it is, and the other."""
        await self.until(self.gateway.updates)
        first = self.gateway.updates()[0][0]
        return first, *[node for node in LIVE if node != first]

    def n_arrivals(self):
        """(node, how many are in the journal) of each."""
        nodes = [node for node, _ in self.records(wire.Arrival)]
        return {(node, nodes.count(node)) for node in nodes}

    def has(self, node):
        """Bytes of an image on its flash."""
        path = self.street.benches[node].folder / "update.image"
        return path.stat().st_size if path.exists() else 0

    def begun_ns(self, node):
        """When it began to load what it has."""
        return (self.street.benches[node].folder / "update.offer").stat().st_mtime_ns

    def slots(self, node):
        return (self.street.benches[node].folder / "slots.txt").read_text().split()[1:6]


async def test_a_release_reaches_one_board_after_the_other_through_a_power_cut_while_shots_are_heard(
    tmp_path, releases, micropython
):
    async with Trial(tmp_path, releases, micropython) as trial:
        trial.put("six", releases[6])
        first, second = await trial.order()
        await trial.until(lambda: trial.has(first) > 8_000)
        trial.street.drive_shot(SHOT, time.time() + 0.2)
        await trial.until(lambda: trial.has(first) > 20_000)
        await trial.street.benches[first].kill()
        left, begun_ns = trial.has(first), trial.begun_ns(first)
        await trial.street.benches[first].start(micropython)
        await trial.until(lambda: trial.has(first) > left)
        resumed_ns = trial.begun_ns(first)
        await trial.until(lambda: (second, 6, "good") in trial.gateway.updates())
        await trial.until(lambda: {node for node, _ in trial.records(wire.Arrival)} == set(LIVE))
        updates, slots = trial.gateway.updates(), [trial.slots(node) for node in LIVE]
        consoles = [trial.street.benches[node].console() for node in LIVE]
        await trial.gateway.stop()

    assert [each for each in updates if each[2] == "good"] == [(first, 6, "good"), (second, 6, "good")]
    assert updates.index((first, 6, "good")) < updates.index((second, 6, "wants"))
    assert resumed_ns == begun_ns
    assert slots == [["b", "-", "0", "6", "0"]] * 2
    assert all("slot=b sequence=6 on_trial=True" in console for console in consoles)
    assert not any("Traceback" in console or KEY.hex() in console for console in consoles)
    assert verify(tmp_path / "street.journal") is None


async def stop_amid_installing(bench):
    """Let the board go on for a moment at a time until its other slot is half filled; comes back: what is there."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            await asyncio.sleep(0.002)
            with contextlib.suppress(ProcessLookupError):  # it is starting anew
                bench.drive_stall(True)
                half = [*(bench.folder / "b").rglob("*.mpy")]
                if len(half) > 8:
                    return [path.name for path in (bench.folder / "b").iterdir()]
                bench.drive_stall(False)


async def test_a_release_comes_over_tls_and_is_installed_though_the_power_goes_in_the_middle(
    tmp_path, releases, micropython, program
):
    broker = Broker(program("mosquitto"), tmp_path)
    trial = Trial(tmp_path, releases, micropython, ("b0",), broker.ports)
    bench = trial.street.benches["b0"]
    broker.configure(trial.street.broker_keys)
    await broker.start()
    try:
        async with trial:
            trial.put("six", releases[6])
            await trial.until((bench.folder / "update.image").exists)
            half = await stop_amid_installing(bench)
            await bench.kill()
            slots = trial.slots("b0")
            await bench.start(micropython)
            await trial.until(lambda: ("b0", 6, "good") in trial.gateway.updates())
            trial.street.drive_shot(SHOT, time.time() + 0.3)
            await trial.until(lambda: trial.n_arrivals() == {("b0", 1)})
            console = bench.console()
    finally:
        await broker.kill()

    assert "manifest" not in half
    assert slots == ["a", "-", "0", "5", "0"]
    assert trial.slots("b0") == ["b", "-", "0", "6", "0"]
    assert console.count("update installed") == 1
    assert "slot=b sequence=6 on_trial=True" in console
    assert "Traceback" not in console


def crashing(image, sequence):
    """One that cannot be imported."""
    return changed(image, sequence, {"firmware/board/build.py": b"raise ValueError('broken')\n"})


@pytest.mark.parametrize("spoil", [crashing, deaf])
async def test_a_board_goes_back_from_a_release_that_does_not_work_and_the_gateway_offers_it_to_nobody_else(
    tmp_path, releases, micropython, spoil
):
    async with Trial(tmp_path, releases, micropython) as trial:
        trial.put("bad", spoil(releases[6], 7))
        first, second = await trial.order()
        await trial.until(lambda: (first, 7, "rolled back") in trial.gateway.updates())
        stopped = [said["stops"] for said in trial.gateway.said if said.get("stage") == "rolled back"]
        await trial.gateway.stop()
        await trial.gateway.start()  # which knows it from its journal
        for n in (1, 2):  # by the second it has heard of both boards for long enough to offer them something
            trial.street.drive_shot(SHOT, time.time() + 0.3)
            await trial.until(lambda n=n: trial.n_arrivals() >= dict.fromkeys(LIVE, n).items())
        updates, slots = trial.gateway.updates(), [trial.slots(node) for node in (first, second)]

    assert stopped == [True]
    assert not any(node == second for node, _, _ in updates)
    assert slots == [["a", "-", "0", "5", "7"], ["a", "-", "0", "5", "0"]]
    assert trial.has(second) == 0


async def test_a_release_that_is_not_sealed_with_the_fleets_key_is_refused_and_goes_nowhere_else(
    tmp_path, releases, micropython
):
    async with Trial(tmp_path, releases, micropython) as trial:
        trial.put("forged", changed(releases[6], 7, {}, bytes(32)))
        first, second = await trial.order()
        await trial.until(lambda: (first, 7, "mac") in trial.gateway.updates())
        updates, slots = trial.gateway.updates(), trial.slots(first)

    assert "update refused why=mac" in trial.street.benches[first].console()
    assert not any(node == second for node, _, _ in updates)
    assert slots == ["a", "-", "0", "5", "0"]
    assert trial.has(first) == 0
