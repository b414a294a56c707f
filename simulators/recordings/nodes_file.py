"""Importer of a multi-channel WAV (FLAC, OGG), or several files, with a nodes file that says where each microphone was.

The nodes file is TOML or JSON of these keys; those in brackets may be left out, and no others may stand in it:

    audio = "street.wav"                # one file for all nodes, named from the nodes file's own folder
    [start_utc = "2026-11-22T22:00:00Z"]    # of the first sample; default 1970-01-01T00:00:00Z
    [temperature_c = 20.0] [humidity_pct = 50.0] [wind_mps = 0.0] [wind_from_deg = 0.0]
    [sigma_us = 100] [full_scale_db = 94.0]

    [[nodes]]                           # at least four, no two within 0.5 m of each other
    node = "P1"                         # 1 to 32 bytes
    xyz_m = [0.0, 0.0, 6.0]             # metres east, north, up; or lat_deg, lon_deg, h_m for all nodes
    channel = 0                         # from 0
    [audio, start_utc, sigma_us, full_scale_db]  # this node's own

    [[truths]]                          # what was fired, where that is known, for scoring
    xyz_m = [31.0, 12.0, 1.5]
    n_rounds = 1
    [times_utc = ["2026-11-22T22:00:04.5Z"]]

A sound file `street.wav` is found with its nodes file when that is `street.nodes.toml`, `street.nodes.json`,
`nodes.toml` or `nodes.json` beside it.
"""

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from dsp.air import Air, wind_from
from dsp.geodesy import Site
from hw.linux.audio_file import Shape, audio_shape
from simulators.recordings.recording import Recording, Track, Truth, name_of, track_of
from simulators.tables import (
    AzimuthDeg,
    HeightM,
    HumidityPct,
    LatDeg,
    LevelDb,
    LonDeg,
    Strict,
    TemperatureC,
    Utc,
    WindMps,
    XyzM,
    check,
    read_json,
    read_toml,
    within,
)

NAMES = ("nodes.toml", "nodes.json")
Place = tuple[float, float, float]
CLOSEST_M = 0.5
FEWEST = 4

SigmaUs = Annotated[int, AfterValidator(within(0, 10_000_000, "us"))]


class NodeEntry(Strict):
    """One microphone. All nodes have xyz_m, or all lat_deg, lon_deg and h_m.

    node : its name.
    xyz_m : metres east, north, up.
    lat_deg : latitude, WGS 84.
    lon_deg : longitude, WGS 84.
    h_m : height.
    channel : of its sound file, from 0.
    audio : its own sound file.
    start_utc : of its first sample.
    sigma_us : one sigma of its clock.
    full_scale_db : dB SPL of full scale.
    """

    node: str = Field(min_length=1, max_length=32)
    xyz_m: XyzM | None = None
    lat_deg: LatDeg | None = None
    lon_deg: LonDeg | None = None
    h_m: HeightM | None = None
    channel: Annotated[int, AfterValidator(within(0, 255))]
    audio: str | None = None
    start_utc: Utc | None = None
    sigma_us: SigmaUs | None = None
    full_scale_db: LevelDb | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        geodetic = (self.lat_deg, self.lon_deg, self.h_m)
        if (self.xyz_m is None) == (None in geodetic) or (self.xyz_m is not None and geodetic != (None,) * 3):
            raise ValueError("needs either xyz_m or lat_deg, lon_deg and h_m")
        return self


class TruthEntry(Strict):
    """What was fired, where that is known, for scoring.

    xyz_m : where.
    n_rounds : how many.
    times_utc : when each was.
    """

    xyz_m: XyzM
    n_rounds: Annotated[int, AfterValidator(within(1, 1000, "rounds"))] = 1
    times_utc: tuple[Utc, ...] = ()


class NodesFile(Strict):
    """The whole file.

    audio : one sound file for all nodes, beside this file.
    start_utc : of the first sample.
    temperature_c : of the air.
    humidity_pct : relative humidity.
    wind_mps : its speed.
    wind_from_deg : where it comes from: 0 north, 90 east.
    sigma_us : one sigma of the nodes' clocks.
    full_scale_db : dB SPL of full scale; none: levels are of full scale (dBFS).
    nodes : four or more, no two within 0.5 m.
    truths : what was fired.
    """

    audio: str | None = None
    start_utc: Utc = 0
    temperature_c: TemperatureC = 20.0
    humidity_pct: HumidityPct = 50.0
    wind_mps: WindMps = 0.0
    wind_from_deg: AzimuthDeg = 0.0
    sigma_us: SigmaUs = 100
    full_scale_db: LevelDb | None = None
    nodes: tuple[NodeEntry, ...]
    truths: tuple[TruthEntry, ...] = ()

    @model_validator(mode="after")
    def _a_street(self) -> Self:
        if len(self.nodes) < FEWEST:
            raise ValueError(f"nodes: {len(self.nodes)} given; a fix needs {FEWEST} or more")
        for name in {entry.node for entry in self.nodes}:
            if sum(entry.node == name for entry in self.nodes) > 1:
                raise ValueError(f"nodes: two are named {name}")
        self._check_channels()
        if len({entry.xyz_m is None for entry in self.nodes}) > 1:
            raise ValueError("nodes: some have xyz_m and some lat_deg; all must have the one or the other")
        return self

    def _check_channels(self) -> None:
        """Two microphones that hear the very same are one microphone: the shot would seem to stand between them."""
        heard: dict[tuple[str | None, int], str] = {}
        for entry in self.nodes:
            audio = entry.audio or self.audio
            other = heard.setdefault((audio, entry.channel), entry.node)
            if audio and other != entry.node:
                raise ValueError(f"nodes: {other} and {entry.node} both have channel {entry.channel} of {audio}")


def nodes_file_of(path: Path) -> Path | None:
    """The nodes file of a folder or of a sound file, None where there is none."""
    if path.is_dir():
        candidates = [path / name for name in NAMES]
    else:
        candidates = [path.with_name(f"{path.stem}.{name}") for name in NAMES] + [
            path.with_name(name) for name in NAMES
        ]
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def read_nodes(path: Path) -> Recording:
    """The recording that a nodes file describes. Raises ValueError or OSError naming the file and field at fault."""
    nodes_file = read_json(path, NodesFile) if path.suffix == ".json" else check(read_toml(path), NodesFile, str(path))
    site, places = _places(nodes_file.nodes)
    _check_apart(path, nodes_file.nodes, places)
    shape_of = lru_cache(lambda name: audio_shape(path.parent / name))  # one file may be that of all nodes
    return Recording(
        source=name_of(path.parent) if path.name in NAMES else name_of(path).split(".")[0],
        tracks=tuple(
            _track(path, nodes_file, entry, xyz_m, shape_of)
            for entry, xyz_m in zip(nodes_file.nodes, places, strict=True)
        ),
        air=Air(
            nodes_file.temperature_c,
            nodes_file.humidity_pct,
            wind_from(nodes_file.wind_mps, nodes_file.wind_from_deg),
        ),
        truths=tuple(Truth(truth.xyz_m, truth.n_rounds, truth.times_utc) for truth in nodes_file.truths),
        site=site,
    )


def _places(entries: tuple[NodeEntry, ...]) -> tuple[Site | None, list[Place]]:
    """Where the nodes are, in metres, and the origin where they came as latitude and longitude: their centroid."""
    flat = [entry.xyz_m for entry in entries if entry.xyz_m is not None]
    if flat:
        return None, flat
    round_earth = [(entry.lat_deg or 0.0, entry.lon_deg or 0.0, entry.h_m or 0.0) for entry in entries]
    site = Site(*(fmean(column) for column in zip(*round_earth, strict=True)))
    return site, [site.to_enu(*place) for place in round_earth]


def _check_apart(path: Path, entries: tuple[NodeEntry, ...], places: list[tuple[float, float, float]]) -> None:
    for (a, a_xyz_m), (b, b_xyz_m) in combinations(zip(entries, places, strict=True), 2):
        apart_m = math.dist(a_xyz_m, b_xyz_m)
        if apart_m < CLOSEST_M:
            raise ValueError(
                f"{path}: nodes {a.node} and {b.node} are {apart_m:.2f} m apart; no two may be within {CLOSEST_M} m"
            )


def _track(
    path: Path, nodes_file: NodesFile, entry: NodeEntry, xyz_m: Place, shape_of: Callable[[str], Shape]
) -> Track:
    name = entry.audio or nodes_file.audio
    if name is None:
        raise ValueError(f"{path}: node {entry.node}: no audio named, neither for it nor for all")
    shape = shape_of(name)
    if entry.channel >= shape.n_channels:
        raise ValueError(f"{path}: node {entry.node}: channel {entry.channel}; {name} has 0 to {shape.n_channels - 1}")
    return track_of(
        path.parent / name,
        shape,
        node=entry.node,
        xyz_m=xyz_m,
        start_us=nodes_file.start_utc if entry.start_utc is None else entry.start_utc,
        channel=entry.channel,
        sigma_us=nodes_file.sigma_us if entry.sigma_us is None else entry.sigma_us,
        full_scale_db=nodes_file.full_scale_db if entry.full_scale_db is None else entry.full_scale_db,
    )
