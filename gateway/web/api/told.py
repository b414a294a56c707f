"""What the API tells of incidents, rounds and reviews. Times are microseconds UTC, places WGS 84 degrees; what is not
known is null."""

from pydantic import BaseModel, ConfigDict, Field

from gateway.web.records import Brief, Onset, Review
from gateway.web.store.listing import Round as StoredRound


class Told(BaseModel):
    """Strict: an integer is an integer, and nothing is in it but what stands here."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, json_schema_serialization_defaults_required=True
    )


class Ellipse(Told):
    """Where it was with 95 %: half axes in metres, and the major one's bearing from north."""

    major_m: float
    minor_m: float
    azimuth_deg: float


class Properties(Told):
    """number : of the journal's newest row about it. version : of the row that told or reviewed it last. grade, place,
    ellipse_95 : of its best round; kind, p_gunshot, why : of its likeliest. review : `gunshot`, `no gunshot`, `unsure`,
    or "". review_state : `open`, `second`, `done` or `disputed`. quiet : the announced event it fell into. near : the
    nearest street address."""

    number: int
    version: int
    first_us: int
    told_us: int
    ellipse_95: Ellipse
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


class Incident(Properties):
    """incident : its name. lat_deg, lon_deg : of its best round."""

    incident: str
    lat_deg: float
    lon_deg: float


class Round(Told):
    """One shot. t_us : when it was fired. rms_us : of its residuals. nodes : the poles that agree. withdrawn : later
    arrivals tell it otherwise."""

    incident: str
    t_us: int
    lat_deg: float
    lon_deg: float
    ellipse_95: Ellipse
    grade: str
    kind: str
    p_gunshot: float | None
    why: str
    rms_us: float | None
    nodes: list[str]
    withdrawn: bool


class Arrival(Told):
    """What one pole heard. residual_us : how much later than the round's place says. clock : `locked`, `holdover`,
    `coarse` or `unset`. sound : `blast`, `crack` or `other`. The sound itself is not told."""

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
    sound: str


class RoundHeard(Round):
    """A round and what each pole heard of it, the nearest first. missing : poles of it whose arrivals are not kept."""

    arrivals: list[Arrival]
    missing: list[str]


class ReviewTold(Told):
    """by : the program that asked the gateway. who : the person or API key. number : its row."""

    number: int
    incident: str
    at_us: int
    by: str
    who: str
    verdict: str
    what: str
    note: str


class IncidentPage(Told):
    """next : the cursor of the page after, null on the last."""

    items: list[Incident]
    next: str | None


class RoundPage(Told):
    """As IncidentPage."""

    items: list[Round]
    next: str | None


class RoundHeardPage(Told):
    """As IncidentPage."""

    items: list[RoundHeard]
    next: str | None


class ReviewPage(Told):
    """As IncidentPage."""

    items: list[ReviewTold]
    next: str | None


class Pending(Told):
    """The gateway took it; it is shown when it is in the journal. Do not send it again."""

    detail: str = Field(min_length=1)


def ellipse(major_m: float, minor_m: float, azimuth_deg: float) -> Ellipse:
    """Half axes in metres, a bearing in degrees."""
    return Ellipse(major_m=major_m, minor_m=minor_m, azimuth_deg=azimuth_deg)


def incident_of(brief: Brief) -> Incident:
    """As the store has it."""
    plain = {name: getattr(brief, name) for name in Incident.model_fields if name != "ellipse_95"}
    return Incident(**plain, ellipse_95=ellipse(*brief.ellipse_95))


def round_of(incident: str, told: StoredRound) -> Round:
    """As the gateway told it last. Raises KeyError or ValueError for a row that no gateway writes."""
    return Round(**_round(incident, told))  # type: ignore[arg-type]


def heard_of(incident: str, told: StoredRound, onsets: list[Arrival], missing: list[str]) -> RoundHeard:
    """With what poles heard."""
    return RoundHeard(**_round(incident, told), arrivals=onsets, missing=missing)  # type: ignore[arg-type]


def _round(incident: str, told: StoredRound) -> dict[str, object]:
    known = ("t_us", "lat_deg", "lon_deg", "grade", "kind", "p_gunshot", "nodes")
    shape = told["ellipse_95"]
    return {
        "incident": incident,
        **{name: told[name] for name in known},
        "ellipse_95": ellipse(shape["major_m"], shape["minor_m"], shape["azimuth_deg"]),
        "why": told.get("why", ""),
        "rms_us": told.get("rms_us"),
        "withdrawn": told.get("withdrawn", False),
    }


def arrival_of(onset: Onset) -> Arrival:
    """Without its sound."""
    plain = {name: getattr(onset, name) for name in Arrival.model_fields if name != "sound"}
    return Arrival(**plain, sound=onset.kind)


def review_of(review: Review) -> ReviewTold:
    """As the journal has it."""
    return ReviewTold(**{name: getattr(review, name) for name in ReviewTold.model_fields})
