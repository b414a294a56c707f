"""No two parts of a config are at one port, pin or board, however their urls are written."""

import pytest

from gateway.assembly.wiring import check_wiring
from gateway.reaction.lamp_tables import LampBankTable

DEVICE = "5ca1ab1e-0000-4000-8000-000000000002/lamp-01"
TALQ = {"client": "5ca1ab1e-0000-4000-8000-000000000001"}


def bank(url, *channels, **more):
    lamps = tuple({"name": f"l{i}", "channel": i, "xyz_m": (0.0, 0.0, 8.0)} for i in channels or (0,))
    return LampBankTable.model_validate({"url": url, "lamps": lamps, **more})


def talq(url, *devices):
    lamps = tuple(
        {"name": f"l{i}", "channel": i, "xyz_m": (0.0, 0.0, 8.0), "device": each} for i, each in enumerate(devices)
    )
    return LampBankTable.model_validate({"url": url, "lamps": lamps, "talq": TALQ})


@pytest.fixture
def port(tmp_path):
    """A port, and another name of it, as /dev/serial/by-id has them."""
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyUSB0")
    return tmp_path / "ttyUSB0", tmp_path / "by-id"


ONE_BOARD = "are one board; give all its lamps in one table"


@pytest.mark.parametrize(
    ("one", "two", "says"),
    [
        ("tcp://10.0.0.5:502", "tcp://10.0.0.5:502?unit=1", ONE_BOARD),
        ("tcp://10.0.0.5:502", "tcp://10.0.0.5", ONE_BOARD),
        ("tcp://localhost:502", "tcp://127.0.0.1:502?unit=01", ONE_BOARD),
        ("tcp://Board:502", "tcp://board:502", ONE_BOARD),
        ("rtu://{a}", "rtu://{b}?unit=1", ONE_BOARD),
        ("rtu://{a}?unit=1", "rtu://{b}?unit=2&baud=9600", "one port has one baud"),
        ("rtu://{a}", "dali://{b}", "are both on {a}; a port is for one of them"),
        ("dali://{a}", "dali://{b}", "are both on {a}; a port is for one of them"),
        ("gpio://", "gpio://?active=low", "channel 0, are on one pin"),
        ("gpio://{a}", "gpio://{b}", "channel 0, are on one pin"),
        ("gpio://", "gpio:///dev/gpiochip0", "channel 0, are on one pin"),
        ("gpio:///dev/gpiochip4", "gpio://?active=low", "channel 0, are on one pin"),
    ],
)
def test_two_banks_in_each_others_way_are_named_both(port, one, two, says):
    one, two, says = (text.format(a=port[0], b=port[1]) for text in (one, two, says))
    with pytest.raises(ValueError, match=r"^lamp_bank 1 ") as told:
        check_wiring([bank(one), bank(two)], [], {})

    assert says in str(told.value)
    assert f"lamp_bank 1 ({one})" in str(told.value)
    assert f"lamp_bank 2 ({two})" in str(told.value)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("rtu://{a}?unit=1", "rtu://{b}?unit=2"),
        ("rtu://{a}?unit=1", "rtu://{b}?unit=2&baud=19200"),
        ("tcp://10.0.0.5:502?unit=1", "tcp://10.0.0.5:502?unit=2"),
        ("tcp://10.0.0.5:502", "tcp://10.0.0.5:503"),
        ("dali:///dev/ttyUSB3", "dali:///dev/ttyUSB4"),
        ("gpio://", "gpio:///dev/gpiochip1"),
        ("gpio:///dev/gpiochip0", "gpio:///dev/gpiochip4"),
    ],
)
def test_boards_that_are_two_are_two(port, one, two):
    check_wiring([bank(each.format(a=port[0], b=port[1])) for each in (one, two)], [], {})

    assert port[0].exists()


@pytest.mark.parametrize("scheme", ["rtu", "dali"])
def test_a_lamp_port_that_is_the_nodes_is_refused(port, scheme):
    with pytest.raises(ValueError, match=r"lamp_bank 1 \(.*\) and serial 1 \(the nodes\) are both on"):
        check_wiring([bank(f"{scheme}://{port[0]}")], [str(port[1])], {})


def test_a_readers_contact_on_the_lamps_port_is_refused_for_another_program_opens_it(port):
    contacts = {(f"rtu://{port[1]}?unit=9", 0): "evidence.reader gate.trigger"}
    with pytest.raises(ValueError, match=r"lamp_bank 1 .* and evidence\.reader gate\.trigger are both on"):
        check_wiring([bank(f"rtu://{port[0]}")], [], contacts)


def test_two_lamps_of_one_device_are_refused():
    with pytest.raises(ValueError, match=r"^lamp_bank 1, l0, and lamp_bank 1, l1, are one device$"):
        check_wiring([talq("talq+https://odn.example", DEVICE, DEVICE.upper().replace("LAMP", "lamp"))], [], {})


def test_pins_of_two_banks_on_one_chip_may_differ():
    check_wiring([bank("gpio://", 4), bank("gpio://?active=low", 5)], [], {})

    assert bank("gpio://", 4).channels() == {"l4": 4}
