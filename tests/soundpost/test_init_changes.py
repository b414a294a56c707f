"""A changed survey: what it says it will change is all that it changes; what people wrote into the folder stays."""

import json
import os
import pathlib
import re
import shutil
import tomllib
import typing
from datetime import UTC, datetime, timedelta

import pytest

from firmware.workshop import pole_file
from gateway.config import GatewayConfig, read_config
from gateway.tables import Table
from soundpost.__main__ import main
from soundpost.broker import authority
from soundpost.broker.authority import Issued
from soundpost.broker.texts import acl_text, with_nodes
from soundpost.certificate_ends import ending
from soundpost.init.editing import Editing
from soundpost.init.table import COLUMNS

HEAD = "pole,lat,lon,height,node,hardware,bank,channel,camera,bearing"
BANK = "tcp://10.0.0.5:502"
ROWS = {
    f"P{n}": f"P{n},{38.9001 + 0.0005 * (n // 3):.4f},{-77.0005 + 0.0006 * (n % 3):.4f},6.5,n{n},linux,{BANK},{n},,"
    for n in range(6)
}
ROWS["P5"] = ROWS["P5"].replace(",,", ",http://10.0.0.9,90")
USER = ("--broker-user", "root") if os.geteuid() == 0 else ()


class Init:
    """Runs it with rows of a survey."""

    def __init__(self, at, capsys):
        self.folder, self._survey, self._capsys = at / "street", at / "survey.csv", capsys

    def run(self, rows, *options):
        self._survey.write_text("\n".join([HEAD, *rows.values()]))
        status = main(["init", str(self._survey), "--out", str(self.folder), *options])
        said = self._capsys.readouterr()
        return status, said.out, said.err

    def config(self):
        return self.folder / "gateway.toml"

    def files(self):
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file()
        }

    def changed(self, before):
        after = self.files()
        return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.fixture
def init(tmp_path, capsys):
    made = Init(tmp_path, capsys)
    assert made.run(ROWS, "--host", "10.0.0.1", *USER)[0] == 0
    return made


def test_the_same_survey_changes_nothing(init):
    before = init.files()
    status, out, _ = init.run(ROWS, "--yes")

    assert (status, init.changed(before)) == (0, set())
    assert "is as the survey says; nothing to change" in out


def test_without_yes_it_says_what_would_change_and_changes_nothing(init):
    before = init.files()
    status, out, err = init.run({**ROWS, "P1": ROWS["P1"].replace("6.5", "7.5")})

    assert (status, init.changed(before)) == (1, set())
    assert "  node n1: moves 1.0 m up\n" in out
    assert "  | -h_m = 6.5\n  | +h_m = 7.5\n" in out
    assert "nothing was changed; --yes changes it" in err


def test_a_pole_that_moves_changes_its_lines_and_no_key(init):
    before = init.files()
    status, out, _ = init.run({**ROWS, "P5": ROWS["P5"].replace("38.9006", "38.9007")}, "--yes")
    config = read_config(init.config())

    assert status == 0
    assert "node n5: moves 11.1 m to the north\n" in out
    assert init.changed(before) == {"gateway.toml", "map.html", "init.json", "nodes/n5/node.toml"}
    places = [config.pole[5], config.lamp_bank[0].lamps[5], config.camera[0]]
    assert [each.lat_deg for each in places] == [38.9007] * 3
    assert "start the gateway again" in out


def test_a_pole_that_comes_and_one_that_goes(init):
    before = init.files()
    rows = {name: row for name, row in ROWS.items() if name != "P0"}
    rows["P9"] = f"P9,38.9011,-77.0005,6.5,n9,linux,{BANK},9,,"
    status, out, _ = init.run(rows, "--yes")
    changed = init.changed(before)
    config = read_config(init.config())

    assert status == 0
    assert "node n9: comes, on pole P9" in out
    assert "node n0: goes from pole P0; its key and certificate are taken back" in out
    assert sorted(config.poles()) == ["n1", "n2", "n3", "n4", "n5", "n9"]
    assert [lamp.name for lamp in config.lamp_bank[0].lamps] == ["P1", "P2", "P3", "P4", "P5", "P9"]
    assert sorted(tomllib.loads((init.folder / "keys/keys.toml").read_text())) == sorted(config.poles())
    assert not (init.folder / "nodes/n0").exists()
    assert not any(re.search(r"\bn[1-5]\b", name) for name in changed)
    assert "user n9\n" in (init.folder / "broker/acl").read_text()
    assert "user n0\n" not in (init.folder / "broker/acl").read_text()


def test_what_people_set_and_wrote_stays(init):
    text = init.config().read_text()
    text = text.replace("# hold_s = 300.0", "hold_s = 120.0").replace("[mqtt] ", "# our broker, see ticket 7\n[mqtt] ")
    text = text.replace('node = "n1"\n', 'node = "n1"   # on the corner\noffset_us = 120\n').replace(
        "h_m = 6.5\n", "h_m = 6.5  # laser\n", 2
    )
    text += '\n[[camera]]\nname = "by-hand"\nurl = "http://10.0.0.77"\nxyz_m = [1.0, 2.0, 5.0]\n'
    init.config().write_text(text)
    rows = {
        **ROWS,
        "P1": ROWS["P1"].replace("6.5", "7.5"),
        "P5": ROWS["P5"].replace("http://10.0.0.9,90", "http://10.0.0.8,45"),
    }
    status, _, _ = init.run({name: row for name, row in rows.items() if name != "P3"}, "--yes")
    after, config = init.config().read_text(), read_config(init.config())

    assert status == 0
    assert config.policy.lights.hold_s == 120.0
    assert next(pole for pole in config.pole if pole.node == "n1").offset_us == 120
    assert [camera.url for camera in config.camera] == ["http://10.0.0.8", "http://10.0.0.77"]
    assert config.camera[0].bearing_deg == 45.0
    for kept in (
        "# our broker, see ticket 7\n",
        "# on the corner\n",
        "h_m = 7.5  # laser\n",
        "# true bearing of its pan 0",
    ):
        assert kept in after


def test_a_pole_given_in_metres_by_hand_is_moved_too(init):
    text = init.config().read_text()
    block = re.search(r'node = "n2"\n(lat_deg.*\nlon_deg.*\nh_m.*\n)', text)
    init.config().write_text(text.replace(block[1], "xyz_m = [50.0, -1.0, 6.5]\n", 1))
    status, _, err = init.run({**ROWS, "P2": ROWS["P2"].replace("6.5", "8.5")}, "--yes")

    assert (status, err) == (0, "")
    assert next(pole for pole in read_config(init.config()).pole if pole.node == "n2").h_m == 8.5


def test_what_only_a_hand_can_change_is_named_and_nothing_is_changed(init):
    text = init.config().read_text()
    init.config().write_text(re.sub(r'\[\[pole\]\] +# pole P2\nnode = "n2"', '[[pole]]\nnode = "\\\\u006e2"', text))
    before = init.files()
    status, _, err = init.run({**ROWS, "P2": ROWS["P2"].replace("6.5", "8.5")}, "--yes")

    assert (status, init.changed(before)) == (1, set())
    assert "gateway.toml: pole n2 is written in a way that only you can change: change it by hand" in err


def test_a_first_board_brings_its_listener_and_says_to_start_the_broker_again(init):
    rows = {**ROWS, "P4": ROWS["P4"].replace("linux", "rp2350")}
    status, out, _ = init.run(rows, "--yes")
    board = pole_file.read(init.folder / "nodes/n4/board.toml")
    conf = (init.folder / "broker/mosquitto.conf").read_text()

    assert status == 0
    assert "node n4: is rp2350 now, was linux" in out
    assert "Start the broker again" in out or "from the broker's next start" in out
    assert (board.node, board.chip) == ("n4", "rp2350")
    assert "listener 8884\n" in conf
    assert (init.folder / "broker/psk").read_text() == f"n4:{board.files['/broker.key'].decode()}\n"


def test_a_node_that_becomes_a_board_and_a_linux_node_again_has_nothing_of_the_other_kind(init):
    first = (init.folder / "nodes/n4/n4.pem").read_text()
    assert init.run({**ROWS, "P4": ROWS["P4"].replace("linux", "rp2350")}, "--yes")[0] == 0
    as_board = {path.name for path in (init.folder / "nodes/n4").iterdir()}
    assert init.run(ROWS, "--yes")[0] == 0
    as_linux = {path.name for path in (init.folder / "nodes/n4").iterdir()}

    assert as_board == {"board.toml", "n4.broker.key", "n4.key"}
    assert as_linux == {"node.toml", "n4.pem", "n4.tls.key", "ca.pem", "n4.key"}
    assert (init.folder / "nodes/n4/n4.pem").read_text() not in ("", first)
    assert (init.folder / "broker/psk").read_text() == ""
    assert "listener 8884" not in (init.folder / "broker/mosquitto.conf").read_text()


def test_a_broker_config_changed_by_hand_is_not_written_over(init):
    conf = init.folder / "broker/mosquitto.conf"
    conf.write_text(conf.read_text().replace("max_keepalive 120", "max_keepalive 60"))
    before = init.files()
    status, _, err = init.run({**ROWS, "P4": ROWS["P4"].replace("linux", "rp2350")}, "--yes")

    assert (status, init.changed(before)) == (1, set())
    assert "mosquitto.conf: was changed by hand; put in, or take out, what boards need" in err
    assert "psk_file" in err


def test_another_host_is_refused_as_every_pole_has_the_old_one(init):
    assert "--host 10.0.0.2: the folder was made with 10.0.0.1" in init.run(ROWS, "--host", "10.0.0.2")[2]


def test_a_disk_that_is_full_changes_nothing(init, monkeypatch):
    before = init.files()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    status, _, err = init.run({**ROWS, "P9": "P9,38.9011,-77.0005,6.5,n9,linux,,,,"}, "--yes")

    assert (status, init.changed(before)) == (1, set())
    assert "No space left on device" in err
    assert not (init.folder / "nodes/n9").exists()


def test_a_lamp_may_change_its_channel_its_bank_and_come_and_go_with_a_bank(init):
    rows = {
        **ROWS,
        "P0": ROWS["P0"].replace(f"{BANK},0", f"{BANK},8"),
        "P1": ROWS["P1"].replace(BANK, "tcp://10.0.0.6:502"),
    }
    assert init.run(rows, "--yes")[0] == 0
    banks = {bank.url: bank.channels() for bank in read_config(init.config()).lamp_bank}
    assert banks == {BANK: {"P0": 8, "P2": 2, "P3": 3, "P4": 4, "P5": 5}, "tcp://10.0.0.6:502": {"P1": 1}}

    assert init.run(ROWS, "--yes")[0] == 0
    assert {bank.url: len(bank.lamps) for bank in read_config(init.config()).lamp_bank} == {BANK: 6}


def test_a_node_that_soundpost_keys_added_first_keeps_its_key_and_certificate(init):
    assert main(["keys", "add", "n9", "--out", str(init.folder / "keys")]) == 0
    before = init.files()
    assert init.run({**ROWS, "P9": "P9,38.9011,-77.0005,6.5,n9,linux,,,,"}, "--yes")[0] == 0

    assert init.changed(before) == {"gateway.toml", "map.html", "init.json", "nodes/n9/node.toml"}


def test_nodes_that_were_carried_to_their_poles_may_move_and_rotate_all_the_same(init):
    rows = {**ROWS, "P4": ROWS["P4"].replace("linux", "rp2350")}
    assert init.run(rows, "--yes")[0] == 0
    former = pole_file.read(init.folder / "nodes/n4/board.toml").files
    shutil.rmtree(init.folder / "nodes")
    moved = {**rows, "P4": rows["P4"].replace("6.5", "7.5"), "P1": rows["P1"].replace("6.5", "7.5")}
    assert init.run(moved, "--yes")[0] == 0
    assert main(["keys", "rotate", "n2", "--out", str(init.folder / "keys")]) == 0
    board = pole_file.read(init.folder / "nodes/n4/board.toml").files

    assert sorted(path.name for path in (init.folder / "nodes").iterdir()) == ["n2", "n4"]
    assert {name for name in board if board[name] != former[name]} == {"/pole.json"}


def test_what_no_gateway_would_take_changes_nothing(init):
    init.config().write_text(
        init.config().read_text() + '[[camera]]\nname = "P9"\nurl = "http://a"\nxyz_m = [1.0, 2.0, 5.0]\n'
    )
    before = init.files()
    status, _, err = init.run({**ROWS, "P9": "P9,38.9011,-77.0005,6.5,n9,linux,,,http://10.0.0.7,"}, "--yes")

    assert (status, init.changed(before)) == (1, set())
    assert "camera name P9 stands there twice" in err


def test_a_pole_without_a_node_needs_no_key_and_is_on_the_map(init):
    status, out, _ = init.run({**ROWS, "P9": "P9,38.9011,-77.0005,6.5,,,,,,"}, "--yes")

    assert (status, "pole P9: comes, without a node" in out) == (0, True)
    assert "<title>P9</title>" in (init.folder / "map.html").read_text()


def settings(model):
    """Every setting that tables of a config can have."""
    for name, field in model.model_fields.items():
        yield name
        if name not in ELSEWHERE:
            for table in tables_in(field.annotation):
                yield from settings(table)


def tables_in(kind):
    if isinstance(kind, type) and issubclass(kind, Table):
        yield kind
    for inner in typing.get_args(kind):
        yield from tables_in(inner)


ELSEWHERE = {"day", "night", "zone", "quiet", "evidence", "walls", "talq", "device"}
"""Shown by name, or of what stands there; docs/how-to/ has what is in them."""


def test_the_made_config_names_every_setting_that_a_gateway_has(init):
    text = init.config().read_text()
    named = {*re.findall(r"\b([a-z_0-9]+) = ", text), *re.findall(r"\[\[?(?:\w+\.)*(\w+)\]", text)}

    assert set(settings(GatewayConfig)) - named - ELSEWHERE == {"tilt_span_deg"}  # named beside pan_span_deg


EXAMPLES = """journal_max_mb requests_keys_file releases metrics_file walls streets most_per_h min_poles user
pan_span_deg view_deg home_deg preset ca_file fingerprint password_file identifier port baud tls aspect street_width_m
street_radius_m talq url lamps name xyz_m""".split()  # noqa: SIM905 (read as one)
"""Settings without a default: what is shown of them is an example."""


def test_a_setting_that_is_shown_is_as_it_is_without_it(init):
    """Uncommented, one by one, it changes nothing; what has no default is an example."""
    lines = init.config().read_text().splitlines()
    as_it_is, tried = read_config(init.config()), 0
    for number, line in enumerate(lines):
        found = re.match(r"# ([a-z_]+) = ", line)
        if found and found[1] not in EXAMPLES:
            path = init.folder / "tried.toml"
            path.write_text("\n".join([*lines[:number], line.removeprefix("# "), *lines[number + 1 :]]))
            assert read_config(path) == as_it_is, line
            tried += 1

    assert tried > 40


def test_comments_between_blocks_belong_to_nobody():
    text = '# head\n\n# of n1\n[[pole]]\nnode = "n1"\n# within\n\n# between\n\n[[pole]]  # two\nnode = "n2"\n\n# tail\n'
    editing = Editing(text)
    editing.remove("pole", "n1")
    assert editing.text == '# head\n\n\n# between\n\n[[pole]]  # two\nnode = "n2"\n\n# tail\n'
    editing.add("pole", '[[pole]]\nnode = "n3"\n')
    assert editing.text.endswith('node = "n2"\n[[pole]]\nnode = "n3"\n\n# tail\n')


def test_what_people_wrote_into_the_access_list_stays():
    text = acl_text(["n1", "n2"]) + "\n# the operator's panel\nuser panel\ntopic read det/+\n"
    after = with_nodes(text, ["n3"], ["n1"])

    assert "user n1\n" not in after
    assert (
        after.index("user n2")
        < after.index("user panel\ntopic read det/+\n")
        < after.index("user n3\ntopic write det/n3\n")
    )


def test_no_certificate_is_made_by_a_clock_that_was_never_set():
    with pytest.raises(ValueError, match="the clock says 1970-01-01: set it first"):
        authority.found_authority("street", datetime(1970, 1, 1, tzinfo=UTC))


def test_certificates_that_end_are_told_before_and_after(init):
    config, made = read_config(init.config()), datetime.now(UTC)
    ends = timedelta(days=authority.CERTIFICATE_DAYS)
    quiet, day_before = (
        ending(config.mqtt, init.folder, made + each) for each in (timedelta(0), ends - timedelta(days=1))
    )
    after = ending(config.mqtt, init.folder, made + ends + timedelta(days=1))

    assert quiet == ([], [])
    assert day_before[0] == []
    assert len(day_before[1]) == 1 + 1 + 6  # the gateway's, the broker's, each node's
    assert re.search(
        r"certificate of n3: ends on .* UTC; soundpost keys rotate n3 --out \S+/keys makes a new one",
        "\n".join(day_before[1]),
    )
    assert re.search(r"mqtt.cert_file: \S+/tls/gateway.pem: ended on .*; soundpost keys rotate gateway", after[0][0])
    assert "certificate of broker: ended on" in "\n".join(after[1])


@pytest.mark.parametrize(("days", "status", "says"), [(1, 0, "ends on"), (-0.5, 1, "mqtt.cert_file: ")])
def test_a_check_says_that_the_gateways_certificate_ends(init, capsys, days, status, says):
    ca = Issued((init.folder / "authority/ca.pem").read_text(), (init.folder / "authority/ca.key").read_text())
    issued = authority.issue(ca, "gateway", datetime.now(UTC), lasts=timedelta(days=days))
    for name, text in (("gateway.pem", issued.certificate), ("gateway.key", issued.key)):
        (init.folder / "tls" / name).write_text(text)
    checked = main(["gateway", "--config", str(init.config()), "--check"])
    said = capsys.readouterr()

    assert checked == status
    assert says in said.err
    assert "soundpost keys rotate gateway --out" in said.err


def test_init_json_holds_no_secret(init):
    told = json.dumps(json.loads((init.folder / "init.json").read_text()))
    keys = tomllib.loads((init.folder / "keys/keys.toml").read_text())

    assert not any(key in told for key in keys.values())
    assert pathlib.Path(init.folder / "init.json").stat().st_mode & 0o777 == 0o600


def test_the_survey_that_the_docs_show_is_good_and_every_column_is_explained(tmp_path, capsys):
    docs = (pathlib.Path(__file__).parents[2] / "docs/how-to/init.md").read_text()
    shown = re.search(r"(?m)^    (pole,.*\n(?:    P.*\n)+)", docs)[1].replace("    ", "")
    more = [f"Q{n},38.9006,{-77.0005 + n * 0.0006:.4f},6.5,q{n},,,,," for n in range(3)]
    (tmp_path / "survey.csv").write_text(shown + "\n".join(more))
    status = main(["init", str(tmp_path / "survey.csv"), "--out", str(tmp_path / "s"), "--host", "10.0.0.1", *USER])

    assert (status, capsys.readouterr().err) == (0, "")
    assert [column for column in COLUMNS if f"`{column}`" not in docs] == []
