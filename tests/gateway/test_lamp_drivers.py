"""What speaks to a lamp bank is made only where it can keep what its table says."""

import pytest

from gateway.assembly.lamp_banks import lamp_driver
from gateway.reaction.lamp_tables import LampBankTable

BOARD = '[board]\nname = "m"\ndatasheet = "d"\nverified = true\nlamps = 2\n'
FAILS = {
    "watchdog": "[level]\n[watchdog]\nregister = 901\nlongest = 600\n",
    "timed coil": "[relay]\n[timed]\nfirst = 100\n",
}


def driver_of(folder, kind, unit_s, fail_s):
    (folder / "m.toml").write_text(f"{BOARD}{FAILS[kind]}unit_s = {unit_s}\n")
    lamps = ({"name": "l1", "channel": 0, "xyz_m": (0.0, 0.0, 8.0)},)
    bank = {"url": "tcp://127.0.0.1:502", "map": "m.toml", "fail_s": fail_s, "lamps": lamps}
    return lamp_driver(LampBankTable.model_validate(bank), folder)


@pytest.mark.parametrize("kind", FAILS)
@pytest.mark.parametrize(("unit_s", "fail_s", "says"), [(60.0, 6.0, "of which it is none"), (9.0, 6.0, "makes 9 s")])
def test_a_board_that_counts_too_coarsely_for_fail_s_is_refused(tmp_path, kind, unit_s, fail_s, says):
    with pytest.raises(ValueError, match=f"^fail_s 6: .*{says}"):
        driver_of(tmp_path, kind, unit_s, fail_s)


@pytest.mark.parametrize("kind", FAILS)
def test_what_the_board_makes_of_fail_s_is_what_the_gateway_goes_by(tmp_path, kind):
    assert driver_of(tmp_path, kind, 4.0, 5.5).fail_s == 4.0
