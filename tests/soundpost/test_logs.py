"""What libraries log cannot fill a disk: each logger has so many lines a minute, and says what was left out."""

import json
import logging
import os
import subprocess
import sys

from soundpost.logs import LONGEST, MOST_A_MINUTE, Bounded, Short, in_json

FLOOD = """
import logging
from soundpost.logs import log_to_standard_error
log_to_standard_error()
for i in range(20_000):
    logging.getLogger("pymodbus.logging").error(f"ERROR: %s got id={i}", "x")
logging.getLogger("another").warning("still heard")
"""


def record(name, at_s, text="line"):
    made = logging.LogRecord(name, logging.ERROR, "", 0, text, (), None)
    made.created = at_s
    return made


def test_a_flood_of_one_logger_is_a_few_lines_and_drowns_no_other():
    ran = subprocess.run([sys.executable, "-c", FLOOD], capture_output=True, text=True, timeout=60, check=True)
    lines = ran.stderr.splitlines()

    assert len(lines) == MOST_A_MINUTE + 1
    assert lines[0] == "ERROR:pymodbus.logging:ERROR: x got id=0"
    assert lines[MOST_A_MINUTE - 1].endswith("(more lines of pymodbus.logging are left out for a minute)")
    assert lines[-1] == "WARNING:another:still heard"


def test_the_next_minute_says_how_many_lines_were_left_out_once():
    bound, written = Bounded(), []
    for at_s in (*[1000.0] * 25, 1061.0, 1062.0):
        made = record("a", at_s)
        if bound.filter(made):
            written.append(made.getMessage())

    assert len(written) == MOST_A_MINUTE + 2
    assert written[-2:] == ["line (15 lines of a were left out)", "line"]


def test_a_clock_that_is_set_back_silences_nobody():
    bound = Bounded()
    for _ in range(25):
        bound.filter(record("a", 2e9))

    assert bound.filter(record("a", 1e9))


def test_a_long_line_is_cut_and_says_so():
    text = Short().format(record("a", 0.0, "x" * 100_000))

    assert len(text) < LONGEST + 40
    assert text.endswith("... (96000 more characters)")


SAYS = """
import logging
import structlog
from soundpost.logs import log_to_standard_error
log_to_standard_error({})
structlog.get_logger().warning("a lamp", lamp="L1", incident="20260921-1", bank=1)
logging.getLogger("pymodbus").error("two\\nlines")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().error("an edge ended", exc_info=True)
"""


def said(form, **more):
    code = SAYS.format(repr(form))
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, env={**os.environ, **more}
    )
    return ran.stderr


def test_logs_as_json_are_an_object_a_line_with_the_ids_that_text_has():
    lines = [json.loads(line) for line in said("json").splitlines()]

    assert [(each["level"], each["event"]) for each in lines] == [
        ("warning", "a lamp"), ("error", "two\nlines"), ("error", "an edge ended"),
    ]  # fmt: skip
    assert (lines[0]["incident"], lines[0]["lamp"]) == ("20260921-1", "L1")
    assert lines[1]["logger"] == "pymodbus"
    assert "ZeroDivisionError" in lines[2]["exception"]
    assert all(each["timestamp"].endswith("Z") for each in lines)


def test_logs_are_text_where_nobody_asks_for_json():
    assert 'event="a lamp"' in said(None, JOURNAL_STREAM="1:1")
    assert 'event="a lamp"' in said("text")


def test_logs_are_json_where_journald_reads_them(tmp_path):
    with (tmp_path / "log").open("w") as file:
        found = os.fstat(file.fileno())
        stream = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}

        assert in_json(None, file.fileno(), stream)
        assert not in_json("text", file.fileno(), stream)
        assert not in_json(None, file.fileno(), {})
    assert not in_json(None, 9_999, stream)
