"""Text that people write: with a mark (BOM) or without, and every fault of it in one line."""

import pathlib
from typing import Annotated

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from firmware.linux.config import read_config, read_key, read_password
from gateway.intake.keyring import read_keys, read_secret
from hw.linux.settings import MOST_TOLD, all_faults, unwritable_file

MARK = b"\xef\xbb\xbf"
NODE = """
node = "n1"
key_file = "n1.key"
state_dir = "state"
source = { kind = "microphone", rate_hz = 48000 }
uplink = { kind = "mqtt", host = "localhost", port = 1883 }
"""


def private(path, content):
    path.write_bytes(MARK + content)
    path.chmod(0o600)
    return path


def test_an_editors_mark_is_no_part_of_a_secret_or_a_setting(tmp_path):
    key, line = b"ab" * 32, b"hunter2\r\n"

    assert read_key(private(tmp_path / "key", key)) == bytes.fromhex("ab" * 32)
    assert read_password(private(tmp_path / "password", line)) == "hunter2"
    assert read_secret(private(tmp_path / "password", line)) == "hunter2"
    assert read_keys(private(tmp_path / "keys.toml", b'n1 = "%s"\n' % key)) == {"n1": bytes.fromhex("ab" * 32)}
    assert read_config(private(tmp_path / "node.toml", NODE.encode())).node == "n1"


def test_every_fault_is_told_at_once_with_nearest_key_value_and_range(tmp_path):
    path = tmp_path / "node.toml"
    path.write_text(NODE.replace("state_dir", "state_dri").replace("rate_hz = 48000", "rate_hz = 4"))
    with pytest.raises(ValueError, match=r"node\.toml") as caught:
        read_config(path)
    said = str(caught.value)

    assert "state_dri: unknown key (did you mean state_dir?)" in said
    assert "state_dir: is missing" in said
    assert "source.rate_hz: " in said and "(it is 4; legal: 8000 to 96000)" in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("kind", "given", "legal"),
    [
        (Annotated[int, Field(ge=0, le=65535)] | None, 70_000, "0 to 65535"),
        (Annotated[float, Field(gt=0, le=0.5)], 1.5, "above 0 to 0.5"),
        (Annotated[int, Field(ge=1, le=4_000_000)], 5_000_000, "1 to 4000000"),
    ],
)
def test_a_range_is_told_whole_also_of_what_may_be_left_out(kind, given, legal):
    model = create_model("Table", value=(kind, ...))
    with pytest.raises(ValidationError) as caught:
        model.model_validate({"value": given})

    assert f"(it is {given}; legal: {legal})" in all_faults(caught.value, model, {"value": given})


def test_more_faults_than_anybody_reads_are_counted():
    class Table(BaseModel):
        model_config = ConfigDict(extra="forbid")

    with pytest.raises(ValidationError) as caught:
        Table.model_validate({f"key{i}": 1 for i in range(50)})
    told = all_faults(caught.value, Table, {})

    assert told.count("unknown key") == MOST_TOLD
    assert told.endswith(f"; and {50 - MOST_TOLD} more")


@pytest.mark.parametrize("host", ["ex ample::bad", "localhost:1883", "mqtt://broker", "a..b", "[::1]", "a\\n"])
def test_a_host_that_can_be_none_is_refused_by_name(tmp_path, host):
    path = tmp_path / "node.toml"
    path.write_text(NODE.replace("localhost", host))
    with pytest.raises(ValueError, match="must be a host's name or its IP address") as caught:
        read_config(path)

    assert str(caught.value).startswith(f"{path}: uplink.host: ")


@pytest.mark.parametrize(
    "host", ["localhost", "broker.street.example.", "10.0.0.9", "::1", "fe80::1%eth0", "my_broker"]
)
def test_a_hosts_name_or_address_is_taken(tmp_path, host):
    path = tmp_path / "node.toml"
    path.write_text(NODE.replace("localhost", host))

    assert read_config(path).uplink.host == host


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("/proc/x.prom", "metrics_file: /proc/x.prom cannot be written (No such file or directory)"),
        ("{}/away/x.prom", "metrics_file: {}/away is not there"),
        ("{}/file/x.prom", "metrics_file: {}/file/x.prom cannot be written (Not a directory)"),
        ("{}/folder.prom", "metrics_file: {}/folder.prom is a folder"),
        ("{}/x.prom", ""),
    ],
)
def test_a_file_that_cannot_be_written_is_said_and_looking_leaves_nothing(tmp_path, name, says):
    (tmp_path / "file").touch()
    (tmp_path / "folder.prom").mkdir()

    assert unwritable_file("metrics_file", pathlib.Path(name.format(tmp_path))) == says.format(tmp_path)
    assert {each.name for each in tmp_path.iterdir()} == {"file", "folder.prom"}
