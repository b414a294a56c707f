"""The zip for support: secrets are planted wherever one may stand, and none of them comes out."""

import base64
import json
import os
import stat
import subprocess
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.journal.file import JournalFile
from gateway.journal.rows import Row
from soundpost.doctor.leaving_out import LEFT_OUT, clean, known_secrets, without_secrets

KEY = "5ec2e7" + "0badcafe" * 7 + "ab"
PASSWORDS = {
    "of the camera": 'Zaunk\u00f6nig"9 /x', "of the broker": "mellon-broker", "in a url": "mellon-url",
    "in a wrong place": "mellon-misplaced", "in a comment": "mellon-comment", "in an unknown key": "mellon-unknown",
    "in a row": "mellon-row", "in a log": "mellon-log", "of a header": "bWVsbG9uLWhlYWRlcg==", "in a pem": "MELLONPEM",
    "of the web": "mellon-web-token", "in a query": "mellon-query", "of a person": "anna.karenina",
}  # fmt: skip
PEM = "-----BEGIN PRIVATE KEY-----\nMELLONPEM\n-----END PRIVATE KEY-----\n"
POLES = "".join(f'[[pole]]\nnode = "n{n}"\nxyz_m = [{30 * n}.0, {n * n}.0, 6.0]\n' for n in range(4))
CONFIG = f"""
# the password was {PASSWORDS["in a comment"]}
journal = "street.journal"
keys_file = "keys.toml"
site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}
{POLES}
[mqtt]
host = "127.0.0.1"
port = 9
tls = false
user = "{PASSWORDS["of a person"]}"
password_file = "broker.password"
password = "{PASSWORDS["in an unknown key"]}"
[[camera]]
name = "corner"
url = "http://root:{PASSWORDS["in a url"]}@127.0.0.1:9/"
password_file = "corner.password"
xyz_m = [0.0, 0.0, 6.0]
[[camera]]
name = "other"
url = "http://127.0.0.1:9/?token={PASSWORDS["in a query"]}"
password_file = "{PASSWORDS["in a wrong place"]}"
xyz_m = [0.0, 0.0, 6.0]
"""
LOG = f"""gateway: rtsp://root:{PASSWORDS["in a log"]}@10.0.0.9/1 is away
gateway: Authorization: Basic {PASSWORDS["of a header"]}
gateway: key {KEY.upper()} of n1, {PEM}
gateway: corner said {PASSWORDS["of the camera"]}, in base64 {{}} and {PASSWORDS["of the web"]}
"""


@pytest.fixture
def street(tmp_path):
    """A folder with secrets in every place."""
    private = {
        "keys.toml": "".join(f'n{n} = "{KEY[:-1]}{n}"\n' for n in range(4)) + f'nx = "{KEY}"\n',
        "corner.password": PASSWORDS["of the camera"] + "\n",
        "broker.password": PASSWORDS["of the broker"] + "\n",
        "web.key": PASSWORDS["of the web"] + "\n",
        "tls.key": PEM,
    }
    for name, text in private.items():
        (tmp_path / name).touch(0o600)
        (tmp_path / name).write_text(text)
    (tmp_path / "gateway.toml").write_text(CONFIG)
    journal = JournalFile(tmp_path / "street.journal")
    note = f"camera http://u:{PASSWORDS['in a row']}@x: wants {PASSWORDS['of the camera']}, key={KEY}"
    asked = {"by": PASSWORDS["of a person"], "why": "review"}
    rows = [Row("edge", 1, json.dumps({"note": note}).encode()), Row("request", 2, json.dumps(asked).encode())]
    journal.commit([*rows, Row("frame", 3, b"mellon-sound", "n1", 1, 1), Row("clock", 4, b"\xff mellon")])
    journal.close()
    (tmp_path / "bin").mkdir()
    in_base64 = base64.b64encode(PASSWORDS["of the camera"].encode()).decode()
    (tmp_path / "log").write_text(LOG.format(in_base64))
    (tmp_path / "bin/journalctl").write_text(f'#!/bin/sh\ncat "{tmp_path}/log"\n')
    (tmp_path / "bin/journalctl").chmod(0o755)
    return tmp_path


def doctor(folder, *more):
    command = (sys.executable, "-m", "soundpost", "doctor", "--config", folder / "gateway.toml", *more)
    where = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60, env=where)


def test_no_secret_comes_out_of_the_zip_and_the_rest_does(street):
    ran = doctor(street, "--zip", street / "out.zip")
    with zipfile.ZipFile(street / "out.zip") as kept:
        texts = {name: kept.read(name).decode() for name in kept.namelist()}
    everything = "\n".join(texts.values()).lower()
    secrets = [*PASSWORDS.values(), KEY, json.dumps(PASSWORDS["of the camera"])[1:-1], "mellon"]

    assert "Traceback" not in ran.stderr
    assert [each for each in secrets if each.lower() in everything] == []
    assert set(texts) == {
        "README.txt", "doctor.txt", "doctor.json", "versions.txt", "config/gateway.json", "journal.jsonl", "log.txt",
    }  # fmt: skip
    config = json.loads(texts["config/gateway.json"])
    assert config["mqtt"]["password_file"] == "broker.password"
    assert config["camera"][1]["password_file"].startswith(LEFT_OUT)
    assert config["pole"][1] == {"node": "n1", "xyz_m": [30.0, 1.0, 6.0]}
    assert [json.loads(line)["kind"] for line in texts["journal.jsonl"].splitlines()] == [
        "edge", "request", "frame", "clock",
    ]  # fmt: skip
    assert "is away" in texts["log.txt"]
    assert "FAIL" in texts["doctor.txt"]


def test_the_zip_is_for_its_owner_alone_and_never_over_another_file(street):
    doctor(street, "--zip", street / "out.zip")
    before = (street / "out.zip").read_bytes()
    again = doctor(street, "--zip", street / "out.zip")

    assert stat.S_IMODE((street / "out.zip").stat().st_mode) == 0o600
    assert again.returncode == 1
    assert f"{street}/out.zip: is there already" in again.stderr
    assert (street / "out.zip").read_bytes() == before


OIDC = """
journal = "street.journal"
site = {{ lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }}
[door]
public_url = "https://street.example"
[door.oidc]
issuer = "https://sso.example"
client_id = "soundpost"
client_secret_file = "{file}"
label = "{word}"
roles = {{ "{word}" = "viewer" }}
"""


@pytest.mark.parametrize("file", ["oidc.txt", "mellon-single-sign-on", "sso.secret"])
def test_the_secret_of_single_sign_on_is_judged_and_left_out(street, file):
    word = "mellon-single-sign-on"
    held = street / ("sso.secret" if file == "sso.secret" else "oidc.txt")
    held.write_text(word + "\n")
    held.chmod(0o644)
    (street / "web.toml").write_text(OIDC.format(file=file, word=word))
    with (street / "log").open("a") as log:
        log.write(f"web: the provider said no to {word}\n")
    ran = doctor(street, "--zip", street / "out.zip")
    with zipfile.ZipFile(street / "out.zip") as kept:
        texts = {name: kept.read(name).decode() for name in kept.namelist()}

    assert [name for name, text in texts.items() if word in text] == []
    assert word not in ran.stdout + ran.stderr
    assert json.loads(texts["config/web.json"])["door"]["oidc"]["client_id"] == "soundpost"
    why = "there is no file of that name" if file == word else "mode 0644: others can use it"
    assert any(line.startswith("FAIL") and "permissions" in line and why in line for line in ran.stdout.splitlines())


@pytest.mark.parametrize("name", ["sso.secret", "cameras/corner.password"])
def test_what_looks_like_a_secret_is_left_out_where_no_config_names_it(street, name):
    (street / name).parent.mkdir(exist_ok=True)
    (street / name).write_text("mellon-unnamed\n")
    (street / name).chmod(0o600)
    (street / "log").write_text("gateway: the camera said mellon-unnamed\n")
    doctor(street, "--zip", street / "out.zip")
    with zipfile.ZipFile(street / "out.zip") as kept:
        text = kept.read("log.txt").decode()

    assert "the camera said" in text
    assert "mellon" not in text


@pytest.mark.parametrize("text", ["http://10.0.0.9/feed?key=mellon&x=1 is away", "/feed?x=1&KEY=mellon"])
def test_a_key_in_an_address_is_left_out_and_the_rest_of_it_is_not(text):
    assert clean(text, ()) == text.replace("mellon", LEFT_OUT)


@pytest.mark.parametrize("lay", [os.symlink, os.link, lambda other, part: part.write_text("theirs")])
def test_the_zip_is_written_to_no_file_that_was_laid_in_its_way(street, lay):
    other, part = street / "other", street / "out.zip.part"
    other.write_text("the word of another")
    lay(other, part)
    with part.open() as watching:
        ran = doctor(street, "--zip", street / "out.zip")
        watched = watching.read()

    assert "Traceback" not in ran.stderr
    assert other.read_text() == "the word of another"
    assert watched in ("the word of another", "theirs")
    assert stat.S_IMODE((street / "out.zip").lstat().st_mode) == 0o600
    assert (street / "out.zip").lstat().st_nlink == 1
    assert not part.exists()


def test_a_pipe_in_the_zips_way_holds_nobody_up(street):
    os.mkfifo(street / "out.zip.part")
    doctor(street, "--zip", street / "out.zip")

    assert zipfile.is_zipfile(street / "out.zip")


def test_what_is_said_on_the_terminal_holds_no_login_of_a_url(street):
    ran = doctor(street)

    assert [each for each in PASSWORDS.values() if each in ran.stdout + ran.stderr] == []


def test_a_zip_where_none_can_be_written_is_one_line(street):
    ran = doctor(street, "--zip", street / "nowhere" / "out.zip")

    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1].startswith("soundpost doctor: ")


def test_a_secret_file_that_is_a_pipe_or_whose_name_no_file_can_have_holds_nobody_up(street):
    (street / "broker.password").unlink()
    os.mkfifo(street / "broker.password", 0o600)
    text = (street / "gateway.toml").read_text().replace(PASSWORDS["in a wrong place"], "mellon" * 100)
    (street / "gateway.toml").write_text(text)
    ran = doctor(street, "--zip", street / "out.zip")

    assert "Traceback" not in ran.stderr
    with zipfile.ZipFile(street / "out.zip") as kept:
        assert "mellon" not in "".join(kept.read(name).decode() for name in kept.namelist())


@given(st.text(st.characters(exclude_categories=("Cs",)), min_size=8), st.text(), st.text())
def test_a_known_secret_is_in_no_text_whatever_stands_round_it(secret, before, after):
    secrets = known_secrets([secret])
    text = clean(before + secret.strip() + after, secrets)

    assert all(each not in text for each in secrets if LEFT_OUT not in each and each not in LEFT_OUT)


@given(
    st.recursive(
        st.text() | st.integers() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_of_keys_that_the_program_does_not_know_no_value_is_kept(value):
    kept = json.dumps(without_secrets({"nobody_knows_me": value}, ("journal",), lambda file: True))

    assert set(json.loads(kept)) == {"nobody_knows_me"}
    assert "mellon" not in json.dumps(without_secrets({"x": ["mellon", {"y": "mellon"}]}, (), lambda file: True))
