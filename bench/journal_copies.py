"""What backing a journal up and pruning it cost, and what a gateway that writes 500 frames a second has of it. Prints
figures; judges none.

    python -m bench.journal_copies [ROWS] [FOLDER]

A journal of so many rows (a million: frames of 180 bytes over 100 days, with a deed after each thousand) is made in a
folder that is removed again. The writer is a process of its own with the gateway's own Journal; its latency is that of
`append`, from the call to the disk. The commands are processes, too, as people start them; their memory is the most
that they had resident.
"""

import asyncio
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator

from gateway.journal.file import JournalFile
from gateway.journal.journal import Journal
from gateway.journal.rows import Row

DAYS, DAY_US = 100, 86_400_000_000
RATE_HZ = 500
AT_ONCE = 20_000
ALONE_S = 10.0


def rows(n_rows: int, until_us: int) -> Iterator[Row]:
    """The past of a street: half of a frame cannot be compressed, as of real ones (hashes, numbers)."""
    dice, step_us = random.Random(1), DAYS * DAY_US // n_rows
    for number in range(n_rows):
        at_us = until_us - (n_rows - number) * step_us
        if number % 1000 == 500:
            yield Row("effect", at_us, b'{"device": "l1", "done": true, "incident": "x"}')
        else:
            yield Row("frame", at_us, dice.randbytes(90) + bytes(90), f"P{number % 50:02}", 1, number)


def fill(path: pathlib.Path, n_rows: int) -> None:
    """Make it."""
    file, some = JournalFile(path), []
    for row in rows(n_rows, now_us()):
        some.append(row)
        if len(some) == AT_ONCE:
            file.commit(some)
            some = []
    file.commit(some)
    file.close()


async def write(path: pathlib.Path) -> None:
    """Write frames until standard input ends; then print how long each took to be on the disk."""
    journal, late_ms = Journal(path), list[float]()
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    began_s, sequence, tasks = time.monotonic(), 0, set[asyncio.Task[None]]()

    async def one(row: Row) -> None:
        at_s = time.monotonic()
        await journal.append([row])
        late_ms.append((time.monotonic() - at_s) * 1e3)

    say("writing")
    while not ended.done():
        while sequence < (time.monotonic() - began_s) * RATE_HZ:
            sequence += 1
            task = asyncio.create_task(one(Row("frame", now_us(), os.urandom(180), "W", os.getpid(), sequence)))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(0.5 / RATE_HZ)
    await asyncio.gather(*tasks)
    journal.close()
    late_ms.sort()
    named = {f"p{each}": late_ms[int(len(late_ms) * each / 100)] for each in (50, 95, 99)}
    say(json.dumps({"frames": sequence, **named, "most": late_ms[-1], "said": journal.news()}))


def beside_a_writer(path: pathlib.Path, *command: object) -> None:
    """Run one `soundpost journal` command, or none for a while, while frames are written."""
    writer = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, "write", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    if command:
        run(*command)
    else:
        time.sleep(ALONE_S)
    told = json.loads(writer.communicate()[0])
    figures = ", ".join(f"{name} {told[name]:.1f}" for name in ("p50", "p95", "p99", "most"))
    say(f"  a frame was on the disk after (ms): {figures}; {told['frames']} frames {told['said'] or ''}")


def run(*command: object) -> None:
    """One command, with its time and memory."""
    words = [str(each) for each in command]
    began_s = time.monotonic()
    ran = subprocess.Popen([sys.executable, "-c", MEASURED, "journal", *words], stdout=subprocess.PIPE, text=True)
    out = ran.communicate()[0].splitlines()
    say(f"{words[0]}: {time.monotonic() - began_s:.1f} s, {out[-1] if out else '?'} MB resident")
    for line in out[:-1]:
        say(f"  {line}")


MEASURED = """
import resource, sys
from soundpost.__main__ import main
status = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1000)
sys.exit(status)
"""


def say(words: str) -> None:
    """A line, at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def now_us() -> int:
    """UTC in microseconds."""
    return time.time_ns() // 1000


def main() -> None:
    """All of it."""
    n_rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory(dir=sys.argv[2] if len(sys.argv) > 2 else None) as name:
        folder = pathlib.Path(name)
        path, copy = folder / "street.journal", folder / "copy.journal"
        fill(path, n_rows)
        say(f"{n_rows} rows, {path.stat().st_size / 1e6:.0f} MB")
        run("verify", path)
        beside_a_writer(path)
        beside_a_writer(path, "backup", path, "--to", copy)
        run("restore", copy, "--to", folder / "restored.journal")
        run("verify", folder / "restored.journal")
        beside_a_writer(path, "prune", path, "--keep", "10d")
        run("verify", path)
        run("verify", next(folder.glob("*.jsonl.gz")))


if __name__ == "__main__":
    if sys.argv[1:2] == ["write"]:
        asyncio.run(write(pathlib.Path(sys.argv[2])))
    else:
        main()
