"""A rehearsal's scene, and what it says where it cannot be played. tests/docs/test_tutorials.py plays one."""

import pytest

from deploy.handbook.linking import DOCS
from firmware.linux.spool import Spool
from firmware.outbox import Saved
from gateway.config import read_config
from simulators.board import desk
from simulators.demo import rehearsal
from soundpost.__main__ import main


@pytest.fixture
def street(tmp_path, monkeypatch):
    page = (DOCS / "tutorials" / "first-street.md").read_text()
    (tmp_path / "survey.csv").write_text(page.partition('title="survey.csv"\n')[2].partition("```")[0])
    monkeypatch.chdir(tmp_path)
    assert main(["init", "survey.csv", "--out", "street", "--host", "localhost"]) == 0
    return tmp_path / "street"


def test_somebody_fires_among_the_poles_or_where_one_says(street):
    config = read_config(street / "gateway.toml")
    nodes = list(config.poles())
    (shot,) = rehearsal.scene_of(config, nodes, None, 2).shots
    (other,) = rehearsal.scene_of(config, nodes, (12.0, -3.0), 1).shots
    easts = [pole.xyz_m[0] for pole in config.poles().values()]

    assert min(easts) < shot.xyz_m[0] < max(easts)
    assert (shot.rounds, other.rounds, other.xyz_m[:2]) == (2, 1, (12.0, -3.0))
    assert 0.5 < shot.xyz_m[2] < 3.0


def test_nodes_that_went_to_their_poles_cannot_be_played_here(street, capsys):
    for folder in sorted((street / "nodes").iterdir())[3:]:
        folder.rename(street / folder.name)

    assert rehearsal.main([str(street)]) == 1
    assert capsys.readouterr().err == (
        "rehearsal: street/nodes: 3 Linux nodes of four; did they go to their poles already?\n".replace(
            "street/", f"{street}/"
        )
    )


def test_arrivals_that_nobody_acknowledged_are_counted_and_no_success(tmp_path):
    spool = Spool(tmp_path / "n1" / "state", 1)
    spool.keep(Saved(1, 1, True, b"how it is"))
    rehearsal._check_acked(tmp_path, ["n1", "n2"])
    spool.keep(Saved(1, 2, False, b"what it heard"))
    spool.close()

    with pytest.raises(OSError, match=r"^1 arrivals are not acknowledged: do the broker and the gateway"):
        rehearsal._check_acked(tmp_path, ["n1", "n2"])


def test_a_street_or_a_key_that_is_not_there_is_one_line(tmp_path, capsys):
    assert rehearsal.main([str(tmp_path / "none")]) == 1
    assert desk.main([str(tmp_path / "board"), "--key", str(tmp_path / "n17.key")]) == 1
    said = capsys.readouterr().err.splitlines()

    assert len(said) == 2
    assert str(tmp_path / "none") in said[0]
    assert "n17.key" in said[1]
