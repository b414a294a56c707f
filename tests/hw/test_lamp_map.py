"""Register maps: what is wrong in one is said in a line, and those that come with the program are what boards heed."""

import contextlib
import pathlib

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hw.lamp_map import LampMap
from hw.linux.lamp_map_file import known_maps, lamp_map, read_lamp_map
from hw.modbus_lamps import ModbusLamps
from hw.ports import LampRefuses

HERE = pathlib.Path()
VENDORS = [name for name in known_maps() if name not in ("plain", "soundpost-bank")]
BOARD = '[board]\nname = "x"\ndatasheet = "y"\nverified = true\nlamps = 3\n'
FAULTS = {
    "the same coil twice": (
        "[relay]\nat = [0, 1, 1]", "coil 1 stands there twice: as relay of lamp 1, and as relay of lamp 2"
    ),
    "a coil of two things": (
        '[relay]\n[watchdog]\nregister = 9\nunit_s = 1.0\nlongest = 9\nenable = 2',
        "coil 2 stands there twice: as relay of lamp 2, and as watchdog.enable",
    ),
    "a register of two things": (
        "[level]\nfirst = 4\n[fade]\nregister = 5\nunit_s = 0.1\nlongest = 9",
        "holding register 5 stands there twice: as level of lamp 1, and as fade.register",
    ),
    "safe cells on levels": (
        '[level]\n[watchdog]\nregister = 9\nunit_s = 1.0\nlongest = 9\nsafe = { table = "holding", first = 2 }',
        "holding register 2 stands there twice: as level of lamp 2, and as watchdog.safe of lamp 0",
    ),
    "nothing to tell": ("", r"give \[relay\], \[level\], or both"),
    "too few addresses": ("[relay]\nat = [0, 1]", "relay.at has 2 addresses; must be one for each of the lamps"),
    "past the end": ("[relay]\nfirst = 65534", "relay: lamp 2 would be past address 65535"),
    "not an address": ("[relay]\nfirst = 70000", r"relay.first: .* \(it is 70000; legal: 0 to 65535\)"),
    "a typing error": ("[relays]\nfirst = 0", r"relays: unknown key \(did you mean relay\?\)"),
    "a timed coil and a watchdog": (
        "[relay]\n[timed]\nfirst = 9\nunit_s = 0.1\n[watchdog]\nregister = 9\nunit_s = 1.0\nlongest = 9",
        r"\[timed\] needs a \[relay\], and no \[watchdog\] beside it",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("more", "says"), FAULTS.values(), ids=FAULTS.keys())
def test_what_is_wrong_in_a_map_is_said_in_one_line_with_the_file(tmp_path, more, says):
    path = tmp_path / "board.toml"
    path.write_text(BOARD + more)

    with pytest.raises(ValueError, match=f"^{path}: .*{says}") as raised:
        read_lamp_map(path)
    assert "\n" not in str(raised.value)


def test_a_map_that_is_not_known_names_the_nearest():
    with pytest.raises(ValueError, match=r"lamp_bank.map 'icpdas-tmr5': no such map \(did you mean icpdas-tm-r5\?\)"):
        lamp_map("icpdas-tmr5", HERE)


def test_three_vendors_maps_are_there_each_with_its_datasheet():
    maps = [lamp_map(name, HERE) for name in VENDORS]

    assert len({each.board.name.split()[0] for each in maps if each.board.verified}) >= 3
    assert all(len(each.board.datasheet) > 20 for each in maps)
    assert [each.board.name.split()[0] for each in maps if not each.board.verified] == ["Waveshare"]


@contextlib.asynccontextmanager
async def any_board():
    """pymodbus's own simulator with 7000 of each cell, all zero. Comes back: its url, and the cells of each table."""
    cells = {}

    async def heed(function, start, address, count, registers, told):
        cells[{1: "coil", 5: "coil", 2: "discrete", 4: "input"}.get(function, "holding")] = registers

    bits = [SimData(0, values=[False] * 7000, datatype=DataType.BITS)]
    words = [SimData(0, values=[0] * 7000, datatype=DataType.REGISTERS)]
    server = ModbusTcpServer(SimDevice(id=1, simdata=(bits, bits, words, words), action=heed), address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    host, port = server.transport.sockets[0].getsockname()[:2]
    try:
        yield f"tcp://{host}:{port}", cells
    finally:
        await server.shutdown()


def coil(cells, address):
    return bool(cells["coil"][address // 16] >> address % 16 & 1)


@pytest.mark.parametrize("name", ["plain", "soundpost-bank", *VENDORS])
async def test_each_map_lights_a_lamp_of_pymodbus_own_simulator_and_puts_it_back(name):
    board = lamp_map(name, HERE)
    async with any_board() as (url, _):
        lamps = ModbusLamps(url, 2.0, board.model_copy(update={"actual": None}), fail_s=None)
        for level_pct in (0, 100, 0):
            await lamps.write_level(2, level_pct)
            assert await lamps.read_level(2) == level_pct
        await lamps.close()


async def test_the_icp_das_board_is_told_its_safe_values_and_its_watchdog_by_the_addresses_of_its_datasheet():
    async with any_board() as (url, cells):
        lamps = ModbusLamps(url, 2.0, lamp_map("icpdas-tm-r5", HERE), fail_s=6.0)
        await lamps.keep({0: 0, 4: 100})
        await lamps.write_level(0, 100)
        await lamps.keep({0: 0, 4: 100})
        await lamps.close()

    assert cells["holding"][488] == 60  # 40489, tenths of a second
    assert {address for address in range(400) if coil(cells, address)} == {0, 132, 260, 269}


async def test_the_intesis_server_is_read_and_written_by_the_addresses_of_its_manual():
    async with any_board() as (url, cells):
        lamps = ModbusLamps(url, 2.0, lamp_map("intesis-inmbsdal", HERE))
        await lamps.write_level(63, 80)
        cells["holding"][6306], cells["holding"][6305] = 80, 0b110
        state = await lamps.read_state(63)
        await lamps.close()

    assert cells["holding"][6315] == 80
    assert (state.level_pct, state.lamp_failure, state.gear_failure, state.lit) == (80, True, False, True)


async def test_the_wiren_board_dimmer_whose_coil_is_off_is_dark_whatever_its_level_says():
    async with any_board() as (url, cells):
        lamps = ModbusLamps(url, 2.0, lamp_map("wirenboard-wb-mdm3", HERE))
        await lamps.write_level(1, 70)
        assert await lamps.read_level(1) == 70
        cells["coil"][0] = 0

        assert await lamps.read_level(1) == 0
        await lamps.close()


async def test_a_level_is_put_back_to_the_register_s_own_value_not_to_its_per_cent():
    board = LampMap.model_validate(
        {"board": {"name": "x", "datasheet": "y", "verified": True, "lamps": 2}, "level": {"full": 65535}}
    )
    async with any_board() as (url, cells):
        lamps = ModbusLamps(url, 2.0, board)
        await lamps.write_level(0, 0)
        cells["holding"][0] = 20_000
        before_pct = await lamps.read_level(0)
        await lamps.write_level(0, 100)
        await lamps.write_level(0, before_pct)
        await lamps.close()

    assert (before_pct, cells["holding"][0]) == (31, 20_000)


async def test_a_register_that_holds_more_than_full_light_is_refused_and_not_believed():
    async with any_board() as (url, cells):
        lamps = ModbusLamps(url, 2.0)
        await lamps.write_level(0, 0)
        cells["holding"][0] = 65535

        with pytest.raises(LampRefuses, match="its level register holds 65535, more than 100"):
            await lamps.read_level(0)
        await lamps.close()


async def test_measures_of_all_kinds_are_read(tmp_path):
    kinds = {
        "u16": [40],
        "s16": [65496],
        "u32": [1, 2],
        "u32_low": [2, 1],
        "float": [0x4220, 0],
        "float_low": [0, 0x4220],
    }
    expected = {"u16": 4.0, "s16": -4.0, "u32": 6553.8, "u32_low": 6553.8, "float": 4.0, "float_low": 4.0}
    found = {}
    async with any_board() as (url, cells):
        for kind, words in kinds.items():
            path = tmp_path / "map.toml"
            path.write_text(
                BOARD + f'[level]\n[power]\ntable = "input"\nfirst = 100\nstep = 2\nunit = 0.1\nkind = "{kind}"\n'
            )
            lamps = ModbusLamps(url, 2.0, read_lamp_map(path))
            await lamps.read_state(1)
            cells["input"][102 : 102 + len(words)] = words
            found[kind] = round((await lamps.read_state(1)).power_w, 3)
            await lamps.close()

    assert found == expected


async def test_a_watchdog_time_that_the_board_cannot_keep_names_its_longest():
    with pytest.raises(ValueError, match=r"fail_s 30: ICP DAS tM-R5 can wait 25\.5 s at most"):
        ModbusLamps("tcp://127.0.0.1:502", 0.5, lamp_map("icpdas-tm-r5", HERE), fail_s=30.0)


COARSE = {
    "watchdog": {"level": {}, "watchdog": {"register": 901, "unit_s": 60.0, "longest": 600}},
    "timed coil": {"relay": {}, "timed": {"first": 100, "unit_s": 60.0}},
}


@pytest.mark.parametrize("kind", COARSE)
def test_a_time_that_the_board_s_steps_make_nothing_of_is_refused_and_never_told_as_never(kind):
    told = {"name": "x", "datasheet": "y", "verified": True, "lamps": 2}
    board = LampMap.model_validate({"board": told, **COARSE[kind]})

    with pytest.raises(ValueError, match=r"^fail_s 6: x counts it in steps of 60 s, of which it is none"):
        ModbusLamps("tcp://127.0.0.1:502", 0.5, board, fail_s=6.0)
    assert ModbusLamps("tcp://127.0.0.1:502", 0.5, board, fail_s=61.0).fail_s == 60.0
