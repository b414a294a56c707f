"""The records that run through a gateway: what nodes report, what is made of it, and what the street is asked to do.

Values only. A core returns effects; the agent carries them out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dsp.placing.area import Area
from dsp.placing.fix import Fix
from dsp.placing.line_of_fire import LineOfFire

IS_GUNSHOT, MAY_BE_GUNSHOT = 0.5, 0.15  # p_gunshot of what is called a gunshot, and a possible one
CLIP_US = 20_000  # DESIGN section 7: too short to hold speech


@dataclass(frozen=True, slots=True)
class Clip:
    """Sound round an onset, from lead_us before it: int16 little-endian. Raises ValueError for more than 20 ms."""

    pcm: bytes
    rate_hz: int
    lead_us: int

    def __post_init__(self) -> None:
        if len(self.pcm) // 2 * 1_000_000 > CLIP_US * self.rate_hz or len(self.pcm) % 2:
            raise ValueError(f"a clip of {len(self.pcm)} bytes at {self.rate_hz} Hz; at most 20 ms may be kept")


@dataclass(frozen=True, slots=True)
class Arrival:
    """An onset as a node reports it: when the sound reached which pole, how surely, how loud.

    t_us : int microseconds UTC. sigma_us : one sigma of t_us. level_db : dB SPL or dBFS as the node is set up.
    sound : `blast`, `crack` or `other`. None where the node did not say. p_gunshot : by the last look that there is
    (gateway/placing/looks.py). rarity : log2 of the mean seconds between sounds so gun-like at its pole, 0 where that
    is not known yet. These and clip are not part of what makes two arrivals the same.
    """

    node: str
    xyz_m: tuple[float, float, float]
    t_us: int
    sigma_us: int
    snr_db: float | None = None
    level_db: float | None = None
    p_gunshot: float | None = field(default=None, compare=False)
    sound: str | None = None
    clip: Clip | None = field(default=None, repr=False, compare=False)
    rarity: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Round:
    """One shot, placed: its fix and the arrivals that agree on it. grade: A, B or C (DESIGN section 4).

    p_gunshot, kind, why : of the whole round, what it is, and why that is thought, as gateway/judging has it; before it
    was judged None, `unknown` and "". line : which way the bullet went, where its crack tells. withdrawn : it was told,
    and with the arrivals that came late since it is none. looks_until_us : later looks of its poles may come until
    then; 0: none is owed.
    """

    fix: Fix
    arrivals: tuple[Arrival, ...]
    grade: str
    p_gunshot: float | None = None
    kind: str = "unknown"
    why: str = ""
    line: LineOfFire | None = None
    withdrawn: bool = False
    looks_until_us: int = 0


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Arrivals that look like a shot but cannot be placed, and why. area : where it may have been, which is no fix."""

    why: str
    arrivals: tuple[Arrival, ...]
    area: Area | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Revised:
    """A round that was told, as it is with arrivals that came late, or, of the same arrivals, with later looks at them:
    `now` stands for `was`, under the same name."""

    was: Round
    now: Round


@dataclass(frozen=True, slots=True)
class Incident:
    """Rounds that policy took as one happening. kind : its likeliest round's; grade : its best one's. `historic`: too
    old to act on when it became known. quiet : the announced event that all its rounds lie in, or "". clips : whether
    policy has clips of it kept."""

    id: str
    rounds: tuple[Round, ...]
    kind: str
    grade: str
    historic: bool = False
    quiet: str = ""
    clips: bool = True


def best(rounds: Iterable[Round]) -> Round:
    """The round that is known best: highest grade, then smallest error ellipse, then the latest. One that was withdrawn
    only where there is no other."""
    return min(
        rounds, key=lambda shot: (shot.withdrawn, shot.grade, float(np.linalg.det(shot.fix.cov_m2)), -shot.fix.t_us)
    )


def likeliest(rounds: Iterable[Round]) -> Round:
    """The round that is most surely a gunshot, one that nobody judged before all; the latest of several. One that was
    withdrawn only where there is no other."""
    return max(
        rounds,
        key=lambda shot: (not shot.withdrawn, 1.0 if shot.p_gunshot is None else shot.p_gunshot, shot.fix.t_us),
    )


@dataclass(frozen=True, slots=True)
class Store:
    """Effect: keep this frame for ever. Must be on disk before any Reply of the same batch is sent."""

    node: str
    boot: int
    sequence: int
    frame: bytes
    received_us: int


@dataclass(frozen=True, slots=True)
class Reply:
    """Effect: send this frame to a node (an ack, a command)."""

    node: str
    frame: bytes


@dataclass(frozen=True, slots=True)
class ClockStep:
    """The gateway's clock was set: from what it would be to what it is, microseconds UTC."""

    before_us: int
    after_us: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Effect: send this frame to a node now; nothing has to be on disk first."""

    node: str
    frame: bytes


@dataclass(frozen=True, slots=True)
class Updated:
    """Effect: tell a technician where a node stands with a release, and write it to the journal.

    stage : of wire.STAGES, `silent` (it no longer answers) or `lost` (it did not come back). stops : the release is
    offered to nobody any more.
    """

    node: str
    release: str
    sequence: int
    sha256: bytes
    stage: str
    stops: bool
    at_us: int


@dataclass(frozen=True, slots=True)
class Announce:
    """Effect: tell people of an incident, and write it to the journal. news : its rounds that are new, or otherwise
    than they were told, in the order that they became so. is_new : whether it was not told of before."""

    incident: Incident
    news: tuple[Round, ...]
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Heard:
    """Effect: tell people that something like a shot was heard and has no place, and why; write it to the journal."""

    group: Unplaced
    at_us: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """Effect: tell a technician what is wrong with a pole, or that it is right again, and write it to the journal.

    kind : `clock` (by sound), `second` (by its words), `position` or `microphone`; of one node or more, `silent`.
    raised : False where it is over. why : in plain words. sigmas : how far from nothing it is (0 where it is over).
    n_shots : the shots that it rests on.
    """

    node: str
    kind: str
    raised: bool
    why: str
    at_us: int
    sigmas: float
    n_shots: int


@dataclass(frozen=True, slots=True)
class Early:
    """Effect: write down where a provisional round was, which is announced to nobody, so that plate readers near it may
    be told to read. incident : its own name, of no incident. within_m : the longer half axis of its 95 % ellipse."""

    incident: str
    e_m: float
    n_m: float
    t_us: int
    within_m: float
    grade: str
    p_gunshot: float | None
    at_us: int


@dataclass(frozen=True, slots=True)
class NewAir:
    """Effect: fixes reckon with this air from now on; write it to the journal.

    wind_en_mps : where it moves to, metres a second east and north.
    """

    temperature_c: float
    wind_en_mps: tuple[float, float]
    at_us: int


@dataclass(frozen=True, slots=True)
class News:
    """What happened to the gateway itself, in words. what : `journal` (its disk), `keys`, `edge` (a part), `soon`."""

    what: str
    note: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What a follower asked of the gateway. by : who. ask : what, with `body`. nonce, mac : as it was signed."""

    by: str
    ask: str
    body: Mapping[str, Any]
    nonce: str
    mac: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Committed:
    """Effect: rows are on the disk; wake whoever follows the journal."""
