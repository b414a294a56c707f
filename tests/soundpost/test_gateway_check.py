"""`soundpost gateway --check` on the config that docs/ shows, with the files that it names."""

import contextlib
import json
import pathlib
import re
import sqlite3
import subprocess
import sys

import pytest
import trustme

UUID = "5ca1ab1e-0000-4000-8000-000000000001"
FAR_ZONE = (
    '[[policy.zone]]\nname = "lake"\nfile = "lake.geojson"\n[policy.zone.lights]\nmin_grade = "A"\n[policy.lights]'
)
ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture
def street(tmp_path):
    """A folder with docs/gateway.toml and all that it names."""
    authority = trustme.CA()
    mine = authority.issue_cert("gateway.street.example")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "gateway.pem")
    mine.private_key_pem.write_to_path(tmp_path / "gateway.key")
    secrets = {
        "corner.password": "street\n",
        "keys.toml": "".join(f'{node} = "{i:064x}"\n' for i, node in enumerate(("n1", "n2", "n3", "n4"), 1)),
    }
    for name, text in secrets.items():
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(text)
    shown = (ROOT / "docs" / "gateway.toml").read_text()
    (tmp_path / "board.toml").write_text(
        '[board]\nname = "x"\ndatasheet = "y"\nverified = true\nlamps = 2\n[relay]\nat = [7, 7]\n'
    )
    (tmp_path / "coarse.toml").write_text(
        '[board]\nname = "x"\ndatasheet = "y"\nverified = true\nlamps = 2\n'
        "[level]\n[watchdog]\nregister = 901\nunit_s = 60.0\nlongest = 600\n"
    )
    ring = [[-77.1, 38.9], [-77.11, 38.9], [-77.11, 38.91], [-77.1, 38.9]]
    (tmp_path / "lake.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}))
    (tmp_path / "port").touch()  # where the docs show a serial port
    (tmp_path / "gateway.toml").write_text(shown.replace("/dev/ttyUSB0", str(tmp_path / "port")))
    return tmp_path


def check(folder, *more):
    command = (sys.executable, "-m", "soundpost", "gateway", "--config", folder / "gateway.toml", *more)
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_the_config_that_the_docs_show_is_good(street):
    ran = check(street, "--check")

    assert (ran.returncode, ran.stderr.count("\n")) == (0, 1)
    assert "lamps stay as they are if this gateway dies: their board cannot put them back" in ran.stderr
    assert "good. 4 poles, 2 lamps, 1 cameras" in ran.stdout


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ("tcp://10.0.0.5:502", "udp://10.0.0.5", "must be tcp://HOST:PORT or rtu:///dev/PORT"),
        (
            "# ca_file",
            "ca_file",
            "camera 1 (corner): give one of ca_file, fingerprint and verify = false at most, and only with",
        ),
        (
            'url = "http://10.0.0.9:80"',
            'fingerprint = "abc"\nurl = "https://10.0.0.9"',
            "camera 1 (corner).fingerprint: String",
        ),
        ('url = "http://10.0.0.9:80"', 'ca_file = "no.pem"\nurl = "https://10.0.0.9"', "no.pem: cannot be read"),
        ("answer_s = 0.5", "answer_s = 9.0", "lamp_bank 1.answer_s: Input should be less than or equal to 5"),
        ('map = "plain"', 'map = "icpdas-tmr5"', "no such map (did you mean icpdas-tm-r5?)"),
        (
            'map = "plain"',
            'map = "board.toml"',
            "board.toml: coil 7 stands there twice: as relay of lamp 0, and as relay of",
        ),
        ('map = "plain"', 'map = "nowhere.toml"', "nowhere.toml"),
        ('"corner.password"', '"nowhere.password"', "nowhere.password: No such file or directory"),
        ("channel = 1,", "channel = 0,", "lamp_bank 1: lamps l1 and l2 are both on channel 0"),
        ("fail_s = 6.0", "fail_s = 9.0", "lamp_bank 1.fail_s: Input should be less than or equal to 8"),
        (
            'url = "tcp://10.0.0.5:502"',
            'url = "dali:///dev/ttyUSB2"',
            "lamp_bank 1: map is for Modbus boards (tcp://, rtu",
        ),
        (
            'url = "tcp://10.0.0.5:502"',
            'url = "talq+https://odn.example"',
            "lamp_bank 1: a talq+https:// url needs a talq",
        ),
        ("answer_s = 0.5", f"talq = {{ client = '{UUID}' }}", "lamp_bank 1: talq is for talq+https:// urls"),
        ("answer_s = 0.5", "talq = { client = 'me' }", "lamp_bank 1.talq.client: String should match pattern"),
        ("channel = 1,", "channel = 1000,", "gateway.toml: lamp_bank 1: lamp l2: channel 1000; plain has 0 to 999"),
        ("tcp://10.0.0.5:502", "tcp://10.0.0.5:0", "gateway.toml: lamp_bank 1: lamps url 'tcp://10.0.0.5:0': must be"),
        ('map = "plain"', 'map = "coarse.toml"', "gateway.toml: lamp_bank 1: fail_s 6: x counts it in steps of 60 s"),
        (
            "[policy.lights]",
            FAR_ZONE,
            "gateway.toml: policy.zone lake: has a lights table, and no lamp in it or within",
        ),
        ("[policy.lights]", '[policy.lights]\nstreets = "/dev/zero"', "streets: /dev/zero: is no regular file"),
        (
            "[[camera]]",
            '[[lamp_bank]]\nurl = "tcp://10.0.0.5:502?unit=1"\n'
            'lamps = [{ name = "l3", channel = 5, xyz_m = [0, 0, 8] }]\n[[camera]]',
            "lamp_bank 1 (tcp://10.0.0.5:502) and lamp_bank 2 (tcp://10.0.0.5:502?unit=1) are one board",
        ),
    ],
)
def test_a_lamp_bank_or_camera_that_makes_no_sense_is_one_line(street, good, bad, says):
    config = street / "gateway.toml"
    config.write_text(config.read_text().replace(good, bad))
    ran = check(street, "--check")

    assert (ran.returncode, ran.stdout) == (1, "")
    assert says in ran.stderr
    assert len([line for line in ran.stderr.splitlines() if "level=warning" not in line]) == 1


def test_two_tables_for_one_board_are_refused_at_the_start_too_before_anything_is_written(street):
    config = street / "gateway.toml"
    second = (
        '[[lamp_bank]]\nurl = "tcp://10.0.0.5:502?unit=1"\nlamps = [{ name = "l3", channel = 5, xyz_m = [0, 0, 8] }]'
    )
    config.write_text(config.read_text().replace("[[camera]]", f"{second}\n[[camera]]"))
    before = sorted(street.iterdir())
    ran = check(street)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert "lamp_bank 1 (tcp://10.0.0.5:502) and lamp_bank 2 (tcp://10.0.0.5:502?unit=1)" in ran.stderr.splitlines()[-1]
    assert sorted(street.iterdir()) == before


@pytest.mark.parametrize(
    ("journal", "says", "options"),
    [
        ("a_folder", "a_folder: a journal is a file, and this is a folder", []),
        ("a_folder", "a_folder: a journal is a file, and this is a folder", ["--check"]),
        ("keys.toml", "keys.toml: is not a journal of this program", ["--check"]),
        ("addresses", "addresses: is not a journal of this program", ["--check"]),
        ("keys.toml/street.journal", "keys.toml is no folder", ["--check"]),
    ],
)
def test_a_journal_that_can_never_be_written_is_named_at_the_start(street, journal, says, options):
    (street / "a_folder").mkdir()
    with contextlib.closing(sqlite3.connect(street / "addresses")) as other:
        other.execute("create table address(street text)")
    config = street / "gateway.toml"
    config.write_text(re.sub('(?m)^journal = ".*"', f'journal = "{journal}"', config.read_text()))
    ran = check(street, *options)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert says in ran.stderr.splitlines()[-1]
    assert "Traceback" not in ran.stderr


def test_a_camera_that_is_not_verified_is_said(street):
    config = street / "gateway.toml"
    config.write_text(config.read_text().replace('"http://10.0.0.9:80"', '"https://10.0.0.9"\nverify = false'))
    ran = check(street, "--check")

    assert ran.returncode == 0
    assert "camera is not verified: whoever stands between can read and turn" in ran.stderr
    assert "camera=corner" in ran.stderr


def test_a_journal_whose_folder_is_not_there_is_one_line(street):
    config = street / "gateway.toml"
    config.write_text(re.sub(r'(?m)^journal = ".*"', 'journal = "nowhere/street.journal"', config.read_text()))
    ran = check(street, "--check")

    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"journal: {street / 'nowhere'} is not there" in ran.stderr


def test_every_port_and_folder_that_is_not_there_is_named(street):
    config = street / "gateway.toml"
    (street / "port").unlink()
    config.write_text(config.read_text().replace('# releases = "releases" ', 'releases = "elsewhere" '))
    ran = check(street, "--check")

    assert (ran.returncode, len(ran.stderr.splitlines())) == (1, 1)
    assert f"serial 1.port: {street / 'port'} is not there; releases: {street / 'elsewhere'} is not there" in ran.stderr


def test_faults_of_the_file_as_a_whole_come_together(street):
    config = street / "gateway.toml"
    config.write_text(config.read_text().replace('node = "n2"', 'node = "n1"').replace('"l2"', '"l1"'))
    ran = check(street, "--check")

    assert "node n1 stands there twice; lamp name l1 stands there twice" in ran.stderr


def test_the_tls_key_is_taken_under_its_name_of_before_and_that_is_said(street):
    config = street / "gateway.toml"
    config.write_text(config.read_text().replace("tls_key_file", "key_file"))
    ran = check(street, "--check")

    assert ran.returncode == 0
    assert ran.stderr.count("mqtt.key_file: is called tls_key_file now; the old name is still taken") == 1
