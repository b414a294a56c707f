"""What the demo reads from a gateway's journal: each round once, however often it was told."""

import json

from gateway.journal.journal import Journal
from gateway.journal.rows import Row
from simulators.demo.story import read_story

S = 1_000_000


def a_round(t_us, e_m, **more):
    cov = [[1.0, 0.0], [0.0, 1.0]]
    fix = {"e_m": e_m, "n_m": 2.0, "t_us": t_us, "cov_m2": cov, "rms_us": 100.0}
    return {**fix, "grade": "C", "p_gunshot": 0.9, "nodes": ["n1"], **more}


async def test_a_round_that_was_revised_is_one_and_one_that_was_withdrawn_is_none(tmp_path):
    told = [
        (10 * S, [a_round(8 * S, 1.0)]),
        (12 * S, [a_round(8 * S + 9_000, 5.0)]),
        (13 * S, [a_round(8 * S + 9_000, 5.0), a_round(11 * S, 3.0)]),
        (15 * S, [a_round(8 * S + 9_000, 5.0), a_round(11 * S, 3.0, withdrawn=True)]),
    ]
    journal = Journal(tmp_path / "j")
    for at_us, rounds in told:
        body = json.dumps({"incident": "one", "rounds": rounds}).encode()
        await journal.append([Row("incident", at_us, body)])
    journal.close()
    (placed,) = read_story(tmp_path / "j", {}, tmp_path / "none", {}).placed

    assert (placed.announced_us, placed.shot.fix.t_us, placed.shot.fix.xyz_m[0]) == (10 * S, 8 * S + 9_000, 5.0)
