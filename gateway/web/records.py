"""What the pages and the API show, as the store has it. Values only; times in microseconds UTC, places in degrees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

VERDICTS = ("gunshot", "no gunshot", "unsure")
WHATS = ("fireworks", "backfire", "construction", "thunder", "other", "exercise")
"""What it was, of a review: all but `exercise` only with `no gunshot`."""
REVIEW_STATES = ("open", "second", "done", "disputed")
"""open: nobody reviewed it. second: a second person's agreement is waited for. disputed: two people's newest reviews do
not say the same."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A pole, lamp or camera where it stands, from gateway.toml. what : `pole`, `lamp`, `camera`. more : of a camera
    range_m, view_deg (from, to; None all round) and mount, of a lamp its bank, channel and zone."""

    what: str
    name: str
    lat_deg: float
    lon_deg: float
    more: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """The street as it was set up. site : lat_deg, lon_deg, h_m."""

    site: tuple[float, float, float]
    standing: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Search:
    """Which incidents a list has; what is None or "" lets all through. text : words, all of which are looked for in
    name, kind, why, notes of reviews and place. within_m : of lat_deg, lon_deg. review : of REVIEW_STATES, or one of
    VERDICTS. Raises ValueError naming what is out of range (gateway/web/store/search.py, `check`)."""

    text: str = ""
    from_us: int | None = None
    until_us: int | None = None
    near: tuple[float, float] | None = None
    within_m: float | None = None
    grade: str = ""
    kind: str = ""
    review: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """An incident, as a list has it: its best round's place, its likeliest round's kind.

    number : of the journal's newest row that has to do with it; events go by it. began : of the row that told of it
    first, which never changes; lists are in its order, and their cursors are of it. version : of the row that told or
    reviewed it last: what a review says it was made on. ellipse_95 : major_m, minor_m (half axes), azimuth_deg.
    review : the newest verdict, or "". review_what : of WHATS, or "". review_state : of REVIEW_STATES. near : the next
    street address, "" where nobody looked.
    """

    incident: str
    number: int
    began: int
    version: int
    first_us: int
    told_us: int
    lat_deg: float
    lon_deg: float
    ellipse_95: tuple[float, float, float]
    grade: str
    kind: str
    p_gunshot: float | None
    why: str
    n_rounds: int
    historic: bool
    quiet: str
    review: str
    review_what: str
    review_state: str
    near: str


@dataclass(frozen=True, slots=True)
class Happened:
    """A line of an incident's timeline. what : the row's kind (`incident`, `reason`, `effect`, `soon`, `request`...).
    body : the row's own. hash : the row's, hexadecimal: with `number` it is the journal's proof."""

    number: int
    at_us: int
    what: str
    body: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class Sound:
    """The 20 ms round an onset, as the pole sent them. pcm : int16 little-endian, lead_us before the onset."""

    pcm: bytes
    rate_hz: int
    lead_us: int


@dataclass(frozen=True, slots=True)
class Onset:
    """What one pole heard of a round. t_us : with the pole's own offset taken off. residual_us : t_us less when the
    round's sound should have come, by the air that was in force; None where the pole stands in no survey. sound :
    `blast`, `crack`, `other`."""

    node: str
    t_us: int
    sigma_us: int
    distance_m: float | None
    residual_us: float | None
    clock: str
    level_db: float
    level_unit: str
    snr_db: float
    p_gunshot: float
    kind: str
    sound: Sound | None


@dataclass(frozen=True, slots=True)
class RoundHeard:
    """A round, and what each pole heard of it, the nearest first. told : as gateway/alerts/bulletin.py has it, the
    newest telling. missing : poles of it whose frames are not in the journal."""

    told: Mapping[str, Any]
    onsets: Sequence[Onset]
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class Review:
    """by : the program that asked. who : the person, "" where it did not say. note : in words. number : its row's."""

    number: int
    incident: str
    at_us: int
    by: str
    who: str
    verdict: str
    what: str
    note: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A file of evidence, as the journal tells of it. state : `kept`, `lost` (it is not whole, or never came) or `let
    go`. what : `clip`, `still`, `sightings` (plates and objects), `picture`. sha256 : of its content."""

    file: str
    what: str
    camera: str
    from_us: int
    until_us: int
    n_bytes: int
    sha256: str
    sealed_sha256: str
    state: str
    note: str
    number: int


@dataclass(frozen=True, slots=True)
class Access:
    """That somebody was shown evidence, or took it along. what : `show` or `export`. file : `all` or one."""

    number: int
    at_us: int
    by: str
    who: str
    incident: str
    file: str
    what: str
    note: str


@dataclass(frozen=True, slots=True)
class Whole:
    """An incident with all of it. rounds : in the order that they were fired. happened : its rows, in theirs."""

    brief: Brief
    rounds: Sequence[RoundHeard]
    happened: Sequence[Happened]
    reviews: Sequence[Review]
    files: Sequence[Kept]
    accesses: Sequence[Access]


@dataclass(frozen=True, slots=True)
class Freshness:
    """How far these pages can be trusted to be of now.

    state : `ok`, `behind` (rows are there that were not read yet), `silent` (no gateway answers at the journal's
    socket, or it wrote nothing for long) or `offline` (the journal cannot be read, or the web's own disk takes
    nothing). behind : rows. number, last_us : of the row read last. said : what is not as it should be, in words.
    """

    state: str
    behind: int
    number: int
    last_us: int | None
    said: Sequence[str]


@dataclass(frozen=True, slots=True)
class Change:
    """Something was read of the journal. number : the row's; a listener goes on from there. kinds : of rows. incident :
    which one it is about, or "". missed : the listener did not keep up or was away: look at the store anew. at_us :
    when the gateway wrote the row, by its clock; 0 where that is not one row."""

    number: int
    kinds: Sequence[str]
    incident: str = ""
    missed: bool = False
    at_us: int = field(default=0, compare=False)
