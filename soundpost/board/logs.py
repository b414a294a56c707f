"""`soundpost board logs`: what a board says on its console, with the time, without disturbing it.

A release has short names where its sources have long ones (firmware/workshop/packing.py); where a traceback shows one,
the long one stands behind it, as far as these sources are the release's.
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

import serial

from firmware.workshop.application import names
from firmware.workshop.packing import told

LIMIT_S = 0.2
LONGEST = 500


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Those of logs."""
    parser.add_argument("--port", required=True, help="the board's serial port, like /dev/ttyACM0")
    parser.add_argument("--seconds", type=float, metavar="S", help="stop then (default: when interrupted)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="add the lines to this file, too")


def run(args: argparse.Namespace) -> int:
    """Until the time is up, or Ctrl-C. Raises OSError of one line where the board goes away."""
    end_s = None if args.seconds is None else time.monotonic() + args.seconds
    file = args.out.open("a", encoding="utf-8") if args.out else None
    held = b""
    try:
        with serial.Serial(args.port, 115_200, timeout=LIMIT_S) as port:
            while end_s is None or time.monotonic() < end_s:
                held += port.read(max(1, port.in_waiting))
                *lines, held = held[-LONGEST:].split(b"\n")
                for line in lines:
                    words = told(line.decode("utf-8", "replace").strip(), names)
                    said = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {words}"
                    print(said, flush=True)
                    if file:
                        file.write(said + "\n")
    except OSError:
        raise OSError(f"{args.port}: no board there, or it went away: is the cable in?") from None
    finally:
        if file:
            file.close()
    return 0
