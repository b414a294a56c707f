"""What the demo's cameras see: their moving pictures, a plate reader, the evidence process beside the gateway; and
after the night what it kept, taken out by the real command, each access written down first."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av

from gateway.journal.rows import kept, reading
from simulators.demo.configs import Table, write_secret
from simulators.demo.programs import Program, python, run_once
from simulators.ports import free_ports
from simulators.street.scenario import CameraEntry

BEFORE_S, AFTER_S = 5.0, 4.0
"""Shorter than in the field, so that the demo is."""
READY_S, WHOLE_S = 60.0, 12.0
LOOK_S = 0.3
READER_BESIDE_M = 10.0
READER = "gate"
Start = Callable[[str, list[str], dict[str, str] | None], Awaitable[Program]]


@dataclass(frozen=True, slots=True)
class Clip:
    """path : where it was exported to. n_pictures : that can be decoded."""

    path: Path
    from_us: int
    until_us: int
    n_pictures: int


@dataclass(frozen=True, slots=True)
class Seen:
    """What was kept of an incident, as it was exported."""

    incident: str
    clips: tuple[Clip, ...]
    stills: tuple[Path, ...]
    plates: tuple[str, ...]


class EvidenceStage:
    """folder : the demo's. start : starts a program. cameras : of the scenario; password : that they all have."""

    def __init__(self, folder: Path, cameras: Sequence[CameraEntry], password: str, start: Start) -> None:
        self._folder, self._cameras, self._password, self._start = folder, cameras, password, start
        self._config = folder / "gateway" / "gateway.toml"

    async def open_peers(self) -> Mapping[str, object]:
        """Pictures, reader and keys. Comes back: what gateway.toml needs for them."""
        logs, token, port = self._folder / "logs", secrets.token_urlsafe(18), free_ports(1)[0]
        for names, out in ((("shelf",), "vault"), (("evidence", "desk", "web"), "reviewers")):
            make = ("soundpost", "keys", "make", *names, "--out", str(self._folder / out))
            await run_once(f"keys-{out}", python(*make), logs)
        write_secret(self._folder / "vault" / "push.token", token)
        streams = [await self._picture(camera.name) for camera in self._cameras]
        push = ("--push", f"http://127.0.0.1:{port}/readers/{READER}", "--every-s", "0.7")
        told = python("simulators.peers.plate_reader", *push, "--log", str(logs / "reader.jsonl"))
        reader = await self._start("plate-reader", told, {"READER_TOKEN": token})
        url = str(json.loads(await reader.first_line(READY_S))["url"])
        return {
            "requests_keys_file": "../reviewers/keys.toml",
            "evidence": {**self._table(), "stream": streams, "reader": [self._reader(url)], "http": _http(port)},
        }

    async def open(self) -> None:
        """The evidence process; returns when it works. The gateway must listen."""
        told = python("soundpost", "evidence", "--json", "--config", str(self._config))
        await (await self._start("evidence", told, None)).first_line(READY_S)

    async def collect(self, journal: Path) -> tuple[Seen, ...]:
        """Wait until all clips are whole, and export them while the gateway still runs."""
        for _ in range(round((AFTER_S + WHOLE_S) / LOOK_S)):
            if not await asyncio.to_thread(_are_open, journal):
                break
            await asyncio.sleep(LOOK_S)
        rows = await asyncio.to_thread(_rows, journal)
        incidents = sorted({str(body["incident"]) for body in rows if body["did"] == "kept"})
        return tuple(await asyncio.gather(*(self._export(incident) for incident in incidents)))

    async def _picture(self, name: str) -> Table:
        told = python("simulators.peers.rtsp_picture", "--turning", "--user", "soundpost")
        picture = await self._start(f"picture-{name}", told, {"CAMERA_PASSWORD": self._password})
        return {"camera": name, "url": str(json.loads(await picture.first_line(READY_S))["url"])}

    async def _export(self, incident: str) -> Seen:
        out = self._folder / "seen" / incident
        out.parent.mkdir(exist_ok=True)
        who = ("--by", "desk", "--key", str(self._folder / "reviewers" / "desk.key"))
        where = ("--config", str(self._config), "--out", str(out), "--note", "the demo's report")
        told = python("soundpost", "evidence", "export", incident, *who, *where)
        await run_once(f"export-{incident}", told, self._folder / "logs")
        return await asyncio.to_thread(_read, incident, out)

    def _table(self) -> Table:
        return {
            "folder": "../evidence",
            "key_file": "../vault/shelf.key",
            "request_key_file": "../reviewers/evidence.key",
            "before_s": BEFORE_S,
            "after_s": AFTER_S,
            "sightings_before_s": BEFORE_S,
            "sightings_after_s": AFTER_S,
            "least_free_mb": 1,
            "nice": 0,  # here it is not to make way, but to be done in time
        }

    def _reader(self, url: str) -> Table:
        """Beside the first camera; told to read by an ONVIF relay."""
        east_m, north_m, _ = self._cameras[0].xyz_m
        trigger = {"kind": "onvif", "url": url, "relay": "RelayOutput_1", "pulse_s": 0.2}
        place_m = [east_m + READER_BESIDE_M, north_m, 3.0]
        return {"name": READER, "xyz_m": place_m, "range_m": self._cameras[0].range_m, "push": True, "trigger": trigger}


def _http(port: int) -> Table:
    return {"port": port, "token_file": "../vault/push.token"}


def _rows(journal: Path) -> list[dict[str, str | int]]:
    with reading(journal) as rows:
        asked = [json.loads(each.row.body) for each in kept(rows, "request")]
    return [each["body"] for each in asked if each["ask"] == "evidence"]


def _are_open(journal: Path) -> bool:
    """Whether a clip is still to come of what has a still, or a shot is still to be told."""
    rows = [body for body in _rows(journal) if body["did"] in ("kept", "lost")]
    begun = {(body["incident"], body["camera"]) for body in rows if body.get("what") == "still"}
    whole = {
        (body["incident"], body.get("camera", body["file"])) for body in rows if body.get("what", "clip") == "clip"
    }
    return not begun <= whole or not begun


def _read(incident: str, out: Path) -> Seen:
    """An export."""
    told = json.loads((out / "about.json").read_text("utf-8"))
    names = [str(each["file"]) for each in told["files"]]
    plates: list[str] = []
    if "sightings.json" in names:
        seen = json.loads((out / "sightings.json").read_text("utf-8"))["sightings"]
        plates = [each["plate"] for each in seen if "plate" in each]
    clips = tuple(_clip(out / each["file"], each) for each in told["files"] if each["file"].endswith(".mp4"))
    stills = tuple(out / name for name in names if name.endswith(".jpg") and not name.startswith("plate-"))
    return Seen(incident, clips, stills, tuple(plates))


def _clip(path: Path, told: Mapping[str, int]) -> Clip:
    with av.open(str(path)) as clip:
        n_pictures = sum(1 for _ in clip.decode(video=0))
    return Clip(path, told["from_us"], told["until_us"], n_pictures)
