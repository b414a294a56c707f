"""The files of a package, laid out in a folder as they will lie on the machine.

Libraries lie in /opt/soundpost, which is a virtual environment (PEP 405: a pyvenv.cfg, and bin/python that leads to
Debian's own) made here and not there: so installing runs nothing of pip, needs no internet, and dpkg knows every file.
"""

import gzip
import pathlib
import shutil
from collections.abc import Mapping, Sequence

from deploy.package import completion, manual
from deploy.package.commands import Command
from deploy.package.sbom import sbom
from deploy.package.targets import Debian, Product
from deploy.package.wheels import unpack

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
HANDBOOK = ROOT / "out/handbook"
"""What `make docs` built; a package made without it has the pages as text alone."""
UNITS = HERE.parent / "units"
CHRONY = HERE.parent / "chrony"
DROP_IN = "10-soundpost.conf"
NEWER = ("RestartSteps=", "RestartMaxDelaySec=")
"""What bookworm's systemd does not know, and would say so at each start."""
DOCS = ("*.md", "*.toml", "*.cddl")
WATCHING = ("prometheus", "grafana")
"""Folders of deploy/ that a gateway's package carries: docs/how-to/watching.md."""


def lay(
    stage: pathlib.Path, product: Product, debian: Debian, version: str, wheels: Sequence[pathlib.Path],
    commands: Sequence[Command],
) -> None:  # fmt: skip
    """All of it below stage, a folder that is not there yet."""
    stage.mkdir(parents=True)
    _libraries(stage / "opt/soundpost", debian, wheels)
    _text(stage / "usr/bin/soundpost", (HERE / "scripts/soundpost").read_text(), 0o755)
    for unit in product.units:
        _text(stage / "usr/lib/systemd/system" / unit, unit_text((UNITS / unit).read_text(), debian))
    _text(stage / "usr/lib/sysusers.d/soundpost.conf", (UNITS / "soundpost.sysusers").read_text())
    _text(stage / "usr/lib/tmpfiles.d/soundpost.conf", (UNITS / "soundpost.tmpfiles").read_text())
    lay_chrony(stage)
    (stage / "etc/soundpost/node/state").mkdir(parents=True)
    for name, page in manual.pages(commands, version).items():
        _packed(stage / f"usr/share/man/man1/{name}.gz", page)
    _text(stage / "usr/share/bash-completion/completions/soundpost", completion.bash(commands))
    _text(stage / "usr/share/zsh/vendor-completions/_soundpost", completion.zsh(commands))
    _documents(stage / "usr/share/doc" / product.name, sbom(product.name, version, wheels))
    if product.watched:
        _watching(stage / "usr/share/soundpost")


def unit_text(text: str, debian: Debian) -> str:
    """A unit as this Debian's systemd knows it."""
    return text if debian.raises_delay else "".join(
        line for line in text.splitlines(keepends=True) if not line.startswith(NEWER)
    )  # fmt: skip


def filled(text: str, values: Mapping[str, object]) -> str:
    """A script, with what is known only now. Raises ValueError where a name is left."""
    for name, value in values.items():
        text = text.replace(f"@{name}@", str(value))
    if left := [word for word in text.split() if word.startswith("@") and word.endswith("@")]:
        raise ValueError(f"nothing stands for {left[0]}")
    return text


def _libraries(folder: pathlib.Path, debian: Debian, wheels: Sequence[pathlib.Path]) -> None:
    unpack(wheels, folder / f"lib/python{debian.python}/site-packages")
    (folder / "bin").mkdir()
    (folder / "bin/python").symlink_to(f"/usr/bin/python{debian.python}")
    told = f"home = /usr/bin\ninclude-system-site-packages = false\nversion = {debian.python}\n"
    _text(folder / "pyvenv.cfg", told)


def lay_chrony(stage: pathlib.Path) -> None:
    """What chrony is told of a PPS, and when: docs/how-to/node-time.md."""
    for path in sorted(CHRONY.glob("*.conf")):
        where = "usr/lib/systemd/system/chrony.service.d" if path.name == DROP_IN else "usr/share/soundpost/chrony"
        _text(stage / where / path.name, path.read_text())
    _text(stage / "usr/share/soundpost/chrony/at-start", (CHRONY / "at-start").read_text(), 0o755)


def _documents(folder: pathlib.Path, bill: str) -> None:
    folder.mkdir(parents=True)
    for path in sorted({path for pattern in DOCS for path in (ROOT / "docs").rglob(pattern)}):
        kept = folder / path.relative_to(ROOT / "docs")
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept)
    _text(folder / "copyright", (ROOT / "LICENSE").read_text())
    _packed(folder / "changelog.gz", (ROOT / "CHANGELOG.md").read_text())
    _text(folder / "sbom.cdx.json", bill)
    if HANDBOOK.is_dir():
        shutil.copytree(HANDBOOK, folder / "handbook")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _watching(folder: pathlib.Path) -> None:
    """Alert rules and the dashboard, for whoever watches the city's machines."""
    for room in WATCHING:
        for path in sorted((HERE.parent / room).iterdir()):
            _text(folder / room / path.name, path.read_text())


def _text(path: pathlib.Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)


def _packed(path: pathlib.Path, text: str) -> None:
    """Without a time in it: the same text gives the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))
    path.chmod(0o644)
