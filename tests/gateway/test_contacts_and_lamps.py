"""A relay that tells a plate reader to read is not a lamp's."""

import pathlib

import pytest

from gateway.assembly.lamp_banks import check_contacts
from gateway.reaction.lamp_tables import LampBankTable

HERE = pathlib.Path()


def bank(url="tcp://10.0.0.5:502", kind="plain"):
    lamps = [{"name": f"l{i}", "channel": i, "xyz_m": (0.0, 0.0, 8.0)} for i in (0, 3)]
    return LampBankTable.model_validate({"url": url, "map": kind, "lamps": tuple(lamps)})


@pytest.mark.parametrize(
    ("url", "coil", "says"),
    [
        (
            "tcp://10.0.0.5:502",
            3,
            "evidence.reader gate.trigger: coil 3 of tcp://10.0.0.5:502 is lamp l3 of a lamp_bank",
        ),
        ("tcp://10.0.0.5:502?unit=1", 0, "is lamp l0 of"),
    ],
)
def test_a_contact_on_a_lamps_own_coil_is_refused(url, coil, says):
    with pytest.raises(ValueError, match=r"^evidence\.reader gate\.trigger: ") as told:
        check_contacts([bank()], {(url, coil): "evidence.reader gate.trigger"}, HERE)

    assert says in str(told.value)


def test_a_contact_on_the_boards_watchdog_is_refused():
    with pytest.raises(ValueError, match=r"coil 260 of .* is watchdog\.enable of a lamp_bank"):
        check_contacts([bank(kind="icpdas-tm-r5")], {("tcp://10.0.0.5:502", 260): "x"}, HERE)


@pytest.mark.parametrize(
    ("url", "coil"), [("tcp://10.0.0.5:502", 1), ("tcp://10.0.0.6:502", 0), ("tcp://10.0.0.5:502?unit=2", 0)]
)
def test_a_spare_relay_or_one_of_another_board_is_free(url, coil):
    check_contacts([bank()], {(url, coil): "x"}, HERE)

    assert bank().channels() == {"l0": 0, "l3": 3}
