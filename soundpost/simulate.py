"""soundpost simulate: render a scenario, let real nodes hear it and the real core decide, and tell how well it went."""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

import numpy as np

from dsp.placing.fix import CHI2_2DOF, Fix, ellipse
from firmware.linux.voices import voices
from gateway.incident import Round
from gateway.orders import Aim, Light
from simulators.recordings.export import write_recording
from simulators.street.city import Night, live
from simulators.street.scenario import read_scenario, scenario_path, shipped
from simulators.street.scene import record
from simulators.street.verdict import Fired, Verdict, error_m, judge
from soundpost.terminal import complain

HELP = "Render a scenario, run real nodes and the real core on it in virtual time, and compare with the truth."
EXAMPLE = "soundpost simulate street --wav out/street"

Line = dict[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("scenario", type=Path, help=f"a scenario .toml, or one of: {', '.join(shipped())}")
    parser.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    parser.add_argument("--wav", type=Path, metavar="DIR", help="write the sound and a nodes file that `replay` reads")
    parser.add_argument("--seed", type=int, help="dice for noise and clutter, instead of the scenario's")


def run(args: argparse.Namespace) -> int:
    """Returns 0 whatever was found: it is a report. Bad input is an exception of one line."""
    if args.seed is not None and args.seed < 0:
        raise ValueError(f"--seed {args.seed} is negative; 0 or more is legal")
    path = scenario_path(args.scenario)
    scenario = read_scenario(path)
    recording = record(scenario, path.stem, args.seed)
    if args.wav:
        write_recording(recording, args.wav)
    night = live(recording, scenario)
    for fault in voices()[1]:
        complain("simulate", ValueError(fault))
    verdict = judge(recording.truths, [shot for shot, _ in night.rounds()])
    lines = list(_lines(night, verdict))
    for line in lines:
        print(json.dumps(line) if args.json else _row(line))
    return 0


def _lines(night: Night, verdict: Verdict) -> list[Line]:
    known_us = {id(shot): at_us for shot, at_us in night.rounds()}
    placed = [_placed(fired, shot, known_us[id(shot)]) for fired, shot in verdict.placed]
    missed = [{"kind": "missed", "truth": _truth(fired)} for fired in verdict.missed]
    false = [{"kind": "false", **_fix(shot)} for shot in verdict.false]
    others = [{"kind": "other", **_fix(shot)} for shot in verdict.others]
    return [*placed, *missed, *false, *others, _summary(night, verdict)]


def _placed(fired: Fired, shot: Round, known_us: int) -> Line:
    return {
        "kind": "placed",
        "truth": _truth(fired),
        **_fix(shot),
        "error_m": round(error_m(fired, shot), 3),
        "time_error_us": shot.fix.t_us - fired.t_us,
        "in_ellipse_95": _in_ellipse(fired, shot.fix),
        "latency_ms": round((known_us - max(arrival.t_us for arrival in shot.arrivals)) / 1000),
    }


def _truth(fired: Fired) -> Line:
    return {"e_m": fired.xyz_m[0], "n_m": fired.xyz_m[1], "t_us": fired.t_us}


def _fix(shot: Round) -> Line:
    fix, half_axes = shot.fix, ellipse(shot.fix.cov_m2)
    return {
        "e_m": round(fix.xyz_m[0], 3),
        "n_m": round(fix.xyz_m[1], 3),
        "t_us": fix.t_us,
        "cov_m2": [[round(float(var), 6) for var in row] for row in fix.cov_m2],
        "ellipse_95": {
            "major_m": round(half_axes.major_m, 3),
            "minor_m": round(half_axes.minor_m, 3),
            "azimuth_deg": round(half_axes.azimuth_deg, 1),
        },
        "grade": shot.grade,
        "p_gunshot": None if shot.p_gunshot is None else round(shot.p_gunshot, 3),
        "rms_us": round(fix.rms_us, 1),
        "nodes": [arrival.node for arrival in shot.arrivals],
    }


def _in_ellipse(fired: Fired, fix: Fix) -> bool:
    off_m = np.subtract(fix.xyz_m[:2], fired.xyz_m[:2])
    return bool(off_m @ np.linalg.solve(fix.cov_m2, off_m) <= CHI2_2DOF[0.95])


def _summary(night: Night, verdict: Verdict) -> Line:
    errors_m = [error_m(fired, shot) for fired, shot in verdict.placed]
    orders = [happening.effect for happening in night.happenings]
    return {
        "kind": "summary",
        "source": night.recording.source,
        "fired": len(verdict.placed) + len(verdict.missed),
        "placed": len(verdict.placed),
        "missed": len(verdict.missed),
        "false": len(verdict.false),
        "others": len(verdict.others),
        "median_error_m": round(statistics.median(errors_m), 3) if errors_m else None,
        "worst_error_m": round(max(errors_m), 3) if errors_m else None,
        "arrivals": sum(night.n_arrivals.values()),
        "lamps": sorted({lamp for order in orders if isinstance(order, Light) for lamp in order.lamps}),
        "cameras": sorted({order.camera for order in orders if isinstance(order, Aim)}),
    }


def _row(line: Line) -> str:
    """A line for people."""
    if line["kind"] == "summary":
        return _summary_row(line)
    if line["kind"] == "missed":
        return f"missed  fired at ({line['truth']['e_m']:.1f}, {line['truth']['n_m']:.1f}) m and not placed"
    half_axes, p_gunshot = line["ellipse_95"], line["p_gunshot"]
    where = f"({line['e_m']:.1f}, {line['n_m']:.1f}) m within {half_axes['major_m']:.1f} x {half_axes['minor_m']:.1f} m"
    how = f"grade {line['grade']}, {len(line['nodes'])} nodes, p(gunshot) " + (
        "?" if p_gunshot is None else f"{p_gunshot:.2f}"
    )
    if line["kind"] == "false":
        return f"false   {where}, {how}: nothing was fired there"
    if line["kind"] == "other":
        return f"other   {where}, {how}: said to be no gunshot, and none was fired there"
    truth = f"fired at ({line['truth']['e_m']:.1f}, {line['truth']['n_m']:.1f})"
    return f"placed  {truth} as {where}: off by {line['error_m']:.2f} m; {how}; known after {line['latency_ms']} ms"


def _summary_row(line: Line) -> str:
    text = f"{line['placed']} of {line['fired']} rounds placed, {line['false']} false, {line['others']} other sounds"
    if line["median_error_m"] is not None:
        text += f"; error median {line['median_error_m']:.2f} m, worst {line['worst_error_m']:.2f} m"
    for kind in ("lamps", "cameras"):
        if line[kind]:
            text += f"; {kind} {', '.join(line[kind])}"
    return text
