"""The wheels that a package carries: brought by pip for another Python and machine than this one, nothing built.

One library has no wheel for every machine: cobs. Its C part is only faster; without it the wheel is good for all.
"""

import pathlib
import subprocess
import sys
import zipfile
from collections.abc import Iterable

from deploy.package.targets import Debian

PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")
FROM_SOURCE = ("cobs",)


def own_wheel(root: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """Soundpost's own, made of the tree at root. Raises CalledProcessError where pip fails; it says why."""
    subprocess.run((*PIP, "wheel", "--no-deps", "--wheel-dir", folder, root), check=True)
    return next(folder.glob("soundpost-*.whl"))


def from_source(names: Iterable[str], constraints: pathlib.Path, folder: pathlib.Path) -> None:
    """Their wheels without what was compiled for this machine."""
    for name in names:
        made = folder / "made"
        command = ("wheel", "--no-deps", "--no-binary", name, "--constraint", constraints, "--wheel-dir", made, name)
        subprocess.run((*PIP, *command), check=True)
        for path in made.glob(f"{name}-*.whl"):
            without_compiled(path, folder)
            path.unlink()


def without_compiled(path: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """A copy in folder, tagged as good for every Python 3 and machine (PEP 427, "File name convention")."""
    name, version = path.name.split("-")[:2]
    target = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for each in (entry for entry in old.namelist() if not entry.endswith(".so")):
            content = old.read(each)
            if each.endswith(".dist-info/WHEEL"):
                kept = [line for line in content.splitlines() if not line.startswith((b"Tag:", b"Root-Is-Purelib:"))]
                content = b"\n".join([*kept, b"Root-Is-Purelib: true", b"Tag: py3-none-any"]) + b"\n"
            new.writestr(each, content)
    return target


def fetch(
    wanted: Iterable[str], debian: Debian, machine: str, constraints: pathlib.Path, near: pathlib.Path, to: pathlib.Path
) -> list[pathlib.Path]:
    """All that `wanted` stands on, as wheels in `to`. near : a folder of wheels that were made here. Raises
    CalledProcessError where there is no wheel of something; pip says of what."""
    to.mkdir(parents=True, exist_ok=True)
    platforms = [word for each in debian.platforms(machine) for word in ("--platform", each)]
    python = ("--implementation", "cp", "--python-version", debian.python)
    options = ("--only-binary", ":all:", "--constraint", constraints, "--find-links", near, "--dest", to)
    subprocess.run((*PIP, "download", *platforms, *python, *options, *wanted), check=True)
    return sorted(to.glob("*.whl"))


def unpack(wheels: Iterable[pathlib.Path], site: pathlib.Path) -> None:
    """As an installer lays them (PEP 427, "Installing a wheel"); scripts, headers and other data are left out: nothing
    of ours needs them. Raises ValueError naming a wheel that would write elsewhere."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as opened:
            for entry in opened.infolist():
                if (place := _place(entry.filename)) is None or entry.is_dir():
                    continue
                path = (site / place).resolve()
                if not path.is_relative_to(site.resolve()):
                    raise ValueError(f"{wheel}: {entry.filename} leads out of its folder")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(opened.read(entry))


def _place(name: str) -> str | None:
    """Below site-packages."""
    first, _, rest = name.partition("/")
    if not first.endswith(".data"):
        return name
    kind, _, inner = rest.partition("/")
    return inner if kind in ("purelib", "platlib") and inner else None
