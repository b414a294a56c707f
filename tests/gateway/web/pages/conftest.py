"""A street as the pages meet it: values at the store's interface, and a browser of somebody who signed in."""

import dataclasses
import math
import struct
import time
import types

import pytest

from dsp.geodesy import Site
from gateway.web.app import build_app
from gateway.web.database import Database
from gateway.web.parts import Parts
from gateway.web.records import (
    Access,
    Brief,
    Freshness,
    Happened,
    Kept,
    Onset,
    Plan,
    Review,
    RoundHeard,
    Search,
    Sound,
    Standing,
    Whole,
)
from gateway.web.settings import WebConfig
from gateway.web.store.clips import NoSuchFile, Opening
from gateway.web.store.reviewing import BadReview, StaleReview
from gateway.web.street import Device, HealthSaid, History, Order, PoleState

SITE = Site(40.4406, -87.5613, 180.0)
POLES_M = [(0, 0), (40, 1), (80, -1), (120, 0), (0, 22), (40, 23), (80, 21), (120, 22)]
CAMERAS_M = [(20, 10), (100, 12)]
NOW_US = time.time_ns() // 1000
HOSTILE = "<script>alert(1)</script><b>\"'&"


def standing(what, name, e_m, n_m, **more):
    lat_deg, lon_deg, _ = SITE.to_geodetic(e_m, n_m, 0.0)
    return Standing(what, name, lat_deg, lon_deg, more)


PLAN = Plan(
    (SITE.lat_deg, SITE.lon_deg, SITE.h_m),
    (
        *(standing("pole", f"P{index}", *at) for index, at in enumerate(POLES_M, start=1)),
        *(standing("lamp", f"L{index}", *at) for index, at in enumerate(POLES_M, start=1)),
        *(standing("camera", f"C{index}", *at, range_m=60.0) for index, at in enumerate(CAMERAS_M, start=1)),
    ),
)


def sound_of(rate_hz=16_000):
    """20 ms: a millisecond of nothing, then a blast that rings off."""
    pcm = [0] * 16 + [int(26_000 * math.exp(-n / 40) * math.cos(n / 5)) for n in range(304)]
    return Sound(struct.pack(f"<{len(pcm)}h", *pcm), rate_hz, 1000)


def told_of(t_us, e_m, n_m, grade="A", kind="gunshot", p_gunshot=0.97, **more):
    lat_deg, lon_deg, _ = SITE.to_geodetic(e_m, n_m, 0.0)
    ellipse = {"major_m": 4.2, "minor_m": 1.9, "azimuth_deg": 20.4}
    return {
        "e_m": e_m, "n_m": n_m, "lat_deg": lat_deg, "lon_deg": lon_deg, "t_us": t_us, "grade": grade, "kind": kind,
        "cov_m2": [[1.2, 0.5], [0.5, 2.4]], "ellipse_95": ellipse, "p_gunshot": p_gunshot, "rms_us": 146.6,
        "why": "8 of 8 poles take it for a gunshot; 147 dB at 1 m (+- 4)", "nodes": [f"P{n}" for n in range(1, 9)],
        **more,
    }  # fmt: skip


def onsets_of(told, sounding=True):
    found = []
    for index, at in enumerate(POLES_M, start=1):
        away_m = math.dist(at, (told["e_m"], told["n_m"]))
        late_us = 180.0 * math.sin(index)
        t_us = told["t_us"] + int(away_m / 343e-6 + late_us)
        sound = sound_of() if sounding else None
        found.append(
            Onset(f"P{index}", t_us, 60, away_m, late_us, "locked", 104.0, "dB SPL", 38.0, 0.95, "blast", sound)
        )
    return sorted(found, key=lambda onset: onset.distance_m)


def brief_of(incident, number, first_us, e_m=38.0, n_m=18.0, **more):
    told = told_of(first_us, e_m, n_m)
    plain = {
        "incident": incident, "number": number + 5, "began": number, "version": number, "first_us": first_us,
        "told_us": first_us + 1_000_000, "lat_deg": told["lat_deg"], "lon_deg": told["lon_deg"],
        "ellipse_95": (4.2, 1.9, 20.4), "grade": "A", "kind": "gunshot", "p_gunshot": 0.97, "why": told["why"],
        "n_rounds": 1, "historic": False, "quiet": "", "review": "", "review_what": "", "review_state": "open",
        "near": "12 Main Street, Springfield",
    }  # fmt: skip
    return Brief(**{**plain, **more})


def happened_of(brief):
    at_us = brief.first_us + 600_000
    bodies = [
        ("incident", {"grade": brief.grade, "n_rounds": 1, "is_new": True}),
        ("reason", {"act": "lights", "word": "does", "rule": "policy.lights",
                    "weighed": {"grade": "A", "p_gunshot": 0.97, "min_grade": "C", "min_p_gunshot": 0.5}}),
        *(("effect", {"what": "light", "device": f"L{n}", "done": n != 7, "level_pct": 100, "note": "reads 100 %"})
          for n in range(1, 9)),
        ("effect", {"what": "aim", "device": "C1", "done": True, "azimuth_deg": 66.0, "note": "took the order"}),
        ("reason", {"act": "clips", "word": "p_gunshot", "rule": "policy.clips",
                    "weighed": {"grade": "A", "p_gunshot": 0.97, "min_grade": "C", "min_p_gunshot": 0.99}}),
        ("request", {"ask": "evidence", "by": "evidence", "body": {"did": "kept", "file": "C1.jpg", "what": "still"}}),
    ]  # fmt: skip
    return [
        Happened(brief.number + n, at_us + 40_000 * n, what, body, f"{n:02x}" * 32)
        for n, (what, body) in enumerate(bodies)
    ]


def whole_of(brief, reviews=(), n_rounds=1, files=True):
    first_us = brief.first_us
    tolds = [told_of(first_us + 700_000 * n, 38.0 + 3 * n, 18.0, brief.grade, brief.kind) for n in range(n_rounds)]
    kept = [
        Kept("C1.jpg", "still", "C1", brief.first_us, brief.first_us, 9, "ab" * 32, "cd" * 32, "kept", "", 7),
        Kept("C1-1.mp4", "clip", "C1", first_us - 10_000_000, first_us + 30_000_000, 9, "ab" * 32, "cd" * 32, "kept",
             "", 8),
        Kept("C2-1.mp4", "clip", "C2", brief.first_us, brief.first_us, 0, "", "", "lost", "the camera broke off", 9),
        Kept("sightings.json", "sightings", "", first_us, first_us, 9, "ab" * 32, "cd" * 32, "kept", "", 10),
    ]  # fmt: skip
    accesses = [Access(12, brief.first_us + 99_000_000, "web", "Ines", brief.incident, "C1.jpg", "show", "")]
    return Whole(
        brief,
        [RoundHeard(told, onsets_of(told), ()) for told in tolds],
        happened_of(brief),
        list(reviews),
        kept if files else (),
        accesses if files else (),
    )


def pole_of(name, state="well", alarms=(), **more):
    health = HealthSaid(NOW_US, 93_600, 0, 412, 3, 0, 0, 1, 0, 21.4, 41.0, "dB SPL", 410)
    found = next((each for each in PLAN.standing if each.what == "pole" and each.name == name), None)
    plain = {
        "name": name, "lat_deg": found and found.lat_deg, "lon_deg": found and found.lon_deg, "state": state,
        "heard_us": NOW_US - 20_000_000, "clock": "locked", "sigma_us": 60, "level_db": 88.0,
        "arrival_us": NOW_US - 3_000_000_000, "health": health, "release": 41, "stage": "good", "alarms": alarms,
    }  # fmt: skip
    return PoleState(**{**plain, **more})


class StreetOfValues:
    """What gateway/web/store/store.py answers, of values that a test sets."""

    def __init__(self):
        self.wholes, self.alarmed, self.fresh = {}, [], Freshness("ok", 0, 40, NOW_US - 2_000_000, ())
        self.pole_states = [pole_of(f"P{n}") for n in range(1, 9)]
        self.ordered = Order("light", "x", True, "reads 100 %", NOW_US, 100.0, None, None, 9)
        self.samples = []

    def add(self, whole):
        self.wholes[whole.brief.incident] = whole
        return whole.brief

    def briefs(self, search, after=None, limit=50):
        found = sorted((each.brief for each in self.wholes.values()), key=lambda brief: -brief.began)
        fits = [brief for brief in found if self._fits(search, brief) and (after is None or brief.began < after)]
        return fits[:limit]

    def _fits(self, search: Search, brief):
        if search.grade and search.grade not in "ABC":
            raise ValueError(f"grade: must be A, B or C (it is {search.grade!r})")
        words = " ".join((brief.incident, brief.near, brief.why, brief.kind)).lower()
        since, until = search.from_us or 0, search.until_us or 1 << 60
        return (
            search.text.lower() in words
            and search.grade in ("", brief.grade)
            and search.kind in ("", brief.kind)
            and search.review in ("", brief.review_state, brief.review)
            and since <= brief.first_us < until
        )

    def brief(self, incident):
        return self.wholes[incident].brief if incident in self.wholes else None

    def whole(self, incident):
        return self.wholes.get(incident)

    def reviews(self, incident):
        return self.wholes[incident].reviews

    def poles(self):
        return self.pole_states

    def pole(self, name):
        return next((each for each in self.pole_states if each.name == name), None)

    def history(self, name, from_us, until_us, most=500):
        return History(name, 600_000_000, self.samples, 0)

    def lamps(self):
        return [Device(each, self.ordered, "", None) for each in PLAN.standing if each.what == "lamp"]

    def cameras(self):
        return [Device(each, None, "", None) for each in PLAN.standing if each.what == "camera"]

    def alarms(self):
        return [*self.alarmed, *(alarm for pole in self.pole_states for alarm in pole.alarms)]

    def freshness(self):
        return self.fresh


class FeedOfValues:
    """Its changes, and then no more."""

    def __init__(self):
        self.changes = []

    def check_room(self, whose):
        pass

    async def listen(self, after=None, whose=""):
        for change in self.changes:
            if after is None or change.number > after:
                yield change


class ReviewsOfValues:
    """As gateway/web/store/reviewing.py takes them: a note of at most 500 letters, on what stands now."""

    def __init__(self, street):
        self.street, self.taken = street, []

    def review(self, new):
        whole = self.street.wholes[new.incident]
        if len(new.note) > 500:
            raise BadReview(f"note: at most 500 letters (it has {len(new.note)})")
        if new.version != whole.brief.version:
            raise StaleReview("it changed since you saw it", whole.brief, whole.reviews)
        self.taken.append(new)
        review = Review(99, new.incident, NOW_US, "web", new.who, new.verdict, new.what, new.note)
        brief = dataclasses.replace(
            whole.brief, version=whole.brief.version + 1, review=new.verdict, review_what=new.what, review_state="done"
        )
        self.street.wholes[new.incident] = dataclasses.replace(whole, brief=brief, reviews=[*whole.reviews, review])
        return review


class ClipsOfValues:
    """Nine bytes a file, and one plate that is hostile."""

    def __init__(self):
        self.shown = []

    def open(self, incident, file, who, first=0, last=None):
        if file == "gone.mp4":
            raise NoSuchFile(file)
        last = 8 if last is None else last
        self.shown.append((incident, file, who))
        return Opening("clip", 9, first, last, iter([b"012345678"[first : last + 1]]))

    def sightings(self, incident, who):
        self.shown.append((incident, "sightings", who))
        return [
            {"plate": "ABC 123", "reader": "gate", "first_us": NOW_US, "last_us": NOW_US, "confidence": 0.91},
            {"object": "car", "reader": HOSTILE, "first_us": NOW_US, "last_us": NOW_US, "confidence": None},
        ]


@pytest.fixture
def street():
    return StreetOfValues()


@pytest.fixture
def parts(tmp_path, street):
    database, reviews = Database(tmp_path / "web.db"), ReviewsOfValues(street)
    return Parts(WebConfig(), database, PLAN, street, FeedOfValues(), reviews, ClipsOfValues())


@pytest.fixture
def app(parts):
    return build_app(parts)


@pytest.fixture
def browser(parts, app, client_as):
    """`browser("dispatcher", language="es")`: of a person who signed in as that, and may post."""

    def made(role="dispatcher", language="", time_zone="America/Chicago"):
        signed_in = client_as(app, role)
        with parts.database.writing() as connection:
            chosen = (language, time_zone, f"{role}-1")
            connection.execute("update account set language = ?, time_zone = ? where name = ?", chosen)
        return signed_in

    return made


@pytest.fixture
def browser_of(client_as):
    """`browser_of(parts, "analyst")`: of a process with these parts."""
    return lambda parts, role: client_as(build_app(parts), role)


@pytest.fixture
def shot(street):
    """One that waits for somebody."""
    return street.add(whole_of(brief_of("20261128T055029Z-7cb890", 10, NOW_US - 12_000_000)))


@pytest.fixture
def made():
    """The makers of this file, for tests that set up more: `made.brief_of(...)`, `made.HOSTILE`."""
    return types.SimpleNamespace(**{name: value for name, value in globals().items() if not name.startswith("_")})
