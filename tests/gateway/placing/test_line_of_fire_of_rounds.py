"""A round gets its line of fire where its own cracks tell it, and people are told of it only then."""

import dataclasses

import numpy as np
import pytest

from dsp.air import Air, travel_s
from dsp.geodesy import Site
from dsp.placing.crack import Flight, crack
from dsp.placing.fix import Fix
from gateway.alerts.bulletin import headline, incident_record
from gateway.incident import Announce, Arrival, Incident, Round
from gateway.placing.line_of_fire import REMEMBERED, Cracks, line_of_fire

AIR, T_US = Air(), 1_763_000_000_000_000
MUZZLE = np.array([0.0, 0.0, 1.5])
POLES = {
    f"n{i}": (e, n, 6.0) for i, (e, n) in enumerate((e, n) for n in (-70.0, -8.0, 55.0) for e in (-60.0, 4, 62, 118))
}


def heard_of(azimuth_deg, t_us=T_US, sound="crack"):
    places = np.array(list(POLES.values()))
    heard = crack(Flight(MUZZLE, azimuth_deg, 0.0, 850.0), places, AIR)
    return [
        Arrival(node, POLES[node], t_us + round(1e6 * t_s), 300, sound=sound)
        for node, t_s, told in zip(POLES, heard.t_s.tolist(), heard.heard.tolist(), strict=True)
        if told
    ]


def shot(t_us=T_US):
    blasts = [
        Arrival(node, xyz_m, t_us + round(1e6 * float(travel_s(AIR, np.subtract(xyz_m, MUZZLE)))), 300, sound="blast")
        for node, xyz_m in POLES.items()
    ]
    return Round(Fix((0.0, 0.0, 1.5), t_us, np.eye(2) * 0.1, np.zeros(len(POLES)), 300.0), tuple(blasts), "A", 0.9)


def test_cracks_before_the_blast_give_the_line():
    line = line_of_fire(shot(), heard_of(85.0), AIR)

    assert abs(line.azimuth_deg - 85) < 2
    assert abs(line.speed_mps - 850) < 60


def test_blasts_and_cracks_of_another_time_are_no_part_of_it():
    later = heard_of(85.0, T_US + 2_000_000)

    assert line_of_fire(shot(), [*heard_of(85.0, sound="blast"), *later], AIR) is None
    assert line_of_fire(shot(), [*heard_of(85.0), *later], AIR).azimuth_deg == pytest.approx(85, abs=2)


def test_each_round_of_a_burst_gets_the_line_of_its_own_cracks():
    cracks = Cracks()
    for t_us, azimuth_deg in ((T_US, 85.0), (T_US + 100_000, 95.0)):
        for each in heard_of(azimuth_deg, t_us):
            cracks.feed(each)
    lines = [cracks.aimed(shot(t_us), AIR).line for t_us in (T_US, T_US + 100_000)]

    assert [line.azimuth_deg for line in lines] == pytest.approx([85, 95], abs=2)


def test_a_round_without_cracks_stays_as_it_is():
    cracks = Cracks()
    cracks.feed(shot().arrivals[0])
    plain = shot()

    assert cracks.aimed(plain, AIR) is plain


def test_a_flood_of_cracks_is_forgotten_oldest_first():
    cracks = Cracks()
    for each in heard_of(85.0):
        cracks.feed(each)
    for late in range(REMEMBERED):
        cracks.feed(Arrival("n0", POLES["n0"], T_US + 10_000_000 + late, 300, sound="crack"))

    assert cracks.aimed(shot(), AIR).line is None


def test_people_and_machines_are_told_the_line_only_where_it_is_known():
    site, plain = Site(38.9, -77.0, 20.0), shot()
    aimed = dataclasses.replace(plain, line=line_of_fire(plain, heard_of(85.0), AIR))
    told, untold = (Announce(Incident("i-1", (each,), "gunshot", "A"), (each,)) for each in (aimed, plain))

    assert "fired towards 85 deg (90 %: within" in headline(told, site)
    assert "towards" not in headline(untold, site)
    assert incident_record(told, site)["line_of_fire"]["azimuth_deg"] == pytest.approx(85, abs=2)
    assert "line_of_fire" not in incident_record(untold, site)
