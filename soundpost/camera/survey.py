"""`soundpost camera survey`: how a mount stands, from three or more landmarks, as lines for gateway.toml."""

import argparse
import json
import math
import pathlib
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from dsp.geodesy import Site
from gateway.config import read_config
from gateway.reaction.device_tables import MOST_LEAN_DEG, MOST_TILT_ZERO_DEG
from gateway.reaction.survey import Landmark, Survey, survey
from gateway.tables import Placed, Table
from hw.linux.settings import all_faults, read_toml
from soundpost.terminal import columns

WORDS = "find bearing, tilt zero and lean of a camera's mount from three or more landmarks, and print the residuals"
EXAMPLE = """  [[landmark]]
  name = "church door"
  xyz_m = [12.0, 48.5, 1.0]     # or lat_deg, lon_deg, h_m
  pan_deg = -31.4
  tilt_deg = -4.2"""
BAD_DEG = 1.0
"""What a camera must look within (README): a landmark that is off by more was mistaken, or its place was."""
MIRRORED = "pan seems to count anticlockwise; ONVIF has it clockwise: see the camera's own settings"
MOST_RMS_DEG = 10.0
"""Chosen: where landmarks fit no better, one landmark alone is not to blame, and what was found turns nothing right."""


class LandmarkTable(Placed):
    """A thing that is seen, and where.

    name : what it is.
    pan_deg : the camera's pan with the thing in mid-picture.
    tilt_deg : its tilt likewise.
    """

    name: str = Field(min_length=1, max_length=64)
    pan_deg: Annotated[float, Field(ge=-360, le=360)]
    tilt_deg: Annotated[float, Field(ge=-90, le=90)]

    @field_validator("name")
    @classmethod
    def _in_one_line(cls, name: str) -> str:
        if not name.isprintable():
            raise ValueError("must be of printable letters")
        return name


class LandmarksFile(Table):
    """The whole file.

    landmark : three or more.
    """

    landmark: tuple[LandmarkTable, ...]


def run(args: argparse.Namespace) -> int:
    """Raises ValueError or OSError of one line."""
    config = read_config(args.config)
    mounts = {mount.name: mount for mount in config.mounts()}
    if args.camera not in mounts:
        raise ValueError(f"camera {args.camera!r}: there is none of that name in {args.config}")
    landmarks = read_landmarks(args.landmarks, config.the_site())
    try:
        found = survey(mounts[args.camera].xyz_m, landmarks)
        _check(found)
    except ValueError as error:
        raise ValueError(f"{args.landmarks}: {error}") from None
    print(json.dumps(_record(args.camera, found)) if args.json else _text(args.camera, found))
    return 0


def _check(found: Survey) -> None:
    """Raises ValueError for a mount that cannot be used."""
    worst = max(found.residuals, key=lambda each: each.off_deg)
    if found.rms_deg > MOST_RMS_DEG:
        raise ValueError(
            f"no mount fits these landmarks: rms {found.rms_deg:.1f} degrees, must be {MOST_RMS_DEG:g} or less; the "
            f"worst is {worst.name}, {worst.off_deg:.1f} degrees off{f'; {MIRRORED}' if found.is_mirrored else ''}"
        )
    for name, value_deg, least_deg, most_deg in (
        ("lean_deg", found.lean_deg, 0.0, MOST_LEAN_DEG),
        ("tilt_zero_deg", found.tilt_zero_deg, -MOST_TILT_ZERO_DEG, MOST_TILT_ZERO_DEG),
    ):
        if not least_deg <= value_deg <= most_deg:
            raise ValueError(
                f"{name} comes out as {value_deg:.1f}, must be {least_deg:g} to {most_deg:g}; the landmark that fits "
                f"worst is {worst.name}, {worst.off_deg:.1f} degrees off"
            )


def read_landmarks(path: pathlib.Path, site: Site) -> list[Landmark]:
    """A file of landmarks. Raises ValueError of one line, or OSError."""
    document = read_toml(path)
    try:
        tables = LandmarksFile.model_validate_json(json.dumps(document, default=str)).landmark
        return [Landmark(each.name, each.place(site), each.pan_deg, each.tilt_deg) for each in tables]
    except ValidationError as error:
        raise ValueError(f"{path}: {all_faults(error, LandmarksFile, document)}") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _record(name: str, found: Survey) -> dict[str, Any]:
    bearing_sigma, tilt_sigma, lean_sigma = (None if math.isnan(each) else round(each, 3) for each in found.sigma_deg)
    return {
        "camera": name,
        "bearing_deg": round(found.bearing_deg, 3),
        "tilt_zero_deg": round(found.tilt_zero_deg, 3),
        "lean_deg": round(found.lean_deg, 3),
        "lean_to_deg": round(found.lean_to_deg, 1),
        "sigma_deg": {"bearing": bearing_sigma, "tilt_zero": tilt_sigma, "lean": lean_sigma},
        "rms_deg": round(found.rms_deg, 3),
        "residuals": [
            {"landmark": each.name, "pan_deg": round(each.pan_deg, 3), "tilt_deg": round(each.tilt_deg, 3),
             "off_deg": round(each.off_deg, 3)}
            for each in found.residuals
        ],
        "notes": _notes(found),
    }  # fmt: skip


def _text(name: str, found: Survey) -> str:
    rows = [("landmark", "pan off", "tilt off", "off")] + [
        (each.name, f"{each.pan_deg:+.2f}", f"{each.tilt_deg:+.2f}", f"{each.off_deg:.2f}") for each in found.residuals
    ]
    lean = f"; lean {found.sigma_deg[2]:.2f}" if found.with_lean else ""
    return "\n".join(
        [
            f"# camera {name}, for its table in gateway.toml",
            f"bearing_deg = {found.bearing_deg:.2f}",
            f"tilt_zero_deg = {found.tilt_zero_deg:.2f}",
            *(
                [f"lean_deg = {found.lean_deg:.2f}", f"lean_to_deg = {found.lean_to_deg:.0f}"]
                if found.with_lean
                else []
            ),
            "",
            columns(rows),
            "",
            f"rms {found.rms_deg:.2f} degrees; one sigma: bearing {found.sigma_deg[0]:.2f}, "
            f"tilt zero {found.sigma_deg[1]:.2f}{lean} degrees",
            *(f"note: {each}" for each in _notes(found)),
        ]
    )


def _notes(found: Survey) -> list[str]:
    notes = []
    if not found.with_lean:
        notes.append("the landmarks stand within a quarter of the round: whether the mount leans cannot be told")
    if found.is_mirrored:
        notes.append(MIRRORED)
    worst = max(found.residuals, key=lambda each: each.off_deg)
    if worst.off_deg > BAD_DEG:
        notes.append(f"{worst.name} is {worst.off_deg:.1f} degrees off: was it mistaken, or is its place wrong?")
    return notes
