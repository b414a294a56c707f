"""Keys that change while a gateway runs: what the file says is in force, and a bad file changes nothing."""

import pathlib

import pytest

from firmware import wire
from firmware.wire import BadFrame
from gateway.incident import Announce, Reply, Store, Tell
from gateway.intake.gate import Gate
from gateway.intake.keyring import Keyring, keyless
from gateway.intake.seen import Seen
from gateway.journal.moments import replay
from gateway.journal.recovery import recent, take_up
from gateway.journal.rows import Row
from gateway.upkeep.rollout import Release, Rollout

A, B = "aa" * 32, "bb" * 32
S = 1_000_000


@pytest.fixture
def write(tmp_path):
    """Writes keys.toml as `soundpost keys` does: whole, under its name at once."""

    def write(text, mode=0o600):
        part = tmp_path / "part"
        part.write_text(text)
        part.chmod(mode)
        return part.rename(tmp_path / "keys.toml")

    return write


def test_what_was_added_rotated_and_removed_is_told_and_in_force(write):
    ring = Keyring(write(f'n1 = "{A}"\nn2 = "{A}"\nn3 = "{A}"\n'))
    in_force = ring.keys
    write(f'n1 = "{A}"\nn2 = "{B}"\nn4 = "{B}"\n')

    assert ring.look() == {"added": ["n4"], "rotated": ["n2"], "removed": ["n3"]}
    assert ring.look() == {}
    assert in_force == {"n1": bytes.fromhex(A), "n2": bytes.fromhex(B), "n4": bytes.fromhex(B)}
    assert keyless(in_force, ["n1", "n3", "n0"]) == ["n0", "n3"]


@pytest.mark.parametrize(("text", "mode"), [('n1 = "ab', 0o600), (f'n1 = "{B}"', 0o644), ("\x00", 0o600)])
def test_a_file_that_cannot_be_read_changes_nothing_until_it_can(write, text, mode, capsys):
    ring = Keyring(write(f'n1 = "{A}"'))
    write(text, mode)

    assert [ring.look(), ring.look()] == [{}, {}]
    assert ring.keys == {"n1": bytes.fromhex(A)}
    assert capsys.readouterr().out.count("the keys of before stay in force") == 1

    write(f'n1 = "{B}"')

    assert ring.look() == {"rotated": ["n1"]}


def test_a_file_that_could_not_be_read_for_once_is_read_again_though_it_has_not_changed(write, monkeypatch):
    ring = Keyring(write(f'n1 = "{A}"'))
    write(f'n1 = "{B}"')
    with monkeypatch.context() as disk:
        disk.setattr(pathlib.Path, "read_text", _too_many_open_files)
        first = ring.look()

    assert [first, ring.look()] == [{}, {"rotated": ["n1"]}]


def _too_many_open_files(*_, **__):
    raise OSError(24, "Too many open files")


def test_a_file_that_is_away_changes_nothing(write):
    path = write(f'n1 = "{A}"')
    ring = Keyring(path)
    path.unlink()

    assert ring.look() == {}
    assert ring.keys == {"n1": bytes.fromhex(A)}


def test_a_removed_node_is_refused_and_spoken_to_no_more(small_street):
    keys = dict(small_street.keys)
    core = small_street.core(keys=keys)
    first = core.feed(small_street.frame("n0", small_street.health(small_street.t_us)), small_street.t_us)
    del keys["n0"]
    core.rekeyed(["n0"])
    then = core.feed(small_street.frame("n0", small_street.health(small_street.t_us)), small_street.t_us + S)

    assert [type(each) for each in first] == [Store, Reply]
    assert then == []
    assert core.counts["key"] == 1
    assert "n0" not in {reply.node for reply in core.hello()}


def test_a_release_that_a_removed_node_was_taking_in_goes_to_the_next_one():
    keys = {"n1": bytes(32), "n2": bytes(32)}
    rollout = Rollout(Gate(keys, Seen()).seal)
    rollout.offer([Release("r", 6, bytes(16), 0, bytes(32), b"image")])
    for node in keys:
        rollout.heard(node)
    (asked,) = rollout.tick(S)
    del keys["n1"]
    rollout.forget("n1")
    later = [each for second in range(2, 20) for each in rollout.tick(second * S)]

    assert asked.node == "n1"
    assert {each.node for each in later if isinstance(each, Tell)} == {"n2"}


def test_frames_that_were_proven_when_they_came_count_after_their_key_has_gone(small_street):
    shot = small_street.frames_of((45.0, 30.0, 1.5))
    rows = [Row("frame", at_us, frame) for at_us, frame in shot]
    keys = {**small_street.keys, "n1": bytes(32)}
    del keys["n2"]
    as_it_was = list(replay(small_street.core(), rows))
    again = list(replay(small_street.core(keys=keys), rows))
    core = small_street.core(keys=keys)
    taken_up = take_up(core, recent(rows[::-1], shot[-1][0] + S), shot[-1][0] + S)

    assert incidents(again) == incidents(as_it_was) != []
    assert "Announce" in {type(each).__name__ for each in taken_up}
    assert core.counts["mac"] == core.counts["key"] == 0


def test_only_what_comes_from_the_journal_is_let_in_unproven(small_street):
    gate = Gate({"n0": bytes(32)}, Seen())
    frame = small_street.frame("n0", small_street.health(small_street.t_us))

    with pytest.raises(BadFrame, match="mac"):
        gate.open(frame, small_street.t_us)
    assert gate.open(frame, small_street.t_us, kept=True).node == "n0"
    assert gate.n_unproven == 1
    with pytest.raises(BadFrame, match="shape"):
        gate.open(b"\x00" * wire.MIN_FRAME, small_street.t_us, kept=True)


def incidents(effects):
    """Name and rounds of each announcement."""
    told = [each.incident for each in effects if isinstance(each, Announce)]
    return [(each.id, [(shot.fix.t_us, len(shot.arrivals)) for shot in each.rounds]) for each in told]
