"""`soundpost replay` on recordings, a scenario and a journal; its summary, its pages, and what it refuses."""

import json
import math
import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from dsp.air import Air
from firmware import wire
from gateway.alerts.bulletin import incident_record
from gateway.assembly.gateway import build_core
from gateway.config import read_config
from gateway.incident import Announce, Store
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen
from gateway.journal.journal import Journal, frame_row
from gateway.journal.rows import Row, kept, reading
from simulators.pages.replay_report import Page, write_report
from simulators.street.pulses import CLEAN, Shot, arrivals, pulses, street
from soundpost.__main__ import main

FIX = ["e_m", "n_m", "t_us", "cov_m2", "ellipse_95", "grade", "p_gunshot", "rms_us", "kind", "why"]
FIRED_US = 1_763_000_000_000_000


def replay(capsys, *arguments):
    """(status, records, what was said on standard error)"""
    status = main(["replay", *map(str, arguments), "--json"])
    said = capsys.readouterr()
    return status, [json.loads(line) for line in said.out.splitlines()], said.err


def test_a_live_fire_test_is_told_as_locate_tells_with_its_source_before(data, capsys):
    status, records, _ = replay(capsys, data / "livefire/FP7/test_094")
    shots = [record for record in records if "no_fix" not in record]

    assert status == 0
    assert [list(shot) for shot in shots] == [["source", *FIX, "arrivals", "verdict", "truth", "error_m"]]
    assert {record["source"] for record in records} == {"test_094"}
    assert all(isinstance(number, int) for record in records for number in record["arrivals"])


@pytest.fixture
def tree(data, tmp_path):
    """Four live-fire tests."""
    for name in ("FP1/test_004", "FP7/test_094", "FP7/test_095", "FP7/test_091"):
        shutil.copytree(data / "livefire" / name, tmp_path / "tree" / name)
    return tmp_path / "tree"


def test_a_tree_is_told_in_the_order_of_its_folders_however_many_processes_work(tree, capsys):
    one_by_one = [record for test in sorted(tree.glob("*/*")) for record in replay(capsys, test)[1]]
    status, together, _ = replay(capsys, tree)

    assert status == 0
    assert [*dict.fromkeys(record["source"] for record in together)] == ["test_004", "test_091", "test_094", "test_095"]
    assert together == one_by_one


def test_forensic_recordings_give_latitude_and_longitude(data, capsys):
    status, (shot,), _ = replay(capsys, data / "forensic/chicago-2022-09-18")

    assert status == 0
    assert list(shot) == ["source", *FIX, "lat_deg", "lon_deg", "arrivals"]
    assert (shot["lat_deg"], shot["lon_deg"]) == pytest.approx((41.69526, -87.63100), abs=1e-4)
    assert len(shot["arrivals"]) == 4


def test_a_table_ends_with_a_summary_against_the_survey(data, capsys):
    assert main(["replay", str(data / "livefire/FP1/test_004"), "--from", "pulses"]) == 0
    headings, first, *_, summary = capsys.readouterr().out.splitlines()

    assert headings.startswith("source")
    assert first.startswith("test_004")
    assert re.match(r"\d of \d rounds fired were placed within 25 m", summary)


def test_a_shipped_scenario_is_rendered_and_placed(capsys):
    assert main(["replay", "street"]) == 0
    assert "5 of 5 rounds fired were placed within 25 m" in capsys.readouterr().out


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.seen = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def links_of(text):
    return [value for _, attrs in Tags(text).seen for key, value in attrs.items() if key in ("href", "src")]


def test_each_round_tells_what_it_is_in_truth_where_that_is_known(tree, capsys):
    _, records, _ = replay(capsys, tree)
    found = [record for record in records if record.get("verdict") == "found"]

    assert found
    assert {record.get("verdict") for record in records if "no_fix" not in record} <= {"found", "false", "other"}
    for record in found:
        off_m = math.dist((record["e_m"], record["n_m"]), (record["truth"]["e_m"], record["truth"]["n_m"]))
        assert record["error_m"] == pytest.approx(off_m, abs=0.01)


def test_a_report_is_pages_that_ask_nobody_for_anything(tree, tmp_path, capsys):
    status, _, _ = replay(capsys, tree, "--report", tmp_path / "out" / "report")
    index = (tmp_path / "out/report/index.html").read_text()
    written = sorted(path.name for path in (tmp_path / "out/report").iterdir())

    assert status == 0
    assert sorted(links_of(index)) == [name for name in written if name != "index.html"]
    assert len(written) == 5
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["report"]
    for name in written:
        text = (tmp_path / "out/report" / name).read_text()
        assert len(text) < 400_000
        assert not re.search(r"<script|@import|url\(|https?://(?!www\.w3\.org/2000/svg)", text)
        assert set(links_of(text)) <= set(written)
        for picture in re.findall(r"<figure>.*?</figure>", text, re.S):
            ET.fromstring(picture)


def test_a_report_of_one_source_is_one_page_with_map_waveforms_and_residuals(data, tmp_path, capsys):
    replay(capsys, data / "forensic/chicago-2022-09-18", "--report", tmp_path / "report")
    replay(capsys, data / "forensic/chicago-2022-09-18", "--report", tmp_path / "report")
    page = (tmp_path / "report/index.html").read_text()

    assert [path.name for path in (tmp_path / "report").iterdir()] == ["index.html"]
    assert page.count("<figure>") == 3
    assert "41.69" in page


def test_what_is_no_former_report_is_never_written_over(data, tmp_path, capsys):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "index.html").write_text("<p>my own")
    (tmp_path / "file").write_text("x")
    for folder in ("mine", "file"):
        status, records, errors = replay(
            capsys, data / "forensic/chicago-2022-09-18", "--report", tmp_path / folder
        )  # fmt: skip

        assert (status, records) == (1, [])
        assert errors.startswith(f"soundpost replay: {tmp_path / folder}: is there and is no former report")
    assert (tmp_path / "mine" / "index.html").read_text() == "<p>my own"


def test_names_of_sources_are_neither_markup_nor_paths(tmp_path):
    pages = [Page("../<script>x", 0, None, ""), Page("../<script>x", 1, None, "")]
    write_report(tmp_path / "report", "<b>", pages)
    texts = [path.read_text() for path in (tmp_path / "report").iterdir()]

    assert len(texts) == 3
    assert not any("<script>" in text or "<b>" in text for text in texts)


def test_a_source_without_pulses_says_what_to_try(data, capsys):
    status, records, errors = replay(capsys, data / "forensic/chicago-2022-09-18", "--from", "pulses")

    assert (status, records) == (1, [])
    assert errors == "soundpost replay: chicago-2022-09-18: holds no pulses; try --from audio\n"


def test_a_damaged_sound_file_in_a_tree_ends_it_in_one_line_with_nothing_printed(data, tmp_path, capsys):
    for path in (data / "livefire/FP1/test_004").iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    broken = sorted(tmp_path.glob("*.wav"))[2]
    broken.write_bytes(b"RIFF" + bytes(100))
    status, records, errors = replay(capsys, tmp_path)

    assert (status, records, errors.count("\n")) == (1, [], 1)
    assert str(broken) in errors


@pytest.mark.parametrize("arguments", [[], ["x", "--from", "radio"], ["x", "y"]])
def test_wrong_usage_is_status_2(capsys, arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["replay", *arguments])

    assert stopped.value.code == 2


def test_a_source_that_is_not_there_or_holds_nothing_is_one_line(tmp_path, capsys):
    for path in (tmp_path / "none", tmp_path):
        status, _, errors = replay(capsys, path)
        assert (status, errors.count("\n")) == (1, 1)
        assert str(path) in errors


KEY = bytes(range(32))
AIR = Air(12.0)
SHOTS = [Shot((20.0, -30.0, 1.5), FIRED_US), Shot((21.0, -30.0, 1.5), FIRED_US + 900_000)]


@pytest.fixture
def config(tmp_path):
    """A gateway's config and keys: nine poles."""
    poles_m = np.round(street(np.random.default_rng(2), 9), 2).tolist()
    (tmp_path / "keys.toml").touch(0o600)
    (tmp_path / "keys.toml").write_text("".join(f'{i} = "{KEY.hex()}"\n' for i in range(len(poles_m))))
    (tmp_path / "gateway.toml").write_text(
        'journal = "street.sqlite"\nkeys_file = "keys.toml"\nsite = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }\n'
        + "air = { temperature_c = 12 }\n"
        + "".join(f'[[pole]]\nnode = "{i}"\nxyz_m = {xyz_m}\n' for i, xyz_m in enumerate(poles_m))
        + '[[serial]]\nport = "/dev/ttyS0"\n'
    )
    return tmp_path / "gateway.toml"


@pytest.fixture
async def journal(tmp_path, config):
    """What a gateway of this config wrote down of two shots."""
    read = read_config(config)
    poles_m = np.array([pole.xyz_m for pole in read.poles().values()])
    core = build_core(read, Gate(dict.fromkeys(read.poles(), KEY), Seen(), 1))
    heard = arrivals(pulses(np.random.default_rng(4), poles_m, SHOTS, AIR, CLEAN))
    effects = []
    for number, arrival in enumerate(heard):
        said = wire.Arrival(arrival.t_us, 1000, wire.LOCKED, 9500, wire.DBSPL, 3500, 930, wire.BLAST, 0,
                            (300, 2000, 900, 4), None, None)  # fmt: skip
        frame = wire.seal(said, KEY, arrival.node.encode(), 5, number + 1)
        effects += core.feed(frame, arrival.t_us + 200_000 + number)
    effects += core.tick(FIRED_US + 60_000_000)
    kept = Journal(tmp_path / "street.sqlite")
    for effect in effects:
        if isinstance(effect, Store):
            await kept.append([frame_row(effect)])
        elif isinstance(effect, Announce):
            record = incident_record(effect, read.the_site())
            await kept.append([Row("incident", FIRED_US, json.dumps(record, sort_keys=True).encode())])
    kept.close()
    return tmp_path / "street.sqlite"


def test_a_journals_incidents_come_out_the_same_again(journal, config, capsys):
    status, shots, errors = replay(capsys, journal, "--config", config)

    assert (status, errors) == (0, "")
    assert [list(shot) for shot in shots] == [["source", "incident", *FIX, "lat_deg", "lon_deg", "arrivals"]] * 2
    assert len({shot["incident"] for shot in shots}) == 1
    assert [shot["arrivals"] for shot in shots] == [list(range(9)), list(range(9, 18))]
    assert abs(shots[0]["t_us"] - FIRED_US) < 10_000
    assert main(["replay", str(journal), "--config", str(config)]) == 0
    assert "came out the same" in capsys.readouterr().out


async def test_a_journal_of_before_the_third_look_comes_out_the_same_but_for_what_it_said_of_kinds(
    journal, config, tmp_path, capsys
):
    old = Journal(tmp_path / "old.sqlite")
    with reading(journal) as connection:
        for each in kept(connection):
            told = json.loads(each.row.body) if each.row.kind == "incident" else None
            for one in (told, *told["rounds"]) if told else ():
                del one["why"]
                one.update(p_gunshot=0.93, kind="gunshot")
            body = json.dumps(told, sort_keys=True).encode() if told else each.row.body
            await old.append([replace(each.row, body=body)])
    old.close()
    status, _, errors = replay(capsys, tmp_path / "old.sqlite", "--config", config)

    assert (status, errors) == (0, "")


def test_a_journal_replayed_under_another_config_tells_that_it_came_out_otherwise(journal, config, capsys):
    config.write_text(config.read_text().replace("temperature_c = 12", "temperature_c = 20"))
    status, shots, errors = replay(capsys, journal, "--config", config)

    assert status == 1
    assert shots
    assert "incidents came out otherwise" in errors


def test_a_journal_needs_its_config_and_nothing_else_takes_one(journal, config, data, capsys):
    for arguments, says in (
        ((journal,), "name the gateway's config with --config FILE"),
        ((journal, "--config", config, "--report", "x"), "--report and --from are for recordings"),
        ((data / "forensic", "--config", config), "is for journals"),
    ):
        status, records, errors = replay(capsys, *arguments)
        assert (status, records) == (1, [])
        assert says in errors
