"""`soundpost web` as a process: its check, its start beside a gateway's journal, its end."""

import gc
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.error
import urllib.request

import pytest

from gateway.journal.file import JournalFile
from gateway.journal.rows import Row
from gateway.web.accounts.settings import DoorTable, OidcTable
from gateway.web.database import Database, Migration, known_migrations

ROOT = pathlib.Path(__file__).parents[2]
KEYS = {"web.key": "11" * 32, "shelf.key": "33" * 32, "stream": "x"}
POLES = "".join(f'[[pole]]\nnode = "n{n}"\nxyz_m = [{60.0 * n}, {50.0 * (n % 2)}, 6.0]\n' for n in range(5))
GATEWAY = (
    'journal = "street.journal"\nkeys_file = "keys.toml"\nrequests_keys_file = "asks.toml"\n'
    "site = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }\n"
    f'{POLES}[[serial]]\nport = "/dev/ttyS0"\n'
    '[[lamp_bank]]\nurl = "tcp://127.0.0.1:1"\nlamps = [{ name = "L1", xyz_m = [1.0, 2.0, 6.0], channel = 0 }]\n'
    '[evidence]\nkey_file = "shelf.key"\nrequest_key_file = "web.key"\n'
    '[[evidence.reader]]\nname = "gate"\nxyz_m = [1.0, 2.0, 3.0]\npush = true\n'
    '[evidence.http]\ntoken_file = "stream"\n'
)
WEB = 'port = 0\nrequest_key_file = "web.key"\nevidence_key_file = "shelf.key"\n'


@pytest.fixture
def folder(tmp_path):
    texts = {**KEYS, "asks.toml": f'web = "{"11" * 32}"\n', "gateway.toml": GATEWAY, "web.toml": WEB}
    for name, text in texts.items():
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(text)
    (tmp_path / "evidence").mkdir()
    return tmp_path


def web(folder, *more):
    command = (sys.executable, "-m", "soundpost", "web", "--config", folder / "web.toml", *more)
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def answer(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as told:
            return told.status, told.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_what_the_docs_show_is_good(folder):
    (folder / "web.toml").write_text((ROOT / "docs" / "web.toml").read_text().replace("port = 8443", "port = 0"))
    ran = web(folder, "--check")

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "good. http://127.0.0.1:0, no reviews (no request_key_file), no clips (no evidence_key_file)" in ran.stdout
    assert "street.journal is not there yet, and is waited for" in ran.stdout
    assert "Behind a proxy, name it as trusted_proxies in [door]" in ran.stdout


def test_docs_show_every_setting_of_the_door(folder):
    shown = (ROOT / "docs" / "web.toml").read_text()
    lines = shown[shown.index("# [door]") : shown.index("# [tls]")].splitlines()
    door = "".join(f"{line.removeprefix('# ')}\n" for line in lines)
    (folder / "oidc.secret").write_text("x")
    told = tomllib.loads(door)["door"]
    (folder / "web.toml").write_text(WEB + door)
    ran = web(folder, "--check")

    assert set(told) == set(DoorTable.model_fields) and set(told["oidc"]) == set(OidcTable.model_fields)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Behind a proxy" not in ran.stdout


@pytest.mark.parametrize(
    ("file", "good", "bad", "says"),
    [
        ("web.toml", "port = 0", "port = 70000", "port: "),
        ("web.toml", "port = 0", 'port = 0\nhost = "0.0.0.0"', "host must be loopback (127.0.0.1, ::1)"),
        ("web.toml", "port = 0", 'port = 0\ngateway = "other.toml"', "other.toml"),
        ("web.toml", "port = 0", 'port = 0\ndatabase = "away/web.db"', "away is not there"),
        ("web.toml", "port = 0", 'port = 0\nby = "desk"', "by: desk has no key in requests_keys_file"),
        ("asks.toml", "11", "12", "by: web has another key in requests_keys_file"),
        ("web.toml", '"shelf.key"', '"web.key"', "evidence_key_file: is another key than that of [evidence]"),
        ("web.key", "11" * 32, "none", "web.key: is no key"),
        ("street.journal", "", "a text", "street.journal: is not a journal of this program"),
        ("web.db", "", "a text", "web.db: is no database of this program"),
        ("web.toml", "port = 0", 'port = 0\ntls = { cert_file = "a.pem", key_file = "b.pem" }', "a.pem"),
        ("web.toml", "port = 0", 'port = 0\ntls = { cert_file = "web.key", key_file = "web.key" }', "no certificate"),
        ("web.toml", "port = 0", "port = 0\nkeep_past_days = 0", "keep_past_days: "),
    ],
)
def test_what_is_wrong_is_one_line_that_names_it_and_no_secret(folder, file, good, bad, says):
    path = folder / file
    text = path.read_text() if path.exists() else ""
    path.write_text(text.replace(good, bad) if good else bad)
    ran = web(folder, "--check")

    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1 and says in ran.stderr
    assert "1111" not in ran.stderr and "3333" not in ran.stderr


@pytest.mark.parametrize("runs", [True, False])
def test_a_check_changes_nothing_of_a_database_that_pages_of_an_older_release_may_run_on(folder, runs):
    older = Database(folder / "web.db", known_migrations()[:1])
    if not runs:
        del older
        gc.collect()  # the last to close takes -wal and -shm away
    before = {path.name: path.read_bytes() for path in sorted(folder.glob("web.db*")) if path.suffix != ".db-shm"}
    ran = web(folder, "--check")
    after = {path.name: path.read_bytes() for path in sorted(folder.glob("web.db*")) if path.suffix != ".db-shm"}

    assert (ran.returncode, ran.stderr) == (0, "")
    assert (after, "web.db-wal" in before) == (before, runs)


def test_a_check_makes_no_database(folder):
    before = sorted(folder.iterdir())
    ran = web(folder, "--check")

    assert (ran.returncode, sorted(folder.iterdir())) == (0, before)


def test_a_check_refuses_a_database_of_a_later_release(folder):
    later = [*known_migrations(), Migration(len(known_migrations()) + 1, "later", "create table later(x integer);")]
    kept = Database(folder / "web.db", later)  # open, so that its version stands in -wal alone
    ran = web(folder, "--check")

    assert kept is not None
    assert (ran.returncode, f"web.db: is of version {len(later)}" in ran.stderr) == (1, True)


def test_a_port_that_is_taken_is_named(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (folder / "web.toml").write_text(WEB.replace("port = 0", f"port = {port}"))
        ran = web(folder, "--check")

    assert (ran.returncode, f"port {port} cannot be had" in ran.stderr) == (1, True)


def test_it_starts_before_its_journal_reads_it_when_it_comes_and_ends_when_told(folder):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(folder / "notify"))
        systemd.settimeout(30)
        command = (sys.executable, "-m", "soundpost", "web", "--config", folder / "web.toml")
        environment = {**os.environ, "NOTIFY_SOCKET": str(folder / "notify")}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, env=environment, **pipes) as process:
            said = {systemd.recv(100)}
            port = int(process.stdout.readline().rsplit(":", 1)[1])
            while b"READY=1" not in said:
                said.add(systemd.recv(100))
            without = answer(port, "/health")
            file = JournalFile(folder / "street.journal")
            alarm = {"node": "n1", "kind": "clock", "raised": True, "why": "late"}
            file.commit([Row("alarm", time.time_ns() // 1000, json.dumps(alarm).encode())])
            due_s = time.monotonic() + 30
            while (told := answer(port, "/health")) != (503, "silent") and time.monotonic() < due_s:
                pass
            about = answer(port, "/about")[0]
            process.send_signal(signal.SIGTERM)
            _, errors = process.communicate(timeout=30)
            file.close()

    assert (without, told, about) == ((503, "offline"), (503, "silent"), 200)
    assert process.returncode == 0
    assert "Traceback" not in errors
