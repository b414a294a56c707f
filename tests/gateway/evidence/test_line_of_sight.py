"""Which cameras record where walls stand."""

import pytest

from gateway.assembly.evidence import line_of_sight
from gateway.evidence.cases import Cases, Rules, Watcher
from gateway.reaction.walls import Wall, Walls

T_US = 1_790_000_000_000_000
CAMERAS = [Watcher("west", (-40.0, 0.0, 5.0), 100.0), Watcher("east", (40.0, 0.0, 5.0), 100.0)]
HOUSE = ((20.0, -30.0), (20.0, 30.0))


@pytest.mark.parametrize(
    ("walls", "recording"),
    [
        ([], ("west", "east")),
        ([Wall(HOUSE)], ("west",)),
        ([Wall(HOUSE, height_m=1.0)], ("west", "east")),
        ([Wall(HOUSE), Wall(((-20.0, -30.0), (-20.0, 30.0)))], ("west", "east")),
        ([Wall(((20.0, -30.0), (20.0, 1.0)))], ("west", "east")),
    ],
    ids=["no wall", "a house before one", "a hedge", "houses before both", "a house with a gap beside it"],
)
def test_a_camera_records_what_it_sees_a_part_of(walls, recording):
    cases = Cases(Rules(), CAMERAS, [], line_of_sight(Walls(walls), CAMERAS))
    rounds = [{"e_m": 0.0, "n_m": 0.0, "t_us": T_US, "ellipse_95": {"major_m": 5.0}}]
    case = cases.feed({"incident": "i-1", "rounds": rounds, "grade": "A"}, T_US)

    assert case is not None
    assert case.cameras == recording
