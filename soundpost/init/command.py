"""`soundpost init`: from a survey to a folder that runs; and, with a changed survey, what that changes in it."""

import argparse
import contextlib
import difflib
import getpass
import glob
import os
import pathlib
import pwd
import socket
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from hw.linux.settings import check_host
from soundpost.broker.changing import held
from soundpost.broker.identities import MADE
from soundpost.broker.telling import tell
from soundpost.broker.texts import PSK_PORT, TLS_PORT
from soundpost.init import folder as street
from soundpost.init.cells import read_survey
from soundpost.init.changes import Changes, apply, changes_of, words_of
from soundpost.init.folder import CONFIG, HERE, MAP, WIFI_FILE, Installed, Settings
from soundpost.init.gateway_text import password_file
from soundpost.init.places import check_places
from soundpost.init.survey import LINUX, CameraAt, Remarks, Survey
from soundpost.init.table import COLUMNS, read_table
from soundpost.terminal import complain

OF_THE_PACKAGE, STATE = "soundpost", pathlib.Path("/var/lib/soundpost")
"""As whom its services run, and where they may write (deploy/units)."""
HELP = (
    "From a survey of poles (CSV or GeoJSON) to a folder that runs: gateway.toml, keys, broker, certificates, a config "
    "for each node, a map. With a changed survey: says what changes, and changes only that."
)
EXAMPLE = f"""soundpost init survey.csv --out street --host gateway.street.example
  soundpost init survey.csv --out street --yes     # later: poles added, moved or taken out

columns: {", ".join(COLUMNS)}
  pole,lat,lon,height,node,bank,channel,camera
  P1,38.90010,-77.00050,6.5,n1,tcp://10.0.0.5:502,0,http://10.0.0.9
height: metres over the ground. A row without node: a pole that has none. hardware: linux, esp32s3 or rp2350."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost init`."""
    parser.add_argument("survey", type=pathlib.Path, metavar="SURVEY", help="a .csv or .geojson file")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="the street's folder, where it will stay")
    parser.add_argument("--host", metavar="NAME", help="this machine, as nodes call it: a name or an address")
    parser.add_argument("--port", type=int, metavar="N", help=f"of the broker, for certificates (default {TLS_PORT})")
    parser.add_argument("--psk-port", type=int, metavar="N", help=f"of the broker, for boards (default {PSK_PORT})")
    parser.add_argument("--wifi", metavar="NAME", help="the network that boards join")
    parser.add_argument("--wifi-password-file", type=pathlib.Path, metavar="FILE", help="one line, its password")
    parser.add_argument("--broker-user", metavar="USER", help="as whom root lets the broker run (default mosquitto)")
    parser.add_argument(
        "--gateway-user", metavar="USER", help="as whom the gateway runs (default: the package's, or you)"
    )
    parser.add_argument("--state", type=pathlib.Path, metavar="DIR", help="where the gateway may write its journal")
    parser.add_argument("--broker-at", metavar="NAME", help="the broker, as the gateway calls it (default 127.0.0.1)")
    parser.add_argument("--feet", action="store_true", help="heights without a unit are in feet")
    parser.add_argument("--yes", action="store_true", help="change a folder that is there without asking")


def run(args: argparse.Namespace) -> int:
    """0 done, 1 faults, each in one line, and nothing was written. Raises ValueError or OSError of one line."""
    faults, notes = Remarks(), Remarks()
    survey = read_survey(read_table(args.survey, faults, notes), args.feet, faults, notes)
    check_places(survey, faults, notes)
    if faults:
        for line in faults.lines():
            complain("init", ValueError(f"{args.survey}: {line}"))
        print("nothing was written", file=sys.stderr)
        return 1
    said = [f"{args.survey.name}: {line}" for line in notes.lines()]
    for line in said:
        print(line)
    folder = args.out or pathlib.Path(_asked("folder of the street, where it will stay", "street", "--out"))
    _tell_left(folder)
    if (folder / MADE).exists():
        return _change(args, folder, survey, said)
    if not str(folder.absolute()).isprintable():
        raise ValueError("--out: must be printable letters: it stands in the broker's config")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"{folder}: is there already, and soundpost init did not make it; give another --out")
    return _create(args, folder, survey, said)


def _tell_left(folder: pathlib.Path) -> None:
    """Of a run that was killed: a whole set of keys may lie there. Another that runs just now has one, too."""
    for left in sorted(folder.absolute().parent.glob(f".{glob.escape(folder.name)}-????????")):
        if os.path.isdir(left / "new"):  # noqa: PTH112 (False, too, where we may not look); else it is somebody's own
            told = "left by a run that was killed, with keys in it; unless one runs now, remove it"
            print(f"{left}: {told}", file=sys.stderr)


def _create(args: argparse.Namespace, folder: pathlib.Path, survey: Survey, notes: list[str]) -> int:
    host = args.host or _asked("this machine, as nodes call it (name or address)", socket.getfqdn(), "--host")
    user = args.broker_user or _broker_user()
    ports = (TLS_PORT if args.port is None else args.port, PSK_PORT if args.psk_port is None else args.psk_port)
    _check(host, ports, user, args)
    installed = _installed(args)
    settings = Settings(host, ports[0], ports[1], user, args.wifi or "")
    secrets = _secrets(args, survey)
    try:
        street.create(folder, survey, settings, notes, secrets, installed)
    except OSError as error:  # it names a folder that is gone
        raise OSError(error.errno, error.strerror, str(folder)) if error.errno else error from None
    without = [each for each in survey.cameras if each.user and password_file(each) not in secrets]
    _say_made(folder, survey, without, settings.wifi)
    return 0


def _check(host: str, ports: tuple[int, int], user: str, args: argparse.Namespace) -> None:
    """Raises ValueError naming an option that cannot be."""
    for name, told in (("--host", host), ("--broker-at", args.broker_at)):
        try:
            check_host(told or HERE)
            if told and (len(told) > 253 or told[0] == "-" or not told.strip("0.:")):
                raise ValueError("must be a name or address that others call it by, of 253 letters at most")
        except ValueError as error:
            raise ValueError(f"{name} {told}: {error}") from None
    for name, port in zip(("--port", "--psk-port"), ports, strict=True):
        if not 1 <= port <= 65_535:
            raise ValueError(f"{name} {port}: must be 1 to 65535")
    if ports[0] == ports[1]:
        raise ValueError(f"--psk-port {ports[1]}: is --port, too; give another one")
    if os.geteuid() == 0 and user not in {each.pw_name for each in pwd.getpwall()}:
        raise ValueError(f"--broker-user {user}: there is no such user; install mosquitto first, or name another")
    if bool(args.wifi) != bool(args.wifi_password_file):
        raise ValueError("give --wifi and --wifi-password-file together, or neither")
    if args.wifi and (not args.wifi.isprintable() or '"' in args.wifi or "\\" in args.wifi or len(args.wifi) > 32):
        raise ValueError("--wifi: must be 1 to 32 printable letters, without quotes and backslashes")


def _broker_user() -> str:
    """Who can run it: root lets it run as Debian's package does; anybody else as himself."""
    return "mosquitto" if os.geteuid() == 0 else getpass.getuser()


def _installed(args: argparse.Namespace) -> Installed:
    """As the package runs a gateway, where root has installed it: as its user, who writes to its folder alone. Raises
    ValueError naming an option that cannot be."""
    users, is_root = {each.pw_name for each in pwd.getpwall()}, os.geteuid() == 0
    user = args.gateway_user or (OF_THE_PACKAGE if is_root and OF_THE_PACKAGE in users else "root")
    if is_root and user not in users:
        raise ValueError(f"--gateway-user {user}: there is no such user; install soundpost-gateway, or name another")
    state = args.state or (STATE if user == OF_THE_PACKAGE and STATE.is_dir() else None)
    at = args.broker_at or HERE
    if state is None:
        return Installed(user, broker=at)
    is_elsewhere = not is_root and state.is_absolute()  # on the gateway, where this folder is brought to
    whole = str(state.absolute())
    if not (state.is_dir() or is_elsewhere) or not whole.isprintable() or set(whole) & set('"\\{}'):
        raise ValueError(f"--state {state}: must be a folder that is there, without quotes, backslashes and braces")
    return Installed(user, str(state.absolute()), at)


def _secrets(args: argparse.Namespace, survey: Survey) -> dict[str, str]:
    """What is asked for, or read: the network's password, and cameras'."""
    secrets = {}
    if args.wifi_password_file:
        password = args.wifi_password_file.read_text("utf-8-sig").strip("\r\n")
        if not password or "\n" in password:
            raise ValueError(f"{args.wifi_password_file}: must hold one line, the password")
        secrets[WIFI_FILE] = f"{password}\n"
    return secrets | _passwords([each for each in survey.cameras if each.user])


def _passwords(cameras: Sequence[CameraAt]) -> dict[str, str]:
    """Of cameras with a login, as somebody at a terminal says them."""
    secrets = {}
    for camera in cameras if sys.stdin.isatty() else ():
        if password := getpass.getpass(f"password of camera {camera.name} (empty: later): "):
            secrets[password_file(camera)] = f"{password}\n"
    return secrets


def _say_made(folder: pathlib.Path, survey: Survey, without: list[Any], wifi: str) -> None:
    nodes = survey.nodes().values()
    boards = [pole.node for pole in nodes if pole.hardware != LINUX]
    counts = f"{len(survey.poles)} poles, {len(nodes)} nodes ({len(boards)} boards), {len(survey.lamps)} lamps"
    print(f"{folder}: {counts}, {len(survey.cameras)} cameras. Next:")
    steps = [f"look at {folder / MAP}"]
    steps += [
        f"write the password of camera {each.name} into {folder / password_file(each)}, mode 0600" for each in without
    ]
    steps.append(f"soundpost gateway --config {folder / CONFIG} --check")
    steps.append(f"mosquitto -c {folder / 'broker/mosquitto.conf'}")
    steps.append(f"soundpost gateway --config {folder / CONFIG}")
    steps.append(f"put each folder of {folder / 'nodes'} on its pole, then take it away here")
    if boards and not wifi:
        steps.append("boards need a network: write it into each board.toml (or make the folder with --wifi)")
    if boards:
        steps.append(f"boards: soundpost board provision --pole {folder / 'nodes' / boards[0] / 'board.toml'} ...")
    steps.append(f"keep a copy of {folder} where nobody else gets at it: it holds every key")
    for number, step in enumerate(steps, start=1):
        print(f"  {number}. {step}")


def _change(args: argparse.Namespace, folder: pathlib.Path, survey: Survey, notes: list[str]) -> int:
    with held(folder / "keys"):  # a run that was cut is undone, before anything is read
        _check_same(args, street.settings_of(folder))
    _check_new_only(args, folder)
    changes = changes_of(street.survey_of(folder), survey)
    if not changes:
        print(f"{folder}: is as the survey says; nothing to change")
        return 0
    before = (folder / CONFIG).read_text("utf-8-sig")
    after = apply(changes, before)
    conf = street.changed_conf(folder, changes)
    print(f"{folder}: this will change:")
    for line in words_of(changes, street.site_in(folder)):
        print(f"  {line}")
    named = difflib.unified_diff(before.splitlines(), after.splitlines(), CONFIG, CONFIG, lineterm="", n=0)
    print("".join(f"  | {line}\n" for line in named), end="")
    if not args.yes and not _agreed():
        raise ValueError(f"{folder}: nothing was changed; --yes changes it")
    without = [each for each in changes.logins if not (folder / password_file(each)).exists()]
    street.change(folder, changes, notes, conf, {} if args.yes else _passwords(without))
    _say_changed(folder, changes, before != after, conf is not None)
    return 0


def _check_new_only(args: argparse.Namespace, folder: pathlib.Path) -> None:
    """Raises ValueError for what is heeded only where a folder is made."""
    told = {
        "--state": args.state,
        "--gateway-user": args.gateway_user,
        "--broker-at": args.broker_at,
        "--wifi-password-file": args.wifi_password_file,
    }
    for name, value in told.items():
        if value is not None:
            raise ValueError(f"{name}: is for a new folder; {folder} is there")


def _check_same(args: argparse.Namespace, settings: Settings) -> None:
    """What a folder was made with stays: it stands in certificates, and on every pole."""
    told: Mapping[str, Any] = {
        "--host": args.host,
        "--port": args.port,
        "--psk-port": args.psk_port,
        "--wifi": args.wifi,
        "--broker-user": args.broker_user,
    }
    is_so = dict(
        zip(told, (settings.host, settings.port, settings.psk_port, settings.wifi, settings.user), strict=True)
    )
    for name, value in told.items():
        if value is not None and value != is_so[name]:
            raise ValueError(
                f"{name} {value}: the folder was made with {is_so[name]}, and every node has it; make another"
            )


def _say_changed(folder: pathlib.Path, changes: Changes, is_other: bool, is_other_broker: bool) -> None:
    print(f"{folder}: changed. Next:")
    come = [pole.node for pole in changes.nodes.comes]
    gone = [pole.node for pole in changes.nodes.goes]
    others = [pole.node for pole in changes.renewed]
    steps = [f"look at {folder / MAP}"]
    steps += [
        f"write the password of camera {each.name} into {folder / password_file(each)}, mode 0600, the gateway's"
        for each in changes.logins
        if not (folder / password_file(each)).exists()
    ]
    with contextlib.suppress(OSError):
        steps.append(f"broker: {tell(folder, [*gone, *others], is_other_broker)}" if come or gone or others else "")
    steps += [f"start the gateway again: it reads {CONFIG} at its start only"] if is_other else []
    steps += (
        [f"put {', '.join(str(folder / 'nodes' / node) for node in [*come, *others])} on its pole"]
        if come or others
        else []
    )
    moved = [now.node for was, now in changes.nodes.otherwise if now.hardware != LINUX and now not in changes.renewed]
    steps += [f"boards that moved, when you are there: soundpost board provision ({', '.join(moved)})"] if moved else []
    for number, step in enumerate(filter(None, steps), start=1):
        print(f"  {number}. {step}")


def _asked(what: str, usual: str, option: str) -> str:
    """What somebody at a terminal says; ValueError naming the option where nobody sits there."""
    if not sys.stdin.isatty():
        raise ValueError(f"give {option}: {what}")
    return input(f"{what} [{usual}]: ").strip() or usual


def _agreed() -> bool:
    return sys.stdin.isatty() and input("change it? [y/N] ").strip().lower() in ("y", "yes")
