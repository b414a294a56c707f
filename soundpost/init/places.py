"""Whether a survey's places can be a street: swapped or with a sign lost, in the sea, far off, two at one place.

A file says nothing of where its street is. But lamps stand in towns: where no known town is near, and with latitude
and longitude swapped one is, they are swapped. The towns are those that astral knows, some 390 of all countries.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from astral.geocoder import all_locations, database

from dsp.geodesy import Site
from gateway.config import APART_M, LEAST_POLES
from gateway.placing.acoustics import Acoustics
from gateway.tables import FARTHEST_M
from soundpost.init.survey import PoleAt, Remarks, Survey

EARTH_M = 6_371_008.8
"""Its mean radius (general knowledge)."""
NOWHERE_DEG = 0.05
POLAR_DEG = 75.0
TOWN_M, NO_TOWN_M = 80_000, 300_000
HEARING_M = Acoustics().hearing_m


def check_places(survey: Survey, faults: Remarks, notes: Remarks) -> None:
    """Every fault of the places, by row. notes : where no town is near, which may be so."""
    poles = [pole for pole in survey.poles if not _is_nowhere(pole, faults)]
    if not poles or _all_swapped(poles, faults):
        return
    middle = _middle(poles)
    town, town_m = _nearest_town(middle)
    if town_m > NO_TOWN_M:
        away = f"lies {town_m / 1000:.0f} km from {town}, the nearest town known here"
        notes.add(f"{away}: in the sea? latitude and longitude swapped? look at the map")
    near = [pole for pole in poles if not _is_far(pole, middle, faults)]
    if near:
        _check_neighbours(near, faults)
    nodes = len(survey.nodes())
    if nodes < LEAST_POLES and not faults:
        bare = nodes < len(survey.poles)
        less, then = (" have a node", ": fill in the column node") if bare else ("", "")
        faults.add(f"{nodes} poles{less}; a place needs at least {LEAST_POLES}{then}")


@dataclass(frozen=True, slots=True)
class _Globe:
    lat_deg: float
    lon_deg: float

    def away_m(self, lat_deg: float, lon_deg: float) -> float:
        """Along a great circle of a sphere, by the haversine (from general knowledge)."""
        low, high = math.radians(self.lat_deg), math.radians(lat_deg)
        half = math.sin((high - low) / 2) ** 2
        half += math.cos(low) * math.cos(high) * math.sin(math.radians(lon_deg - self.lon_deg) / 2) ** 2
        return 2 * EARTH_M * math.asin(min(1.0, math.sqrt(max(0.0, half))))


def site_of(survey: Survey) -> Site:
    """An origin in the middle of the poles, on their ground: rounded, so that it stays where one pole moves."""
    middle = _middle(survey.poles)
    ground_m = statistics.median(pole.ground_m for pole in survey.poles)
    return Site(round(middle.lat_deg, 3), round(middle.lon_deg, 3), float(round(ground_m)))


def _middle(poles: Sequence[PoleAt]) -> _Globe:
    return _Globe(statistics.median(pole.lat_deg for pole in poles), statistics.median(pole.lon_deg for pole in poles))


def _is_nowhere(pole: PoleAt, faults: Remarks) -> bool:
    is_so = abs(pole.lat_deg) < NOWHERE_DEG and abs(pole.lon_deg) < NOWHERE_DEG
    if is_so:
        faults.add("stands at 0, 0, in the sea off Africa: its place was not measured; measure it", pole.row)
    return is_so


def _all_swapped(poles: Sequence[PoleAt], faults: Remarks) -> bool:
    """Whether the whole file has them swapped, as far as that can be told."""
    middle = _middle(poles)
    swapped = _Globe(middle.lon_deg, middle.lat_deg)
    words = "latitude and longitude look swapped"
    rows = [pole.row for pole in poles]
    if abs(middle.lat_deg) > POLAR_DEG and abs(swapped.lat_deg) <= POLAR_DEG:
        faults.add(f"{words}: latitude {middle.lat_deg:.3f} is next to a pole of the earth; swap the headings", *rows)
        return True
    there, town_m = _nearest_town(swapped)
    _, here_m = _nearest_town(middle)
    if town_m < TOWN_M and here_m > NO_TOWN_M:
        where = f"{middle.lat_deg:.3f}, {middle.lon_deg:.3f} lies {here_m / 1000:.0f} km from any town known here"
        faults.add(f"{words}: {where}, and swapped it is {there}; swap the headings lat and lon", *rows)
        return True
    return False


def _nearest_town(place: _Globe) -> tuple[str, float]:
    if abs(place.lat_deg) > 90:
        return "", math.inf
    towns = [(place.away_m(town.latitude, town.longitude), town.name) for town in all_locations(database())]
    away_m, name = min(towns)
    return name, away_m


def _is_far(pole: PoleAt, middle: _Globe, faults: Remarks) -> bool:
    away_m = middle.away_m(pole.lat_deg, pole.lon_deg)
    if away_m <= FARTHEST_M and abs(pole.lat_deg) <= 90:
        return False
    meant = {
        "latitude and longitude are swapped: swap the two cells": (pole.lon_deg, pole.lat_deg),
        "the sign of its longitude is wrong": (pole.lat_deg, -pole.lon_deg),
        "the sign of its latitude is wrong": (-pole.lat_deg, pole.lon_deg),
    }
    far = f"stands {away_m / 1000:.0f} km from the others"
    cause = next((words for words, place in meant.items() if middle.away_m(*place) < FARTHEST_M), "")
    faults.add(cause or f"{far}, in the sea or in another town; measure it again, or give it its own survey", pole.row)
    return True


def _check_neighbours(poles: Sequence[PoleAt], faults: Remarks) -> None:
    """Two at one place; one with nobody in hearing."""
    site = site_of(Survey(tuple(poles)))
    places = [site.to_enu(pole.lat_deg, pole.lon_deg, pole.h_m) for pole in poles]
    for index, pole in enumerate(poles):
        apart_m = [(math.dist(places[index][:2], other[:2]), at) for at, other in enumerate(places) if at != index]
        next_m, at = min(apart_m, default=(0.0, index))
        if next_m < APART_M and index < at and pole.pole != poles[at].pole:  # else it was told to stand there twice
            words = f"poles {pole.pole} and {poles[at].pole} stand at one place; measure them again, or take one out"
            faults.add(words, pole.row, poles[at].row)
        if next_m > HEARING_M:
            far = f"stands {next_m:.0f} m from the next pole, {poles[at].pole}"
            faults.add(f"{far}; no pole hears a shot over {HEARING_M:g} m: a digit wrong? else take it out", pole.row)
