"""`soundpost policy`: another policy tried on a journal's nights, and why what was done was done."""

import datetime
import json
import math
from dataclasses import asdict

import pytest

from dsp.air import Air
from dsp.geodesy import Site
from firmware import wire
from gateway.alerts.bulletin import incident_record
from gateway.alerts.notices import outcome_record
from gateway.assembly.gateway import build_core, build_policy
from gateway.config import read_config
from gateway.incident import Announce, Store
from gateway.intake.gate import Gate
from gateway.intake.keyring import read_keys
from gateway.intake.seen import Seen
from gateway.journal.chain import checked
from gateway.journal.journal import Journal, frame_row
from gateway.journal.rows import Row, kept, reading
from gateway.orders import NEWER, Light, Outcome
from gateway.reasons import Because, Near
from soundpost.__main__ import main
from soundpost.policy.command import read_policy
from soundpost.policy.deeds import LONG_US, Deeds, Watched
from soundpost.policy.trial import Other, Street, Trial

S = 1_000_000
NIGHT_US = 1_794_016_800 * S  # 7 November 2026, 02:00 UTC: evening at the site
DAY_US = NIGHT_US + 15 * 3600 * S
KEY, AIR, SITE = bytes(range(32)), Air(12.0), Site(38.9, -77.0, 20.0)
POLES_M = [(0, 0, 6), (60, 5, 6.5), (120, -4, 6), (3, 70, 7), (64, 75, 6), (118, 66, 6.2), (60, -60, 6)]
SHOT_M = (45.0, 30.0, 1.5)


@pytest.fixture
def config(tmp_path):
    """A gateway's config: seven poles, four lamps, a camera, and more of a policy."""
    (tmp_path / "keys.toml").touch(0o600)
    (tmp_path / "keys.toml").write_text("".join(f'n{i} = "{KEY.hex()}"\n' for i in range(len(POLES_M))))
    poles = "".join(f'[[pole]]\nnode = "n{i}"\nxyz_m = {list(xyz_m)}\n' for i, xyz_m in enumerate(POLES_M))
    lamps = ", ".join(f'{{ name = "l{i}", channel = {i}, xyz_m = [{40 * i}, 10, 8] }}' for i in range(4))
    (tmp_path / "gateway.toml").write_text(
        'journal = "street.journal"\nkeys_file = "keys.toml"\nsite = { lat_deg = 38.9, lon_deg = -77.0, h_m = 20 }\n'
        f'air = {{ temperature_c = 12 }}\n{poles}[[lamp_bank]]\nurl = "tcp://127.0.0.1:5020"\nlamps = [{lamps}]\n'
        '[[camera]]\nname = "c1"\nurl = "http://10.0.0.9"\nxyz_m = [60, -20, 5]\n[[serial]]\nport = "/dev/ttyS0"\n'
        "[policy.lights]\nhold_s = 60\n"
    )
    return tmp_path / "gateway.toml"


def frames_of(t_us, first):
    """(when it comes, frame) of each pole that hears a shot; first : number of the first frame."""
    heard = sorted((t_us + round(math.dist(SHOT_M, xyz_m) / AIR.speed_mps * 1e6), i) for i, xyz_m in enumerate(POLES_M))
    for number, (at_us, i) in enumerate(heard, start=first):
        said = wire.Arrival(at_us, 200, wire.LOCKED, 9500, wire.DBSPL, 3500, 930, wire.BLAST, 0,
                            (300, 2000, 900, 4), None, None)  # fmt: skip
        yield at_us + S // 5, wire.seal(said, KEY, f"n{i}".encode(), 5, number)


def rows_of(effects, at_us):
    """What the agent writes of effects; lamps do as they are told."""
    for effect in effects:
        if isinstance(effect, Because):
            yield Row("reason", effect.at_us, json.dumps(asdict(effect)).encode())
        elif isinstance(effect, Announce):
            yield Row("incident", at_us, json.dumps(incident_record(effect, SITE), sort_keys=True).encode())
        elif isinstance(effect, Light):
            for name in effect.lamps:
                told = Outcome(effect, name, True, at_us + 20_000, f"reads {effect.level_pct} %")
                yield Row("effect", at_us + 20_000, json.dumps(outcome_record(told)).encode())
        elif isinstance(effect, Store):
            yield frame_row(effect)


@pytest.fixture
async def journal(tmp_path, config):
    """Writes what a gateway of this config would of shots at these times, a minute of life after each."""

    async def write(*shots_us):
        read = read_config(config)
        core = build_core(
            read, Gate(read_keys(config.parent / "keys.toml"), Seen(), 1), policy=build_policy(read, tmp_path)
        )
        rows = [Row("config", shots_us[0] - S, b"{}", boot=1)]
        for n, t_us in enumerate(shots_us):
            for at_us, frame in frames_of(t_us, 1 + 7 * n):
                rows += rows_of(core.feed(frame, at_us), at_us)
            for at_us in range(t_us + S, t_us + 400 * S, S // 4):
                rows += rows_of(core.tick(at_us), at_us)
        kept_in = Journal(tmp_path / "street.journal")
        await kept_in.append(rows)
        kept_in.close()
        return tmp_path / "street.journal"

    return write


def run(capsys, *arguments):
    status = main(["policy", *map(str, arguments)])
    said = capsys.readouterr()
    return status, said.out, said.err


def attempt(capsys, tmp_path, policy, *more):
    (tmp_path / "other.toml").write_text(policy)
    return run(capsys, "try", tmp_path / "other.toml", "--journal", tmp_path / "street.journal", *more)


def records(out):
    return [json.loads(line) for line in out.splitlines()]


async def test_what_another_policy_would_have_done_stands_beside_what_this_one_does(journal, tmp_path, capsys):
    await journal(NIGHT_US, NIGHT_US + 3600 * S, DAY_US)
    policy = "[policy.lights]\nhold_s = 120\nradius_m = 50\nonly_when_dark = false\n[policy.cameras]\nact = false\n"
    status, out, errors = attempt(capsys, tmp_path, policy, "--json")
    *changed, summary = records(out)
    first = [each for each in changed if each["incident"] == changed[0]["incident"]]
    by_day = [each for each in changed if each["t_us"] > DAY_US]

    assert (status, errors) == (0, "")
    assert [each["act"] for each in first] == ["lights", "cameras"]
    assert (set(first[0]["now"]["lamps"]), set(first[0]["then"]["lamps"])) == (
        {"l0", "l1", "l2", "l3"},
        {"l0", "l1", "l2"},
    )
    assert [round(first[0][each]["held_us"] / S) for each in ("now", "then")] == [60, 120]
    assert (first[1]["now"]["cameras"], first[1]["then"]) == (
        ["c1"],
        {"cameras": [], "word": "off", "rule": "policy.cameras", "why": "policy.cameras says act = false"},
    )
    assert [(each["act"], each["now"].get("word")) for each in by_day] == [("lights", "day"), ("cameras", "does")]
    assert (summary["n_incidents"], summary["n_changed"]) == (3, 3)
    assert (summary["now"], summary["then"]) == (
        {"lights": 2, "cameras": 3, "announce": 3},
        {"lights": 3, "announce": 3},
    )


async def test_only_what_lies_between_from_and_until_is_tried(journal, tmp_path, capsys):
    await journal(NIGHT_US, NIGHT_US + 3600 * S)
    between = datetime.datetime.fromtimestamp(NIGHT_US // S + 1800, datetime.UTC).isoformat()
    known = []
    for more in ((), ("--from", between), ("--until", between), ("--from", between, "--until", between)):
        _, out, _ = attempt(capsys, tmp_path, "[policy.lights]\nact = false\n", "--json", *more)
        known.append(records(out)[-1]["n_incidents"])

    assert known == [2, 1, 1, 0]


async def test_the_table_shows_what_changes_and_why(journal, tmp_path, capsys):
    await journal(NIGHT_US)
    status, out, _ = attempt(capsys, tmp_path, "[policy.lights]\nhold_s = 60\n[policy.cameras.night]\nact = false\n")
    head, line, summary = out.splitlines()

    assert status == 0
    assert head.split() == ["known", "incident", "act", "now", "with", "other.toml", "why"]
    assert line.split()[3:] == ["cameras", "c1", "-", "policy.cameras.night", "says", "act", "=", "false"]
    assert summary.startswith("1 incidents, something changes for 1.")


async def test_the_same_policy_changes_nothing(journal, tmp_path, config, capsys):
    await journal(NIGHT_US, DAY_US)
    status, out, _ = run(capsys, "try", config, "--journal", tmp_path / "street.journal", "--json")

    assert status == 0
    assert records(out) == [
        {
            "what": "summary",
            "n_incidents": 2,
            "n_changed": 0,
            "n_unproven": 0,
            "now": {"lights": 1, "cameras": 2, "announce": 2},
            "then": {"lights": 1, "cameras": 2, "announce": 2},
        }
    ]


async def test_an_announced_event_marks_and_shows_in_the_trial(journal, tmp_path, capsys):
    await journal(NIGHT_US)
    event = (
        '[policy.lights]\nhold_s = 60\n[[policy.quiet]]\nname = "fireworks"\nfrom = 2026-11-06T20:00:00-05:00\n'
        "until = 2026-11-06T22:00:00-05:00\nat = { xyz_m = [45, 30, 0], radius_m = 60 }\n"
    )
    _, out, _ = attempt(capsys, tmp_path, event, "--json")
    changed = records(out)[0]

    assert (changed["act"], changed["now"]["quiet"], changed["then"]["quiet"]) == ("announce", "", "fireworks")
    assert len(records(out)) == 2


async def test_another_rare_h_is_tried_with_rounds_judged_by_it(journal, tmp_path, capsys):
    await journal(NIGHT_US)
    status, out, errors = attempt(capsys, tmp_path, "[policy]\nrare_h = 24.0\n[policy.lights]\nhold_s = 60\n", "--json")

    assert (status, errors) == (0, "")
    assert records(out)[-1]["n_incidents"] == 1


async def test_a_trial_forgets_what_is_over(journal, tmp_path, config):
    path = await journal(*(NIGHT_US + i * 900 * S for i in range(12)))
    street = Street(read_config(config), tmp_path)
    (tmp_path / "other.toml").write_text('[policy.lights]\nmin_grade = "A"\n')
    sizes = []
    with reading(path) as connection:
        trial = Trial(street, Other(read_policy(tmp_path / "other.toml"), tmp_path), connection)

        def seen(each):
            sizes.append(trial.n_open)
            return each

        changed = list(trial.run(seen(each).row for each in checked(connection)))

    assert max(sizes) <= 2
    assert trial.n_open == 0
    assert trial.totals.n_incidents == 12
    assert len({each.incident for each in changed}) == 12


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("[polcy.lights]\n", "other.toml: has no [policy] table"),
        ("[policy.lights]\nradius_m = -1\n", "other.toml: policy.lights.radius_m: "),
        ("[policy.light]\n", "other.toml: policy.light: unknown key (did you mean lights?)"),
        ('[policy.lights]\nstreets = "none.geojson"\n', "none.geojson is not there"),
        ("[policy", "other.toml: "),
    ],
)
async def test_a_policy_that_makes_no_sense_is_one_line_and_nothing_is_tried(journal, tmp_path, capsys, policy, says):
    await journal(NIGHT_US)
    status, out, errors = attempt(capsys, tmp_path, policy)

    assert (status, out, errors.count("\n")) == (1, "", 1)
    assert says in errors


async def test_while_no_gateway_ran_no_policy_let_time_pass(config, tmp_path, capsys):
    read = read_config(config)
    core = build_core(read, Gate(read_keys(tmp_path / "keys.toml"), Seen(), 1), policy=build_policy(read, tmp_path))
    rows = [Row("config", NIGHT_US - S, b"{}", boot=1)]
    for at_us, frame in frames_of(NIGHT_US, 1):
        rows += rows_of(core.feed(frame, at_us), at_us)
    for at_us in range(NIGHT_US + S, NIGHT_US + 10 * S, S // 4):  # killed with its lamps up
        rows += rows_of(core.tick(at_us), at_us)
    kept_in = Journal(tmp_path / "street.journal")
    await kept_in.append([*rows, Row("config", NIGHT_US + 3600 * S, b"{}", boot=2)])
    kept_in.close()
    _, out, _ = attempt(capsys, tmp_path, "[policy.lights]\nhold_s = 120\n", "--json")

    assert records(out)[-1]["n_incidents"] == 1
    assert records(out)[-1]["n_changed"] == 0


async def test_frames_under_keys_that_are_gone_are_taken_counted_and_said(journal, tmp_path, capsys):
    await journal(NIGHT_US)
    keys = tmp_path / "keys.toml"
    keys.write_text("".join(line for line in keys.read_text().splitlines(True) if not line.startswith("n6")))
    _, out, _ = attempt(capsys, tmp_path, "[policy]\n", "--json")
    _, said, _ = attempt(capsys, tmp_path, "[policy]\n")

    assert records(out)[-1]["n_unproven"] == 1
    assert "1 frames came under keys that the keys file no longer holds: taken as journaled" in said


async def test_a_row_that_was_changed_ends_the_trial(journal, tmp_path, capsys):
    path = await journal(NIGHT_US)
    with reading(path) as connection:
        rows = [each.row for each in kept(connection)]
    path.write_bytes(path.read_bytes().replace(b'"act": "announce"', b'"act": "announcE"'))
    status, _, errors = attempt(capsys, tmp_path, "[policy]\n")
    broken = next(number for number, row in enumerate(rows, start=1) if b'"announce"' in row.body)

    assert (status, errors.count("\n")) == (1, 1)
    assert f"street.journal: row {broken} is not what was written there" in errors


async def test_every_effect_is_explained_in_plain_words(journal, capsys):
    path = await journal(NIGHT_US)
    with reading(path) as connection:
        name = json.loads(next(kept(connection, "incident")).row.body)["incident"]
    status, out, _ = run(capsys, "explain", name[:18], "--journal", path)
    lines = out.splitlines()

    assert status == 0
    assert lines[0].startswith(f"{name}  gunshot p ")
    soon, lights = [line for line in lines if line.startswith("lights    done")][:2]
    assert "before it was decided, as soon-" in soon and "l1" in soon and " to 100 %" in soon
    assert "l0 (" in lights and "to 100 %: grade A (policy.lights asks for C or better)" in lights
    assert "by night (sun " in lights and " s after the shot" in lights
    assert any(line.endswith("l0: reads 100 %") for line in lines)
    assert any("to 30 %: nobody holds them up any more" in line for line in lines)
    assert sum("reads 100 %" in line for line in lines) == 8  # before it was decided, and when it was
    assert any("no device told what became of it" in line for line in lines)  # the camera said nothing
    assert any("told: grade A, rounds: 1" in line for line in lines)


async def test_what_was_not_done_is_explained_too_and_for_programs(journal, config, capsys):
    config.write_text(config.read_text() + "[policy.cameras]\nmin_grade = 'A'\nmin_p_gunshot = 1.0\n")
    path = await journal(DAY_US)
    with reading(path) as connection:
        name = json.loads(next(kept(connection, "incident")).row.body)["incident"]
    _, out, _ = run(capsys, "explain", name, "--journal", path, "--json")
    told = {each["act"]: each for each in records(out)}

    assert [told[act]["does"] for act in ("lights", "cameras", "announce")] == [False, False, True]
    assert told["lights"]["why"].startswith("it was day: sun ")
    assert told["cameras"]["why"].endswith("and policy.cameras asks for 1.00")
    assert told["announce"]["announced_us"]


async def test_what_was_done_before_an_incident_was_decided_is_told_with_it_and_by_its_own_name(journal, capsys):
    path = await journal(NIGHT_US, NIGHT_US + 3600 * S)
    with reading(path) as connection:
        name = json.loads(next(kept(connection, "incident")).row.body)["incident"]
    _, out, _ = run(capsys, "explain", name, "--journal", path, "--json")
    early = [each for each in records(out) if each["incident"] != name]
    _, of_early, _ = run(capsys, "explain", early[0]["incident"], "--journal", path)

    assert [each["act"] for each in early] == ["lights", "cameras"]
    assert {each["became"] for each in early} == {name}
    assert [each["device"] for each in early[0]["outcomes"]] == ["l0", "l1", "l2", "l3"]
    assert f"it became {name}" in of_early


async def test_an_incident_that_is_not_there_or_not_one_alone_is_one_line(journal, capsys):
    path = await journal(NIGHT_US, NIGHT_US + 3600 * S)
    for name, says in (("2027", "has no incident 2027"), ("2026", "2026 may be 2026")):
        status, out, errors = run(capsys, "explain", name, "--journal", path)

        assert (status, out, errors.count("\n")) == (1, "", 1)
        assert says in errors


def test_an_incident_whose_lamps_a_later_one_took_over_is_over_in_the_end():
    watched = Watched.__new__(Watched)
    watched._open_us = 60_000_000
    watched.open = {"a": Deeds("a", 0, lit_us=1), "b": Deeds("b", 0, lit_us=1, dark_us=2)}

    assert watched.over(61_000_000) == ["b"]
    assert watched.over(LONG_US + 1) == ["a", "b"]


@pytest.mark.parametrize(
    ("told", "word", "says"),
    [
        ([], "done", "l0: reads 100 %"),
        ([(None, True, "went back to 30 % by itself")], "done", "l0: went back to 30 % by itself"),
        ([("lights-1+1", False, NEWER)], "done", f"l0: {NEWER}"),
        ([(None, True, "went back to 30 % by itself"), ("lights-1+1", True, "reads 100 %")], "done", "l0: reads 100 %"),
        ([("lights-1+1", False, "too late: the event is past")], "PARTLY", "l0: NOT DONE: too late"),
    ],
)
async def test_of_each_lamp_the_last_word_says_what_the_order_came_to(journal, capsys, told, word, says):
    path = await journal(NIGHT_US)
    with reading(path) as connection:
        name = json.loads(next(kept(connection, "incident")).row.body)["incident"]
    rows = []
    for i, (action, done, note) in enumerate(told):
        at_us = NIGHT_US + (10 + i) * S
        body = {"what": "light", "level_pct": 100, "device": "l0", "done": done, "t_us": at_us, "note": note}
        body |= {"incident": name, "action": action} if action else {"incident": "start"}
        rows.append(Row("effect", at_us, json.dumps(body).encode()))
    again = Journal(path)
    await again.append(rows)
    again.close()
    _, out, _ = run(capsys, "explain", name, "--journal", path)
    before, _, after = out.partition("l0 (")  # the order of the round that was decided

    assert before.splitlines()[-1].startswith(f"lights    {word:9}")
    assert says in after


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ([("l0", "newer"), ("l1", "newer")], "superseded"),
        ([("l0", "done"), ("l1", "newer")], "superseded"),  # nothing failed: the newer one has what was left
        ([("l0", "done"), ("l1", "late")], "PARTLY"),
        ([("l0", "done"), ("l1", "newer"), ("l2", "late")], "PARTLY"),
        ([("l0", "late"), ("l1", "newer")], "NOT DONE"),
        ([("l0", "done"), ("l1", "done"), ("l0", "back"), ("l1", "back")], "done"),
        ([("l0", "back")], "ordered"),
    ],
)
@pytest.mark.parametrize("is_old", [False, True])
async def test_an_order_that_a_newer_one_took_the_place_of_has_a_word_of_its_own(tmp_path, capsys, told, word, is_old):
    notes = {"newer": NEWER, "done": "reads 100 %", "late": "too late: the event is past", "back": "went back to 30 %"}
    given = Because("i-1", "lights", 1, True, "does", "policy.lights", NIGHT_US,
                    devices=tuple(Near(f"l{i}", 10.0) for i in range(3)))  # fmt: skip
    rows = [Row("reason", NIGHT_US, json.dumps(asdict(given)).encode())]
    for i, (lamp, how) in enumerate(told):
        at_us, of = NIGHT_US + i * S, ("start", "") if how == "back" else ("i-1", given.action)
        light = Light((lamp,), 100, of[0], action=of[1])
        told_of = Outcome(light, lamp, how in ("done", "back"), at_us, notes[how], superseded=how == "newer")
        record = outcome_record(told_of)
        if is_old:  # of a gateway before this one, which had only the words
            record.pop("superseded", None)
        rows.append(Row("effect", at_us, json.dumps(record).encode()))
    kept_in = Journal(tmp_path / "street.journal")
    await kept_in.append(rows)
    kept_in.close()
    status, out, _ = run(capsys, "explain", "i-1", "--journal", tmp_path / "street.journal")
    _, for_programs, _ = run(capsys, "explain", "i-1", "--journal", tmp_path / "street.journal", "--json")

    assert status == 0
    assert out.splitlines()[1].startswith(f"lights    {word:10} ")
    assert f"NOT DONE: {NEWER}" not in out
    assert records(for_programs)[0]["came_to"] == word
