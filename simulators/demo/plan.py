"""What the demo sets up: a scenario moved to where it is midnight now, a link for each node, and a folder.

Lamps only light up when the sun is down over the site (gateway/reaction/lamp_policy.py), and the demo runs at any hour.
So the street keeps its latitude and is moved along it to the longitude where the sun stands lowest now.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from gateway.reaction.sun import sun_over
from simulators.street.scenario import Scenario, SiteEntry

DARK_BELOW_DEG = -0.833  # gateway.toml's default for policy.lights.dark_below_deg
MARK = "result.json"
"""The file by which a folder is known as an earlier demo's."""
MADE = (
    *("gateway", "keys", "logs", "nodes", "sound", "state", "broker", "report.html", MARK),
    *("evidence", "reviewers", "seen", "vault", "web"),
)
"""All that a demo puts into its folder."""
SERIAL, MQTT, BOTH = "serial", "mqtt", "both"
ON_MQTT_OF_BOTH = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """folder : where everything is written. scenario : with its site moved. links : of each node, SERIAL or MQTT.
    with_web : with the pages beside the gateway."""

    folder: Path
    scenario: Scenario
    source: str
    links: dict[str, str]
    sun_deg: float
    with_web: bool = False

    def nodes_on(self, link: str) -> list[str]:
        """The nodes that use this link."""
        return [node for node, used in self.links.items() if used == link]


def midnight_lon_deg(t_us: int) -> float:
    """The longitude, -180 to 180 degrees east, where the mean sun is below the horizon's north at this time: the earth
    turns 15 degrees an hour, and at longitude 0 this is so at 0:00 UTC."""
    day_share = t_us % 86_400_000_000 / 86_400_000_000
    return (180 - 360 * day_share) % 360 - 180


def at_midnight(scenario: Scenario, t_us: int) -> tuple[Scenario, float]:
    """The scenario moved to midnight, and the sun's elevation there now, degrees. ValueError where no longitude is dark
    (a polar summer)."""
    told = scenario.site
    site = SiteEntry(lat_deg=told.lat_deg, lon_deg=round(midnight_lon_deg(t_us), 4), h_m=told.h_m)
    sun_deg = sun_over(site.site())(t_us)
    if sun_deg is None or sun_deg >= DARK_BELOW_DEG:
        today = datetime.fromtimestamp(t_us / 1e6, UTC).date()
        raise ValueError(
            f"site.lat_deg {told.lat_deg:g}: the sun does not set there on {today}, so no lamp would light; "
            "take a scenario nearer the equator"
        )
    return scenario.model_copy(update={"site": site}), sun_deg


def night_words(scenario: Scenario, sun_deg: float) -> str:
    """Where the street was moved, and why."""
    site = scenario.site
    return (
        f"lamps need darkness, so the street is moved to longitude {site.lon_deg:.1f}, where it is midnight now; "
        f"latitude {site.lat_deg:.1f} is kept; the sun stands at {sun_deg:.0f} degrees"
    )


def choose_links(nodes: Sequence[str], link: str | None, has_broker: bool) -> dict[str, str]:
    """A link for each node. link : what the user asked for; None: both where there is a broker, else serial.

    Of both, the last two nodes go over MQTT. Raises ValueError where MQTT is asked for and there is no Mosquitto.
    """
    if link in (MQTT, BOTH) and not has_broker:
        raise ValueError(
            f"--link {link}: needs mosquitto and mosquitto_passwd, which are not installed; try --link serial"
        )
    link = link or (BOTH if has_broker else SERIAL)
    n_serial = {SERIAL: len(nodes), MQTT: 0, BOTH: len(nodes) - ON_MQTT_OF_BOTH}[link]
    return {node: SERIAL if index < n_serial else MQTT for index, node in enumerate(nodes)}


def clear(folder: Path, keep: bool, now_us: int) -> None:
    """Make the folder ready: an earlier demo in it goes, or with `keep` is moved beside it.

    Raises OSError where the folder holds anything that no demo made; then nothing is touched.
    """
    if folder.exists() and any(folder.iterdir()):
        others = sorted(path.name for path in folder.iterdir() if path.name not in MADE)
        if others or not (folder / "logs").is_dir():
            raise OSError(f"{folder}: holds {(others or ['no demo'])[0]}, which no demo made; give another --out")
        if keep:
            made = datetime.fromtimestamp((folder / "logs").stat().st_mtime, UTC)
            folder.rename(folder.with_name(f"{folder.name}-{made:%Y%m%d-%H%M%S}-{now_us % 1_000_000:06d}"))
        else:
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in ("logs", "nodes", "gateway", "evidence"):
        (folder / name).mkdir(parents=True)
