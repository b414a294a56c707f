"""`soundpost lamps`: the table of a street's lamps, and telling the city of those that failed, once, over real HTTP."""

import asyncio
import http.server
import json
import pathlib
import re
import subprocess
import sys
import threading
import urllib.parse

import pytest

from gateway.alerts.notices import lamp_record
from gateway.journal.journal import Journal
from gateway.journal.rows import Row
from gateway.lamp_notice import LampNotice
from gateway.orders import NEWER
from simulators.peers.lamp_bank import LampBank
from soundpost.__main__ import main

S = 1_000_000
T_US = 1_763_000_000_000_000
SECRET = "a-key-that-nobody-may-see"
CONFIG = (pathlib.Path(__file__).parents[2] / "docs" / "gateway.toml").read_text()


def notice(lamp, is_open=True, after_s=0, why="is dark: draws 0.0 W at 100 %"):
    history = [(T_US, "out: is dark: draws 0.0 W at 100 %")]
    if after_s:
        history.append((T_US + after_s * S, why))
    words = history[-1][1]
    return LampNotice(f"{lamp}-1", lamp, "out", is_open, words, T_US, T_US + after_s * S, tuple(history))


@pytest.fixture
def street(tmp_path):
    """A folder with gateway.toml, a key, and a way to write rows into its journal."""
    (tmp_path / "gateway.toml").write_text(CONFIG)
    (tmp_path / "open311.key").touch(0o600)
    (tmp_path / "open311.key").write_text(SECRET + "\n")

    def write(*rows):
        async def keep():
            await journal.append(list(rows))

        journal = Journal(tmp_path / "street.journal")
        asyncio.run(keep())
        journal.close()

    return tmp_path, write


def lamp_row(told):
    return Row("lamp", told.at_us, json.dumps(lamp_record(told)).encode())


def light_row(lamp, level_pct, note="reads 100 %", incident="i1", done=True):
    what = {"what": "light", "level_pct": level_pct, "device": lamp, "incident": incident}
    told = {**what, "done": done, "t_us": T_US, "note": note}
    return Row("effect", T_US, json.dumps(told).encode())


class City(http.server.ThreadingHTTPServer):
    """An Open311 endpoint that answers as it is told; `forms` is what was posted."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Desk)
        self.forms, self.answers, self.listed = [], [], []
        self.url = f"http://127.0.0.1:{self.server_port}/v2"
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Desk(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        assert self.path == "/v2/requests.json"
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.forms.append({name: values[0] for name, values in form.items()})
        default = (201, json.dumps([{"service_request_id": 600 + len(self.server.forms)}]))
        self._answer(*(self.server.answers.pop(0) if self.server.answers else default))

    def do_GET(self):
        self._answer(200, json.dumps(self.server.listed))

    def _answer(self, status, text, location=None):
        self.send_response(status)
        if location:
            self.send_header("Location", f"{location}/requests.json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def city():
    city = City()
    yield city
    city.shutdown()
    city.server_close()


def report(folder, city, *more):
    options = ("--report", city.url, "--service-code", "002", "--config", folder / "gateway.toml", "--once")
    files = ("--cursor", folder / "reported", "--api-key-file", folder / "open311.key")
    command = (sys.executable, "-m", "soundpost", "lamps", folder / "street.journal", *options, *files, *more)
    return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)


def test_the_table_tells_a_lamp_that_was_told_from_one_that_was_only_asked_for_and_one_that_went_back(street, capsys):
    folder, write = street
    write(
        light_row("l1", 100),
        light_row("l2", 100, "too late: the event is past", done=False),
        light_row("l3", 30, "went back to 30 % by itself", "start"),
    )
    assert main(["lamps", str(folder / "street.journal")]) == 0
    first, second, third = capsys.readouterr().out.splitlines()

    assert "; told 100 % at " in first
    assert "; asked for 100 % at " in second and ", NOT DONE: too late: the event is past" in second
    assert "told" not in third and third.endswith("Z: went back to 30 % by itself")


def test_an_order_that_a_newer_one_took_the_place_of_is_told_as_that(street, capsys):
    folder, write = street
    write(light_row("l1", 100, NEWER, done=False))
    assert main(["lamps", str(folder / "street.journal")]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert main(["lamps", str(folder / "street.journal"), "--json"]) == 0

    assert line.endswith(f"Z: {NEWER}") and "asked for 100 % at " in line and "NOT DONE" not in line
    assert json.loads(capsys.readouterr().out)["superseded"] is True


def test_the_table_tells_what_has_failed_and_what_each_lamp_did_last(street, capsys):
    folder, write = street
    write(light_row("l1", 100), light_row("l2", 100), lamp_row(notice("l2")))
    assert main(["lamps", str(folder / "street.journal")]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert main(["lamps", str(folder / "street.journal"), "--json"]) == 0
    lamps = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert first.split()[:2] == ["l1", "well;"]
    assert second.split()[:3] == ["l2", "FAULT", "since"] and "is dark: draws 0.0 W at 100 %" in second
    assert [(each["lamp"], each["fault"], each["told_pct"]) for each in lamps] == [
        ("l1", None, 100),
        ("l2", "out", 100),
    ]


def test_a_lamp_that_is_well_again_is_shown_well_with_its_history(street, capsys):
    folder, write = street
    write(lamp_row(notice("l2")), lamp_row(notice("l2", False, 900, "is well again")))
    main(["lamps", str(folder / "street.journal"), "--json"])
    lamp = json.loads(capsys.readouterr().out)

    assert (lamp["fault"], lamp["since_us"]) == (None, None)
    assert [each["what"] for each in lamp["history"]][-1] == "is well again"


def test_what_a_device_put_into_its_words_moves_no_terminal(street, capsys):
    folder, write = street
    write(light_row("l1", 100, note="\x1b[2J\nl9  well"))
    main(["lamps", str(folder / "street.journal")])

    assert len(capsys.readouterr().out.splitlines()) == 1


def test_the_city_is_told_once_of_each_failed_lamp_with_its_place_to_a_hundred_metres(street, city):
    folder, write = street
    write(light_row("l1", 100), lamp_row(notice("l1")), lamp_row(notice("l1", True, 60, "cycling: goes out")))
    first, second = report(folder, city), report(folder, city)
    (form,) = city.forms

    assert (first.returncode, second.returncode, second.stdout) == (0, 0, "")
    assert f"l1-1: is request 601 at {city.url}" in first.stdout
    assert (form["service_code"], form["address_id"], form["api_key"]) == ("002", "l1", SECRET)
    assert (form["lat"], form["long"]) == ("38.900", "-77.000")
    assert "is dark: draws 0.0 W at 100 %" in form["description"]
    assert SECRET not in first.stdout + first.stderr


def test_a_lamp_that_is_well_again_before_anybody_was_told_is_not_reported(street, city):
    folder, write = street
    write(lamp_row(notice("l1")), lamp_row(notice("l1", False, 60, "is well again")))

    assert "is well again already, and not reported" in report(folder, city).stdout
    assert city.forms == []


def test_a_city_that_stumbles_is_asked_again_and_one_that_refuses_is_said(street, city):
    folder, write = street
    city.answers = [(503, "later"), (400, "no")]
    write(lamp_row(notice("l1")), lamp_row(notice("l2")))
    ran = report(folder, city)

    assert ran.returncode == 0
    assert "answers 503; trying again" in ran.stderr
    assert "row 1 is not reported" in ran.stderr and "refuses it (400)" in ran.stderr
    assert [form["address_id"] for form in city.forms] == ["l1", "l1", "l2"]


@pytest.mark.parametrize("answer", ["", "{}", "[]", "[1]", "[[[", "[{}]", '[{"token": "a\\nb"}]', "<requests/>"])
def test_an_answer_that_is_none_is_said_and_keeps_nothing_back(street, city, answer):
    folder, write = street
    city.answers = [(200, answer)]
    write(lamp_row(notice("l1")), lamp_row(notice("l2")))
    ran = report(folder, city)

    assert "row 1 is not reported" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "l2-1: is request 602" in ran.stdout


def test_a_redirect_takes_the_key_nowhere(street, city):
    folder, write = street
    other = City()
    city.answers = [(307, "", other.url), (400, "")]
    write(lamp_row(notice("l1")))
    ran = report(folder, city)
    other.shutdown()
    other.server_close()

    assert other.forms == []
    assert SECRET not in ran.stdout + ran.stderr


@pytest.mark.parametrize("leave_out", ["--service-code", "--config", "--cursor"])
def test_what_is_missing_to_report_is_named(street, city, leave_out, capsys):
    folder, write = street
    write(lamp_row(notice("l1")))
    options = {"--service-code": "002", "--config": str(folder / "gateway.toml"), "--cursor": str(folder / "c")}
    given = [word for name, value in options.items() if name != leave_out for word in (name, value)]

    assert main(["lamps", str(folder / "street.journal"), "--report", city.url, *given]) == 1
    assert f"--report needs {leave_out}, too" in capsys.readouterr().err


def test_a_url_with_a_password_in_it_is_refused(street, capsys):
    folder, write = street
    write(lamp_row(notice("l1")))
    options = ["--report", "http://me:secret@city/v2", "--service-code", "1", "--config", str(folder / "gateway.toml")]

    assert main(["lamps", str(folder / "street.journal"), *options, "--cursor", str(folder / "c")]) == 1
    said = capsys.readouterr().err
    assert "must be http://HOST" in said and "secret" not in said


def blink(folder, url, kind, *more):
    lamps = (
        '[{ name = "l1", channel = 0, xyz_m = [0.0, 0.0, 8.0] }, { name = "l2", channel = 2, xyz_m = [9.0, 0.0, 8.0] }]'
    )
    text = re.sub(
        r"(?s)\[\[lamp_bank\]\].*?\n\]\n", f'[[lamp_bank]]\nurl = "{url}"\nmap = "{kind}"\nlamps = {lamps}\n', CONFIG
    )
    (folder / "gateway.toml").write_text(text)
    return main(["lamps", "--config", str(folder / "gateway.toml"), "--blink-s", "0.1", *more])


async def test_one_lamp_blinks_and_is_left_as_it_was(tmp_path, capsys):
    bank = LampBank(("127.0.0.1", 0), 4, 30)
    await bank.open()
    status = await asyncio.to_thread(blink, tmp_path, bank.url, "soundpost-bank", "--blink", "l2")
    await bank.close()
    told = [(each["channel"], each["level_pct"]) for each in bank.notebook.entries if "level_pct" in each]

    assert status == 0
    assert told == [(2, 100), (2, 30)] * 3 + [(2, 30)]
    assert bank.levels == [30] * 4
    assert "l2: was 30 %, is 30 %" in capsys.readouterr().out


def test_a_lamp_that_is_not_there_or_does_not_answer_is_one_line(tmp_path, capsys):
    assert blink(tmp_path, "tcp://127.0.0.1:9", "plain", "--blink", "l9") == 1
    assert "no lamp 'l9'; there are l1, l2" in capsys.readouterr().err
    assert blink(tmp_path, "tcp://127.0.0.1:9", "plain", "--blink", "l1") == 1
    assert "tcp://127.0.0.1:9: lamp 0: the lamp bank" in capsys.readouterr().err
    assert main(["lamps"]) == 1
    assert "give a JOURNAL, or --blink LAMP" in capsys.readouterr().err
