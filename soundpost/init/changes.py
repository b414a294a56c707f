"""What a changed survey changes, against the one that a folder was made of: in words, and in gateway.toml.

Only what differs between the two surveys is touched: what somebody set, moved or added by hand in gateway.toml stays.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from dsp.geodesy import Site, bearing
from soundpost.init.editing import Editing
from soundpost.init.gateway_text import bank_block, camera_block, lamp_line, place_of, pole_block
from soundpost.init.survey import CameraAt, LampAt, PoleAt, Survey

Thing = TypeVar("Thing")
WINDS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")


@dataclass(frozen=True, slots=True)
class Changed(Generic[Thing]):
    """Of things with names: those that come, those that go, and those that are otherwise, (as it was, as it is)."""

    comes: tuple[Thing, ...] = ()
    goes: tuple[Thing, ...] = ()
    otherwise: tuple[tuple[Thing, Thing], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.comes or self.goes or self.otherwise)


@dataclass(frozen=True, slots=True)
class Changes:
    """nodes : poles that have a node, by it. bare : poles that have none. moved : poles that stand elsewhere now."""

    was: Survey
    now: Survey
    nodes: Changed[PoleAt]
    bare: Changed[PoleAt]
    lamps: Changed[LampAt]
    cameras: Changed[CameraAt]
    moved: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.nodes or self.bare or self.lamps or self.cameras or self.moved)

    @property
    def renewed(self) -> list[PoleAt]:
        """Nodes that are of another kind now, and so need another way in."""
        return [now for was, now in self.nodes.otherwise if was.hardware != now.hardware]

    @property
    def logins(self) -> list[CameraAt]:
        """Cameras that come, and ask who comes to them."""
        return [camera for camera in self.cameras.comes if camera.user]


def changes_of(was: Survey, now: Survey) -> Changes:
    """From one survey to another."""
    before, after = ({pole.pole: place_of(pole) for pole in each.poles} for each in (was, now))
    bare = [{pole.pole: pole for pole in each.poles if not pole.node} for each in (was, now)]
    return Changes(
        was,
        now,
        _changed(was.nodes(), now.nodes()),
        _changed(*bare),
        _changed(*({lamp.name: lamp for lamp in each.lamps} for each in (was, now))),
        _changed(*({camera.name: camera for camera in each.cameras} for each in (was, now))),
        frozenset(name for name in before.keys() & after.keys() if before[name] != after[name]),
    )


def _changed(was: Mapping[str, Thing], now: Mapping[str, Thing]) -> Changed[Thing]:
    return Changed(
        tuple(thing for name, thing in now.items() if name not in was),
        tuple(thing for name, thing in was.items() if name not in now),
        tuple((was[name], thing) for name, thing in now.items() if name in was and was[name] != thing),
    )


def words_of(changes: Changes, site: Site) -> list[str]:
    """A line each."""
    lines = [f"node {each.node}: comes, on pole {each.pole}" for each in changes.nodes.comes]
    gone = "goes from pole {}; its key and certificate are taken back"
    lines += [f"node {each.node}: {gone.format(each.pole)}" for each in changes.nodes.goes]
    lines += [f"node {was.node}: {_node_words(was, now, site)}" for was, now in changes.nodes.otherwise]
    lines += [f"pole {each.pole}: comes, without a node" for each in changes.bare.comes]
    lines += [f"pole {each.pole}: is no longer one without a node" for each in changes.bare.goes]
    lines += [f"pole {was.pole}: {_moved_words(was, now, site)}" for was, now in changes.bare.otherwise]
    lines += [f"lamp {each.name}: comes, channel {each.channel} of {each.bank}" for each in changes.lamps.comes]
    lines += [f"lamp {each.name}: goes" for each in changes.lamps.goes]
    lines += [f"lamp {now.name}: is channel {now.channel} of {now.bank} now" for _, now in changes.lamps.otherwise]
    lines += [f"camera {each.name}: comes, {each.url}" for each in changes.cameras.comes]
    lines += [f"camera {each.name}: goes, with its settings" for each in changes.cameras.goes]
    lines += [f"camera {now.name}: {now.url}, {now.bearing_deg:g} degrees now" for _, now in changes.cameras.otherwise]
    return lines


def _node_words(was: PoleAt, now: PoleAt, site: Site) -> str:
    parts = [f"is on pole {now.pole} now"] if was.pole != now.pole else []
    parts += [f"is {now.hardware} now, was {was.hardware}"] if was.hardware != now.hardware else []
    parts += [_moved_words(was, now, site)] if place_of(was) != place_of(now) else []
    return ", ".join(parts) or "is written otherwise"


def _moved_words(was: PoleAt, now: PoleAt, site: Site) -> str:
    """`moves 3.2 m to the north-east, 0.5 m up`"""
    start, end = (site.to_enu(each.lat_deg, each.lon_deg, each.h_m) for each in (was, now))
    azimuth_deg, _, away_m = bearing((*start[:2], 0.0), (*end[:2], 0.0))
    up_m = now.h_m - was.h_m
    parts = [f"{away_m:.1f} m to the {WINDS[round(azimuth_deg / 45) % 8]}"] if away_m >= 0.05 else []
    parts += [f"{abs(up_m):.1f} m {'up' if up_m > 0 else 'down'}"] if abs(up_m) >= 0.05 else []
    return f"moves {', '.join(parts) or 'by less than 0.05 m'}"


def apply(changes: Changes, text: str) -> str:
    """gateway.toml with them. Raises ValueError naming what only a hand can change; then nothing was."""
    editing = Editing(text)
    for pole in changes.nodes.goes:
        editing.remove("pole", pole.node)
    for was, now in changes.nodes.otherwise:
        if place_of(was) != place_of(now):
            editing.move("pole", now.node, place_of(now))
    for pole in changes.nodes.comes:
        editing.add("pole", pole_block(pole))
    _apply_lamps(changes, editing)
    _apply_cameras(changes, editing)
    return editing.text


def _apply_lamps(changes: Changes, editing: Editing) -> None:
    """One that goes to another bank, or is rated otherwise, goes and comes."""
    anew = [(was, now) for was, now in changes.lamps.otherwise if (was.bank, was.rated_w) != (now.bank, now.rated_w)]
    comes = [*changes.lamps.comes, *(now for _, now in anew)]
    banks = {lamp.bank for lamp in changes.was.lamps}
    for bank in dict.fromkeys(lamp.bank for lamp in comes if lamp.bank not in banks):
        editing.add("lamp_bank", bank_block(bank, [lamp for lamp in comes if lamp.bank == bank], changes.now))
    for lamp in (each for each in comes if each.bank in banks):
        editing.add_lamp(lamp.bank, lamp_line(lamp, changes.now.place(lamp.pole)))
    for lamp in [*(was for was, _ in anew), *changes.lamps.goes]:
        editing.remove_lamp(lamp.bank, lamp.name)
    done = {now.name for now in comes}
    for lamp in changes.now.lamps:
        switched = next((was.channel for was, now in changes.lamps.otherwise if now == lamp), lamp.channel)
        if lamp.name not in done and (lamp.pole in changes.moved or switched != lamp.channel):
            numbers = {**place_of(changes.now.place(lamp.pole)), "channel": lamp.channel}
            editing.move_lamp(lamp.bank, lamp.name, numbers)


def _apply_cameras(changes: Changes, editing: Editing) -> None:
    for camera in changes.cameras.goes:
        editing.remove("camera", camera.name)
    for camera in changes.cameras.comes:
        editing.add("camera", camera_block(camera, changes.now))
    told: Sequence[tuple[str, Callable[[CameraAt], str | float]]] = (
        ("url", lambda each: each.url),
        ("user", lambda each: each.user),
        ("bearing_deg", lambda each: each.bearing_deg),
    )
    for was, now in changes.cameras.otherwise:
        for key, of in told:
            if of(was) != of(now):
                editing.set("camera", now.name, key, of(now))
    new = {camera.name for camera in changes.cameras.comes}
    for camera in changes.now.cameras:
        if camera.pole in changes.moved and camera.name not in new:
            editing.move("camera", camera.name, place_of(changes.now.place(camera.pole)))
