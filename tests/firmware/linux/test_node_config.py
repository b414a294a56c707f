"""node.toml is taken whole or refused in one line that names the place and the legal range; keys stay secret."""

import pytest

from firmware.linux.config import read_config, read_key, read_password

GOOD = """
node = "n17"
key_file = "n17.key"
state_dir = "state"
[source]
kind = "file"
path = "night.wav"
[uplink]
kind = "serial"
port = "/dev/ttyUSB0"
"""


def written(tmp_path, text):
    path = tmp_path / "node.toml"
    path.write_text(text)
    return path


def test_a_good_file_is_read(tmp_path):
    config = read_config(written(tmp_path, GOOD))

    assert (config.node, config.source.kind, config.uplink.baud, config.uplink.wait) == ("n17", "file", 115_200, False)


@pytest.mark.parametrize(
    ("stated", "first_us"),
    [
        ("start_us = 1790000000123456", 1_790_000_000_123_456),
        ("start_utc = 2026-09-21T13:33:20.123456Z", 1_789_997_600_123_456),
        ("start_utc = 2026-09-21T15:33:20.000001+02:00", 1_789_997_600_000_001),
        ("start_utc = 2026-09-21T13:33:20.999999Z", 1_789_997_600_999_999),
        ("", None),
    ],
)
def test_a_start_is_exact_to_the_microsecond(tmp_path, stated, first_us):
    text = GOOD.replace("[uplink]", f"{stated}\n[uplink]")

    assert read_config(written(tmp_path, text)).source.first_us == first_us


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('node = "n17"', 'node = "n 17"', "node: .*pattern"),
        ('node = "n17"', "", "node: is missing"),
        ('node = "n17"', 'node = "n17"\ncolour = 1', "colour: unknown key"),
        ('path = "night.wav"', "", "source: a file needs path"),
        ('kind = "file"', 'kind = "ear"', "source.kind: .*'file', 'pipe' or 'microphone'"),
        ('kind = "file"', 'kind = "pipe"', "source: a pipe needs rate_hz"),
        ('kind = "file"', 'kind = "file"\nrate_hz = 7999', "source.rate_hz: .*8000"),
        ('kind = "file"', 'kind = "file"\nstart_us = -1', "source.start_us: .*0"),
        ('kind = "file"', 'kind = "file"\nstart_utc = 2026-01-01T00:00:00', "source.start_utc: .*timezone"),
        ('kind = "file"', 'kind = "file"\nfull_scale_db = nan', "source.full_scale_db: "),
        ('port = "/dev/ttyUSB0"', "port = 5", "uplink: a serial uplink needs port"),
        ('port = "/dev/ttyUSB0"', 'port = "x"\nbaud = 0', "uplink.baud: .*1200"),
        ('kind = "serial"', 'kind = "mqtt"', "uplink: an MQTT uplink needs port, 1 to 65535"),
        ("[uplink]", "[uplink", "line"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(tmp_path, old, new, why):
    path = written(tmp_path, GOOD.replace(old, new))

    with pytest.raises(ValueError, match=why) as caught:
        read_config(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


def test_a_key_that_others_may_read_or_that_is_none_is_refused_and_not_shown(tmp_path):
    path, key = tmp_path / "n17.key", "5ec12e7" + "0" * 57
    path.write_text(key)
    path.chmod(0o644)
    with pytest.raises(ValueError, match=r"mode 0644.*must be 0600") as open_:
        read_key(path)
    path.chmod(0o600)

    assert read_key(path) == bytes.fromhex(key)
    path.write_text(key + "0")
    with pytest.raises(ValueError, match="64 hexadecimal digits") as long:
        read_key(path)
    assert "5ec12e7" not in str(open_.value) + str(long.value)


def test_a_password_is_one_line(tmp_path):
    path = tmp_path / "password"
    path.write_text("hush\n")
    path.chmod(0o600)

    assert read_password(path) == "hush"
    path.write_text("hush\nhush\n")
    with pytest.raises(ValueError, match="one line"):
        read_password(path)
