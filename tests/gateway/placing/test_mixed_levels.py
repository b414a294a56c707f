"""Poles that tell dB of full scale beside poles that tell dB SPL: a shot that all hear is placed by all."""

import json
import math

import pytest

from soundpost.__main__ import main

POLES = {"a": (0, 0), "b": (300, 0), "c": (0, 300), "d": (300, 300), "e": (150, -200), "f": (-200, 150)}
PLACE = (120, 140)


@pytest.mark.parametrize("uncalibrated", ["", "f", "cf", "bcf", "bcef", "abcdef"])
def test_poles_of_either_kind_of_level_agree_on_a_shot(uncalibrated, tmp_path, capsys):
    lines = []
    for node, at in POLES.items():
        off_m = math.dist(at, PLACE)
        level_db = 140 - 20 * math.log10(off_m) - 0.01 * off_m - (120 if node in uncalibrated else 0)
        t_us = 1_700_000_000_000_000 + round(off_m / 343.4 * 1e6)
        told = {"node": node, "xyz_m": [*at, 0], "t_us": t_us, "sigma_us": 500, "snr_db": 30, "level_db": level_db}
        lines.append(json.dumps(told))
    (tmp_path / "arrivals.jsonl").write_text("\n".join(lines))

    assert main(["locate", str(tmp_path / "arrivals.jsonl"), "--json"]) == 0

    (shot,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (shot["grade"], shot["arrivals"]) == ("A", [0, 1, 2, 3, 4, 5])
