"""`soundpost gateway --check` on the config that docs/ shows, with the files that it names."""

import pathlib
import subprocess
import sys

import pytest
import trustme

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
    (tmp_path / "gateway.toml").write_text((ROOT / "docs" / "gateway.toml").read_text())
    return tmp_path


def check(folder):
    command = (sys.executable, "-m", "soundpost", "gateway", "--config", folder / "gateway.toml", "--check")
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_the_config_that_the_docs_show_is_good(street):
    ran = check(street)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "good. 4 poles, 2 lamps, 1 cameras" in ran.stdout


@pytest.mark.parametrize(
    ("good", "bad", "says"),
    [
        ("tcp://10.0.0.5:502", "udp://10.0.0.5", "must be tcp://HOST:PORT or rtu:///dev/PORT"),
        ("answer_s = 0.5", "answer_s = 9.0", "lamp_bank[0].answer_s: Input should be less than or equal to 5"),
    ],
)
def test_a_lamp_bank_that_makes_no_sense_is_one_line(street, good, bad, says):
    config = street / "gateway.toml"
    config.write_text(config.read_text().replace(good, bad))
    ran = check(street)

    assert (ran.returncode, ran.stdout) == (1, "")
    assert says in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
