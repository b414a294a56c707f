"""What a board's shell is made of, alone: the supervisor, the LED's codes, its config."""

import pathlib

import pytest

from firmware.board import blink
from firmware.board import config as board_config
from firmware.board.supervisor import Supervisor
from hw.mcu.pins import CHIPS, PIN_NAMES

DOCS = pathlib.Path(__file__).parents[3] / "docs" / "reference" / "hardware.md"
CHIP_NAMES = tuple(sorted(CHIPS))
GOOD = {"node": "n17", "chip": "esp32s3", "uplink": {"kind": "serial"}}


def test_the_watchdog_is_fed_while_all_hearts_beat_and_no_longer():
    supervisor = Supervisor({"audio": 100, "link": 1000}, 0)
    supervisor.beat("audio", 150)

    assert supervisor.late(100) == []
    assert supervisor.late(251) == ["audio"]
    assert supervisor.late(1001) == ["audio", "link"]
    supervisor.beat("audio", 1001)
    supervisor.beat("link", 1001)
    assert supervisor.late(1100) == []


def test_a_heart_that_nobody_watches_is_a_mistake():
    with pytest.raises(KeyError):
        Supervisor({"audio": 100}, 0).beat("video", 1)


def flashes(shown, n_ms):
    lit = [shown(ms) for ms in range(n_ms)]
    return sum(after and not before for before, after in zip([False, *lit], lit, strict=False))


@pytest.mark.parametrize("code", [number for number, _, _ in blink.CODES])
def test_a_code_is_so_many_flashes_and_a_pause(code):
    cycle_ms = code * (blink.FLASH_MS + blink.SPACE_MS) + blink.PAUSE_MS

    assert flashes(lambda ms: blink.is_on(code, ms), cycle_ms) == code
    assert not any(blink.is_on(code, ms) for ms in range(cycle_ms - blink.PAUSE_MS, cycle_ms))


def test_the_worst_is_shown_and_a_healthy_node_only_winks():
    assert blink.code_of(set()) == 0
    assert blink.code_of({"uplink", "microphone", "fix"}) == 4
    assert flashes(lambda ms: blink.is_on(0, ms), 12_000) == 3
    assert flashes(blink.is_on_to_identify, 1_000) == 5


def test_a_config_with_nothing_but_what_it_needs():
    config = board_config.read(GOOD, CHIP_NAMES)

    assert (config.node, config.chip, config.rate_hz, config.delay_q8) == ("n17", "esp32s3", 48_000, 4403)
    assert (config.clips, config.pins, config.uplink) == (True, {}, board_config.SerialUplink(115_200))


def test_an_uplink_through_the_air():
    uplink = {"kind": "mqtt", "host": "10.0.0.1", "network": "street"}

    assert board_config.read(GOOD | {"uplink": uplink}, CHIP_NAMES).uplink == ("10.0.0.1", 8883, "street")


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([], "must be an object"),
        (GOOD | {"nodes": 1}, "nodes: unknown key"),
        (GOOD | {"node": "n 17"}, "node must be 1 to 32"),
        (GOOD | {"node": "n" * 33}, "node must be 1 to 32"),
        (GOOD | {"chip": "esp8266"}, "chip must be one of esp32s3, rp2350"),
        (GOOD | {"rate_hz": 96_000}, "rate_hz must be 8000 to 48100"),
        (GOOD | {"rate_hz": True}, "rate_hz must be"),
        (GOOD | {"clips": 1}, "clips must be true or false"),
        (GOOD | {"pins": {"led": 99}}, "pins must be"),
        (GOOD | {"uplink": {"kind": "pigeon"}}, "uplink.kind must be serial or mqtt"),
        (GOOD | {"uplink": {"kind": "mqtt"}}, "uplink.host must be"),
        (GOOD | {"uplink": {"kind": "serial", "baud": 0}}, "baud must be"),
    ],
)
def test_what_is_wrong_with_a_config_is_one_line(document, says):
    with pytest.raises(ValueError, match=says) as caught:
        board_config.read(document, CHIP_NAMES)
    assert "\n" not in str(caught.value)


def test_a_key_is_64_digits_and_never_shown():
    assert board_config.read_key("00" * 32 + "\n", "node.key") == bytes(32)
    for wrong in ("", "0" * 63, "zz" * 32, "ab" * 31):
        with pytest.raises(ValueError, match="must hold a key") as caught:
            board_config.read_key(wrong, "node.key")
        assert not wrong or wrong not in str(caught.value)


def rows(first):
    """The cells of the table rows of docs/reference/hardware.md whose first cell is this."""
    lines = [line.strip("|").split("|") for line in DOCS.read_text().splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in cells] for cells in lines if cells[0].strip() == first]


@pytest.mark.parametrize("name", PIN_NAMES)
def test_the_documented_pins_are_those_of_the_firmware(name):
    ((_, esp32s3, rp2350, _),) = rows(name)

    assert (int(esp32s3), int(rp2350)) == tuple(getattr(CHIPS[chip], name) for chip in ("esp32s3", "rp2350"))


@pytest.mark.parametrize(("number", "name", "words"), blink.CODES)
def test_the_documented_codes_are_those_of_the_firmware(number, name, words):
    assert any(row[1] == words for row in rows(str(number))), name


def test_the_rp2350s_ports_reach_their_pins():
    """General knowledge: UARTs change every 8 pins from 4 on, I2C every 2, and WS follows SCK."""
    pins = CHIPS["rp2350"]

    assert pins.ws == pins.sck + 1
    for uart, tx, rx in ((1, pins.gnss_tx, pins.gnss_rx), (0, pins.rs485_tx, pins.rs485_rx)):
        assert (tx % 4, rx, (tx + 4) // 8 % 2) == (0, tx + 1, uart)
    assert (pins.sda % 2, pins.scl, pins.sda // 2 % 2) == (0, pins.sda + 1, 0)


def test_no_two_things_share_a_pin():
    for chip in CHIPS.values():
        used = [getattr(chip, name) for name in PIN_NAMES]
        assert len(set(used)) == len(used)
