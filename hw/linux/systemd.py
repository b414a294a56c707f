"""Tells systemd how we are (sd_notify(3)): READY=1, WATCHDOG=1, STOPPING=1. Does nothing where nobody asked."""

import asyncio
import contextlib
import os
import socket

BEAT_S = 5.0


def notify(message: str) -> None:
    """Send one message to the socket that NOTIFY_SOCKET names; a supervisor that is gone is not our trouble."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(message.encode(), "\0" + address[1:] if address[0] == "@" else address)


async def beat() -> None:
    """For ever: a watchdog sees by it that the loop turns."""
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(BEAT_S)
