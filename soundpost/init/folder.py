"""A street's folder, written whole or not at all: what a new one holds, and what of it a changed survey makes anew."""

import json
import os
import pathlib
import pwd
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from dsp.geodesy import Site
from gateway.config import read_config
from soundpost.broker import authority
from soundpost.broker.changing import held, write_plan
from soundpost.broker.identities import MADE, Identities, certificate_texts, crl_texts, made_of, psk_of
from soundpost.broker.texts import BROKER, GATEWAY, Listening, acl_text, mosquitto_conf
from soundpost.init import gateway_text
from soundpost.init.changes import Changes, apply
from soundpost.init.gateway_text import gateway_toml
from soundpost.init.node_text import FLEET_KEY, Way, node_file, node_text
from soundpost.init.page import page
from soundpost.init.places import site_of
from soundpost.init.survey import LINUX, CameraAt, LampAt, PoleAt, Survey
from soundpost.keys_table import TABLE, fresh, key_files, read_table, with_keys
from soundpost.private_files import write_private

FORMAT = 1
CONFIG, MAP = "gateway.toml", "map.html"
JOURNAL = "street.journal"
WIFI_FILE = "nodes/wifi.password"


@dataclass(frozen=True, slots=True)
class Settings:
    """What is not in the survey. host : as nodes call the broker's machine. user : as whom the broker runs where root
    starts it. wifi : the boards' network, "" where they have none."""

    host: str
    port: int
    psk_port: int
    user: str
    wifi: str = ""


HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Installed:
    """How the gateway runs that the folder is for. user : as whom, where root makes the folder. state : the whole path
    of the folder that it may write to, "" for the street's own. broker : the host of its broker, as it calls it."""

    user: str = "root"
    state: str = ""
    broker: str = HERE

    def journal(self) -> str:
        """As gateway.toml has it."""
        return f"{self.state}/{JOURNAL}" if self.state else JOURNAL


def create(
    folder: pathlib.Path,
    survey: Survey,
    settings: Settings,
    notes: list[str],
    secrets: Mapping[str, str],
    installed: Installed = Installed(),
) -> None:
    """The whole folder, under its name at once. secrets : path -> the text of a file that holds one. Raises OSError
    where it is there already or the disk is full, ValueError where the clock was never set; then nothing is left."""
    now = datetime.now(UTC)
    texts = _texts(folder, survey, settings, notes, now, installed) | dict(secrets)
    folder.absolute().parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}-", dir=folder.absolute().parent) as unfinished:
        new = pathlib.Path(unfinished) / "new"
        for path in sorted({parent for each in texts for parent in (new / each).parents if parent.is_relative_to(new)}):
            path.mkdir(mode=0o700)
        write_private(new, texts)
        read_config(new / CONFIG)
        _give_to_gateway(new, installed.user)
        _give_to_broker(new, settings.user)
        new.rename(folder)  # where an empty folder is, it stands in its place; any other is refused


def _texts(
    folder: pathlib.Path, survey: Survey, settings: Settings, notes: list[str], now: datetime, installed: Installed
) -> dict[str, str]:
    """All of it, by path."""
    site, nodes, name = site_of(survey), survey.nodes(), folder.absolute().name
    keys = fresh(nodes)
    broker = gateway_text.Broker(installed.broker, settings.port)
    texts = {
        CONFIG: gateway_toml(name, survey, site, broker, installed.journal()),
        MAP: page(name, survey, site, notes),
        MADE: made_text(survey, settings),
        f"keys/{TABLE}": with_keys("", keys),
        **{f"keys/{name}": text for name, text in key_files(keys).items()},
        "broker/mosquitto.conf": conf_text(folder, survey, settings),
    }
    for pole in nodes.values():
        texts |= _node_texts(pole, site, settings, keys[pole.node])
    hosts = list(dict.fromkeys([settings.host, installed.broker, "localhost", HERE]))
    return texts | _fleet(survey) | _identity_texts(folder, survey, hosts, now)


def _node_texts(pole: PoleAt, site: Site, settings: Settings, key: str) -> dict[str, str]:
    """What a pole carries, but for what it shows the broker."""
    way = Way(settings.host, settings.port, settings.psk_port, settings.wifi)
    return {node_file(pole): node_text(pole, site, way), f"nodes/{pole.node}/{pole.node}.key": f"{key}\n"}


def _fleet(survey: Survey) -> dict[str, str]:
    """The key that seals releases for boards, where there is one."""
    return {FLEET_KEY: f"{fresh(['fleet'])['fleet']}\n"} if _has_boards(survey) else {}


def _has_boards(survey: Survey) -> bool:
    return any(pole.hardware != LINUX for pole in survey.nodes().values())


def _identity_texts(folder: pathlib.Path, survey: Survey, hosts: list[str], now: datetime) -> dict[str, str]:
    """The authority, and who the broker, the gateway and each node are to each other. hosts : what the broker is
    called by those who come to it."""
    ca = authority.found_authority(f"soundpost {folder.absolute().name}"[:64], now)
    texts = {"authority/ca.pem": ca.certificate, "authority/ca.key": ca.key, "broker/psk": ""}
    texts |= crl_texts(authority.take_back(ca, "", [], now))
    texts |= certificate_texts(BROKER, authority.issue(ca, BROKER, now, hosts), ca.certificate)
    texts |= certificate_texts(GATEWAY, authority.issue(ca, GATEWAY, now), ca.certificate)
    boards = [node for node, pole in survey.nodes().items() if pole.hardware != LINUX]
    for node in (each for each in survey.nodes() if each not in boards):
        texts |= certificate_texts(node, authority.issue(ca, node, now), ca.certificate)
    for node, key in fresh(boards).items():
        texts["broker/psk"] += f"{node}:{key}\n"
        texts[f"nodes/{node}/{node}.broker.key"] = f"{key}\n"
    return texts | {"broker/acl": acl_text(survey.nodes())}


def conf_text(folder: pathlib.Path, survey: Survey, settings: Settings) -> str:
    """mosquitto.conf for these nodes."""
    psk_port = settings.psk_port if _has_boards(survey) else None
    where = str(folder.absolute() / "broker")
    return mosquitto_conf(Listening(settings.port, psk_port, settings.user, where))


def changed_conf(folder: pathlib.Path, changes: Changes) -> str | None:
    """mosquitto.conf, where the changes ask for another one. Raises ValueError where somebody changed the one that is
    there, and says what to write into it."""
    settings = settings_of(folder)
    was, now = (conf_text(folder, survey, settings) for survey in (changes.was, changes.now))
    if was == now:
        return None
    path = folder / "broker/mosquitto.conf"
    if path.read_text() != was:
        lines = "; ".join(line for line in now.removeprefix(was.rstrip()).splitlines() if line and line[0] != "#")
        raise ValueError(f"{path}: was changed by hand; put in, or take out, what boards need, then try again: {lines}")
    return now


def _give_to_gateway(new: pathlib.Path, user: str) -> None:
    """Where root makes a folder for a gateway that runs as somebody else, that one must be able to read what is its
    own: its config, the table of keys, its certificate, cameras' passwords. The folders stay root's, as the broker's
    do; and nodes' own key files, and the authority."""
    if os.geteuid() != 0 or user == "root":
        return
    owner = pwd.getpwnam(user)
    rooms = [each for each in (new / "keys", new / "tls", new / "cameras") if each.is_dir()]
    files = [path for room in rooms[1:] for path in room.iterdir()]
    for path in (new / CONFIG, new / "keys" / TABLE, *files):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    for path in (new, *rooms):
        path.chmod(0o711)  # through it, and not into it


def _give_to_broker(new: pathlib.Path, user: str) -> None:
    """Where root makes a folder for a broker that runs as somebody else, that one must be able to read its files. It
    may write nothing but where its process id goes: a link that it laid would lead root's next change elsewhere."""
    run = new / "broker/run"
    run.mkdir(mode=0o700)
    if os.geteuid() != 0 or user == "root":
        return
    owner = pwd.getpwnam(user)
    for path in (new / "broker").iterdir():
        os.chown(path, owner.pw_uid, owner.pw_gid)
    for path in (new, new / "broker"):
        path.chmod(0o711)  # through it, and not into it


def _give_like_config(folder: pathlib.Path, files: Iterable[str]) -> None:
    """Files that came later belong to whom the config was given."""
    owner = (folder / CONFIG).stat()
    for file in files if os.geteuid() == 0 and owner.st_uid != 0 else ():
        os.chown(folder / file, owner.st_uid, owner.st_gid)
        (folder / file).parent.chmod(0o711)  # as above


def change(
    folder: pathlib.Path,
    changes: Changes,
    notes: list[str],
    conf: str | None = None,
    secrets: Mapping[str, str] | None = None,
) -> None:
    """What changes makes anew in a folder that is there, all or nothing; keys of nodes that stay are not touched.
    conf : mosquitto.conf, where it is another one. secrets : as of `create`. Raises ValueError or OSError."""
    with held(folder / "keys"):
        settings, now = settings_of(folder), datetime.now(UTC)
        table, there = read_table(folder / "keys")
        come = {pole.node: pole for pole in changes.nodes.comes}
        gone = [pole.node for pole in changes.nodes.goes]
        keys = fresh(node for node in come if node not in there)
        identities = Identities(folder, now)
        for pole in [*come.values(), *changes.renewed]:
            is_board = pole.hardware != LINUX
            if pole in changes.renewed or not identities.has(pole.node, is_board):  # else soundpost keys add was first
                identities.renew(pole.node, is_board)
        for node in gone:
            identities.remove(node)
        plan = identities.plan
        plan.texts |= _changed_texts(folder, changes, notes, settings, {**there, **keys})
        plan.texts |= {} if conf is None else {"broker/mosquitto.conf": conf}
        plan.texts |= {f"keys/{name}": text for name, text in key_files(keys).items()}
        plan.texts["keys/keys.toml"] = with_keys(table, {**keys, **{node: "" for node in gone if node in there}})
        plan.gone += [f"keys/{node}.key" for node in gone]
        plan.texts |= secrets or {}
        write_plan(folder, {}, plan, ())
        _give_like_config(folder, secrets or ())


def _changed_texts(
    folder: pathlib.Path, changes: Changes, notes: list[str], settings: Settings, keys: Mapping[str, str]
) -> dict[str, str]:
    """gateway.toml, the map, and the nodes that come or are otherwise."""
    site = site_in(folder)
    texts = {
        CONFIG: _good(folder, apply(changes, (folder / CONFIG).read_text("utf-8-sig"))),
        MAP: page(folder.absolute().name, changes.now, site, notes),
        MADE: made_text(changes.now, settings),
    }
    for pole in [*changes.nodes.comes, *(now for _, now in changes.nodes.otherwise)]:
        is_there = (folder / "nodes" / pole.node).exists() or pole in (*changes.nodes.comes, *changes.renewed)
        if is_there or pole.hardware != LINUX:  # a Linux node that was carried away needs not know where it hangs
            texts |= _node_texts(pole, site, settings, keys[pole.node])
        if not is_there and pole.hardware != LINUX:
            texts[f"nodes/{pole.node}/{pole.node}.broker.key"] = f"{psk_of(folder, pole.node)}\n"
    if not (folder / FLEET_KEY).exists():
        texts |= _fleet(changes.now)
    return texts


def _good(folder: pathlib.Path, text: str) -> str:
    """A config's text, as it is. Raises ValueError naming what a gateway would not take."""
    with tempfile.NamedTemporaryFile("w", dir=folder, prefix=f"{CONFIG}-with-this-survey-", encoding="utf-8") as tried:
        tried.write(text)
        tried.flush()
        read_config(pathlib.Path(tried.name))
    return text


def site_in(folder: pathlib.Path) -> Site:
    """The site as gateway.toml has it. Raises ValueError naming what is wrong with it."""
    try:
        site = tomllib.loads((folder / CONFIG).read_text("utf-8-sig"))["site"]
        return Site(float(site["lat_deg"]), float(site["lon_deg"]), float(site.get("h_m", 0.0)))
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{folder / CONFIG}: {error}; soundpost gateway --check says what is wrong") from None


def made_text(survey: Survey, settings: Settings) -> str:
    """init.json."""
    told = {"format": FORMAT, "why": "what soundpost init made this folder of; leave it be", **asdict(settings)}
    return json.dumps({**told, "survey": asdict(survey)}, indent=1) + "\n"


def survey_of(folder: pathlib.Path) -> Survey:
    """The survey that a folder was made of. Raises as `made_of`."""
    told: Any = made_of(folder).get("survey")
    try:
        return Survey(
            tuple(PoleAt(**each) for each in told["poles"]),
            tuple(LampAt(**each) for each in told["lamps"]),
            tuple(CameraAt(**each) for each in told["cameras"]),
        )
    except (TypeError, KeyError):
        raise ValueError(f"{folder / MADE}: is damaged; take it from a backup") from None


def settings_of(folder: pathlib.Path) -> Settings:
    """What else it was made of. Raises as `made_of`."""
    told = made_of(folder)
    if told.get("format") != FORMAT:
        raise ValueError(f"{folder / MADE}: format {told.get('format')} is not this release's ({FORMAT})")
    try:
        return Settings(**{name: told[name] for name in ("host", "port", "psk_port", "user", "wifi")})  # type: ignore[arg-type]
    except KeyError as error:
        raise ValueError(f"{folder / MADE}: is damaged ({error} is missing); take it from a backup") from None
