"""docs/reference is what the code says: the pages are current, their ranges are those that a file is checked by, their
examples are read by who reads such things."""

import gzip
import json
import pathlib
import re
import sqlite3
import tomllib
from typing import Annotated

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from deploy.reference import __main__ as program
from deploy.reference.files import archive, schema
from deploy.reference.keys import keys_of, words_of
from deploy.reference.markdown import escaped, unescaped
from deploy.reference.samples import FRAMES, KEY, NODE
from deploy.reference.settings import FILES, places
from firmware import wire
from gateway.agent import KINDS as TOLD
from gateway.config import GatewayConfig, read_config
from gateway.journal.archive import read_archive
from gateway.journal.rows import KINDS, Kept
from gateway.upkeep.ledger import KINDS as ALARMS
from gateway.web.settings import WebConfig
from hw.linux.settings import all_faults
from soundpost.arrivals import read_arrivals
from soundpost.init.table import COLUMNS, MEANS

ROOT = pathlib.Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"
RANGE = re.compile(r"^(whole )?number, (above )?(-?[\d.]+) to (-?[\d.]+)(?: .*)?$")


def test_the_pages_are_what_the_code_says_now():
    stale = program.changed(REFERENCE)

    assert [str(path.relative_to(ROOT)) for path in stale] == [], "run: python -m deploy.reference"


def test_a_page_that_is_not_current_is_said_and_left(tmp_path, capsys):
    assert program.main(["--out", str(tmp_path)]) == 0
    (tmp_path / "wire.md").write_text("else")
    old = tmp_path / "settings/old.md"
    old.write_text("<!-- Made by `python -m deploy.reference`, of nothing: change it there. -->")
    (tmp_path / "by-hand.md").write_text("stays")
    capsys.readouterr()
    status = program.main(["--out", str(tmp_path), "--check"])

    assert (status, capsys.readouterr().out.count("not current")) == (1, 2)
    assert (tmp_path / "wire.md").read_text() == "else"
    assert program.main(["--out", str(tmp_path)]) == 0
    assert (old.exists(), (tmp_path / "by-hand.md").exists()) == (False, True)


def sections(file):
    """Of a page of settings: path of a table -> key -> its cells."""
    found = {}
    for section in re.split(r"^## ", (REFERENCE / f"settings/{file.page}.md").read_text(), flags=re.M)[1:]:
        rows = re.findall(r"^\| `(\w+)` \| (.*) \| (.*) \| (.*) \|$", section, re.M)
        found[section.splitlines()[0].strip("`")] = {name: cells for name, *cells in rows}
    return found


def ranges():
    """Each number with a range that a page prints: file, path, key, and the field that checks it."""
    for file in FILES:
        told = sections(file)
        for place in places(file.model):
            for name, field in place.model.model_fields.items():
                shown = field.alias or name
                legal = told.get(place.paths[0] or "At the top", {}).get(shown, [""])[0]  # else the page is not current
                if found := RANGE.match(legal):
                    low, high = (int(each) if found[1] else float(each) for each in found.groups()[2:])
                    yield pytest.param(place.model, shown, field, bool(found[1]), bool(found[2]), low, high,
                                       id=f"{file.page}:{place.paths[0]}{shown}")  # fmt: skip


RANGES = list(ranges())


@pytest.mark.parametrize(("model", "name", "field", "is_whole", "is_above", "low", "high"), RANGES)
def test_a_range_that_a_page_prints_is_the_one_that_is_checked(model, name, field, is_whole, is_above, low, high):
    adapter = TypeAdapter(Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation)
    step = 1 if is_whole else max(abs(high), abs(low), 1.0) * 1e-9

    for value, fits in ((low, not is_above), (high, True), (low - step, False), (high + step, False)):
        if fits:
            adapter.validate_json(json.dumps(value))
        else:
            with pytest.raises(ValidationError):
                adapter.validate_json(json.dumps(value))
    assert low < high


@pytest.mark.parametrize(("model", "name", "field", "is_whole", "is_above", "low", "high"), RANGES)
def test_who_gives_a_number_out_of_range_is_told_the_range_of_the_page(
    model, name, field, is_whole, is_above, low, high
):
    wrong = {name: high + 1 if is_whole else high * 2 + 1.0}
    with pytest.raises(ValidationError) as caught:
        model.model_validate_json(json.dumps(wrong))
    said = all_faults(caught.value, model, wrong)

    assert re.search(rf"(^|; ){name}: ", said)
    assert all(has(said, each) for each in (low, high)), said


def has(said, value):
    """Whether a text has this number, however it is written."""
    numbers = [float(each) for each in re.findall(r"-?\d+(?:\.\d+)?", said)]
    return value in numbers


def test_the_check_of_a_gateways_file_says_the_range_of_the_page(tmp_path):
    text = (ROOT / "docs/gateway.toml").read_text().replace("rare_h = 72.0", "rare_h = 7200.0")
    (tmp_path / "gateway.toml").write_text(text)
    legal = sections(FILES[0])["[policy]"]["rare_h"][0]

    with pytest.raises(ValueError, match=re.escape("policy.rare_h")) as caught:
        read_config(tmp_path / "gateway.toml")
    assert legal.removeprefix("number, ").removesuffix(" h") in str(caught.value)


def test_each_key_of_the_files_that_show_all_settings_is_on_their_page():
    for file in FILES[:3]:
        shown = re.findall(r"^(?:# )?(\w+) = ", (ROOT / f"docs/{file.page}.toml").read_text(), re.M)
        told = {name for keys in sections(file).values() for name in keys}

        assert set(shown) - told == set()


def test_a_key_without_words_and_words_of_no_key_are_faults_that_name_it():
    class Bare(BaseModel):
        """A table.

        near_m : so near.
        """

        near_m: float = Field(ge=0, le=1)
        far_m: float = 2.0

    class Old(BaseModel):
        """A table.

        near_m : so near.
        gone_m : so far.
        """

        near_m: float = 1.0

    with pytest.raises(ValueError, match="Bare: no words of far_m"):
        keys_of(Bare, {})
    with pytest.raises(ValueError, match="Old: gone_m"):
        words_of(Old)


def test_words_come_back_as_they_were_from_the_page():
    words = "a <b> `code | more` & *c* docs/how-to/lamps.md | d"

    assert unescaped(escaped(words)) == words


@pytest.mark.parametrize("record", FRAMES, ids=lambda record: wire.kind_of(record).name)
def test_the_frames_on_the_wires_page_are_what_a_gateway_or_a_node_reads(record):
    kind = wire.kind_of(record)
    section = re.search(rf"^## {kind.name}\n(.*?)^## ", (REFERENCE / "wire.md").read_text(), re.M | re.S)[1]
    blocks = [bytes.fromhex("".join(each.split())) for each in re.findall(r"(?:^    [0-9a-f]+\n)+", section, re.M)]

    assert wire.decode(blocks[0]) == record
    opened = wire.open(blocks[1], KEY, kind.direction)
    assert (opened.record, opened.kid) == (record, NODE.encode())


def test_every_row_that_a_gateway_writes_is_of_a_kind_with_words():
    texts = [path.read_text() for path in (ROOT / "gateway").rglob("*.py")]
    written = {kind for text in texts for kind in re.findall(r'(?:\bRow|_note|\bNews)\("(\w+)"', text)}

    assert written | set(TOLD.values()) | {"area"} == set(KINDS)


def test_the_examples_of_files_are_read_by_who_reads_such_files(tmp_path):
    text = (REFERENCE / "files.md").read_text()
    lines = re.findall(r'^    (\{"node".*)$', text, re.M)
    (tmp_path / "arrivals.jsonl").write_text("\n".join(lines))
    with (tmp_path / "arrivals.jsonl").open("rb") as file:
        heard = list(read_arrivals(file, "arrivals.jsonl"))
    connection = sqlite3.connect(":memory:")
    connection.executescript(";".join(schema().replace("strict\nCREATE", "strict;\nCREATE").split(";")))
    connection.close()

    assert [each.node for each in heard] == ["n1", "n2"]
    assert all(line in text for line in archive().splitlines())


def test_an_archive_on_the_page_is_one_that_is_read(tmp_path):
    block = re.search(r'^    (\{"soundpost".*\n(?:    .*\n)+)', (REFERENCE / "files.md").read_text(), re.M)[1]
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress("\n".join(line.strip() for line in block.splitlines()).encode()))

    assert [each.row.kind for each in read_archive(path) if isinstance(each, Kept)] == ["clock", "journal"]


def test_each_figure_that_a_page_a_rule_or_a_panel_names_is_on_the_metrics_page():
    told = set(re.findall(r"^\| `(\w+)`", (REFERENCE / "metrics.md").read_text(), re.M))
    files = [ROOT / "docs/how-to/watching.md", ROOT / "docs/reference/api.md"]
    files += [*(ROOT / "deploy/prometheus").glob("*.yml"), *(ROOT / "deploy/grafana").glob("*.json")]
    named = {each for path in files for each in re.findall(r"soundpost_(?:gateway|web)_\w+", path.read_text())}

    assert {re.sub(r"_(bucket|sum|count)$", "", each) for each in named} - told == set()
    assert len(told) > 30


def test_a_surveys_columns_and_poles_alarms_have_words_each():
    codes = (REFERENCE / "codes.md").read_text()

    assert list(MEANS) == list(COLUMNS)
    assert all(f"| `{kind}` |" in codes for kind in {*ALARMS.values(), "second", "silent"})


def test_no_stage_and_no_refusal_is_without_words():
    for page in ("codes.md", "wire.md", "metrics.md", "journal-rows.md"):
        rows = re.findall(r"^\| (`.*)$", (REFERENCE / page).read_text(), re.M)

        assert [row for row in rows if row.endswith("|  |")] == []


def shown_by_default(path, model):
    """Of the lines `# name = value` of a file those that have a default: table, key, value as it is shown, default."""
    table = ""
    for line in path.read_text().splitlines():
        if head := re.match(r"^(?:# )?\[+([\w.]+)\]+", line):
            table = head[1]
        elif found := re.match(r"^# (\w+) = (.+?)(?:\s+#.*)?$", line):
            place = next((each for each in places(model) if table in {path.strip("[]") for path in each.paths}), None)
            field = place.model.model_fields.get(found[1]) if place else None
            has = field is not None and not field.is_required()
            default = field.get_default(call_default_factory=True, validated_data={}) if has else None
            if default not in (None, (), [], {}):
                yield table, found[1], tomllib.loads(f"x = {found[2]}")["x"], default


@pytest.mark.parametrize(
    ("file", "model"),
    [("soundpost/init/gateway_template.toml", GatewayConfig), ("docs/web.toml", WebConfig)],
    ids=["gateway", "web"],
)
def test_what_a_file_shows_as_it_is_without_the_line_is_so(file, model):
    shown = list(shown_by_default(ROOT / file, model))
    examples = {"second_person": True, "label": "City sign-on"}

    assert len(shown) > 8
    assert [(table, name) for table, name, value, default in shown if value != examples.get(name, default)] == []
