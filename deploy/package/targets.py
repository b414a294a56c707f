"""What packages there are: of which Debian, which machine, and what is in each."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Debian:
    """number : of the release. python : the one that it brings. glibc : the second number of its version 2.N
    (packages.debian.org, libc6: 2.36 in bookworm, 2.41 in trixie). raises_delay : whether its systemd knows
    RestartSteps= (systemd.service(5): from 254 on; bookworm has 252)."""

    number: int
    python: str
    glibc: int
    raises_delay: bool

    def platforms(self, machine: str) -> list[str]:
        """Tags of wheels that run there (PEP 600, and the older names that it replaces)."""
        old = [f"manylinux{year}_{machine}" for year in ("2014", "2010", "1")]
        return [f"manylinux_2_{minor}_{machine}" for minor in range(self.glibc, 4, -1)] + old


@dataclass(frozen=True, slots=True)
class Product:
    """A package. extras : of ours, and more : of others, that it carries. units : its services; enabled : those that
    start with the machine. needs : Debian packages, recommends : those that most want. watched : it carries alert rules
    and a dashboard. next : what to do once installed."""

    name: str
    what: str
    extras: tuple[str, ...]
    more: tuple[str, ...]
    units: tuple[str, ...]
    enabled: tuple[str, ...]
    needs: tuple[str, ...]
    recommends: tuple[str, ...]
    other: str
    watched: bool
    data: tuple[str, ...]
    next: str


DEBIANS = {12: Debian(12, "3.11", 36, False), 13: Debian(13, "3.13", 41, True)}
MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""Debian's name of a machine -> Python's."""
GATEWAY = Product(
    "soundpost-gateway",
    "Places gunshots heard from street lights, and makes the street react",
    ("camera", "dali", "gpio", "talq", "video", "web"),
    ("sounddevice",),
    (
        *("soundpost-broker.service", "soundpost-gateway.service", "soundpost-web.service"),
        *("soundpost-evidence.service", "soundpost-node.service"),
    ),
    ("soundpost-broker.service", "soundpost-gateway.service", "soundpost-node.service"),
    ("libstdc++6",),
    ("mosquitto (>= 2.0)", "chrony", "libportaudio2"),
    "soundpost-node",
    True,
    ("/var/lib/soundpost", "/etc/soundpost"),
    "soundpost init survey.csv --out /etc/soundpost/street; man soundpost-init",
)
NODE = Product(
    "soundpost-node",
    "Hears a gunshot from a street light's pole",
    (),
    ("sounddevice",),
    ("soundpost-node.service",),
    ("soundpost-node.service",),
    ("libportaudio2", "libstdc++6"),
    ("chrony",),
    "soundpost-gateway",
    False,
    ("/var/lib/soundpost", "/etc/soundpost"),
    "put what soundpost init made for this pole (nodes/NODE) into /etc/soundpost/node",
)
PRODUCTS = {"gateway": GATEWAY, "node": NODE}
