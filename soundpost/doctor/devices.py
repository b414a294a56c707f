"""Lamp banks and cameras: does each answer. They are read and never switched or turned.

A bank on a serial line, on DALI or on pins belongs to the gateway that runs: two who speak on one line spoil each
other's answers, and to open a pin is to drive it. Of those the doctor looks for the port, and the journal tells whether
lamps answer (`soundpost lamps`).
"""

import asyncio
import os
import pathlib
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from gateway.assembly.gateway import camera_of
from gateway.assembly.lamp_banks import lamp_driver
from gateway.reaction.device_tables import CameraTable
from gateway.reaction.lamp_tables import LampBankTable
from hw.ports import LampState
from soundpost.doctor.verdict import Verdict, failed, passed, warned
from soundpost.terminal import one_line

CLOCK_S = 5.0
OVER_NETWORK = ("tcp", "talq+http", "talq+https")
NO_ANSWER = "is it on, and is this its address? ping it, look at its lights"


@dataclass(frozen=True, slots=True)
class LampAnswer:
    """Of one lamp. why : it did not answer, in words."""

    lamp: str
    state: LampState | None = None
    why: str = ""


def judge_bank(url: str, answers: Sequence[LampAnswer]) -> list[Verdict]:
    """A line for the bank, and one for each lamp that is not well."""
    silent = [each for each in answers if each.state is None]
    if len(silent) == len(answers):
        return [failed("lamp bank", silent[0].why if silent else "has no lamps", NO_ANSWER, url)]
    found = [passed("lamp bank", f"{len(answers) - len(silent)} of {len(answers)} lamps answer", url)]
    found += [
        failed("lamp", each.why, "is its channel right? soundpost lamps --blink shows it", each.lamp) for each in silent
    ]
    for each in answers:
        broken = each.state is not None and (each.state.lamp_failure or each.state.gear_failure)
        if broken:
            found.append(warned("lamp", "its board calls it failed", "have it changed (soundpost lamps)", each.lamp))
        elif each.state is not None and each.state.manual:
            found.append(warned("lamp", "somebody has it in hand", "give it back at its switch", each.lamp))
    return found


def judge_port(what: str, port: str, mode: int | None, may_use: bool) -> Verdict:
    """A serial port or device. mode : as of stat; None where it is not there."""
    if mode is None:
        return failed(what, "is not there", "is it plugged in? see `dmesg`, and name it by /dev/serial/by-id", port)
    if not may_use:
        return failed(what, "may not be used by this user", "add the service's user to the group of that device", port)
    if not stat.S_ISCHR(mode):
        return warned(what, "is no serial port", "name the port", port)
    return passed(what, "is there; it is left to whoever uses it", port)


def judge_camera(name: str, ahead_s: float | None, tells: bool) -> Verdict:
    """ahead_s : its clock against ours; None where it does not say."""
    says = f"answers{'' if ahead_s is None else f', clock {ahead_s:+.1f} s'}{'' if tells else ', takes no angles'}"
    if ahead_s is not None and abs(ahead_s) > CLOCK_S:
        return warned("camera", says, "set its clock (NTP): times in its pictures are off", name)
    return passed("camera", says, name)


def check_bank(bank: LampBankTable, folder: pathlib.Path) -> list[Verdict]:
    """Read each lamp. Raises ValueError or OSError naming what is wrong with table or map."""
    scheme = bank.url.partition(":")[0]
    if scheme not in OVER_NETWORK:
        path = urlsplit(bank.url).path or "/dev/gpiochip0"
        return [check_port("lamp bank", path)]
    return judge_bank(bank.url, asyncio.run(_read_bank(bank, folder)))


async def _read_bank(bank: LampBankTable, folder: pathlib.Path) -> list[LampAnswer]:
    lamps, answers = lamp_driver(bank, folder), list[LampAnswer]()
    try:
        for lamp in bank.lamps:
            try:
                answers.append(LampAnswer(lamp.name, await lamps.read_state(lamp.channel)))
            except OSError as error:
                answers.append(LampAnswer(lamp.name, why=one_line(error) or "no answer"))
                if len(answers) == 3 and not any(each.state for each in answers):
                    break  # a bank that is away is away for all of its lamps
    finally:
        await lamps.close()
    return answers


def check_port(what: str, port: str) -> Verdict:
    """Look at a port without opening it."""
    try:
        mode = pathlib.Path(port).stat().st_mode
    except OSError:
        return judge_port(what, port, None, False)
    return judge_port(what, port, mode, os.access(port, os.R_OK | os.W_OK))


def check_camera(table: CameraTable, folder: pathlib.Path) -> list[Verdict]:
    """Ask a camera how it is."""
    try:
        ahead_s, tells = asyncio.run(_ask(table, folder))
    except (OSError, ValueError) as error:
        return [failed("camera", one_line(error), f"{NO_ANSWER}; see soundpost camera check {table.name}", table.name)]
    return [judge_camera(table.name, ahead_s, tells)]


async def _ask(table: CameraTable, folder: pathlib.Path) -> tuple[float | None, bool]:
    camera = camera_of(table, folder)
    try:
        about, spans_deg = await camera.about(), await camera.spans_deg()
        return about.ahead_s, spans_deg is not None
    finally:
        await camera.close()
