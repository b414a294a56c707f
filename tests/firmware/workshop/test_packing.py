"""Packed sources do what the sources did, with fewer and shorter names."""

import ast
import subprocess
import sys

import pytest

from firmware.workshop.application import packed, sources
from firmware.workshop.packing import pack, told

PROGRAM = {
    "room/limits.py": """
LOW, NAME, HIGH = -3, "high", 1 << 4
SPAN = HIGH - LOW
""",
    "room/base.py": """
from room.limits import HIGH

class Base:
    def __init__(self, held, *more, step=1):
        self._held, self._more = held, more
        self.step = step

    def _twice(self, n, of=lambda held: held + 1):
        return 2 * of(n) + HIGH

    def told(self):
        return self._twice(self._held), self._more, self.step
""",
    "room/heir.py": """
from room import limits
from room.base import Base

LATER = limits.SPAN // 2

class Heir(Base):
    def __init__(self, held):
        super().__init__(held, 7, step=limits.LOW ** 2)

    def _twice(self, n, of=None):
        _total = sum(held * n for held in range(LATER))
        try:
            return super()._twice(n) + _total // (n - 5)
        except ZeroDivisionError as error:
            n = str(error)
        return n, limits.NAME
""",
    "room/start.py": """
from room.heir import Heir

def _all(numbers):
    return [Heir(held).told() for held in numbers]

if __name__ == "__main__":
    print(_all((1, 2, 5)))
""",
}


def said(folder, program):
    for path, source in program.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source)
    run = subprocess.run(
        [sys.executable, "-m", "room.start"], cwd=folder, capture_output=True, text=True, check=True, timeout=30
    )
    return run.stdout


def names_in(source):
    each = [node for node in ast.walk(ast.parse(source)) if not isinstance(node, ast.alias)]
    return {getattr(node, field, None) for node in each for field in ("id", "attr", "arg", "name")}


def test_a_packed_program_says_what_it_said(tmp_path):
    assert said(tmp_path / "packed", pack(PROGRAM).sources) == said(tmp_path / "plain", PROGRAM)


def test_numbers_stand_where_their_names_stood_and_the_names_go():
    program = pack(PROGRAM).sources

    assert {"LOW", "HIGH", "SPAN", "LATER"} & set().union(*map(names_in, program.values())) == set()
    assert "NAME" in names_in(program["room/limits.py"])
    assert "range(9)" in program["room/heir.py"]


def test_what_is_used_outside_keeps_its_name():
    outside = ("from room.limits import HIGH\nHeir(held=3)",)
    program = pack(PROGRAM, outside).sources

    assert "HIGH" in names_in(program["room/limits.py"])
    assert "held" in names_in(program["room/heir.py"])


def test_a_name_that_stands_in_a_string_stays():
    assert "_twice" in names_in(pack({"a.py": "def _twice(): pass\ngetattr(a, '_twice')"}).sources["a.py"])


def test_classes_that_inherit_share_their_own_names_and_others_use_the_same_short_ones():
    names = pack(PROGRAM).names
    short = {name: its for its, name in names["base"].items()}

    assert names["heir"] == names["base"]
    assert set(short) == {"_held", "_more", "_total", "_twice"}
    assert set(names["start"]) < set(names["base"])


def test_a_file_that_uses_anothers_own_name_is_named():
    with pytest.raises(ValueError, match=r"b\.py: _x is another file's own"):
        pack({"a.py": "class A:\n    def f(self): self._x = 1", "b.py": "def f(a): return a._x"})


def test_a_traceback_is_told_with_the_names_that_there_were():
    packed_names = pack(PROGRAM).names
    (short,) = packed_names["start"]

    def names():
        return packed_names

    assert told(f'File "start", line 1, in {short}', names).endswith(f"{short} (_all)")
    assert told('File "start", line 1, in other', names).endswith("other")
    assert told("INFO ready", None) == "INFO ready"


def test_the_firmware_keeps_its_public_names_and_none_of_its_own():
    own = {name for each in packed().names.values() for name in each.values()}
    left = set().union(*map(names_in, packed().sources.values()))

    assert len(own) > 200
    assert left & own == set()
    assert {"Node", "feed", "FixedEar", "update_waits", "run"} <= left
    assert not any(path.endswith("__init__.py") for path in packed().sources)
    assert len(packed().sources) == len(packed().names) == len(sources())  # no two files have one last name
