"""A street of boards: a bench for each pole, cables or a broker between them and one gateway, and its config."""

import asyncio
import contextlib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from dsp.air import Air
from simulators.board.bench import Bench
from simulators.demo.configs import write_secret
from simulators.peers.cable import Cable
from simulators.street.sound import Blast, Emission, Surroundings

POLES = {
    "b0": (0.0, 0.0, 6.0),
    "b1": (60.0, 5.0, 6.5),
    "b2": (120.0, -4.0, 6.0),
    "b3": (3.0, 70.0, 7.0),
    "b4": (64.0, 75.0, 6.0),
    "b5": (118.0, 66.0, 6.2),
}
AIR_C = 12.0
SHOT = Blast(600.0, 0.0004)
CHIPS = ("esp32s3", "rp2350")


class BoardStreet:
    """folder : everything's. flash : the compiled firmware. start_s : a whole second UTC, now or shortly before.

    broker : (port for the gateway, port for nodes) where the nodes speak MQTT, else each has a cable. live : the poles
    that have a board; the others are only in the survey. provisioned : what a technician puts on a board beside its
    node.json and keys, path -> bytes: boards then start from slots, and `flash` is not used.
    """

    def __init__(
        self,
        folder: Path,
        flash: Path,
        start_s: int,
        broker: tuple[int, int] | None = None,
        ear: str = "",
        *,
        live: Sequence[str] = tuple(POLES),
        provisioned: Mapping[str, bytes] | None = None,
    ) -> None:
        self.folder, self.broker = folder, broker
        self.keys = {node: os.urandom(32) for node in POLES}
        self.broker_keys = {node: os.urandom(32) for node in POLES}
        self.cables = {} if broker else {node: Cable() for node in live}
        uplink: dict[str, object] = {"kind": "serial"}
        if broker:
            uplink = {"kind": "mqtt", "host": "127.0.0.1", "port": broker[1], "network": "street"}
        self.benches = {
            node: Bench(
                folder / node,
                node,
                self.keys[node],
                {"chip": CHIPS[seed % 2], "uplink": uplink},
                provisioned or flash,
                seed=seed,
                start_s=start_s,
                ear=ear,
                port=self.cables[node].a if self.cables else "/dev/null",
            )
            for seed, node in enumerate(POLES)
            if node in live
        }
        for node in live:
            write_secret(folder / node / "broker.key", self.broker_keys[node].hex())
            write_secret(folder / node / "network.key", "let me in")
        self._write_gateway()
        self._running: list[asyncio.Task[None]] = []

    def _write_gateway(self) -> None:
        poles = "".join(f'[[pole]]\nnode = "{node}"\nxyz_m = {list(xyz_m)}\n' for node, xyz_m in POLES.items())
        links = "".join(f'[[serial]]\nport = "{cable.b}"\n' for cable in self.cables.values())
        if self.broker:
            links = f'[mqtt]\nhost = "127.0.0.1"\nport = {self.broker[0]}\ntls = false\n'
        (self.folder / "gateway.toml").write_text(
            'journal = "street.journal"\nkeys_file = "keys.toml"\nreleases = "releases"\n'
            f"site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}\nair = {{ temperature_c = {AIR_C} }}\n"
            f"{poles}{links}"
        )
        write_secret(self.folder / "keys.toml", "".join(f'{n} = "{k.hex()}"\n' for n, k in self.keys.items()))

    async def switch_on(self, micropython: str) -> None:
        """Power for all."""
        self._running = [asyncio.create_task(bench.run()) for bench in self.benches.values()]
        for bench in self.benches.values():
            await bench.start(micropython)

    def drive_shot(self, xyz_m: tuple[float, float, float], utc_s: float) -> None:
        """A shot that all microphones will hear."""
        for node, bench in self.benches.items():
            bench.drive_shot(Emission(xyz_m, 0.0, SHOT), utc_s, POLES[node], Surroundings(Air(AIR_C)))

    async def close(self) -> None:
        """Everything off."""
        for task in self._running:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*self._running)
        for bench in self.benches.values():
            await bench.close()
        for cable in self.cables.values():
            cable.close()
