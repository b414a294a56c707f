"""The config that docs/ shows, with the files that it names."""

import pathlib
import subprocess
import sys

import trustme

from firmware.linux.config import NodeConfig, SourceTable, UplinkTable

SHOWN = (pathlib.Path(__file__).parents[3] / "docs" / "node.toml").read_text()


def test_the_config_that_the_docs_show_is_good(tmp_path):
    authority = trustme.CA()
    mine = authority.issue_cert("n1.street.example")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "n1.pem")
    mine.private_key_pem.write_to_path(tmp_path / "n1.tls.key")
    (tmp_path / "n1.key").touch(0o600)
    (tmp_path / "n1.key").write_text("ab" * 32)
    (tmp_path / "node.toml").write_text(SHOWN)
    command = (sys.executable, "-m", "soundpost", "node", "--config", tmp_path / "node.toml", "--check")
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "good. node n1, uplink mqtts://broker.street.example:8883" in ran.stdout


def test_the_docs_show_every_setting():
    for table in (NodeConfig, SourceTable, UplinkTable):
        for name in table.model_fields:
            assert name in SHOWN, name
