"""What the API tells of poles, lamps, cameras and alarms. Times are microseconds UTC, places WGS 84 degrees; what is
not known is null."""

from gateway.web.api.told import Told
from gateway.web.records import Freshness
from gateway.web.street import AlarmState, Device, HealthSaid, PoleState


class Alarm(Told):
    """What is wrong now. what : `pole` or `lamp`. name : of the pole, lamp or lamp bank. number : of its row."""

    what: str
    name: str
    kind: str
    why: str
    since_us: int
    number: int


class Health(Told):
    """A node's newest word about itself. Counts run since its start."""

    t_us: int
    uptime_s: int
    queued: int
    arrivals: int
    withheld: int
    dropped_arrivals: int
    dropped_healths: int
    gaps: int
    refused: int
    temperature_c: float | None
    noise_db: float | None
    level_unit: str
    lamp_ma: int | None


class Pole(Told):
    """state : `well`, `alarm`, `silent` or `unheard`. heard_us : by the gateway's clock. release, stage : of the
    firmware that it runs or takes in."""

    name: str
    lat_deg: float | None
    lon_deg: float | None
    state: str
    heard_us: int | None
    clock: str
    sigma_us: int | None
    level_db: float | None
    arrival_us: int | None
    health: Health | None
    release: int | None
    stage: str
    alarms: list[Alarm]


class Order(Told):
    """The last thing it was told, and what became of it. what : `light`, `aim` or `home`."""

    what: str
    incident: str
    done: bool
    note: str
    at_us: int
    level_pct: float | None
    azimuth_deg: float | None
    elevation_deg: float | None
    number: int


class Lamp(Told):
    """zone : the zones of policy that it stands in. fault : what is wrong with it or its bank, or ""."""

    name: str
    lat_deg: float
    lon_deg: float
    zone: str
    order: Order | None
    fault: str
    fault_since_us: int | None


class Camera(Told):
    """view_deg : the true bearings between which it turns; null all round."""

    name: str
    lat_deg: float
    lon_deg: float
    range_m: float | None
    view_deg: list[float] | None
    order: Order | None


class State(Told):
    """How far all this can be trusted to be of now. state : `ok`, `behind`, `silent` or `offline`. behind : rows of the
    journal that are still to be read. number, last_us : of the row that was read last; follow `/events` from there.
    said : what is not as it should be. reviews : whether any can be given here."""

    state: str
    behind: int
    number: int
    last_us: int | None
    said: list[str]
    reviews: bool


class AlarmPage(Told):
    """next : the cursor of the page after, null on the last."""

    items: list[Alarm]
    next: str | None


class PolePage(Told):
    """As AlarmPage."""

    items: list[Pole]
    next: str | None


class LampPage(Told):
    """As AlarmPage."""

    items: list[Lamp]
    next: str | None


class CameraPage(Told):
    """As AlarmPage."""

    items: list[Camera]
    next: str | None


def alarm_of(alarm: AlarmState) -> Alarm:
    """As the store has it."""
    return Alarm(**{name: getattr(alarm, name) for name in Alarm.model_fields})


def pole_of(pole: PoleState) -> Pole:
    """As the store has it."""
    plain = {name: getattr(pole, name) for name in Pole.model_fields if name not in ("health", "alarms")}
    return Pole(**plain, health=_health(pole.health), alarms=[alarm_of(each) for each in pole.alarms])


def lamp_of(device: Device) -> Lamp:
    """As the store has it; what it hangs on is the gateway's matter."""
    stands = device.standing
    return Lamp(
        name=stands.name, lat_deg=stands.lat_deg, lon_deg=stands.lon_deg, zone=str(stands.more.get("zone", "")),
        order=_order(device), fault=device.fault, fault_since_us=device.fault_since_us,
    )  # fmt: skip


def camera_of(device: Device) -> Camera:
    """As the store has it."""
    stands, view = device.standing, device.standing.more.get("view_deg")
    return Camera(
        name=stands.name, lat_deg=stands.lat_deg, lon_deg=stands.lon_deg, range_m=stands.more.get("range_m"),
        view_deg=None if view is None else list(view), order=_order(device),
    )  # fmt: skip


def state_of(fresh: Freshness, reviews: bool) -> State:
    """reviews : whether this process has a key to ask the gateway by."""
    return State(
        state=fresh.state, behind=fresh.behind, number=fresh.number, last_us=fresh.last_us, said=list(fresh.said),
        reviews=reviews,
    )  # fmt: skip


def _health(said: HealthSaid | None) -> Health | None:
    return None if said is None else Health(**{name: getattr(said, name) for name in Health.model_fields})


def _order(device: Device) -> Order | None:
    order = device.order
    return None if order is None else Order(**{name: getattr(order, name) for name in Order.model_fields})
