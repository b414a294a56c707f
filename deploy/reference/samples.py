"""One of each thing that a gateway writes down or a wire carries, made up, for the examples in the handbook. Its street
stands nowhere; each example is what the real code makes of these."""

import numpy as np

from dsp.geodesy import Site
from dsp.placing.area import Area
from dsp.placing.fix import Fix
from firmware import wire
from gateway.effects import Told
from gateway.incident import (
    Alarm,
    Announce,
    Arrival,
    Asked,
    ClockStep,
    Early,
    Heard,
    Incident,
    NewAir,
    News,
    Round,
    Unplaced,
    Updated,
)
from gateway.lamp_notice import LampNotice
from gateway.orders import Light, Outcome
from gateway.reasons import Because, Near, Weighed

SITE = Site(38.9, -77.0, 20.0)
KEY, NODE, BOOT, SEQUENCE = bytes(range(32)), "n1", 3, 17
FIRED_US = 1_794_017_600_123_456
AT_US = FIRED_US + 800_000
INCIDENT = "20261107T021320Z-3fa9c1"
POLES_M = (
    (0.0, 0.0, 6.0),
    (60.0, 5.0, 6.5),
    (3.0, 70.0, 7.0),
    (62.0, 74.0, 6.0),
    (120.0, 8.0, 6.0),
    (118.0, 71.0, 6.5),
)
ARRIVALS = tuple(
    Arrival(f"n{number}", xyz_m, FIRED_US + 90_000 * number, 120, 31.5, 104.2, 0.97, "blast")
    for number, xyz_m in enumerate(POLES_M, start=1)
)
WAY = "six poles agree within 0.3 ms"
SHOT = Round(
    Fix((41.3, 30.2, 1.5), FIRED_US, np.array([[0.41, 0.05], [0.05, 0.37]]), np.zeros(6), 210.4),
    ARRIVALS, "A", 0.97, "gunshot", WAY,
)  # fmt: skip
TELLS = Announce(Incident(INCIDENT, (SHOT,), "gunshot", "A"), (SHOT,))
TOLD: dict[str, Told | LampNotice] = {
    "incident": TELLS,
    "unplaced": Heard(Unplaced("only 3 poles heard it; 4 are needed", ARRIVALS[:3]), AT_US),
    "area": Heard(Unplaced("only 3 poles heard it; 4 are needed", ARRIVALS[:3],
                           Area(FIRED_US, (40.0, 30.0), np.array([[400.0, 20.0], [20.0, 300.0]]))), AT_US),
    "effect": Outcome(Light(("l1",), 100, INCIDENT, FIRED_US + 30_000_000, action="lights-1"), "l1", True, AT_US, "lit",
                      30),
    "soon": News("soon", f"soon-{INCIDENT}: 6 poles agreed, and nothing came of it; what was lit goes back", AT_US),
    "alarm": Alarm("n4", "clock", True, "its times are 2.4 ms late: its clock is off by that", AT_US, 7.1, 12),
    "lamp": LampNotice("l1-1794000000", "l1", "out", True, "is dark", AT_US - 60_000_000, AT_US,
                       ((AT_US - 60_000_000, "is dark"),)),
    "update": Updated("n4", "esp32s3-7.release", 7, bytes(32), "good", False, AT_US),
    "request": Asked("desk", "review", {"incident": INCIDENT, "verdict": "no gunshot", "note": "a door"}, "00" * 16,
                     "ab" * 32, AT_US),
    "journal": News("journal", "journal street.journal is on the disk again, with 12 rows that waited", AT_US),
    "keys": News("keys", "keys: n2 rotated", AT_US),
    "edge": News("edge", "lamps works again", AT_US),
}  # fmt: skip
"""Kind of row -> what is told."""
BECAUSE = Because(
    INCIDENT, "lights", 1, True, "does", "policy.lights", AT_US,
    Weighed("A", 0.97, "C", 0.15, "policy.lights", "policy.lights", True, -24.3, 800_000), (Near("l1", 38.2),), 100.0,
)  # fmt: skip
EARLY = Early(f"soon-{INCIDENT}", 41.3, 30.2, FIRED_US, 2.1, "A", 0.9, AT_US)
AIR = NewAir(11.5, (1.2, -0.4), AT_US)
STEP = ClockStep(AT_US, AT_US + 2_000_000)

FRAMES = (
    wire.Arrival(FIRED_US, 217, wire.LOCKED, 10_420, wire.DBSPL, 3_150, 970, wire.BLAST, 0,
                 (60, 410, 3300, 987, 700, -500, -1200, -2100, 1500, 900, -300, 100, 50, -400, -100, -200), None, None),
    wire.Health(FIRED_US, 217, wire.LOCKED, 86_400, 0, 41, 0, None, None, 0, 0, 0, 0, 1_150, 4_120, wire.DBSPL, None),
    wire.Ack(((BOOT, 1, SEQUENCE),)),
    wire.Command(1, wire.IDENTIFY, 30, FIRED_US + 60_000_000),
    wire.Update(7, bytes(range(16)), bytes(range(32)), 131_072, 5),
    wire.Part(7, 512, bytes(range(8))),
    wire.Progress(7, 512, 0, 6),
    wire.Look(SEQUENCE, 1_000, 985, wire.BLAST, 17),
)  # fmt: skip
"""One of each kind of the wire."""
