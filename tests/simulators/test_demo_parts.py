"""The demo's parts without its processes: the hour, the links, the configs, the arithmetic of its verdict, its page."""

import asyncio
import dataclasses
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsp.geodesy import Site, bearing
from dsp.placing.fix import Fix
from firmware.linux.config import read_config as read_node
from gateway.config import read_config as read_gateway
from gateway.incident import Round
from gateway.reaction.sun import sun_over
from simulators.demo import camera_checks, checks, configs, findings, plan, programs, report, result, story
from simulators.demo.evidence import Clip, Seen
from simulators.demo.night import Passed, Ran
from simulators.demo.stage import Stage
from simulators.street.scenario import read_scenario, scenario_path
from simulators.street.scene import record

NOW_US = 1_795_000_000_000_000
INCIDENT = "20261118T120000Z-abcdef"
LAMPS = {f"L{number}": 30 for number in range(1, 9)}
FULL = dict.fromkeys(LAMPS, 100)
DIED = story.Failed("L8", "is dark", True, NOW_US)


@pytest.fixture(scope="module")
def scenario():
    return read_scenario(scenario_path(Path("street")))


@given(st.integers(0, 2_000_000_000_000_000))
def test_the_street_is_moved_to_where_the_sun_is_far_down_at_any_hour_of_any_year(t_us):
    lon_deg = plan.midnight_lon_deg(t_us)

    assert -180 <= lon_deg <= 180
    assert sun_over(Site(40.0, lon_deg))(t_us) < -25


def test_at_noon_in_greenwich_it_is_midnight_at_the_date_line():
    assert plan.midnight_lon_deg(12 * 3_600_000_000) == -180
    assert plan.midnight_lon_deg(6 * 3_600_000_000) == -90
    assert plan.midnight_lon_deg(0) == 0


def test_a_polar_summer_has_no_night_to_move_to(scenario):
    north = scenario.model_copy(update={"site": plan.SiteEntry(lat_deg=78.0, lon_deg=0.0)})

    with pytest.raises(ValueError, match=r"lat_deg 78: the sun does not set there on 2026-06-21"):
        plan.at_midnight(north, 1_782_000_000_000_000)


@pytest.mark.parametrize(
    ("link", "has_broker", "n_mqtt"),
    [(None, True, 2), (None, False, 0), ("serial", True, 0), ("mqtt", True, 6), ("both", True, 2)],
)
def test_a_link_for_each_node(link, has_broker, n_mqtt):
    links = plan.choose_links(["a", "b", "c", "d", "e", "f"], link, has_broker)

    assert list(links.values()).count("mqtt") == n_mqtt
    assert len(links) == 6


def test_mqtt_without_a_broker_is_refused():
    with pytest.raises(ValueError, match="--link both: needs mosquitto"):
        plan.choose_links(["a", "b", "c", "d"], "both", False)


def test_an_earlier_demo_goes_or_is_kept_beside(tmp_path):
    for keep in (False, False, True):
        plan.clear(tmp_path / "demo", keep, NOW_US)
        (tmp_path / "demo" / "result.json").write_text("{}")

    assert len([path for path in tmp_path.iterdir() if (path / "result.json").exists()]) == 2


def test_the_configs_are_what_node_and_gateway_read(scenario, tmp_path):
    links = {pole.node: "mqtt" if pole.node == "P8" else "serial" for pole in scenario.poles}
    made = plan.Plan(tmp_path, scenario, "street", links, -60.0)
    plan.clear(tmp_path, False, NOW_US)
    serial = {node: (f"/dev/pts/{i}", f"/dev/pts/{i + 50}") for i, node in enumerate(made.nodes_on("serial"))}
    ports = configs.Ports(
        serial, 40123, "tcp://127.0.0.1:40124", dict.fromkeys(("C1", "C2", "C3"), "http://127.0.0.1:9")
    )
    tracks = record(scenario.model_copy(update={"duration_s": 17.2}), "street").tracks
    nodes = {track.node: read_node(configs.write_node(made, track, ports)) for track in tracks}
    gateway = read_gateway(configs.write_gateway(made, ports, {}))

    assert [nodes[node].uplink.kind for node in ("P1", "P8")] == ["serial", "mqtt"]
    assert nodes["P1"].uplink.port == "/dev/pts/50"
    assert nodes["P2"].source.start_us == scenario.start_utc + 60
    assert {name: pole.xyz_m for name, pole in gateway.poles().items()} == {p.node: p.xyz_m for p in scenario.poles}
    assert [lamp.name for lamp in gateway.lamps()] == [lamp.name for lamp in scenario.lamps]
    assert gateway.mqtt.port == 40123
    assert gateway.air.air() == scenario.air.air()


def told(scenario, fired_us, place_m, *, sure=0.97, incident=INCIDENT, at_us=0):
    """A round as the gateway might have announced it."""
    fix = Fix((*place_m, 0.0), fired_us, np.array([[0.04, 0.0], [0.0, 0.02]]), np.zeros(0), 100.0)
    nodes = tuple(pole.node for pole in scenario.poles)[:6]
    return story.Placed(incident, Round(fix, (), "A", sure), nodes, at_us or fired_us + 1_300_000)


def a_story(scenario, placed, deeds=(), lamp_log=()):
    onsets_us = {pole.node: () for pole in scenario.poles}
    return story.Story(tuple(placed), tuple(deeds), onsets_us, tuple(lamp_log), {})


def first_us(scenario):
    return scenario.start_utc + 4_000_000


def test_a_latency_runs_from_the_last_pole_needed_to_the_lamp_banks_own_note(scenario):
    fired_us = first_us(scenario)
    deeds = [story.Deed(INCIDENT, "L1", 100, True, fired_us + 1_700_000, "reads 100 %")]
    log = [
        story.Written(fired_us - 9_000_000, channel=0, level_pct=100),
        story.Written(fired_us + 1_500_000, channel=0, level_pct=100),
        story.Written(fired_us + 9_000_000, channel=0, level_pct=100),
        story.Written(fired_us + 1_600_000, channel=1, level_pct=100),
    ]
    shots, besides = findings.shots(scenario, a_story(scenario, [told(scenario, fired_us, (38.3, 18.4))], deeds, log))
    farthest_m = max(np.linalg.norm(np.subtract(pole.xyz_m, (38, 18, 1.5))) for pole in scenario.poles[:6])

    assert shots[0].error_m == pytest.approx(0.5)
    assert (shots[0].needed_us - fired_us) / 1e6 == pytest.approx(farthest_m / scenario.air.air().speed_mps, rel=0.01)
    assert findings.ms_after(shots[0].full_us, fired_us) == 1500
    assert shots[0].heard_us is None
    assert [shot.placed for shot in shots[1:]] == [None] * 4
    assert besides == ()


def test_lamps_that_an_earlier_round_brought_up_give_no_latency(scenario):
    times_us = [shot.t_us for truth in findings.truths(scenario)[1:2] for shot in findings.judge([truth], []).missed]
    placed = [told(scenario, t_us, (97.0, 66.0)) for t_us in times_us]
    deeds = [story.Deed(INCIDENT, "L1", 100, True, times_us[0] + 1_700_000, "reads 100 %")]
    log = [story.Written(times_us[0] + 1_500_000, channel=0, level_pct=100)]
    shots, _ = findings.shots(scenario, a_story(scenario, placed, deeds, log))

    assert [shot.full_us is not None for shot in shots] == [False, True, False, False, False]


def test_what_nobody_fired_is_told_apart(scenario):
    placed = [told(scenario, first_us(scenario), (38, 18)), told(scenario, first_us(scenario), (120, 120), sure=0.1)]
    shots, besides = findings.shots(scenario, a_story(scenario, placed))

    assert shots[0].placed is placed[0]
    assert besides == (placed[1],)


@given(st.floats(0, 360), st.floats(-720, 720))
def test_azimuths_are_compared_round_the_circle(a_deg, turned_deg):
    expected = abs((turned_deg + 180) % 360 - 180)

    assert findings.off_deg(a_deg, a_deg + turned_deg) == pytest.approx(expected, abs=1e-6)


def test_a_camera_is_held_to_the_bearing_of_the_round_it_was_turned_to(scenario):
    fired_us = first_us(scenario)
    shots, _ = findings.shots(scenario, a_story(scenario, [told(scenario, fired_us, (38.3, 18.4))]))
    camera = scenario.cameras[1]
    true_deg = bearing(camera.xyz_m, (38, 18, 1.5))[0]
    ordered_deg = bearing(camera.xyz_m, (38.3, 18.4, 1.5))[0]
    found = findings.look(camera, INCIDENT, (true_deg - camera.bearing_deg + 0.7, -5.0), ordered_deg, shots)
    elsewhere = findings.look(camera, "another", (0.0, 0.0), 90.0, shots)

    assert found.off_deg == pytest.approx(0.7)
    assert found.azimuth_deg == pytest.approx(true_deg + 0.7)
    assert elsewhere.off_deg is None


def a_witness(scenario, **changes):
    levels = {lamp.name: 100 for lamp in scenario.lamps}
    looks = [findings.Look("C2", INCIDENT, 64.0, -5.0, 0.3)]
    clip = Clip(Path("c.mp4"), first_us(scenario) - 5_000_000, first_us(scenario) + 4_000_000, 135)
    seen = [Seen(INCIDENT, (clip,), (Path("c.jpg"),), ("AB12CDE",))]
    pan_deg = bearing(scenario.cameras[1].xyz_m, (38, 18, 1.5))[0] - scenario.cameras[1].bearing_deg
    logs = {"C2": [story.Written(first_us(scenario) + 1_000_000, pan_deg=pan_deg, zoom=0.5)], "C3": []}
    before = {lamp.name: 30 + lamp.channel for lamp in scenario.lamps}
    lamps = findings.Lamps(before, levels, before, "L8")
    failed = [story.Failed("L8", "its gear reports that the lamp has failed", True, first_us(scenario))]
    witness = checks.Witness(lamps, looks, 0, "whole, 9 rows", {"gateway": 0}, seen, logs, failed)
    return dataclasses.replace(witness, **changes)


def verdict(scenario, witness, n_missed=0, off_m=0.1):
    fired = [each for truth in findings.truths(scenario) for each in findings.judge([truth], []).missed]
    placed = [told(scenario, each.t_us, (each.xyz_m[0] + off_m, each.xyz_m[1])) for each in fired[n_missed:]]
    shots, _ = findings.shots(scenario, a_story(scenario, placed))
    return {check.words: check for check in checks.checks(scenario, shots, witness)}


def test_a_good_night_holds_in_every_check(scenario):
    assert all(check.holds for check in verdict(scenario, a_witness(scenario)).values())


@pytest.mark.parametrize(
    ("changes", "night", "words", "found"),
    [
        ({}, {"n_missed": 1}, "every round within 5 m", "4 of 5 placed, worst error 0.10 m; not placed: 1"),
        ({}, {"off_m": 5.5}, "every round within 5 m", "5 of 5 placed, worst error 5.50 m"),
        (
            {"lamps": findings.Lamps(LAMPS, {}, LAMPS)},
            {},
            "lamps full by the lamp bank's own register",
            "0 of 8 read 100 %; not: L1 not read",
        ),
        (
            {"lamps": findings.Lamps(LAMPS, FULL, LAMPS | {"L3": 100})},
            {},
            "lamps back at what each was",
            "7 of 8; not: L3 100, was 30",
        ),
        ({"failed": []}, {}, "the lamp that died is reported, once", "L8 died, 0 notices"),
        ({"failed": [DIED, DIED]}, {}, "the lamp that died is reported, once", "L8 died, 2 notices: is dark"),
        (
            {"failed": [DIED, dataclasses.replace(DIED, lamp="L2")]},
            {},
            "the lamp that died is reported, once",
            "L8 died, 1 notice: is dark; also: L2",
        ),
        ({"looks": []}, {}, "camera within 1 degree of the true bearing", "no camera turned to a round"),
        (
            {"looks": [findings.Look("C1", INCIDENT, 9, 0, 1.2)]},
            {},
            "camera within 1 degree of the true bearing",
            "1.20",
        ),
        ({"seen": []}, {}, "a clip from before each shooting, a still and plates, exported", "0 of 1; 0 clips"),
        ({"journal_status": 1, "journal": "row 7"}, {}, "the journal is whole", "row 7"),
        ({"statuses": {"gateway": 0, "node-P3": -9}}, {}, "every program ended cleanly", "node-P3 with -9"),
    ],
)
def test_a_check_that_fails_says_what_was_found(scenario, changes, night, words, found):
    failed = [check for check in verdict(scenario, a_witness(scenario, **changes), **night).values() if not check.holds]

    assert [check.words for check in failed] == [words]
    assert found in failed[0].found
    assert result.failures(failed).startswith(f"{words}: ")


def a_result(scenario, n_placed):
    recording = record(scenario.model_copy(update={"duration_s": 17.2, "rate_hz": 8000}), "street")
    fired = [each for truth in findings.truths(scenario) for each in findings.judge([truth], []).missed]
    placed = [told(scenario, each.t_us, each.xyz_m[:2]) for each in fired[:n_placed]]
    placed.append(told(scenario, fired[0].t_us + 3_000_000, (9, -6), sure=0.1, incident="other"))
    night = a_story(scenario, placed)
    shots, besides = findings.shots(scenario, night)
    links = {pole.node: "serial" for pole in scenario.poles}
    made = plan.Plan(Path("out/demo"), scenario, "<b>street</b>", links, -60.0)
    ran = (Ran("gateway", "python -m soundpost gateway", 7, 0), Ran("node-P1", "<i>", 8, 0))
    passed = Passed(made, recording, findings.Lamps({"L1": 30}, {"L1": 100}, {"L1": 30}, "L8"), (), ran, {})
    found = checks.checks(scenario, shots, a_witness(scenario))
    return result.Result(passed, night, shots, besides, (), found, 29.0)


@pytest.mark.parametrize("n_placed", [0, 3, 5])
def test_the_page_stands_whatever_was_placed_and_asks_nobody_for_anything(scenario, n_placed):
    page = report.render(a_result(scenario, n_placed))

    assert f"5 shots fired, {n_placed} placed" in page
    assert page.count("not placed</td>") == 5 - n_placed
    assert ("all checks hold" if n_placed == 5 else "a check fails") in page
    assert re.findall(r"(?:src|href)\s*=|url\(|@import|<script|https?://(?!www\.w3\.org/2000/svg)", page) == []
    assert "<b>street" not in page and "<i>" not in page


def test_the_sentence_counts_what_was_no_gunfire_apart(scenario):
    assert "No false alarms; 1 other sound placed and told from gunfire." in result.sentence(a_result(scenario, 5))


async def test_a_program_that_ends_before_it_speaks_is_named_with_its_last_words(tmp_path):
    command = programs.python("simulators.peers.lamp_bank", "--tcp", "127.0.0.1:0", "--lamps", "0")
    program = await programs.start("lamp-bank", command, tmp_path)

    with pytest.raises(OSError, match=r"lamp-bank: ended with status 1: lamp_bank: 0 lamps: must be 1 to 1000"):
        await program.first_line(20)
    assert await program.stop() == 1


async def test_a_program_is_ended_by_its_own_id_and_its_output_kept(tmp_path):
    said = []
    command = programs.python("simulators.peers.lamp_bank", "--tcp", "127.0.0.1:0")
    program = await programs.start("lamp-bank", command, tmp_path, said.append)
    first = await program.first_line(20)
    status = await asyncio.wait_for(program.stop(), 20)

    assert status == 0
    assert said == [first] == (tmp_path / "lamp-bank.out").read_text().splitlines()


def test_a_camera_behind_a_wall_that_turned_is_found(scenario):
    told = a_witness(scenario).told | {"C3": [story.Written(first_us(scenario), pan_deg=1.0)]}

    found = verdict(scenario, a_witness(scenario, told=told))["a camera behind a wall is left alone"]
    assert (found.holds, found.found) == (False, "C3: C3 turned")


@pytest.mark.parametrize(("zoom", "var_m2", "holds"), [(0.5, 1.0, True), (1.0, 9.0, False), (None, 1.0, False)])
def test_an_ellipse_that_does_not_fit_the_picture_is_found(scenario, zoom, var_m2, holds):
    (order,) = a_witness(scenario).told["C2"]
    placed = told(scenario, first_us(scenario), (38.0, 18.0))
    fix = dataclasses.replace(placed.shot.fix, cov_m2=np.eye(2) * var_m2)
    placed = dataclasses.replace(placed, shot=dataclasses.replace(placed.shot, fix=fix))
    shots, _ = findings.shots(scenario, a_story(scenario, [placed]))

    _, found, words = camera_checks.in_picture(scenario, shots, {"C2": [dataclasses.replace(order, zoom=zoom)]})
    assert found == holds, words


def test_the_configs_tell_the_gateway_of_the_walls(scenario, tmp_path):
    made = plan.Plan(tmp_path, scenario, "street", {pole.node: "serial" for pole in scenario.poles}, -60.0)
    (tmp_path / "gateway").mkdir()
    lines = {node: (f"/dev/a{i}", f"/dev/b{i}") for i, node in enumerate(made.links)}
    cameras = {camera.name: "http://127.0.0.1:9" for camera in scenario.cameras}
    gateway = read_gateway(configs.write_gateway(made, configs.Ports(lines, None, None, cameras), {}))

    assert [wall.height_m for wall in gateway.the_walls()] == [wall.height_m for wall in scenario.walls]
    assert gateway.the_walls()[0].en_m[0] == pytest.approx(scenario.walls[0].from_en_m, abs=0.01)
    assert gateway.mounts()[0].zoom(3.0) == 1.0


class NoNode:
    """One that does not start, and says so."""

    def __init__(self, name):
        self.name = name

    async def first_line(self, limit_s):
        raise OSError(f"{self.name}: ended before it was ready")


def test_nodes_that_do_not_start_are_one_error_that_names_the_first():
    stage = Stage(None)
    stage.nodes = [NoNode("node-P1"), NoNode("node-P2")]

    with pytest.raises(OSError, match=r"^node-P1: ended before it was ready$"):
        asyncio.run(stage.open_nodes(SimpleNamespace(tracks=()), lambda name: None))
