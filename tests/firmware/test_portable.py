"""The portable cases on CPython, and the same file under the real MicroPython."""

import importlib.util
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
SCRIPT = HERE / "portable_time.py"
LIMIT_S = 60


def cases():
    spec = importlib.util.spec_from_file_location("portable_time", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.__name__)
def test_on_cpython(case):
    case()


def test_all_of_them_under_micropython(micropython):
    run = subprocess.run(
        [micropython, "-X", "heapsize=384k", SCRIPT],
        check=False, capture_output=True, text=True, timeout=LIMIT_S,
        env=os.environ | {"MICROPYPATH": f"{ROOT}:.frozen"},
    )  # fmt: skip

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.split("\n") == [f"ok {case.__name__}" for case in cases()] + [""]
