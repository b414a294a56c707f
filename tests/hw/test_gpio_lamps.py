"""Relays on pins: taking a pin moves no lamp, and what makes no sense is said."""

import pytest
from gpiozero.pins.mock import MockFactory

from hw.gpio_lamps import GpioLamps, ZeroPin


@pytest.mark.parametrize("is_on", [True, False])
@pytest.mark.parametrize("active_low", [True, False])
async def test_taking_a_pin_leaves_its_lamp_as_it_is(is_on, active_low):
    factory = MockFactory()
    pin = factory.pin(17)
    pin.function = "output"
    pin.state = is_on != active_low
    lamps = GpioLamps("gpio://", lambda line: ZeroPin(line, active_low, factory))

    assert await lamps.read_level(17) == (100 if is_on else 0)
    assert bool(pin.state) == (is_on != active_low)
    await lamps.close()


async def test_a_relay_that_closes_on_low_is_lit_by_a_low_pin():
    factory = MockFactory()
    lamps = GpioLamps("gpio://?active=low", lambda line: ZeroPin(line, True, factory))
    await lamps.write_level(4, 100)

    assert not factory.pin(4).state
    await lamps.close()


@pytest.mark.parametrize("url", ["gpio://host", "gpio://?active=maybe", "gpio://?colour=1", "tcp://x:1"])
def test_a_senseless_url_shows_the_legal_forms(url):
    with pytest.raises(ValueError, match="must be gpio:// "):
        GpioLamps(url)


async def test_a_chip_that_is_not_there_is_named():
    with pytest.raises(OSError, match=r"gpio:///dev/no-such-chip: lamp 3: no such line"):
        await GpioLamps("gpio:///dev/no-such-chip").read_level(3)
