"""The role and playbook of deploy/ansible, as texts: what a run of ansible itself proves is in test_fleet.py."""

import pathlib
import re

import pytest
import yaml

from soundpost.broker.texts import Listening, mosquitto_conf

HERE = pathlib.Path(__file__).parents[2]
ANSIBLE = HERE / "deploy/ansible"
ROLE = ANSIBLE / "roles/soundpost_gateway"
PAGE = (HERE / "docs/how-to/fleet.md").read_text()
KEYWORDS = {
    *("name", "when", "loop", "loop_control", "register", "vars", "changed_when", "failed_when", "check_mode", "diff"),
    *("no_log", "delegate_to", "become", "until", "retries", "delay", "block", "rescue", "always"),
}
"""Of a task (Ansible's documentation, "Playbook Keywords"); what else stands in one is its module."""


def read(path):
    return yaml.safe_load(path.read_text())


def tasks_of(listed):
    for task in listed:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks_of(task.get(part, []))


def every_task():
    return [(path.name, task) for path in sorted((ROLE / "tasks").glob("*.yml")) for task in tasks_of(read(path))]


def module_of(task):
    return next((key for key in task if key not in KEYWORDS), None)


VARS = read(ROLE / "vars/main.yml")
OPTIONS = read(ROLE / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def test_no_module_is_needed_but_those_that_ansible_core_brings():
    modules = {module_of(task) for _, task in every_task()} - {None}

    assert {name for name in modules if not name.startswith("ansible.builtin.")} == set()
    assert {"ansible.builtin.apt", "ansible.builtin.copy"} <= modules


def test_each_variable_that_may_be_set_is_described_has_a_default_and_is_in_the_handbook():
    defaults, optional = (
        read(ROLE / "defaults/main.yml"),
        {name for name in OPTIONS if not OPTIONS[name].get("required")},
    )
    table = set(re.findall(r"^\| `(soundpost_gateway_\w+)`", PAGE, re.M))

    assert set(defaults) == optional
    assert table == set(OPTIONS)
    assert all(OPTIONS[name]["description"].endswith(".") for name in OPTIONS)


def test_no_variable_is_used_that_nothing_sets():
    set_somewhere = set(VARS) | set(OPTIONS)
    for _, task in every_task():
        set_somewhere |= (
            {task.get("register")} | set(task.get("vars", {})) | set(task.get("ansible.builtin.set_fact", {}))
        )
    texts = [path.read_text() for path in ROLE.rglob("*.yml")]
    used = {name for text in texts for name in re.findall(r"\bsoundpost_gateway_[a-z_]+\b", text)}

    assert used - set_somewhere == set()
    assert set(VARS) - used == set()


def test_whatever_brings_or_reads_a_file_of_the_street_shows_nothing_of_it():
    for file, task in every_task():
        module = module_of(task)
        what = str(task.get(module))
        touches = "lookup('ansible.builtin.file', soundpost_gateway_street" in what or (
            module in ("ansible.builtin.copy", "ansible.builtin.replace", "ansible.builtin.slurp")
            and re.search(r"soundpost_gateway_(street|there|to|trial)\b", what)
        )
        if touches and module != "ansible.builtin.set_fact":  # which keeps the journal's path of it, and prints nothing
            assert (file, task["name"], task.get("no_log"), task.get("diff")) == (file, task["name"], True, False)


def test_what_only_looks_counts_as_no_change():
    unsaid = [
        (file, task["name"])
        for file, task in every_task()
        if module_of(task) == "ansible.builtin.command"
        and "changed_when" not in task
        and "creates" not in task["ansible.builtin.command"]
    ]

    assert unsaid == []


def test_gateways_go_one_at_a_time_and_the_first_that_fails_stops_the_rest():
    play = read(ANSIBLE / "gateways.yml")[0]

    assert (play["serial"], play["any_errors_fatal"], play["roles"]) == (1, True, [{"role": "soundpost_gateway"}])


@pytest.mark.parametrize("psk_port", [None, 8884])
def test_a_brokers_config_that_was_made_elsewhere_names_the_gateways_folder(psk_port):
    made = mosquitto_conf(Listening(8883, psk_port, "ana", "/home/ana/my streets/broker/elm/broker"))
    there = re.sub(VARS["soundpost_gateway_paths"], rf"\1 {VARS['soundpost_gateway_there']}/broker/", made)
    there = re.sub(VARS["soundpost_gateway_broker_is"], "user mosquitto", there)
    theirs = mosquitto_conf(Listening(8883, psk_port, "mosquitto", "/etc/soundpost/street/broker"))

    def told(text):
        return [line for line in text.splitlines() if not line.startswith("#")]

    assert told(there) == told(theirs)


@pytest.mark.parametrize(
    ("file", "is_brought"),
    [
        *(("gateway.toml", True), ("web.toml", True), ("keys/keys.toml", True), ("keys/n1.key", False)),
        *(("tls/gateway.key", True), ("cameras/P1.password", True), ("broker/psk", True), ("broker/run/x.pid", False)),
        *(("authority/ca.key", False), ("nodes/n1/n1.key", False), ("fleet/fleet.key", False), ("map.html", False)),
        *(("init.json", False), ("reviewers/web.key", True), (".git/config", False), ("gateway.toml~", False)),
    ],
)
def test_a_gateway_gets_what_it_needs_and_no_more(file, is_brought):
    assert (re.search(VARS["soundpost_gateway_left_out"], file) is None) == is_brought


def test_the_example_sets_only_what_there_is():
    given = {
        name
        for path in (ANSIBLE / "example").glob("*_vars/*.yml")
        for name in read(path)
        if name.startswith("soundpost_gateway_")
    }

    assert given <= set(OPTIONS)
    assert "soundpost_gateway_version" in given
    assert set(read(ANSIBLE / "example/inventory.yml")) == {"gateways"}
