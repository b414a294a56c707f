"""The packages on clean Debians, without a network (make deploy-check): the handbook's own commands; then a later
release over it with a journal of a million rows, an earlier one over that, a full disk, a removal and two purges."""

import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import time

import pytest

from deploy.check.root import NAMES, again, copied, made
from gateway.journal.rows import START, Row, digest

pytestmark = pytest.mark.deploy
PAGE = (pathlib.Path(__file__).parents[2] / "docs/how-to/install.md").read_text()
POLES = "pole,lat,lon,height,node,bank,channel\n" + "".join(
    f"P{n},{38.9001 + 0.0005 * (n // 4):.5f},{-77.0005 + 0.0006 * (n % 4):.5f},6.5,n{n},tcp://127.0.0.1:9,{n}\n"
    for n in range(12)
)
MINUTES_S, COMMANDS, SILENT_S, ROWS = 600, 10, 30, 1_000_000
STREET, JOURNAL = "etc/soundpost/street", "var/lib/soundpost/street.journal"
RUNNING = """
{broker} > /tmp/broker.log 2>&1 & broker=$!
for _ in $(seq 100); do grep -q running /tmp/broker.log && break; sleep 0.1; done
cd /var/lib/soundpost
began=$(date +%s%N)
{gateway} > /tmp/gateway.log 2>&1 & gateway=$!
for _ in $(seq 600); do grep -q ^ready /tmp/gateway.log && break; sleep 0.1; done
echo "ready after $(( ($(date +%s%N) - began) / 1000000 )) ms"
sleep 2
kill $gateway; wait $gateway; echo "gateway ended: $?"
kill $broker; wait $broker
cat /tmp/gateway.log /tmp/broker.log
"""


def packages(name):
    folder = pathlib.Path(os.environ.get("SOUNDPOST_PACKAGES", "out/deploy-check")).absolute()
    arch = subprocess.run(("dpkg", "--print-architecture"), check=True, capture_output=True, text=True).stdout.strip()
    return {number: folder / next(folder.glob(f"{name}_*+deb{number}_{arch}.deb")).name for number in NAMES}


def commands_of(heading):
    """The lines of the first block of commands under a heading of the page."""
    block = re.search(rf"## {heading}\n.*?((?:^    [^\n]*\n)+)", PAGE, re.M | re.S)[1]
    return [line.strip() for line in block.splitlines()]


def without_systemd(root, command):
    """What stands for a command that asks systemd, where there is none: the services' own commands, run and ended."""
    if not command.startswith("systemctl"):
        return command
    if "start" not in command.split():
        return "true"
    return running(root)


def running(root):
    return RUNNING.format(broker=root.unit("soundpost-broker.service"), gateway=root.unit("soundpost-gateway.service"))


@pytest.fixture(scope="module", params=NAMES)
def installed(request, tmp_path_factory):
    """(root, its gateway package, what each of the handbook's commands said, seconds): copied and installed once."""
    base = made(request.param, pathlib.Path(os.environ.get("SOUNDPOST_ROOTS", "/var/tmp/soundpost-debians")))
    package = packages("soundpost-gateway")[request.param]
    with copied(base, tmp_path_factory.mktemp("root") / "debian") as root:
        shutil.copy(package, root.path / "root")
        shutil.copy(package.parent / "SHA256SUMS", root.path / "root")
        (root.path / "root/survey.csv").write_text(POLES)
        began_s, said = time.monotonic(), []
        for command in commands_of("A gateway"):
            ran = root.run(without_systemd(root, command))
            said.append((command, ran.returncode, ran.stdout))
            assert ran.returncode == 0, f"{command}: {ran.stdout}"
        yield root, package, said, time.monotonic() - began_s


def million_rows(path):
    """A journal of so many rows more, chained as the gateway chains them."""
    with sqlite3.connect(path) as file:
        number, head = file.execute("select number, hash from row order by number desc limit 1").fetchone() or (
            0,
            START,
        )
        rows = []
        for n in range(number + 1, ROWS + 1):
            row = Row("note", 1_700_000_000_000_000 + n, b'{"what":"a row"}')
            head = digest(head, n, row)
            rows.append((n, row.kind, row.at_us, row.node, row.boot, row.sequence, row.body, head))
        file.executemany("insert into row values (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def count(root):
    with sqlite3.connect(root.path / JOURNAL) as file:
        return file.execute("select count(*) from row").fetchone()[0]


def kept(root):
    return {
        str(path.relative_to(root.path)): path.read_bytes()
        for path in sorted((root.path / STREET).rglob("*"))
        if path.is_file() and "run" not in path.parts
    }


def install(root, package):
    shutil.copy(package, root.path / "root/next.deb")
    return root.run("dpkg --install /root/next.deb")


def test_the_handbooks_commands_run_a_street_of_twelve_poles(installed):
    _root, _, said, took_s = installed
    street = next(out for command, _, out in said if command.startswith("systemctl start"))
    print(f"{len(said)} commands, {took_s:.0f} s")

    assert len(said) <= COMMANDS
    assert took_s <= MINUTES_S
    assert any("12 poles, 12 lamps, 0 cameras" in out for _, _, out in said)
    assert "ready, listening on mqtts://127.0.0.1:8883" in street
    assert "gateway ended: 0" in street
    assert "as gateway" in street  # the broker's word of who came


def test_dpkg_knows_each_file_and_the_man_page_and_completion_are_there(installed):
    root = installed[0]
    ran = root.run(
        "soundpost --version; dpkg --verify soundpost-gateway; ls /usr/share/man/man1/soundpost-gateway.1.gz"
    )
    offered = root.run(
        "bash -c '. /usr/share/bash-completion/completions/soundpost;"
        " COMP_WORDS=(soundpost gateway --c) COMP_CWORD=2; _soundpost; echo ${COMPREPLY[@]}'"
    )

    assert ran.stdout.splitlines()[0].startswith("soundpost ")
    assert not [line for line in ran.stdout.splitlines() if line[2:3] == "5"], ran.stdout
    assert offered.stdout.split() == ["--config", "--check"]


def test_an_upgrade_loses_nothing_and_a_downgrade_says_what_it_cannot(installed, tmp_path):
    root, package, _, _ = installed
    version = package.name.split("_")[1]
    later = again(package, version.replace("-1+", "-2+"), tmp_path)
    million_rows(root.path / JOURNAL)
    settings = kept(root)

    upgraded = install(root, later)
    street = root.run(running(root)).stdout
    silent_s = int(re.search(r"ready after (\d+) ms", street)[1]) / 1000
    rows = count(root)
    downgraded = install(root, package)
    with sqlite3.connect(root.path / JOURNAL) as file:
        file.execute("pragma user_version = 99")
    install(root, later)
    refused = install(root, package)
    now = root.run(
        "dpkg-query --show --showformat '${Version} ${Status}' soundpost-gateway; soundpost --version"
    ).stdout
    with sqlite3.connect(root.path / JOURNAL) as file:
        file.execute("pragma user_version = 1")
    print(f"ready after {silent_s:.1f} s with {rows} rows")

    assert (upgraded.returncode, "downgrade" in upgraded.stdout) == (0, False), upgraded.stdout
    assert (kept(root), rows >= ROWS) == (settings, True)
    assert "gateway ended: 0" in street
    assert silent_s <= SILENT_S
    assert (downgraded.returncode, f"this is a downgrade, from {later.name.split('_')[1]}" in downgraded.stdout) == (
        0,
        True,
    )
    assert refused.returncode != 0
    assert f"/{JOURNAL} is a journal of version 99, and {version} reads up to 1" in refused.stdout
    assert now.startswith(f"{later.name.split('_')[1]} install ok installed")


def test_a_disk_that_is_full_stops_an_upgrade_before_it_begins(installed, tmp_path):
    root, package, _, _ = installed
    later = again(package, package.name.split("_")[1].replace("-1+", "-3+"), tmp_path)
    subprocess.run(("mount", "-t", "tmpfs", "-o", "size=50m", "tmpfs", root.path / "opt"), check=True)
    try:
        ran = install(root, later)
    finally:
        subprocess.run(("umount", root.path / "opt"), check=True)

    assert ran.returncode != 0
    assert re.search(r"/opt has \d+ MB left, and \d+ MB are needed. Nothing was changed", ran.stdout), ran.stdout
    assert root.run("soundpost gateway --config /etc/soundpost/street/gateway.toml --check").returncode == 0


def test_removing_keeps_all_a_purge_keeps_it_too_unless_somebody_said_yes(installed):
    root, package, _, _ = installed
    settings, rows = kept(root), count(root)

    removed = root.run("dpkg --remove soundpost-gateway")
    after_removal = (kept(root), count(root), (root.path / "opt/soundpost").exists())
    purged = root.run("dpkg --purge soundpost-gateway")
    after_purge = (kept(root), count(root))
    installed_again = install(root, package)
    still = root.run("soundpost gateway --config /etc/soundpost/street/gateway.toml --check")
    yes = "echo soundpost-gateway soundpost-gateway/purge-data boolean true | debconf-set-selections"
    meant = root.run(f"{yes}; dpkg --purge soundpost-gateway")

    assert (removed.returncode, after_removal) == (0, (settings, rows, False))
    assert (purged.returncode, after_purge) == (0, (settings, rows))
    assert "/var/lib/soundpost /etc/soundpost stay" in purged.stdout
    assert (installed_again.returncode, still.returncode) == (0, 0)
    assert "are gone" in meant.stdout, meant.stdout
    assert not (root.path / "etc/soundpost").exists()
    assert not (root.path / "var/lib/soundpost").exists()


@pytest.mark.parametrize("number", NAMES)
def test_a_node_installs_and_checks_the_folder_that_init_made_for_it(number, tmp_path):
    base = made(number, pathlib.Path(os.environ.get("SOUNDPOST_ROOTS", "/var/tmp/soundpost-debians")))
    with copied(base, tmp_path / "debian") as root:
        shutil.copy(packages("soundpost-node")[number], root.path / "root")
        (root.path / "root/survey.csv").write_text(POLES)
        said = []
        for command in commands_of("A node"):
            if command.startswith("cp"):
                root.run("soundpost init survey.csv --out street --host gw --broker-user root; cp -r street/nodes/n1 .")
            ran = root.run("true" if command.startswith("systemctl") else command)
            said.append(ran.stdout)
            assert ran.returncode == 0, f"{command}: {ran.stdout}"
        devices = root.run(root.unit("soundpost-node.service").split("--config")[0] + "--devices").stdout

    assert any("good. node n1" in out for out in said)
    assert "sounddevice: no microphone" in devices, devices
