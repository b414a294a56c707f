"""From rows of the web's tables to the records that pages have."""

import json
import sqlite3
from collections.abc import Mapping, Sequence

from gateway.web.records import Access, Brief, Happened, Kept, Onset, Review, RoundHeard, Sound
from gateway.web.street import AlarmState, HealthSaid, Order, Sample

CLOCKS = ("unset", "coarse", "holdover", "locked")
SOUNDS = ("blast", "crack", "other")
UNITS = ("dBFS", "dBSPL")
"""As firmware/wire.py numbers them."""


def brief_of(row: sqlite3.Row) -> Brief:
    """Of a row with `review_state`."""
    return Brief(
        row["incident"], row["number"], row["began"], row["version"], row["first_us"], row["told_us"],
        row["lat_deg"], row["lon_deg"], (row["major_m"], row["minor_m"], row["azimuth_deg"]), row["grade"],
        row["kind"], row["p_gunshot"], row["why"], row["n_rounds"], bool(row["historic"]), row["quiet"],
        row["review"], row["review_what"], row["review_state"], row["near"],
    )  # fmt: skip


def happened_of(row: sqlite3.Row) -> Happened:
    """A line of a timeline."""
    return Happened(row["number"], row["at_us"], row["kind"], json.loads(row["body"]), row["hash"].hex())


def review_of(row: sqlite3.Row) -> Review:
    """A review."""
    who = row["by_whom"], row["who"]
    return Review(row["number"], row["incident"], row["at_us"], *who, row["verdict"], row["what"], row["note"])


def kept_of(row: sqlite3.Row) -> Kept:
    """A file of evidence."""
    return Kept(
        row["file"], row["what"], row["camera"], row["from_us"], row["until_us"], row["n_bytes"], row["sha256"],
        row["sealed_sha256"], row["state"], row["note"], row["number"],
    )  # fmt: skip


def access_of(row: sqlite3.Row) -> Access:
    """A look at evidence."""
    who = row["by_whom"], row["who"]
    return Access(row["number"], row["at_us"], *who, row["incident"], row["file"], row["what"], row["note"])


def round_of(row: sqlite3.Row, onsets: Sequence[sqlite3.Row], sounds: Mapping[int, Sound]) -> RoundHeard:
    """A round and its onsets, the nearest first."""
    told = json.loads(row["body"])
    found = sorted((each for each in onsets if each["round_us"] == row["t_us"]), key=lambda each: each["distance_m"])
    there = {each["node"] for each in found}
    heard = [_onset(each, sounds.get(each["frame"])) for each in found]
    return RoundHeard(told, heard, [node for node in told["nodes"] if node not in there])


def _onset(row: sqlite3.Row, sound: Sound | None) -> Onset:
    return Onset(
        row["node"], row["t_us"], row["sigma_us"], row["distance_m"], row["residual_us"], CLOCKS[row["clock"]],
        row["level_cdb"] / 100, UNITS[row["level_unit"]], row["snr_cdb"] / 100, row["p_permille"] / 1000,
        SOUNDS[row["sound"]], sound,
    )  # fmt: skip


def alarm_of(row: sqlite3.Row) -> AlarmState:
    """What is wrong."""
    return AlarmState(row["what"], row["name"], row["kind"], row["why"], row["since_us"], row["number"])


def order_of(row: sqlite3.Row) -> Order:
    """What a lamp or camera was told last."""
    angles = row["azimuth_deg"], row["elevation_deg"]
    what = row["what"], row["incident"], bool(row["done"]), row["note"], row["at_us"]
    return Order(*what, row["level_pct"], *angles, row["number"])


def health_of(text: str) -> HealthSaid:
    """What a node said of itself."""
    said = json.loads(text)
    temperature_cc, noise_cdb, unit = said.pop("temperature_cc"), said.pop("noise_cdb"), said.pop("level_unit")
    return HealthSaid(
        **said,
        temperature_c=None if temperature_cc is None else temperature_cc / 100,
        noise_db=None if noise_cdb is None else noise_cdb / 100,
        level_unit=UNITS[unit],
    )


def sample_of(rows: Sequence[sqlite3.Row], at_us: int) -> Sample:
    """Steps of a pole's past, as one."""

    def mean(what: str, count: str) -> float | None:
        n = sum(each[count] for each in rows)
        return sum(each[what] for each in rows) / n / 100 if n else None

    def known(what: str) -> list[int]:
        return [each[what] for each in rows if each[what] is not None]

    level_cdb = max(known("level_cdb"), default=None)
    return Sample(
        at_us,
        mean("temperature_cc", "n_temperature"),
        mean("noise_cdb", "n_noise"),
        max(known("sigma_us"), default=None),
        max(known("queued"), default=None),
        min(known("clock"), default=None),
        sum(each["n_arrivals"] for each in rows),
        None if level_cdb is None else level_cdb / 100,
    )
