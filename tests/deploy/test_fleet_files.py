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
    n_touching = 0
    for file, task in every_task():
        module = module_of(task)
        what = str(task.get(module))
        touches = "lookup('ansible.builtin.file', soundpost_gateway_street" in what or (
            module in ("ansible.builtin.copy", "ansible.builtin.lineinfile", "ansible.builtin.slurp")
            and re.search(r"soundpost_gateway_(street|there|to|trial|laid_out)\b", what)
        )
        if touches and module != "ansible.builtin.set_fact":  # which keeps the journal's path of it, and prints nothing
            n_touching += 1
            assert (file, task["name"], task.get("no_log"), task.get("diff")) == (file, task["name"], True, False)
    assert n_touching >= 3


def test_what_only_looks_counts_as_no_change():
    unsaid = [
        (file, task["name"])
        for file, task in every_task()
        if module_of(task) == "ansible.builtin.command"
        and "changed_when" not in task
        and "creates" not in task["ansible.builtin.command"]
    ]

    assert unsaid == []


@pytest.mark.parametrize("kind", ["bool", "int"])
def test_a_value_that_was_given_by_e_is_a_text_and_is_taken_for_what_it_says(kind):
    of_it = [name for name, each in OPTIONS.items() if each["type"] == kind]
    texts = {path.name: path.read_text() for path in [*(ROLE / "tasks").glob("*.yml"), ROLE / "vars/main.yml"]}
    bare = [
        (file, name)
        for file, text in texts.items()
        for name in of_it
        for found in re.finditer(rf"\b{name}\b(?!_)", text)
        if not re.match(rf" \| {kind}\b|=", text[found.end() :])
    ]

    assert (len(of_it), bare) == (3 if kind == "bool" else 2, [])


def test_the_package_comes_before_the_settings_and_a_note_of_them_lies_there_until_they_are_in_force():
    names = [task["name"] for task in read(ROLE / "tasks/change.yml")[0]["block"]]

    assert names == [
        *("Upgrade it", "Note what is under way", "Bring the settings", "Tell the broker who may come now"),
        *("Run what shall run", "Take the note away"),
    ]


def test_what_holds_keys_is_roots_alone():
    (shut,) = [task["ansible.builtin.file"] for _, task in every_task() if task.get("name") == "Shut it"]
    kept = [task["name"] for task in read(ROLE / "tasks/keep.yml")]
    (room,) = [task["loop"] for _, task in every_task() if task.get("name") == "Make room beside it"]
    (note,) = [task["ansible.builtin.copy"] for _, task in every_task() if task.get("name") == "Note what is under way"]

    assert (shut["owner"], shut["mode"], kept.index("Shut it") < kept.index("Keep the settings")) == (
        "root",
        "0700",
        True,
    )
    assert (room[0]["path"], room[0]["mode"]) == ("{{ soundpost_gateway_trial }}", "0700")
    assert VARS["soundpost_gateway_laid_out"].startswith("{{ soundpost_gateway_trial }}/")
    assert (note["owner"], note["mode"]) == ("root", "0600")


def test_pages_are_tried_on_a_free_port_also_where_web_toml_names_none():
    (port,) = [task for _, task in every_task() if task.get("name") == "Put the pages beside those that run"]

    assert port["ansible.builtin.lineinfile"]["line"] == "port = 0"
    assert port["ansible.builtin.lineinfile"]["insertbefore"] == "BOF"
    assert [
        bool(re.search(VARS["soundpost_gateway_port"], each)) for each in ("port = 8443", "  port=1", "# port = 1")
    ] == [*(True, True, False)]


@pytest.mark.parametrize(
    ("line", "database"),
    [('database = "/var/lib/soundpost/web.db"', "/var/lib/soundpost/web.db"), ("# database", None)],
)
def test_the_database_of_the_pages_is_found_in_their_settings(line, database):
    found = re.search(VARS["soundpost_gateway_database_is"], f'host = "a"\n{line}\nport = 1\n')

    assert (found and found[1]) == database


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
        *(("broker/psk.before", False), ("tls/gateway.key.part", False)),
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
