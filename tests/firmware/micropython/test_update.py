"""Updates, slots and the board's outbox: the rules on both interpreters, and power cuts at every write of the flash."""

import importlib.util
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[2]
LIMIT_S = 180
BOMB_BYTES = "20000"
"""Words have 64 bits here: a board takes about half."""


def cases():
    spec = importlib.util.spec_from_file_location("portable_update", HERE / "portable_update.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


def run(micropython, script, *args, heap="256k"):
    """What a script prints under MicroPython; an exit code that is not 0 is a failure that shows it."""
    done = subprocess.run(
        [micropython, "-X", f"heapsize={heap}", HERE / script, *args],
        check=False, capture_output=True, text=True, timeout=LIMIT_S,
        env=os.environ | {"MICROPYPATH": f"{ROOT}:{HERE}:.frozen"},
    )  # fmt: skip

    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.__name__)
def test_on_cpython(case, tmp_path):
    case(str(tmp_path))


def test_all_of_them_under_micropython(micropython, tmp_path):
    said = run(micropython, "portable_update.py", tmp_path)

    assert said.splitlines() == [f"ok {case.__name__}" for case in cases()]


def test_a_power_cut_at_any_write_of_an_update_leaves_a_board_that_starts_the_old_or_the_new(micropython):
    said = run(micropython, "update_power_cuts.py", heap="4m").split()

    assert said[0] == "ok"
    assert int(said[1]) > 300


def test_a_power_cut_at_any_write_of_the_outbox_loses_nothing_that_was_kept(micropython):
    said = run(micropython, "spool_power_cuts.py", heap="4m").split()

    assert said[0] == "ok"
    assert int(said[1]) > 300


def test_the_real_boot_file_starts_the_slot_that_is_due_and_leaves_one_that_crashes(micropython):
    assert run(micropython, "board_starts.py", ROOT / "firmware" / "board" / "boot.py", heap="2m") == "ok\n"


def test_hostile_cbor_is_refused_by_one_type_and_takes_little_heap(micropython, capsys):
    said = run(micropython, "bombs.py", BOMB_BYTES, heap="192k").split()
    with capsys.disabled():
        print(f"\n{said[1]} malformed frames refused with {said[2]} bytes of heap left")

    assert said[0] == "ok"
    assert int(said[1]) > 2000
