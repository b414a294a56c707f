"""Alert rules and dashboard name only figures that there are, and labels that those have."""

import json
import pathlib
import re
import subprocess

import pytest
import yaml

from firmware import wire
from firmware.clock import Clock
from firmware.linux import figures as node_figures
from firmware.linux.look_outbox import LookOutbox
from firmware.linux.looking_node import LookingEar, LookingNode
from gateway.core import NodeState
from gateway.watching.figures import PREFIX, Figures, Now
from hw.linux.exposition import HISTOGRAM
from hw.ports import ClockReading

ROOT = pathlib.Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/soundpost.rules.yml"
DASHBOARDS = sorted((ROOT / "deploy/grafana").glob("*.json"))
WEB = ROOT / "gateway/web/metering"
PAGE = ROOT / "docs/how-to/watching.md"
LABELS = {
    "rejects_total": {"reason"}, "unused_total": {"why"}, "effects_total": {"what", "outcome"},
    "incidents_total": {"grade", "kind"}, "pole_alarms_total": {"kind"}, "lamp_notices_total": {"fault"},
    "node_clock": {"node", "state"}, "info": {"version"}, "ack_seconds_bucket": {"le"}, "alert_seconds_bucket": {"le"},
}  # fmt: skip
NODE_LABELS = {
    "clock": {"state"}, "host_sigma_seconds": {"source"}, "dropped_total": {"what"}, "noise_db": {"unit"},
    "info": {"node", "version"}, "ack_seconds_bucket": {"le"},
}  # fmt: skip


def families():
    word = wire.Health(1, 1, wire.LOCKED, 1, 0, 0, 0, None, None, 0, 0, 0, 0, 100, None, wire.DBSPL, None)
    return Figures(["n1"], 1).families(Now({}, {"n1": NodeState(1, word)}, 0, 0, 0, 0, 1))


def node_families():
    node = LookingNode(LookingEar(), Clock(16_000), LookOutbox(1), "n1", bytes(32))
    return node_figures.Figures("", 1).families(node, node_figures.Now(1, ClockReading(1, "pps"), True, 1))


def names():
    """Every name that a sample may have, with the labels of it."""
    found = {}
    for prefix, told, labels in ((PREFIX, families(), LABELS), (node_figures.PREFIX, node_families(), NODE_LABELS)):
        for family in told:
            for ending in ("_bucket", "_sum", "_count") if family.kind == HISTOGRAM else ("",):
                name = family.name + ending
                plain = {"node"} if family.name.startswith("node_") else set()
                found[prefix + name] = labels.get(name, plain) | {"instance", "job"}
    for text in (path.read_text() for path in WEB.glob("*.py")):
        for name in re.findall(r'"(soundpost_web_\w+)"', text):
            endings = ("_bucket", "_total", "") if "requests" in name or "seconds" in name else ("",)
            found |= {name + ending: {"state", "le", "instance", "job"} for ending in endings}
    return found


def expressions():
    rules = yaml.safe_load(RULES.read_text())
    yield from ((each["alert"], each["expr"]) for group in rules["groups"] for each in group["rules"])
    for panel in (panel for path in DASHBOARDS for panel in json.loads(path.read_text())["panels"]):
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])


@pytest.mark.parametrize(("where", "expression"), list(expressions()))
def test_an_expression_names_figures_and_labels_that_there_are(where, expression):
    known, used = names(), re.findall(r"(soundpost_\w+)(?:\{([^}]*)\})?", expression)
    grouped = [label for inside in re.findall(r"(?:by|on) \(([^)]*)\)", expression) for label in inside.split(", ")]

    assert used, where
    for name, matchers in used:
        assert name in known
        assert set(re.findall(r"(\w+)\s*[=!]", matchers)) <= known[name]
    assert set(grouped) <= set().union(*(known[name] for name, _ in used))


def test_every_figure_is_in_the_list_of_the_page_and_no_other():
    listed = set(re.findall(rf"`{PREFIX}(\w+)`", PAGE.read_text()))

    assert listed == {each.name for each in families()}


def test_every_figure_of_a_node_is_in_its_list_and_no_other():
    listed = set(re.findall(rf"`{node_figures.PREFIX}(\w+)`", PAGE.read_text()))

    assert listed == {each.name for each in node_families()}


def test_every_alert_says_what_to_do_and_how_grave_it_is_and_is_on_the_page():
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in ("page", "ticket")
            assert set(rule["annotations"]) == {"summary", "do"}
            assert f"`{rule['alert']}`" in PAGE.read_text()


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.stem)
def test_panels_of_a_dashboard_have_ids_and_places_of_their_own(path):
    panels = json.loads(path.read_text())["panels"]
    places = [(each["gridPos"]["x"], each["gridPos"]["y"]) for each in panels]

    assert len({each["id"] for each in panels}) == len(panels) == len(set(places))
    assert all(each["gridPos"]["x"] + each["gridPos"]["w"] <= 24 for each in panels)


def test_prometheus_own_tool_finds_the_rules_good(program):
    command = (program("promtool"), "check", "rules", RULES)
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_rules_fire_when_they_should_and_not_before(program, tmp_path):
    """By promtool's own clock and series, values of one minute each."""
    series = [
        ("soundpost_gateway_written_timestamp_seconds", "0+60x20 1200x40"),  # it writes for 20 minutes, then no more
        ('soundpost_gateway_node_queued{node="n1"}', "0x20 200x40"),
        ('soundpost_gateway_rejects_total{reason="mac"}', "0+60x60"),
        ("soundpost_gateway_disk_free_bytes", "5e8x60"),
        ('soundpost_gateway_node_clock{node="n1",state="locked"}', "1x60"),
        ('soundpost_gateway_node_heard_timestamp_seconds{node="n1"}', "0+60x60"),
        ("soundpost_node_uplink_up", "1x20 0x40"),
        ('soundpost_gateway_pole_alarms_total{kind="clock"}', "0x30 1x30"),
        ('soundpost_gateway_pole_alarms_total{kind="silent"}', "0x10 5x50"),
        ('soundpost_node_host_sigma_seconds{source="ntp"}', "0.004x60"),
    ]
    at = {
        "19m": {"SoundpostRejects": True, "SoundpostGatewaySilent": False, "SoundpostFewNodes": True,
                "SoundpostPoleAlarm": False},
        "40m": {"SoundpostGatewaySilent": True, "SoundpostNodeQueue": True, "SoundpostNodeUplinkDown": True,
                "SoundpostPoleAlarm": True,
                "SoundpostNodeHostClock": False},
        "59m": {"SoundpostDiskFull": False},  # it must last for an hour
    }  # fmt: skip
    cases = [
        {"eval_time": when, "alertname": name, **({} if fires else {"exp_alerts": []})}
        for when, alerts in at.items() for name, fires in alerts.items() if not fires
    ]  # fmt: skip
    fires = [
        {"expr": f'ALERTS{{alertname="{name}",alertstate="firing"}} or vector(0)', "eval_time": when}
        for when, alerts in at.items() for name, fires in alerts.items() if fires
    ]  # fmt: skip
    given = [{"series": name, "values": values} for name, values in series]
    tests = [{"interval": "1m", "input_series": given, "alert_rule_test": cases, "promql_expr_test": [
        {"expr": f"count({each['expr'].removesuffix(' or vector(0)')})", "eval_time": each["eval_time"],
         "exp_samples": [{"labels": "{}", "value": 1}]} for each in fires
    ]}]  # fmt: skip
    (tmp_path / "test.yml").write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": tests}))
    command = (program("promtool"), "test", "rules", tmp_path / "test.yml")
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    assert ran.returncode == 0, ran.stdout + ran.stderr
