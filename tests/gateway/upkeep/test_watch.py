"""What a gateway learns of its street: in force for the next fixes, in the journal, and in force again on replay."""

import numpy as np
import pytest

from dsp.air import Air
from dsp.placing.medium import Medium
from gateway.alerts.notices import alarm_line, alarm_record
from gateway.assembly.gateway import read_air
from gateway.incident import Alarm, Announce, NewAir
from gateway.journal.journal import Journal
from gateway.journal.rows import Row
from gateway.upkeep.ledger import Ledger
from gateway.upkeep.watch import Watch

S = 1_000_000
TOLD = Air(27.0)  # the street's own is 12 C


def watch_of(street, known=(), since_us=0):
    places = {node: pole.xyz_m for node, pole in street.poles.items()}
    return Watch(TOLD, Medium(TOLD), Ledger(places), known, since_us)


def frames_of_many(street, n=8):
    """Frames of shots half a minute apart."""
    rng, frames = np.random.default_rng(1), []
    for index in range(n):
        t_us = street.t_us + index * 30 * S
        place = (float(rng.uniform(20, 100)), float(rng.uniform(-30, 60)), 1.5)
        frames += street.frames_of(place, t_us)
    return frames


def of(kind, effects):
    return [effect for effect in effects if isinstance(effect, kind)]


def told(effects):
    return [[(shot.fix.t_us, shot.fix.xyz_m) for shot in each.incident.rounds] for each in of(Announce, effects)]


def test_shots_bring_the_air_in_force_nearer_to_what_it_is(small_street):
    watch = watch_of(small_street)
    effects = small_street.replay(small_street.core(air=TOLD, watch=watch), frames_of_many(small_street))
    airs = of(NewAir, effects)

    assert len(airs) >= 1
    assert airs[-1].temperature_c == watch.air.temperature_c
    assert 12.0 < watch.air.temperature_c < 24.0  # so small a street says little of the speed of sound


def test_thermometers_alone_bring_it_nearer(small_street):
    watch = watch_of(small_street)
    times_us = [small_street.t_us + minute * 60 * S for minute in range(20)]
    frames = [
        (t_us, small_street.frame(node, small_street.health(t_us))) for t_us in times_us for node in small_street.poles
    ]
    effects = small_street.replay(small_street.core(air=TOLD, watch=watch), frames)

    assert watch.air.temperature_c == pytest.approx(18.0, abs=1.5)  # the boxes read 18.5 C
    assert len(of(NewAir, effects)) >= 1


def test_a_replay_takes_the_air_from_the_journal_and_gives_the_same_fixes(small_street):
    frames = frames_of_many(small_street)
    live = small_street.replay(small_street.core(air=TOLD, watch=watch_of(small_street)), frames)
    again = list(
        small_street.replay(
            small_street.core(air=TOLD, watch=watch_of(small_street, of(NewAir, live), since_us=None)), frames
        )
    )
    without = small_street.replay(small_street.core(air=TOLD), frames)

    assert told(again) == told(live) != told(without)
    assert of(NewAir, again) == []


def test_before_its_time_it_learns_nothing(small_street):
    frames = frames_of_many(small_street, 5)
    watch = watch_of(small_street, since_us=frames[-1][0] + 3600 * S)
    replayed = small_street.replay(small_street.core(air=TOLD, watch=watch), frames)

    assert of(NewAir, replayed) == []
    assert watch.air == TOLD


def test_a_restarted_gateway_goes_on_from_the_air_that_was_in_force(small_street):
    learnt = NewAir(14.0, (1.0, 0.0), small_street.t_us - 2 * S)
    watch = watch_of(small_street, [learnt])
    health = small_street.frame("n0", small_street.health(small_street.t_us))
    small_street.replay(small_street.core(air=TOLD, watch=watch), [(small_street.t_us, health)])

    assert watch.air.temperature_c == pytest.approx(14.0, abs=0.5)


async def test_the_airs_of_a_journal_begin_with_the_one_in_force(tmp_path):
    airs = [NewAir(20.0 - index, (0.5, -0.25), index * S) for index in range(5)]
    bodies = [
        b'{"at_us": %d, "temperature_c": %r, "wind_en_mps": [0.5, -0.25]}' % (air.at_us, air.temperature_c)
        for air in airs
    ]
    journal = Journal(tmp_path / "j")
    await journal.append([Row("air", air.at_us, body) for air, body in zip(airs, bodies, strict=True)])
    journal.close()
    journal = Journal(tmp_path / "j")
    read = [read_air(body) for body in journal.airs_since(round(2.5 * S))]
    journal.close()

    assert read == airs[2:]


def test_an_alarm_is_told_in_one_line_and_as_a_record():
    alarm = Alarm("n7", "clock", True, "it reports 5.1 ms late from every side: its clock is off by that", 0, 9.1, 14)

    assert alarm_line(alarm) == (
        "00:00:00.000Z  pole n7  ALARM clock: it reports 5.1 ms late from every side: its clock is off by "
        "that  (14 shots)"
    )
    assert alarm_record(alarm) == {
        "what": "alarm",
        "node": "n7",
        "kind": "clock",
        "raised": True,
        "why": alarm.why,
        "t_us": 0,
        "sigmas": 9.1,
        "n_shots": 14,
    }
