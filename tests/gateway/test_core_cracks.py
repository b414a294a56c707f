"""A bullet's crack through the whole core: it gives the round its line of fire, and nothing else is decided by it."""

import numpy as np
import pytest

from dsp.placing.crack import Flight, crack
from firmware import wire
from gateway.alerts.bulletin import headline
from gateway.incident import Announce, Store
from gateway.placing import line_of_fire

S = 1_000_000
MUZZLE, AZIMUTH_DEG = (20.0, 10.0, 1.5), 60.0


def frames_of(street, sound=wire.CRACK, nodes=None):
    """Each node's crack, which it may call what it likes, and its blast, a fifth of a second after each."""
    places = np.array([pole.xyz_m for pole in street.poles.values()])
    heard = crack(Flight(MUZZLE, AZIMUTH_DEG, 0.0, 850.0), places, street.air)
    frames = street.frames_of(MUZZLE)
    for node, t_s, told in zip(street.poles, heard.t_s.tolist(), heard.heard.tolist(), strict=True):
        if told and (nodes is None or node in nodes):
            t_us = street.t_us + round(t_s * 1e6)
            said = street.arrival(t_us)._replace(sound=sound, p_gunshot_permille=20)
            frames.append((t_us + S // 5, street.frame(node, said)))
    return sorted(frames)


def live(core, frames):
    effects = []
    for at_us, frame in frames:
        effects += core.feed(frame, at_us)
    for now_us in range(frames[-1][0], frames[-1][0] + 8 * S, 50_000):
        effects += core.tick(now_us)
    return effects


def announced(effects):
    return [each for each in effects if isinstance(each, Announce)]


def rounds(effects):
    return [shot for each in announced(effects) for shot in each.news]


def test_cracks_of_four_poles_give_the_round_its_line_and_the_third_look_counts_it(small_street):
    effects = live(small_street.core(), frames_of(small_street))
    (shot,) = rounds(effects)

    assert abs(shot.line.azimuth_deg - AZIMUTH_DEG) < 3 * shot.line.azimuth_sigma_deg + 1
    assert "a bullet's crack came before it" in shot.why
    assert "fired towards" in headline(announced(effects)[0], small_street.site)


def test_but_for_the_line_and_what_it_says_for_a_gunshot_nothing_is_decided_otherwise(small_street):
    (with_line,) = rounds(live(small_street.core(), frames_of(small_street)))
    (without,) = rounds(live(small_street.core(), frames_of(small_street, wire.OTHER)))

    assert without.line is None
    assert "crack" not in without.why
    assert (with_line.fix.xyz_m, with_line.fix.t_us) == (without.fix.xyz_m, without.fix.t_us)
    assert with_line.grade == without.grade
    assert [each.node for each in with_line.arrivals] == [each.node for each in without.arrivals]
    assert with_line.p_gunshot > without.p_gunshot


def test_cracks_of_three_poles_give_no_line(small_street):
    (shot,) = rounds(live(small_street.core(), frames_of(small_street, nodes=("n1", "n2", "n4"))))

    assert shot.line is None


def test_a_round_that_later_looks_better_keeps_its_line_and_is_fitted_once(small_street, monkeypatch):
    fits, fitted = [], line_of_fire.fitted
    monkeypatch.setattr(line_of_fire, "fitted", lambda *args: fits.append(args) or fitted(*args))
    frames = frames_of(small_street)
    looks = []
    for _, frame in frames:
        head = wire.split(frame)
        node = head.kid.decode()
        said = wire.open(frame, small_street.keys[node], wire.UP).record
        if said.sound == wire.BLAST:
            look = wire.Look(head.sequence, 950, 980, wire.BLAST, None)
            looks.append((frames[-1][0] + 3 * S + head.sequence, small_street.frame(node, look)))
    core = small_street.core()
    effects = live(core, frames + looks)

    assert core.counts["bettered"] > 0
    assert all(shot.line is not None for shot in rounds(effects))
    assert len(fits) == 1


def test_a_journal_with_cracks_comes_out_the_same_again(small_street):
    effects = live(small_street.core(), frames_of(small_street))
    stored = [(each.received_us, each.frame) for each in effects if isinstance(each, Store)]
    (again,) = rounds(small_street.replay(small_street.core(), stored))
    (before,) = rounds(effects)

    assert again.line.azimuth_deg == pytest.approx(before.line.azimuth_deg)
    assert again.p_gunshot == before.p_gunshot
