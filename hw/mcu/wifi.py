"""The network of a node with a radio: connected again and again, never in anybody's way."""

from asyncio import sleep_ms

import network

LIMIT_MS, STEP_MS = 15_000, 200


async def join(name: str, password: str) -> None:
    """Return when there is a network. OSError where it does not come within LIMIT_MS."""
    station = network.WLAN(network.WLAN.IF_STA)
    station.active(True)
    if station.isconnected():
        return
    station.connect(name, password)
    for _ in range(LIMIT_MS // STEP_MS):
        if station.isconnected():
            return
        await sleep_ms(STEP_MS)
    station.disconnect()
    raise OSError("no network")
