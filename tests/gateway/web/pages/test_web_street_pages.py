"""*Poles*, *Lamps and cameras*, *Policy*, *About*: what a technician, an auditor and the public see."""

import dataclasses
import datetime
import json
import os
import sys
import threading

import pytest

from gateway.web.rules.keeping import Keeping
from gateway.web.rules.rules import InForce, Rules
from gateway.web.rules.trials import Busy, Trials
from gateway.web.street import AlarmState, Device, Sample

POLICY = {
    "rare_h": 72.0,
    "clips": None,
    "lights": {"min_grade": "B", "day": {"min_grade": "A"}},
    "zone": [{"name": "X"}],
}


class Read:
    """A journal that says this."""

    def __init__(self, found):
        self.found = found

    def in_force(self):
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


def with_rules(parts, program, found=None, longest_s=20.0):
    trials = Trials((sys.executable, "-c", program), longest_s)
    found = found or InForce(POLICY, "ab" * 32, 7, 1_795_845_018_420_692)
    return dataclasses.replace(parts, rules=Rules(Read(found), trials)), trials


def ended(trials, trial):
    for thread in threading.enumerate():
        if thread.name == "policy trial":
            thread.join(20)
    return trials.trial(trial.name)


def test_the_ill_poles_stand_first_with_why_and_since_when(browser, street, made):
    alarm = AlarmState("pole", "P3", "clock", "its clock is 2.1 ms off", made.NOW_US - 7_200_000_000, 3)
    street.pole_states[2] = made.pole_of("P3", "alarm", [alarm])
    street.pole_states[5] = made.pole_of("P6", "silent")
    street.pole_states[6] = made.pole_of("P7", "unheard", heard_us=None, health=None, clock="", sigma_us=None)

    text = browser("technician").get("/poles").text
    order = [part.split('"')[0] for part in text.split('href="/poles/')[1:]]

    assert order == ["P3", "P6", "P7", "P1", "P2", "P4", "P5", "P8"]
    assert "its clock is 2.1 ms off" in text


def test_a_poles_past_is_drawn_and_a_gap_is_a_gap(browser, street, made):
    hours = [made.NOW_US - at * 3_600_000_000 for at in range(20, 0, -1)]
    street.samples = [
        Sample(at_us, None if 8 <= at < 12 else 20.0 + at, None, 60, 0, 3, at % 4, None)
        for at, at_us in enumerate(hours)
    ]

    text = browser("technician").get("/poles/P1?hours=24").text

    assert "<title>Temperature</title>" in text
    assert text.split("<title>Temperature</title>")[1].split("</svg>")[0].count('class="past"') == 2
    assert "<title>Noise</title>" not in text


def test_a_pole_that_never_said_anything_has_a_page(browser, street, made):
    nothing = {"heard_us": None, "health": None, "clock": "", "sigma_us": None, "level_db": None, "arrival_us": None}
    street.pole_states = [made.pole_of("new/pole", "unheard", release=None, stage="", **nothing)]

    assert "never heard" in browser("technician").get("/poles").text
    assert browser("technician").get("/poles/P1").status_code == 404


def test_the_lamp_that_failed_stands_first(browser, street, made):
    lamps = street.lamps()
    lamps[4] = Device(lamps[4].standing, lamps[4].order, "reads 30 %, told 100 %", made.NOW_US)
    street.lamps = lambda: lamps

    text = browser("technician").get("/devices").text

    assert text.index(">L5<") < text.index(">L1<")
    assert "reads 30 %, told 100 %" in text


def test_an_empty_street_says_what_is_not_set_up(browser, street):
    street.pole_states, street.lamps, street.cameras = [], lambda: [], lambda: []

    assert "No pole is set up and none was heard" in browser().get("/poles").text
    assert "No lamp is set up" in browser().get("/devices").text


def test_what_is_in_force_is_shown_with_its_row(browser_of, parts):
    text = browser_of(with_rules(parts, "")[0], "viewer").get("/policy").text

    assert "[policy.lights]" in text
    assert "day.min_grade" in text
    assert "row 7 of the journal" in text
    assert "Try it" not in text


def test_a_journal_that_cannot_be_read_is_said(browser_of, parts):
    broken = with_rules(parts, "", OSError("street.journal: cannot be read"))[0]

    assert "street.journal: cannot be read" in browser_of(broken, "analyst").get("/policy").text


def test_a_dry_run_shows_what_would_have_been_otherwise(browser_of, parts):
    now = {"word": "does", "lamps": {"L1": 100, "L2": 100}}
    line = {"what": "changed", "incident": "x", "t_us": 5, "act": "lights", "kind": "gunshot", "grade": "A", "now": now}
    program = f"print({json.dumps(json.dumps({**line, 'then': None}))})"
    tried, trials = with_rules(parts, program)
    analyst = browser_of(tried, "analyst")

    answer = analyst.post("/policy/try", data={"text": "[policy.lights]\r\nmin_grade = 'A'"})
    ended(trials, trials.newest())
    text = analyst.get(answer.headers["location"]).text

    assert "1 thing would have been otherwise." in text
    assert "2 lamps" in text
    assert "no such incident" in text
    assert "min_grade = &#39;A&#39;" in text


@pytest.mark.parametrize("ends", ["stopped", "overdue"])
def test_a_dry_run_that_is_ended_leaves_no_copy_of_the_journal(parts, tmp_path, monkeypatch, ends):
    folder, copied = tmp_path / "temporary", tmp_path / "copied"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    os.mkfifo(copied)
    program = (
        "import pathlib, tempfile, time; pathlib.Path(tempfile.mkdtemp(), 'street.journal').write_text('heard');"
        f"open({str(copied)!r}, 'w').write('yes'); time.sleep(60)"
    )
    trials = with_rules(parts, program, longest_s=60.0 if ends == "stopped" else 3.0)[1]
    trial = trials.start("[policy]", "Ines")
    if ends == "stopped":
        assert copied.read_text() == "yes"
        assert [each.name for each in folder.rglob("street.journal")] == ["street.journal"]
        trials.stop(trial.name, "Ines")

    assert ended(trials, trial).state == ends
    assert list(folder.iterdir()) == []


def test_a_policy_that_is_refused_is_said_in_the_commands_words(parts):
    trials = with_rules(parts, "import sys; sys.exit(sys.argv[-1] + ': min_grade: must be A, B or C')")[1]

    trial = ended(trials, trials.start("[policy]", "Ines"))

    assert trial.state == "failed"
    assert trial.said == "your policy: min_grade: must be A, B or C"


def test_a_dry_run_that_does_not_end_is_ended(parts):
    trials = with_rules(parts, "import time; time.sleep(60)", longest_s=0.2)[1]

    trial = ended(trials, trials.start("[policy]", "Ines"))

    assert trial.state == "overdue"


def test_a_dry_run_is_stopped_by_whoever_may_begin_one_and_the_next_one_runs(browser_of, parts):
    tried, trials = with_rules(parts, "import time; time.sleep(60)")
    analyst = browser_of(tried, "analyst")
    running = trials.start("[policy]", "Bob")
    page = f"/policy/try/{running.name}"

    assert f'action="{page}/stop"' in analyst.get(page).text
    assert browser_of(tried, "dispatcher").post(f"{page}/stop").status_code == 403
    assert analyst.post("/policy/try/nothing/stop").status_code == 404
    assert analyst.post(f"{page}/stop").headers["location"] == page
    assert ended(trials, running).state == "stopped"
    assert "it was stopped by " in analyst.get(page).text
    assert not trials.stop(running.name, "Bob")
    assert trials.start("[policy]", "Ines").state == "running"
    trials.stop(trials.newest().name, "Ines")
    assert ended(trials, trials.newest()).said == "it was stopped by Ines"


def test_a_second_dry_run_waits_and_what_was_typed_stays(browser_of, parts):
    tried, trials = with_rules(parts, "import time; time.sleep(60)", longest_s=60.0)
    running = trials.start("[policy]", "Bob")

    answer = browser_of(tried, "analyst").post("/policy/try", data={"text": "[policy.lights]\nmin_grade = 'C'"})

    assert answer.status_code == 409
    assert "min_grade = &#39;C&#39;" in answer.text
    with pytest.raises(Busy):
        trials.start("[policy]", "Ines")
    trials.stop(running.name, "Bob")
    ended(trials, running)


@pytest.mark.parametrize("text, words", [(" ", "Write the [policy] table"), ("x" * 20_001, "at most 20000 letters")])
def test_a_text_that_is_no_policy_is_refused_at_once(browser_of, parts, text, words):
    tried, trials = with_rules(parts, "")

    answer = browser_of(tried, "analyst").post("/policy/try", data={"text": text})

    assert answer.status_code == 422
    assert words in answer.text
    assert trials.newest() is None


def test_the_public_is_told_how_long_what_is_kept(browser_of, parts):
    kept = browser_of(dataclasses.replace(parts, keeping=Keeping(30.0, 1.0)), "viewer").get("/about").text

    assert "deleted after 30 days" in kept
    assert "after 1 day." in kept
    assert "not kept by this system" in browser_of(parts, "viewer").get("/about").text


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (
            {"from": "2026-11-01", "until": "2026-11-02"},
            ["2026-11-01T05:00:00+00:00", "2026-11-03T05:59:59.999999+00:00"],
        ),
        ({}, None),
    ],
)
def test_a_dry_run_has_the_days_that_are_named_or_the_last_seven(browser_of, parts, typed, told):
    program = "import json, sys; print(json.dumps({'what': 'summary', 'argv': sys.argv[1:-1]}))"
    tried, trials = with_rules(parts, program)
    analyst = browser_of(tried, "analyst")
    with parts.database.writing() as connection:
        connection.execute("update account set time_zone = 'America/Chicago'")

    analyst.post("/policy/try", data={"text": "[policy]", **typed})
    (line,) = ended(trials, trials.newest()).lines
    spans = [each.partition("=")[2] for each in line["argv"]]

    if told is not None:
        assert spans == told
    else:
        ago = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(spans[0])
        assert len(spans) == 1 and datetime.timedelta(days=7) <= ago < datetime.timedelta(days=8, hours=1)


def test_days_of_a_dry_run_that_are_none_are_said(browser_of, parts):
    tried, trials = with_rules(parts, "")
    answer = browser_of(tried, "analyst").post("/policy/try", data={"text": "[policy]", "from": "yesterday"})

    assert (answer.status_code, "must be a day" in answer.text, trials.newest()) == (422, True, None)


def test_days_of_a_dry_run_that_end_before_they_begin_are_said_and_stay(browser_of, parts):
    tried, trials = with_rules(parts, "")
    days = {"from": "2026-11-09", "until": "2026-11-02"}
    answer = browser_of(tried, "analyst").post("/policy/try", data={"text": "[policy]", **days})

    assert (answer.status_code, trials.newest()) == (422, None)
    assert "The first day must not come after the last." in answer.text
    assert all(f'value="{each}"' in answer.text for each in days.values())
