"""What a dispatcher and other programs are told of an incident: one line for people, one record for machines.

Always with its grade and its error ellipse. Where it was fired, never where a pole stands.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from dsp.geodesy import Site
from dsp.placing.fix import CHI2_2DOF, ellipse
from dsp.placing.line_of_fire import LineOfFire
from gateway.alerts.clock_time import clock_time
from gateway.incident import Announce, Incident, Round, best, likeliest


def headline(announce: Announce, site: Site) -> str:
    """One line: when, how sure, where and within what ellipse (95 %) the newest round was fired, which one it is of how
    many, and the incident's name. The time and the place are those of one and the same round."""
    incident, shot = announce.incident, newest(announce)
    first_us = min(each.fix.t_us for each in incident.rounds)
    words = (
        clock_time(shot.fix.t_us),
        *(() if announce.is_new else ("UPDATE",)),
        f"grade {shot.grade}",
        _which(announce, shot),
        f"{shot.kind} p {'?' if shot.p_gunshot is None else f'{shot.p_gunshot:.2f}'}",
        _where(shot, site),
        *((_fired_towards(shot.line),) if shot.line else ()),
        *((f"first at {clock_time(first_us)}",) if first_us != shot.fix.t_us else ()),
        *((f"best grade {incident.grade}",) if best(incident.rounds).grade < shot.grade else ()),
        incident.id,
        *((f"({shot.why})",) if shot.why else ()),
        *((f"WITHIN AN ANNOUNCED EVENT: {incident.quiet}",) if incident.quiet else ()),
        *(("HISTORIC: nothing was moved",) if incident.historic else ()),
    )
    return "  ".join(words)


def newest(announce: Announce) -> Round:
    """The round that was fired last of those that are told; of what is withdrawn only where there is nothing else."""
    return max(announce.news, key=lambda shot: (not shot.withdrawn, shot.fix.t_us))


def incident_record(announce: Announce, site: Site) -> dict[str, Any]:
    """What is told, for machines. `rounds`: those that are new or changed, the fields of `soundpost locate` for each;
    `n_rounds`: all that the incident has, at so many places.

    Its own e_m, n_m, lat_deg, lon_deg and ellipse_95 are those of its best round; its p_gunshot, kind and why those of
    its likeliest.
    """
    incident = announce.incident
    return {
        "what": "incident",
        "incident": incident.id,
        "is_new": announce.is_new,
        "historic": incident.historic,
        "first_us": min(shot.fix.t_us for shot in incident.rounds),
        **_round_record(best(incident.rounds), site),
        **_judged_record(likeliest(incident.rounds)),
        **_quiet_record(incident),
        **({} if incident.clips else {"clips": False}),
        "n_rounds": n_rounds(incident),
        "n_places": n_places(incident.rounds),
        "rounds": [_round_record(shot, site) for shot in announce.news],
    }


def n_rounds(incident: Incident) -> int:
    """How many rounds it has, without those that were withdrawn."""
    return sum(not shot.withdrawn for shot in incident.rounds)


def n_places(rounds: Iterable[Round]) -> int:
    """From how many places these rounds were fired at least: a round belongs to a place where it and the first round
    of that place may be of one, each inside the 95 % ellipse of the difference of the two."""
    places: list[Round] = []
    for shot in rounds:
        if not shot.withdrawn and all(_apart(shot, known) for known in places):
            places.append(shot)
    return len(places)


def _apart(one: Round, other: Round) -> bool:
    away_m = np.subtract(one.fix.xyz_m[:2], other.fix.xyz_m[:2])
    return bool(away_m @ np.linalg.solve(one.fix.cov_m2 + other.fix.cov_m2, away_m) > CHI2_2DOF[0.95])


def _which(announce: Announce, shot: Round) -> str:
    """Which round of the incident this is, and what else is told with it."""
    incident, news = announce.incident, announce.news
    n, places = n_rounds(incident), n_places(incident.rounds)
    there = [each.fix.t_us for each in incident.rounds if not each.withdrawn]
    words = f"{n} round{'' if n == 1 else 's'}"
    if n > 1 and shot.fix.t_us in there:
        words = f"round {there.index(shot.fix.t_us) + 1} of {n}"
    more = len(news) - 1
    withdrawn = sum(each.withdrawn for each in news)
    return ", ".join(
        (
            words,
            *((f"at {places} places",) if places > 1 else ()),
            *((f"{more} more since the last line",) if more else ()),
            *((f"{withdrawn} WITHDRAWN: late arrivals tell it otherwise",) if withdrawn else ()),
        )
    )


def _where(shot: Round, site: Site) -> str:
    east_m, north_m, _ = shot.fix.xyz_m
    lat_deg, lon_deg, _ = site.to_geodetic(*shot.fix.xyz_m)
    shape = ellipse(shot.fix.cov_m2)
    return (
        f"{lat_deg:.6f} {lon_deg:.6f} (e {east_m:.1f} m, n {north_m:.1f} m)"
        f"  95 % within {shape.major_m:.1f} x {shape.minor_m:.1f} m at {shape.azimuth_deg:.0f} deg"
    )


def _round_record(shot: Round, site: Site) -> dict[str, Any]:
    lat_deg, lon_deg, _ = site.to_geodetic(*shot.fix.xyz_m)
    shape = ellipse(shot.fix.cov_m2)
    return {
        "e_m": round(shot.fix.xyz_m[0], 2),
        "n_m": round(shot.fix.xyz_m[1], 2),
        "lat_deg": round(lat_deg, 7),
        "lon_deg": round(lon_deg, 7),
        "t_us": shot.fix.t_us,
        "cov_m2": [[round(float(value), 4) for value in row] for row in shot.fix.cov_m2],
        "ellipse_95": {
            "major_m": round(shape.major_m, 2),
            "minor_m": round(shape.minor_m, 2),
            "azimuth_deg": round(shape.azimuth_deg, 1),
        },
        "grade": shot.grade,
        **_judged_record(shot),
        "rms_us": round(shot.fix.rms_us, 1),
        "nodes": sorted(arrival.node for arrival in shot.arrivals),
        "last_arrival_us": max((arrival.t_us for arrival in shot.arrivals), default=None),
        **({"withdrawn": True} if shot.withdrawn else {}),
        **({"line_of_fire": _line_record(shot.line)} if shot.line else {}),
    }


def _judged_record(shot: Round) -> dict[str, Any]:
    """What it is."""
    p_gunshot = None if shot.p_gunshot is None else round(shot.p_gunshot, 3)
    return {"p_gunshot": p_gunshot, "kind": shot.kind, "why": shot.why}


def _quiet_record(incident: Incident) -> dict[str, Any]:
    """That it lies in the place and the time of an announced event: its name, and in why."""
    if not incident.quiet:
        return {}
    within = f"within an announced event: {incident.quiet}"
    why = likeliest(incident.rounds).why
    return {"quiet": incident.quiet, "why": f"{why}; {within}" if why else within}


def _line_record(line: LineOfFire) -> dict[str, Any]:
    """Where the bullet went to: only of rounds whose crack told."""
    return {
        "azimuth_deg": round(line.azimuth_deg, 1),
        "azimuth_sigma_deg": round(line.azimuth_sigma_deg, 1),
        "speed_mps": round(line.speed_mps),
        "speed_sigma_mps": round(line.speed_sigma_mps),
    }


def _fired_towards(line: LineOfFire) -> str:
    return f"fired towards {line.azimuth_deg:.0f} deg (90 %: within {1.645 * line.azimuth_sigma_deg:.0f} deg)"
