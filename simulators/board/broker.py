"""The broker of a street of boards: a real Mosquitto, one listener for the gateway and one with TLS for the nodes."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from simulators.demo.configs import write_secret
from simulators.ports import free_ports

ACL = "topic read det/#\ntopic write cmd/#\npattern write det/%u\npattern read cmd/%u\n"
LIMIT_S = 20


class Broker:
    """program : Mosquitto's. folder : for its files. ports : on loopback, (the gateway's, the nodes')."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        gateways, nodes = free_ports(2)
        self.ports = gateways, nodes
        self._process: asyncio.subprocess.Process | None = None

    def configure(self, keys: Mapping[str, bytes]) -> None:
        """keys : node -> its key for the broker."""
        self._conf = write_broker(self._folder, keys, self.ports)

    async def start(self) -> None:
        """Returns when it answers. Raises OSError where it does not."""
        self._process = await asyncio.create_subprocess_exec(self._program, "-c", self._conf)
        async with asyncio.timeout(LIMIT_S):
            while not await self._answers():
                if self._process.returncode is not None:
                    raise OSError("mosquitto does not start")
                await asyncio.sleep(0.05)

    async def _answers(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.ports[1])
        except OSError:
            return False
        writer.close()
        return True

    async def kill(self) -> None:
        """At once, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def write_broker(folder: Path, keys: Mapping[str, bytes], ports: tuple[int, int]) -> Path:
    """mosquitto.conf with one open listener on loopback for the gateway, and one with TLS-PSK for nodes."""
    write_secret(folder / "psk", "".join(f"{node}:{key.hex()}\n" for node, key in keys.items()))
    (folder / "acl").write_text(ACL)
    path = folder / "mosquitto.conf"
    path.write_text(
        f"per_listener_settings true\nlistener {ports[0]} 127.0.0.1\nallow_anonymous true\n"
        f"listener {ports[1]} 127.0.0.1\npsk_hint soundpost\npsk_file {folder / 'psk'}\n"
        f"use_identity_as_username true\nallow_anonymous false\nacl_file {folder / 'acl'}\nlog_type error\nuser root\n"
    )
    return path
