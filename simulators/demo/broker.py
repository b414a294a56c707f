"""A Mosquitto of the demo's own: loopback only, a free port, a password for each user, and each only its own topics."""

import asyncio
import getpass
import os
import secrets
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from simulators.demo.configs import write_secret
from simulators.demo.programs import Program, start
from simulators.ports import free_ports

GATEWAY = "gateway"
ACL = f"user {GATEWAY}\ntopic read det/#\ntopic write cmd/#\n\npattern write det/%u\npattern read cmd/%u\n"
READY_S = 10.0
TRIES = 5
WHERE = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"))
"""Debian keeps mosquitto in /usr/sbin, which is not on everybody's path."""


def is_installed() -> bool:
    """Whether Mosquitto and its tool for passwords are here."""
    return all(shutil.which(name, path=WHERE) for name in ("mosquitto", "mosquitto_passwd"))


async def start_broker(folder: Path, nodes: Sequence[str], logs: Path) -> tuple[Program, int]:
    """Write its files into `folder` and start it. Comes back: the program and its port. Raises OSError."""
    await asyncio.to_thread(_write_users, folder, [GATEWAY, *nodes])
    for _ in range(TRIES):  # another program may take the port that was free a moment ago
        port = free_ports(1)[0]
        (folder / "mosquitto.conf").write_text(_conf(folder, port), "utf-8")
        command = [str(shutil.which("mosquitto", path=WHERE)), "-c", str(folder / "mosquitto.conf")]
        broker = await start("mosquitto", command, logs)
        try:
            await _answers(port, broker)
        except OSError:
            await broker.stop()
        except BaseException:
            await broker.stop()
            raise
        else:
            return broker, port
    raise OSError(f"mosquitto: {broker.why()}")


def _write_users(folder: Path, users: Sequence[str]) -> None:
    """USER.password for each, and the table of their hashes."""
    passwords = {user: secrets.token_urlsafe(24) for user in users}
    for user, password in passwords.items():
        write_secret(folder / f"{user}.password", password)
    write_secret(folder / "users", "\n".join(f"{user}:{password}" for user, password in passwords.items()))
    hashing = [str(shutil.which("mosquitto_passwd", path=WHERE)), "-U", str(folder / "users")]
    subprocess.run(hashing, check=True, capture_output=True, timeout=READY_S)
    write_secret(folder / "acl", ACL)


def _conf(folder: Path, port: int) -> str:
    return (
        f"# Written by `soundpost demo`.\nlistener {port} 127.0.0.1\nallow_anonymous false\n"
        f"password_file {folder.absolute() / 'users'}\nacl_file {folder.absolute() / 'acl'}\n"
        f"user {getpass.getuser()}\nlog_dest stderr\nlog_type error\nlog_type warning\npersistence false\n"
    )


async def _answers(port: int, broker: Program) -> None:
    """Return when it takes connections. Raises OSError where it ends first, or takes too long."""
    ended = asyncio.create_task(broker.ended())
    try:
        async with asyncio.timeout(READY_S):
            while not ended.done():
                with suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    return
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise OSError(f"mosquitto: not ready within {READY_S:g} s") from None
    finally:
        ended.cancel()
    raise OSError(f"mosquitto: {broker.why()}")
