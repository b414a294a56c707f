"""DALI lamps over a serial gateway on a pty: levels, fades, what gears tell of themselves, and gateways that fail."""

import asyncio
import contextlib
import math

import pytest

from hw.dali_lamps import DaliLamps, to_arc, to_fade, to_pct
from hw.ports import LampRefuses
from simulators.peers.cable import Cable
from simulators.peers.dali_bus import DaliBus

ANSWER_S = 2.0


@contextlib.asynccontextmanager
async def street(n_lamps=4, level_pct=30, answer_s=ANSWER_S):
    with Cable() as cable:
        bus = DaliBus(cable.a, n_lamps, level_pct)
        await bus.open()
        lamps = DaliLamps(f"dali://{cable.b}?baud=38400", answer_s)
        try:
            yield bus, lamps
        finally:
            await lamps.close()
            await bus.close()


def test_arc_levels_are_those_of_the_standard_curve():
    # IEC 62386-102's curve: 254 is 100 %, 229 is 50.5 %, 170 is 10 %, 85 is 1 % (from general knowledge)
    assert [to_arc(pct) for pct in (0, 1, 10, 50, 100)] == [0, 85, 170, 229, 254]
    assert [to_pct(arc) for arc in (0, 85, 170, 229, 254)] == [0, 1, 10, 51, 100]
    assert all(to_pct(to_arc(to_pct(arc))) == to_pct(arc) for arc in range(255))


def test_fade_times_are_the_nearest_of_the_sixteen():
    assert [to_fade(0.5 * math.sqrt(2.0**n)) for n in range(1, 16)] == list(range(1, 16))
    assert (to_fade(0.0), to_fade(1000.0)) == (0, 15)


async def test_a_lamp_is_put_back_to_its_own_arc_level():
    async with street() as (bus, lamps):
        bus.gears[2].body.level_pct = 41  # 0.3 per cent: nothing that per cent can say
        before_pct = await lamps.read_level(2)
        await lamps.write_level(2, 100)
        await lamps.write_level(2, before_pct)

        assert bus.gears[2].told == [254, 41]


async def test_a_fade_is_set_once_and_sent_twice_as_the_standard_asks():
    async with street() as (bus, lamps):
        for level_pct in (100, 30):
            await lamps.write_level(1, level_pct, fade_s=2.0)
        fades = [each for each in bus.notebook.entries if each["opcode"] == 0x2E]

        assert (bus.gears[1].fade, len(fades)) == (4, 1)


async def test_power_and_energy_of_a_d4i_gear_are_read_and_an_older_gear_does_without():
    async with street() as (bus, lamps):
        bus.gears[1].is_d4i = False
        await lamps.write_level(0, 100)
        new, old = await lamps.read_state(0), await lamps.read_state(1)

        assert (new.power_w, new.energy_wh, new.lit) == (pytest.approx(40.0), 1234.0, True)
        assert (old.power_w, old.energy_wh) == (None, None)


async def test_a_failed_lamp_and_a_failed_gear_say_so():
    async with street() as (bus, lamps):
        bus.gears[0].body.kind = "dead"
        await lamps.write_level(0, 100)
        state = await lamps.read_state(0)

        assert (state.lamp_failure, state.gear_failure, state.lit) == (True, False, False)


async def test_an_address_without_a_gear_is_that_lamp_s_fault_and_a_dead_gateway_is_the_bank_s():
    async with street(n_lamps=1, answer_s=0.3) as (bus, lamps):
        with pytest.raises(LampRefuses, match="lamp 5: no gear answers at this address"):
            await lamps.read_state(5)
        bus.spoil = lambda message: b""
        with pytest.raises(OSError, match=r"lamp 0: the DALI gateway does not answer within 0\.3 s"):
            await lamps.read_state(0)
        bus.spoil = bytes
        assert (await lamps.read_state(0)).level_pct == 30


SPOILT = {
    "a wrong checksum": (lambda message: message[:4] + bytes([message[4] ^ 1]), "answers with a wrong checksum"),
    "half a message": (lambda message: message[:3], "does not answer within"),
    "noise": (lambda message: b"\xa5" * 50, "answers with a wrong checksum"),
    "another master without end": (lambda message: bytes([3, 0, 1, 2, 0]) * 400, "talks without end"),
    "a short circuit": (lambda message: bytes([7, 0, 0, 2, 5]), "reports a short circuit on the bus"),
    "a collision": (lambda message: bytes([7, 0, 0, 5, 2]), "reports a collision on the bus"),
    "an unknown fault": (lambda message: bytes([7, 0, 0, 99, 100]), "reports fault 99"),
}


@pytest.mark.parametrize(("spoil", "says"), SPOILT.values(), ids=SPOILT.keys())
async def test_a_gateway_that_answers_badly_is_an_error_and_the_next_answer_is_right(spoil, says):
    async with street(answer_s=0.5) as (bus, lamps):
        bus.spoil = spoil
        with pytest.raises(OSError, match=says):
            await lamps.read_level(0)
        bus.spoil = bytes
        await asyncio.sleep(0)

        assert await lamps.read_level(0) == 30


async def test_a_port_that_is_not_there_is_named():
    with pytest.raises(OSError, match=r"dali:///dev/no-such-port: lamp 0: the DALI gateway /dev/no-such-port: no such"):
        await DaliLamps("dali:///dev/no-such-port").read_level(0)


@pytest.mark.parametrize(
    "url", ["dali://", "dali://host/x", "dali:///dev/x?baud=0", "dali:///dev/x?unit=1", "rtu:///dev/x"]
)
def test_a_senseless_url_shows_the_legal_form(url):
    with pytest.raises(ValueError, match="must be dali:///dev/PORT"):
        DaliLamps(url)


async def test_a_short_address_past_63_names_the_legal_range():
    with pytest.raises(ValueError, match="lamp channel 64: must be 0 to 63"):
        await DaliLamps("dali:///dev/x").write_level(64, 50)
