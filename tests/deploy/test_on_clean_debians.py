"""The packages on clean Debians that run under their own systemd, without a network (make deploy-check): the
handbook's own commands until all is PASS and a shot lights lamps; then a later release over it with a journal of a
million rows, an earlier one over that, a full disk, certificates and clocks that are wrong, a removal, two purges."""

import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import time

import pytest

from bench.journal_copies import fill
from deploy.check import stand_ins
from deploy.check.machine import booted, with_systemd
from deploy.check.root import NAMES, again, copied, made

pytestmark = pytest.mark.deploy
PAGE = (pathlib.Path(__file__).parents[2] / "docs/how-to/install.md").read_text()
ROOTS = pathlib.Path(os.environ.get("SOUNDPOST_ROOTS", "/var/tmp/soundpost-debians"))
MINUTES_S, COMMANDS, SILENT_S, ROWS, MOST_EXPOSED = 600, 10, 30, 1_000_000, 2.0
UNITS = ("gateway", "node", "web", "evidence", "broker")
CONFIG = "/etc/soundpost/street/gateway.toml"
STREET, JOURNAL = "etc/soundpost/street", "var/lib/soundpost/street.journal"
DOCTOR = f"runuser -u soundpost -- soundpost doctor --config {CONFIG}"
TIMES = "systemctl show soundpost-gateway -p ActiveExitTimestampMonotonic -p ActiveEnterTimestampMonotonic"
AS_FORMAT_1 = """
drop trigger row_stays; drop trigger gap_grows; drop trigger gap_stays; drop table gap;
create trigger row_stays before delete on row begin select raise(abort, 'a journal is append-only'); end;
pragma user_version = 1;
"""
"""A journal as it was before frames could be pruned (gateway/journal/format.py): what a gateway of before left."""
SHOT = """
for _ in $(seq 300); do grep -q '"level_pct": 100' /tmp/told.jsonl && break; sleep 0.1; done
journalctl -u soundpost-gateway -o cat; cat /tmp/told.jsonl
"""


def packages(name):
    folder = pathlib.Path(os.environ.get("SOUNDPOST_PACKAGES", "out/deploy-check")).absolute()
    arch = subprocess.run(("dpkg", "--print-architecture"), check=True, capture_output=True, text=True).stdout.strip()
    return {number: folder / next(folder.glob(f"{name}_*+deb{number}_{arch}.deb")).name for number in NAMES}


def commands_of(heading):
    """The lines of the first block of commands under a heading of the page."""
    block = re.search(rf"## {heading}\n.*?((?:^    [^\n]*\n)+)", PAGE, re.M | re.S)[1]
    return [line.strip() for line in block.splitlines()]


def street_around(machine, command):
    """What the street does by itself before a command of the handbook."""
    if command.startswith("systemctl start"):
        machine.run(stand_ins.LAMPS)
    if "doctor" in command:
        print(machine.run(f"{stand_ins.POLES}chronyc waitsync 60 0 0 1").stdout)


@pytest.fixture(scope="module", params=NAMES)
def installed(request, tmp_path_factory):
    """(machine, its gateway package, what each of the handbook's commands said, seconds): copied and installed once."""
    package = packages("soundpost-gateway")[request.param]
    to = tmp_path_factory.mktemp("machine") / "debian"
    with booted(with_systemd(request.param, ROOTS), to, stand_ins.lay) as machine:
        shutil.copy(package, machine.path / "root")
        shutil.copy(package.parent / "SHA256SUMS", machine.path / "root")
        (machine.path / "root/survey.csv").write_text(stand_ins.SURVEY)
        began_s, said = time.monotonic(), []
        for command in commands_of("A gateway"):
            street_around(machine, command)
            ran = machine.run(command)
            print(f"# {command}\n{ran.stdout}")
            said.append((command, ran.returncode, ran.stdout))
            assert ran.returncode == 0, f"{command}: {ran.stdout}"
        yield machine, package, said, time.monotonic() - began_s


def count(machine):
    with sqlite3.connect(machine.path / JOURNAL) as file:
        return file.execute("select count(*) from row").fetchone()[0]


def kept(machine):
    """The street's folder, but for what its broker writes."""
    return {
        str(path.relative_to(machine.path)): path.read_bytes()
        for path in sorted((machine.path / STREET).rglob("*"))
        if path.is_file() and "run" not in path.parts
    }


def install(machine, package):
    shutil.copy(package, machine.path / "root/next.deb")
    return machine.run("dpkg --install /root/next.deb")


def silent_s(machine):
    """From the gateway's end to its being ready again, as systemd noted both; None where it did not come back."""
    told = dict(line.split("=") for line in machine.run(TIMES).stdout.splitlines())
    ended, ready = (int(told[f"Active{what}TimestampMonotonic"]) for what in ("Exit", "Enter"))
    return (ready - ended) / 1e6 if ready > ended > 0 else None


def version_of(package):
    return package.name.split("_")[1]


def later(package, revision, folder):
    return again(package, version_of(package).replace("-1+", f"-{revision}+"), folder)


def test_the_handbooks_commands_run_a_street_of_twelve_poles(installed, record_property):
    _, _, said, took_s = installed
    doctor = next(out for command, _, out in said if "doctor" in command)
    record_property("figure", f"{took_s:.0f} s, {len(said)} commands, {doctor.splitlines()[-1]}")

    assert (len(said) <= COMMANDS, took_s <= MINUTES_S) == (True, True)
    assert any("12 poles, 12 lamps, 0 cameras" in out for _, _, out in said)
    assert [line for line in doctor.splitlines() if not line.startswith("PASS ")] == doctor.splitlines()[-1:]
    assert re.fullmatch(r"\d\d PASS, 0 WARN, 0 FAIL", doctor.splitlines()[-1])
    assert {f"n{n} " for n in range(12)} <= set(re.findall(r"^PASS  node (n\d+ )", doctor, re.M))
    assert f"lamp bank tcp://127.0.0.1:{stand_ins.BANK_PORT}" in doctor


def test_a_shot_in_the_street_lights_the_lamps(installed):
    said = installed[0].run(SHOT).stdout

    assert re.search(r'"what": "incident"', said), said
    assert '"level_pct": 100' in said


def test_a_backup_of_the_running_street_is_whole(installed):
    machine = installed[0]
    taken = machine.run(f"runuser -u soundpost -- soundpost journal backup /{JOURNAL} --to /tmp/night.backup")
    machine.run(f"tar --create --file street.tar /{STREET}")
    told = machine.run(f"soundpost replay /tmp/night.backup --config {CONFIG} --json > before.jsonl")

    assert (taken.returncode, told.returncode) == (0, 0), taken.stdout + told.stdout
    assert (machine.path / "root/before.jsonl").read_text().count('"grade"') >= 1


@pytest.mark.parametrize("unit", UNITS)
def test_systemd_takes_each_unit_as_it_is_and_finds_it_little_exposed(installed, record_property, unit):
    machine, name = installed[0], f"soundpost-{unit}.service"
    verified = machine.run(f"systemd-analyze verify --man=no /usr/lib/systemd/system/{name}")
    found = machine.run(f"systemd-analyze security --no-pager {name}")
    exposed = float(re.search(r"exposure level for \S+: ([\d.]+)", found.stdout)[1])
    record_property("figure", f"{unit} {exposed}")

    assert verified.returncode == 0, verified.stdout
    assert exposed <= MOST_EXPOSED


def test_dpkg_knows_each_file_and_the_man_page_and_completion_are_there(installed):
    machine = installed[0]
    man = "/usr/share/man/man1/soundpost-gateway.1.gz"
    ran = machine.run(f"soundpost --version; dpkg --verify soundpost-gateway; ls {man} /usr/share/soundpost/*")
    offered = machine.run(
        "bash -c '. /usr/share/bash-completion/completions/soundpost;"
        " COMP_WORDS=(soundpost gateway --c) COMP_CWORD=2; _soundpost; echo ${COMPREPLY[@]}'"
    )

    assert ran.stdout.splitlines()[0].startswith("soundpost ")
    assert not [line for line in ran.stdout.splitlines() if line[2:3] == "5"], ran.stdout
    assert "soundpost.rules.yml" in ran.stdout
    assert offered.stdout.split() == ["--config", "--check"]


def test_an_upgrade_loses_nothing_and_a_downgrade_says_what_it_cannot(installed, tmp_path, record_property):
    machine, package, _, _ = installed
    newer = later(package, 2, tmp_path)
    machine.run("systemctl stop soundpost-gateway")
    fill(machine.path / JOURNAL, ROWS)
    with sqlite3.connect(machine.path / JOURNAL) as file:
        file.executescript(AS_FORMAT_1)
    began_s = time.monotonic()
    started = machine.run("systemctl start soundpost-gateway")
    up_s = time.monotonic() - began_s
    settings, before = kept(machine), count(machine)

    upgraded = install(machine, newer)
    gap_s, rows = silent_s(machine), count(machine)
    verified = machine.run(f"soundpost journal verify /{JOURNAL}")
    downgraded = install(machine, package)
    back_s = silent_s(machine)
    machine.run("systemctl stop soundpost-gateway")
    with sqlite3.connect(machine.path / JOURNAL) as file:
        file.execute("pragma user_version = 99")
    install(machine, newer)
    refused = install(machine, package)
    now = machine.run("dpkg-query --show --showformat '${Version} ${Status}' soundpost-gateway").stdout
    with sqlite3.connect(machine.path / JOURNAL) as file:
        file.execute("pragma user_version = 2")
    restarted = machine.run("systemctl start soundpost-gateway")
    record_property("figure", f"{rows} rows, {gap_s:.1f} s silent, back {back_s:.1f} s; format 1 up in {up_s:.1f} s")

    assert (started.returncode, upgraded.returncode, "downgrade" in upgraded.stdout) == (0, 0, False), upgraded.stdout
    assert (kept(machine), rows >= before >= ROWS, verified.returncode) == (settings, True, 0), verified.stdout
    assert max(gap_s, back_s, up_s) <= SILENT_S
    assert downgraded.returncode == 0
    assert f"this is a downgrade, from {version_of(newer)}" in downgraded.stdout
    assert refused.returncode != 0
    assert f"/{JOURNAL} is a journal of version 99, and {version_of(package)} reads up to 2" in refused.stdout
    assert now.startswith(f"{version_of(newer)} install ok installed")
    assert restarted.returncode == 0


def test_a_disk_that_is_full_stops_an_upgrade_before_it_begins(installed, tmp_path):
    machine, package, _, _ = installed
    newer = later(package, 3, tmp_path)
    shutil.copy(newer, machine.path / "root/next.deb")
    ran = machine.run(
        "mount -t tmpfs -o size=50m tmpfs /opt; dpkg --install next.deb; status=$?; umount /opt; exit $status"
    )

    assert ran.returncode != 0
    assert re.search(r"/opt has \d+ MB left, and \d+ MB are needed. Nothing was changed", ran.stdout), ran.stdout
    assert machine.run(f"soundpost gateway --config {CONFIG} --check").returncode == 0
    assert machine.run("systemctl is-active soundpost-gateway").stdout.strip() == "active"


ENDS_TOMORROW = """
import pathlib
from datetime import UTC, datetime, timedelta
from soundpost.broker.authority import Issued, issue
street = pathlib.Path("/etc/soundpost/street")
authority = Issued((street / "authority/ca.pem").read_text(), (street / "authority/ca.key").read_text())
made = issue(authority, "gateway", datetime.now(UTC), lasts=timedelta(days=1))
for name, text in (("tls/gateway.pem", made.certificate), ("tls/gateway.key", made.key)):
    (street / name).write_text(text)
"""


def test_a_certificate_that_ends_tomorrow_is_said_and_renewed_by_the_command_that_is_named(installed, record_property):
    machine = installed[0]
    (machine.path / "root/ends.py").write_text(ENDS_TOMORROW)
    made = machine.run("/opt/soundpost/bin/python ends.py && systemctl restart soundpost-gateway")
    log = machine.run("journalctl -u soundpost-gateway -o cat -n 20").stdout
    doctor = machine.run(DOCTOR).stdout
    warning = re.search(r"^WARN  certificate .*", doctor, re.M)[0]
    record_property("figure", re.search(r"ends on [\d :-]+UTC", warning)[0])
    command = re.search(r"soundpost keys rotate gateway --out \S+", warning)[0]
    renewed = machine.run(f"{command} && systemctl restart soundpost-gateway")
    after = machine.run(DOCTOR).stdout

    assert made.returncode == 0, made.stdout
    assert re.search(r"mqtt\.cert_file.* ends on ", log), log
    assert renewed.returncode == 0, renewed.stdout
    assert "PASS  certificate" in after


def test_a_clock_that_starts_in_1970_is_said_and_nothing_is_half_done(installed, record_property):
    machine = installed[0]
    machine.run("apt-get install --yes --no-install-recommends faketime; systemctl stop soundpost-gateway poles")
    rows = count(machine)
    then = "faketime --exclude-monotonic '1970-01-01 00:10:00' soundpost"
    doctor = machine.run(f"runuser -u soundpost -- {then} doctor --config {CONFIG}")
    gateway = machine.run(f"timeout 20 runuser -u soundpost -- {then} gateway --config {CONFIG}")
    made = machine.run(f"{then} init survey.csv --out /tmp/then --host {stand_ins.HOST}")
    started = machine.run("systemctl start soundpost-gateway poles")
    print(doctor.stdout, gateway.stdout, made.stdout)
    record_property("figure", re.search(r"^FAIL  date +(.*?),", doctor.stdout, re.M)[1])

    assert doctor.returncode == 1
    assert "1970" in gateway.stdout
    assert (made.returncode, (machine.path / "tmp/then").exists()) == (1, False)
    assert "the clock says 1970-01-01: set it first" in made.stdout
    assert (count(machine) >= rows, started.returncode) == (True, 0)


def test_removing_keeps_all_a_purge_keeps_it_too_unless_somebody_said_yes(installed):
    machine, package, _, _ = installed
    settings, rows = kept(machine), count(machine)

    removed = machine.run("dpkg --remove soundpost-gateway; systemctl stop poles lamps")
    gone = machine.run("systemctl is-active soundpost-gateway soundpost-broker; pgrep --full '[s]oundpost gateway'")
    after_removal = (kept(machine), count(machine) >= rows, (machine.path / "opt/soundpost").exists())
    purged = machine.run("dpkg --purge soundpost-gateway")
    after_purge = (kept(machine), count(machine) >= rows)
    installed_again = install(machine, package)
    still = machine.run(f"soundpost gateway --config {CONFIG} --check")
    yes = "echo soundpost-gateway soundpost-gateway/purge-data boolean true | debconf-set-selections"
    meant = machine.run(f"{yes}; dpkg --purge soundpost-gateway")

    assert (removed.returncode, after_removal) == (0, (settings, True, False)), removed.stdout
    assert not re.search(r"\bactive\b|\d", gone.stdout), gone.stdout
    assert (purged.returncode, after_purge) == (0, (settings, True))
    assert "/var/lib/soundpost /etc/soundpost stay" in purged.stdout
    assert (installed_again.returncode, still.returncode) == (0, 0)
    assert "are gone" in meant.stdout, meant.stdout
    assert not (machine.path / "etc/soundpost").exists()
    assert not (machine.path / "var/lib/soundpost").exists()


def test_a_street_is_restored_where_nothing_of_it_was_left(installed):
    machine, package, _, _ = installed
    install(machine, package)
    machine.run(f"tar --extract --file street.tar --directory /; {stand_ins.LAMPS}; chown soundpost: /tmp/night.backup")
    asked = f"runuser -u soundpost -- soundpost journal restore /tmp/night.backup --to /{JOURNAL}"
    restored = machine.run(f"{asked} && soundpost journal verify /{JOURNAL}")
    told = machine.run(f"soundpost replay /{JOURNAL} --config {CONFIG} --json > after.jsonl")
    machine.run(f"systemctl start soundpost-broker soundpost-gateway; rm -r poles; {stand_ins.POLES}")
    doctor = machine.run(DOCTOR).stdout
    before, after = (
        [json.loads(line) | {"source": ""} for line in (machine.path / "root" / name).read_text().splitlines()]
        for name in ("before.jsonl", "after.jsonl")
    )

    assert (restored.returncode, told.returncode) == (0, 0), restored.stdout + told.stdout
    assert after == before
    assert doctor.splitlines()[-1].endswith("0 WARN, 0 FAIL"), doctor


@pytest.mark.parametrize("number", NAMES)
def test_a_node_installs_and_checks_the_folder_that_init_made_for_it(number, tmp_path):
    with copied(made(number, ROOTS), tmp_path / "debian") as root:
        shutil.copy(packages("soundpost-node")[number], root.path / "root")
        (root.path / "root/survey.csv").write_text(stand_ins.SURVEY)
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
