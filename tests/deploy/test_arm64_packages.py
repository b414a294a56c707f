"""The packages for arm64, looked into: compiled files are of that machine, and none is left out of what amd64 has; and
run on Debian's own Python for arm64, by QEMU."""

import os
import pathlib
import re
import struct
import subprocess

import pytest

from deploy.check import stand_ins
from deploy.check.foreign import foreign, run_in
from deploy.package.targets import DEBIANS, PRODUCTS

pytestmark = pytest.mark.deploy
FOLDER = pathlib.Path(os.environ.get("SOUNDPOST_PACKAGES", "out/deploy-check")).absolute()
ROOTS = pathlib.Path(os.environ.get("SOUNDPOST_ROOTS", "/var/tmp/soundpost-debians"))
TRY = """
import importlib, pathlib, platform
from soundpost.__main__ import main
site, loaded = pathlib.Path(importlib.import_module("numpy").__file__).parents[1], 0
for path in sorted(site.rglob("*.so")):
    words = path.relative_to(site).parts
    if ".libs" in words[0] or "_data" in words[0] or "tests" in words or words[0] == "scipy" and words[-1][0] == "_":
        continue  # libraries of wheels; scipy's inner parts, which only its outer ones can load
    importlib.import_module(".".join((*words[:-1], words[-1].split(".")[0])))
    loaded += 1
import scipy.linalg, scipy.optimize, scipy.signal, scipy.stats
print(f"{loaded} modules on {platform.machine()}")
made = main(["init", "/survey.csv", "--out", "/street", "--host", "gw", "--broker-user", "root"])
raise SystemExit(made or main(["gateway", "--config", "/street/gateway.toml", "--check"]))
"""
AARCH64 = 183
"""EM_AARCH64 of <elf.h>."""


def package(product, number, arch):
    found = sorted(FOLDER.glob(f"{product}_*+deb{number}_{arch}.deb"))
    if not found:
        pytest.skip(f"{FOLDER} has no {product} for {arch} and Debian {number}")
    return found[-1]


def unpacked(deb, to):
    subprocess.run(("dpkg-deb", "--extract", deb, to), check=True)
    return to


def machines(folder):
    """What each ELF file is for (System V ABI, "ELF Header": e_machine, two bytes at 18): path -> number."""
    found = {}
    for path in (each for each in folder.rglob("*") if each.is_file() and not each.is_symlink()):
        with path.open("rb") as file:
            head = file.read(20)
        if head[:4] == b"\x7fELF":
            found[str(path.relative_to(folder))] = struct.unpack("<H", head[18:20])[0]
    return found


def modules(paths):
    """Names of compiled modules, without the machine in them; libraries that wheels bring under a hash are left out."""
    return {
        re.sub(r"(_x86_64|_arm64)?(\.(cpython|abi3)[^/]*)?\.so$", "", path) for path in paths if ".libs/" not in path
    }


@pytest.mark.parametrize("number", DEBIANS)
@pytest.mark.parametrize("product", [product.name for product in PRODUCTS.values()])
def test_all_compiled_code_is_of_arm64_and_none_is_missing(product, number, tmp_path, record_property):
    deb, other = package(product, number, "arm64"), package(product, number, "amd64")
    told = subprocess.run(("dpkg-deb", "--field", deb, "Architecture"), check=True, capture_output=True, text=True)
    ours = machines(unpacked(deb, tmp_path / "arm64"))
    theirs = machines(unpacked(other, tmp_path / "amd64"))
    record_property("figure", f"{product.removeprefix('soundpost-')} {number}: {len(ours)} files")

    assert told.stdout.strip() == "arm64"
    assert len(ours) > 50
    assert {path: machine for path, machine in ours.items() if machine != AARCH64} == {}
    assert modules(theirs) - modules(ours) == set()


@pytest.mark.parametrize("number", DEBIANS)
def test_the_gateways_package_runs_on_arm64(number, tmp_path, record_property):
    deb, debian = package("soundpost-gateway", number, "arm64"), DEBIANS[number]
    root = tmp_path / "root"
    base = foreign(number, "arm64", debian.python, ROOTS)
    subprocess.run(("cp", "-a", "--reflink=auto", base, root), check=True)
    unpacked(deb, root)
    (root / "survey.csv").write_text(stand_ins.SURVEY)
    (root / "try.py").write_text(TRY)
    ran = run_in(root, "/opt/soundpost/bin/python", "-P", "-s", "/try.py")
    record_property(
        "figure", f"Debian {number}: {re.search(r'[0-9]+ modules on .*', ran.stdout + '0 modules on ?')[0]}"
    )

    assert ran.returncode == 0, ran.stdout[-2000:]
    assert "modules on aarch64" in ran.stdout
    assert "good. 12 poles, 12 lamps, 0 cameras" in ran.stdout
