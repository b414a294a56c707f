"""Releases go to one board after the other: the gateway's rollout and the boards' own Incoming, no wire between."""

import hashlib

import pytest

from firmware import update, wire
from firmware.board import boot, incoming
from firmware.board.boot import State
from firmware.board.incoming import Incoming
from firmware.board.slots import Slots
from firmware.device import class_of
from gateway.alerts.notices import read_updated, updated_line, updated_record
from gateway.incident import Tell, Updated
from gateway.upkeep.releases import Releases, read_release
from gateway.upkeep.rollout import ASK_AGAIN_US, RETRY_US, SILENT_US, TRIAL_US, Release, Rollout

KEY, CLASS, OTHER = bytes(range(32)), class_of("rp2350", 7), class_of("esp32s3", 10)
S = 1_000_000


def release(sequence=6, class_id=CLASS, size=3_000, min_version=0):
    image = bytes(n % 251 for n in range(size))
    return Release(
        f"{sequence}.release",
        sequence,
        class_id,
        min_version,
        hashlib.sha256(image + class_id + bytes([sequence])).digest(),
        image,
    )


class Street:
    """Boards in folders, a rollout, and what went between them. A board that is `off` hears nothing."""

    def __init__(self, folder, *nodes, known=()):
        self.now_us, self.told, self.loaded = 0, [], []
        self.off, self.boards, self.folder = set(), {}, folder
        for node in nodes:
            (folder / node).mkdir(exist_ok=True)
            boot.save(str(folder / node), State("a", "", 0, 5, 0))
            self.start(node)
        self.rollout = Rollout(lambda node, record: record, known)
        for node in nodes:
            self.rollout.heard(node)

    def start(self, node, running="a"):
        self.boards[node] = Incoming(Slots(str(self.folder / node), running), CLASS)

    def carry(self, effects):
        for effect in effects:
            if isinstance(effect, Updated):
                self.told.append((effect.node, effect.sequence, effect.stage))
                self.last = effect
            elif isinstance(effect, Tell) and effect.node not in self.off:
                board = self.boards[effect.node]
                offered = isinstance(effect.frame, wire.Update)
                answer = board.offered(effect.frame) if offered else board.take(effect.frame)
                self.loaded += [] if offered else [(effect.node, effect.frame.offset)]
                if answer:
                    self.carry(self.rollout.feed(effect.node, answer, self.now_us))

    def go_on(self, for_us):
        end_us = self.now_us + for_us
        while self.now_us < end_us:
            self.now_us += S
            self.carry(self.rollout.tick(self.now_us))

    def becomes(self, node, state):
        """The board has installed what it has, started anew, and this is its state."""
        root = str(self.folder / node)
        boot.save(root, state)
        assert not incoming.waits(Slots(root, state.trial or state.good))
        self.start(node, state.trial or state.good)


def test_a_release_goes_to_one_board_and_to_the_next_when_that_one_stays_with_it(tmp_path):
    street = Street(tmp_path, "n1", "n2")
    street.rollout.offer([release()])
    street.go_on(20 * S)
    assert street.told == [("n1", 6, "wants"), ("n1", 6, "whole")]
    assert (tmp_path / "n1" / "update.image").read_bytes() == release().image
    assert incoming.waits(Slots(str(tmp_path / "n1"), "a"))
    street.becomes("n1", State("a", "b", 2, 5, 6))
    street.go_on(20 * S)
    assert street.told[2:] == [("n1", 6, "trial")]
    street.becomes("n1", State("b", "", 0, 6, 0))
    street.go_on(20 * S)

    assert street.told[3:] == [("n1", 6, "good"), ("n2", 6, "wants"), ("n2", 6, "whole")]


def test_a_board_that_went_back_stops_the_release_for_all_and_for_good(tmp_path):
    street = Street(tmp_path, "n1", "n2")
    street.rollout.offer([release()])
    street.go_on(20 * S)
    street.becomes("n1", State("a", "", 0, 5, 6))
    street.go_on(2 * RETRY_US)
    known = read_updated(updated_record(street.last))
    assert street.told[2:] == [("n1", 6, "rolled back")]
    assert known.stops and "STOPPED" in updated_line(known)
    later = Street(tmp_path, "n2", known=[known])
    later.rollout.offer([release()])
    later.go_on(20 * S)
    assert later.told == []
    later.rollout.offer([release(), release(7)])
    later.go_on(20 * S)

    assert later.told[-1] == ("n2", 7, "whole")


def test_what_a_power_cut_left_on_the_flash_is_not_loaded_again(tmp_path):
    street = Street(tmp_path, "n1")
    street.rollout.offer([release()])
    street.off.add("n1")
    street.go_on(3 * S)
    street.boards["n1"].offered(wire.Update(6, CLASS, release().sha256, 3_000, 0))
    for offset in (0, 512):
        street.boards["n1"].take(wire.Part(6, offset, release().image[offset : offset + 512]))
    street.start("n1")
    street.off.clear()
    street.go_on(10 * S)

    assert [offset for _, offset in street.loaded] == [1024, 1536, 2048, 2560]
    assert (tmp_path / "n1" / "update.image").read_bytes() == release().image


def test_a_lost_frame_is_asked_for_again_and_a_silent_board_lets_the_next_one_go_first(tmp_path):
    street = Street(tmp_path, "n1", "n2")
    street.rollout.offer([release()])
    street.off.add("n1")
    street.go_on(SILENT_US + 20 * S)
    assert street.told[-1] == ("n2", 6, "whole")
    street.becomes("n2", State("b", "", 0, 6, 0))
    street.off.clear()
    street.go_on(RETRY_US + 2 * ASK_AGAIN_US)

    assert street.told[-1] == ("n1", 6, "whole")


def test_a_board_that_does_not_come_back_stops_the_release(tmp_path):
    street = Street(tmp_path, "n1", "n2")
    street.rollout.offer([release()])
    street.go_on(20 * S)
    street.off.add("n1")
    street.go_on(TRIAL_US + S)

    assert street.told[-1] == ("n1", 6, "lost")
    assert street.last.stops


def test_boards_of_another_class_or_with_a_newer_version_are_passed_over_in_silence(tmp_path):
    street = Street(tmp_path, "n1", "n2")
    boot.save(str(tmp_path / "n2"), State("a", "", 0, 9, 0))
    street.start("n2")
    street.rollout.offer([release(), release(7, OTHER)])
    street.go_on(20 * S)

    assert street.told == [("n1", 6, "wants"), ("n1", 6, "whole")]
    street.becomes("n1", State("b", "", 0, 6, 0))
    street.go_on(20 * S)
    assert street.told[2:] == [("n1", 6, "good")]


def test_a_board_too_old_for_a_release_says_so_and_the_others_get_it(tmp_path):
    street = Street(tmp_path, "n1", "n2")
    boot.save(str(tmp_path / "n2"), State("a", "", 0, 8, 0))
    street.start("n2")
    street.rollout.offer([release(9, min_version=8)])
    street.go_on(20 * S)

    assert street.told == [("n1", 9, "version"), ("n2", 9, "wants"), ("n2", 9, "whole")]


def test_what_a_board_refused_once_it_refuses_when_it_is_offered_again(tmp_path):
    street = Street(tmp_path, "n1", "n2")
    street.rollout.offer([release()])
    street.go_on(20 * S)
    incoming.refuse(str(tmp_path / "n1"), "mac")
    street.start("n1")
    street.go_on(20 * S)

    assert street.told[2:] == [("n1", 6, "mac")]
    assert not (tmp_path / "n1" / "update.image").exists()


def test_an_installation_that_ends_the_board_is_begun_three_times_and_no_more(tmp_path):
    street = Street(tmp_path, "n1")
    street.rollout.offer([release()])
    street.go_on(20 * S)
    slots = Slots(str(tmp_path / "n1"), "a")

    assert [incoming.waits(slots) for _ in range(5)] == [True, True, True, False, False]
    street.start("n1")
    street.go_on(20 * S)
    assert street.told[-1] == ("n1", 6, "flash")


def test_another_image_of_the_same_sequence_begins_anew(tmp_path):
    board = Street(tmp_path, "n1").boards["n1"]
    first = wire.Update(6, CLASS, bytes(32), 2_000, 0)
    assert board.offered(first).offset == 0
    assert board.take(wire.Part(6, 0, bytes(512))).offset == 512
    assert board.offered(first).offset == 512

    assert board.offered(first._replace(sha256=bytes([1] * 32))).offset == 0


def test_a_part_that_is_not_due_changes_nothing(tmp_path):
    board = Street(tmp_path, "n1").boards["n1"]
    assert board.take(wire.Part(6, 0, b"early")) is None
    board.offered(wire.Update(6, CLASS, bytes(32), 100, 0))
    for part in (wire.Part(7, 0, b"x"), wire.Part(6, 1, b"x"), wire.Part(6, 0, bytes(101))):
        assert board.take(part) is None

    assert board.take(wire.Part(6, 0, bytes(100))) == wire.Progress(6, 100, wire.WHOLE, 5)
    assert board.take(wire.Part(6, 100, b"x")) is None


def image():
    contents = {"firmware/a.py": b"A = 1\n"}
    rows = tuple(update.file_of(path, content) for path, content in contents.items())
    return update.image(update.Manifest(6, CLASS, 2, rows), KEY, contents)


def test_the_folder_offers_what_is_whole_once_and_says_what_is_not(tmp_path, capsys):
    (tmp_path / "six.release").write_bytes(image())
    (tmp_path / "torn.release").write_bytes(image()[:-1])
    (tmp_path / "noise.release").write_bytes(b"noise")
    releases = Releases(tmp_path, print)

    assert [each.name for each in releases.look()] == ["six.release"]
    assert releases.look() is None
    (tmp_path / "torn.release").write_bytes(image())
    assert [each.name for each in releases.look()] == ["six.release", "torn.release"]


def test_a_folder_that_is_not_there_is_said_once_and_looked_for_again(tmp_path, capsys):
    releases = Releases(tmp_path / "mounted", print)

    assert [releases.look(), releases.look()] == [None, None]
    assert capsys.readouterr().out.count("mounted: is no folder") == 1
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted" / "six.release").write_bytes(image())
    assert [each.name for each in releases.look()] == ["six.release"]


@pytest.mark.parametrize("wrong", [b"", b"\0\0\0\x05hello", image()[:40], image() + b"x", b"\xff" * 100])
def test_what_is_no_whole_release_is_refused_in_one_line(wrong):
    with pytest.raises(ValueError, match=r"^x\.release: ") as refusal:
        read_release("x.release", wrong)

    assert "\n" not in str(refusal.value)
    good = read_release("x.release", image())
    assert (good.sequence, good.class_id, good.min_version, good.image) == (6, CLASS, 2, image())
