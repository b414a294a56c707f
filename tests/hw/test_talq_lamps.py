"""Lamps behind a lighting management: overrides that expire, whose hand wins, and answers not to be believed."""

import contextlib
import json
import os
import pathlib
import time

import pytest
from aiohttp import web

from hw.ports import LampRefuses
from hw.talq_call import MOST_BYTES, TalqAccount, TalqCall
from hw.talq_lamps import TalqLamps
from simulators.peers.talq_gateway import CLIENT, TalqGateway

SECRET = "correct-horse"
FAIL_S = 6.0
OTHERS = os.environ.get("SOUNDPOST_SCHEMAS", pathlib.Path(__file__).parents[3] / "shared" / "schemas")
SCHEMA = pathlib.Path(OTHERS) / "talq" / "gateway-2.7.1.json"


class Clock:
    def __init__(self):
        self.s = 1_800_000_000.0

    def __call__(self):
        return self.s


@contextlib.asynccontextmanager
async def street(clock_of_ours=None, **more):
    clock = Clock()
    odn = TalqGateway(3, 30, user="gw", password=SECRET, clock=clock, **more)
    await odn.open()
    call = TalqCall(odn.url, TalqAccount(CLIENT, "gw", SECRET), 3.0, clock_of_ours or clock)
    lamps = TalqLamps(odn.url, call, odn.devices, FAIL_S)
    try:
        yield odn, lamps, clock
    finally:
        await lamps.close()
        await odn.close()


async def test_a_lamp_comes_up_and_its_control_program_takes_it_back_when_it_is_let_go():
    async with street() as (odn, lamps, _):
        await lamps.write_level(1, 100)
        up = odn.levels
        gone = await lamps.let_go(1)

        assert (up, gone, odn.levels) == ([30, 100, 30], True, [30, 30, 30])
        assert "targetCommand" not in odn.asked[-1][4]


async def test_an_override_expires_where_nobody_renews_it_and_not_where_somebody_does():
    async with street() as (odn, lamps, clock):
        await lamps.write_level(0, 100)
        clock.s += FAIL_S - 1
        await lamps.keep({})
        clock.s += FAIL_S - 1
        kept = odn.levels[0]
        clock.s += 1.1

        assert (kept, odn.levels[0]) == (100, 30)


async def test_an_expiry_is_a_time_of_the_others_clock():
    async with street(time.time) as (odn, lamps, clock):
        clock.s = float(round(time.time() - 3600))
        await lamps.write_level(0, 100)
        up = odn.levels[0]
        clock.s += FAIL_S + 1

        assert (up, odn.levels[0]) == (100, 30)


async def test_whoever_overrides_a_lamp_that_is_up_keeps_it():
    async with street() as (odn, lamps, clock):
        await lamps.write_level(0, 100)
        await lamps.write_level(1, 100)
        await lamps.keep({})
        odn.drive_operator(0, 55)
        await lamps.keep({})
        clock.s += FAIL_S + 1
        asked = len(odn.asked)

        assert odn.levels == [55, 30, 30]
        assert await lamps.let_go(0)
        assert len(odn.asked) == asked


async def test_what_will_be_done_later_is_waited_for():
    async with street(late_s=0.15) as (odn, lamps, _):
        await lamps.write_level(2, 80)
        up = await lamps.read_level(2)
        await lamps.let_go(2)

        assert (up, odn.levels[2]) == (80, 30)


async def test_a_look_has_the_level_and_the_failure_that_the_lamps_monitor_tells():
    async with street() as (odn, lamps, _):
        next(iter(odn.lamps.values())).failure = True
        state = await lamps.read_state(0)

        assert (state.level_pct, state.lamp_failure, state.power_w) == (30, True, None)


async def test_every_request_is_as_the_consortiums_schema_has_it():
    if not SCHEMA.exists():
        pytest.skip(f"no TALQ schema at {SCHEMA}")
    paths = json.loads(SCHEMA.read_text())["paths"]
    async with street() as (odn, lamps, _):
        await lamps.write_level(0, 100, 2.0)
        await lamps.read_state(0)
        await lamps.let_go(0)
        asked = odn.asked

    assert {each[0] for each in asked} == {"GET", "POST"}
    for method, path, headers, query, body in asked:
        parts = path.removeprefix("/talq").split("/")
        (found,) = [
            each
            for each in paths
            if len(each.split("/")) == len(parts)
            and all(want == got or want.startswith("{") for want, got in zip(each.split("/"), parts, strict=True))
        ]
        operation = paths[found][method.lower()]
        required = {(each["in"], each["name"]) for each in operation["parameters"] if each["required"]}
        legal = {each["name"] for each in operation["parameters"] if each["in"] == "query"}

        assert {name for where, name in required if where == "query"} <= set(query) <= legal
        assert {name for where, name in required if where == "header"} <= {name.lower() for name in headers}
        assert ("requestBody" in operation) == (body is not None)


def refusal(status, **more):
    return lambda: web.Response(status=status, **more)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (refusal(401, text=SECRET), r"refuses \(HTTP 401\)"),
        (refusal(422, text='[{"key": "overrideCommandNotValid"}]'), r"refuses \(HTTP 422, overrideCommandNotValid\)"),
        (refusal(400, text=json.dumps([{"key": SECRET}])), r"refuses \(HTTP 400\)"),
        (refusal(307, headers={"Location": "http://127.0.0.1:9/"}), r"refuses \(HTTP 307\)"),
        (refusal(200, text="[" * 100_000), "no JSON"),
        (refusal(200, text="{}"), "tells no level"),
        (refusal(200, text='{"value": {"value": true}}'), "tells no level"),
        (refusal(200, text='{"value": {"value": 101}}'), "tells no level"),
        (refusal(200, body=bytes(MOST_BYTES + 1)), f"answers more than {MOST_BYTES} bytes"),
        (refusal(200, headers={"Date": "Mon, 99 Foo"}, text="{}"), "tells no level"),
    ],
)
async def test_what_makes_no_sense_is_said_and_no_password_with_it(answer, says):
    async with street() as (odn, lamps, _):
        odn.drive_answer(answer)
        with pytest.raises(OSError, match=says) as told:
            await lamps.read_level(0)

    assert odn.url in str(told.value)
    assert SECRET not in str(told.value)


async def test_a_redirect_takes_no_password_to_another_host():
    async with street() as (odn, lamps, _), street() as (other, _, _):
        odn.drive_answer(refusal(307, headers={"Location": other.url.removeprefix("talq+") + "/override-commands"}))
        with pytest.raises(OSError, match="HTTP 307"):
            await lamps.read_level(0)

        assert other.asked == []


async def test_a_management_that_is_away_is_named():
    lamps = TalqLamps(
        "talq+http://127.0.0.1:9", TalqCall("talq+http://127.0.0.1:9", TalqAccount(CLIENT)), {0: "d/f"}, 6
    )
    with pytest.raises(
        OSError, match=r"talq\+http://127\.0\.0\.1:9: lamp 0: the lighting management cannot be reached"
    ):
        await lamps.read_level(0)
    await lamps.close()


async def test_a_lamp_without_a_device_is_refused():
    async with street() as (_, lamps, _):
        with pytest.raises(LampRefuses, match="lamp 7: no device is given"):
            await lamps.read_level(7)


@pytest.mark.parametrize(
    ("url", "user", "says"),
    [
        ("http://10.0.0.1", "", "must be talq"),
        ("talq+https://u:p@10.0.0.1", "", "must be talq"),
        ("talq+https:///x", "", "must be talq"),
        ("talq+https://10.0.0.1:99999", "", "PORT 1 to 65535"),
        ("talq+https://10.0.0.1:0", "", "PORT 1 to 65535"),
        ("talq+http://10.0.0.1", "gw", "a password goes over talq"),
    ],
)
def test_a_senseless_url_shows_the_legal_forms(url, user, says):
    with pytest.raises(ValueError, match=says):
        TalqCall(url, TalqAccount(CLIENT, user, SECRET))
