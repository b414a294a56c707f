"""A real chronyd that sets no clock (-x), a receiver that tests drive, and, where asked for, another chronyd beside it
as the NTP server of the street.

The receiver speaks to chrony's SOCK driver: a datagram a sample, `struct sock_sample` of chrony's refclock_sock.c (time
of day, offset in seconds, whether it is a pulse, leap, padding, a magic number). Sentences (NMEA) carry a whole time,
pulses only where in the second they are. Both come ten times a second, so that no test waits for many.
"""

import getpass
import pathlib
import socket
import struct
import subprocess
import threading
import time
from types import TracebackType
from typing import Self

from simulators.ports import free_ports

SAMPLE = struct.Struct("=qqdiiii")
MAGIC = 0x534F434B
EVERY_S = 0.1
LIMIT_S = 20.0
OWN = """\
refclock SOCK {folder}/nmea.sock refid NMEA delay 0.2 noselect poll -2 filter 4
refclock SOCK {folder}/pps.sock refid PPS lock NMEA poll -2 filter 4
"""
COMMON = """\
port {ntp_port}
bindaddress 127.0.0.1
cmdport {port}
bindcmdaddress 127.0.0.1
bindcmdaddress /
pidfile {pid}
"""
SERVER = "local stratum 3\nallow 127.0.0.0/8\n"
CLIENT = "server 127.0.0.1 port {port} minpoll -2 maxpoll -2 iburst\n"
ANYBODY = 0o755


class DrivenChronyd:
    """folder : for its files. chronyd, chronyc : the programs. with_server : an NTP server is there, too. Driven:
    is_on : the receiver speaks. second_off_s : its sentences name the time so much later than it is. pulse_off_s : so
    much after the second its pulses come. `bin` : a folder with a `chronyc` that asks this one."""

    def __init__(
        self, folder: pathlib.Path, chronyd: str, chronyc: str, *, with_server: bool = False, with_receiver: bool = True
    ) -> None:
        self.is_on, self.second_off_s, self.pulse_off_s = True, 0.0, 0.0
        self.bin = folder / "bin"
        self._folder, self._chronyd, self._with_receiver = folder, chronyd, with_receiver
        self._ports = free_ports(3, socket.SOCK_DGRAM)
        self._running: list[subprocess.Popen[bytes]] = []
        self._ended = threading.Event()
        self._feeding = threading.Thread(target=self._feed, name="receiver")
        folder.chmod(ANYBODY)
        self.bin.mkdir()
        (self.bin / "chronyc").write_text(f'#!/bin/sh\nexec {chronyc} -h 127.0.0.1 -p {self._ports[0]} "$@"\n')
        (self.bin / "chronyc").chmod(ANYBODY)
        text = COMMON.format(ntp_port=0, port=self._ports[0], pid=folder / "own.pid")
        text += OWN.format(folder=folder) if with_receiver else ""
        if with_server:
            text += CLIENT.format(port=self._ports[1])
            told = COMMON.format(ntp_port=self._ports[1], port=self._ports[2], pid=folder / "server.pid")
            (folder / "server.conf").write_text(told + SERVER)
        (folder / "own.conf").write_text(text)

    def __enter__(self) -> Self:
        for name in ("server", "own"):
            if (self._folder / f"{name}.conf").exists():
                self._start(name)
        if self._with_receiver:
            self._await_sockets()
            self._feeding.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._with_receiver:
            self._feeding.join()
        for each in self._running:
            each.terminate()
            each.wait(LIMIT_S)

    def _start(self, name: str) -> None:
        command = (self._chronyd, "-d", "-x", "-U", "-u", getpass.getuser(), "-f", str(self._folder / f"{name}.conf"))
        with (self._folder / f"{name}.log").open("wb") as log:
            self._running.append(subprocess.Popen(command, stdout=log, stderr=log))

    def _await_sockets(self) -> None:
        until_s = time.monotonic() + LIMIT_S
        while not all((self._folder / f"{each}.sock").exists() for each in ("nmea", "pps")):
            if time.monotonic() > until_s:
                raise OSError(f"chronyd made no sockets: {(self._folder / 'own.log').read_text()}")
            time.sleep(0.02)

    def _feed(self) -> None:
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sentences,
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as pulses,
        ):
            sentences.connect(str(self._folder / "nmea.sock"))
            pulses.connect(str(self._folder / "pps.sock"))
            while not self._ended.wait(EVERY_S):
                if self.is_on:
                    now_us = time.time_ns() // 1000
                    sentences.send(_sample(now_us, self.second_off_s, is_pulse=False))
                    pulses.send(_sample(now_us, self.pulse_off_s % 1.0, is_pulse=True))


def _sample(now_us: int, offset_s: float, *, is_pulse: bool) -> bytes:
    return SAMPLE.pack(now_us // 1_000_000, now_us % 1_000_000, offset_s, is_pulse, 0, 0, MAGIC)
