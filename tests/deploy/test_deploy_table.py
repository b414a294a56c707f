"""The table of make deploy-check: what its rows say of tests, and that each names tests that there are."""

import pathlib
import re

import pytest

from deploy.check import __main__ as check
from deploy.check.__main__ import Case, elsewhere, judge, read
from deploy.check.rows import ROWS, RUNS, Row

ROOT = pathlib.Path(__file__).parents[2]
ROW = Row("an upgrade", "<= 30 s", "debians", r"an_upgrade.*\[12\b")
JUNIT = """<testsuites><testsuite>
<testcase name="test_an_upgrade[12]" time="2.5"><properties><property name="figure" value="silent for 3 s"/>
<property name="other" value="x"/></properties></testcase>
<testcase name="test_an_upgrade[13]" time="1"><failure message="no">trace</failure></testcase>
<testcase name="test_b" time="1"><error message="no"/></testcase>
<testcase name="test_c" time="0"><skipped/></testcase>
</testsuite></testsuites>"""


def test_what_pytest_wrote_is_read():
    assert read(JUNIT) == [
        Case("test_an_upgrade[12]", "passed", ("silent for 3 s",), 2.5),
        Case("test_an_upgrade[13]", "failure", (), 1.0),
        Case("test_b", "error", (), 1.0),
        Case("test_c", "skipped"),
    ]


@pytest.mark.parametrize(
    ("cases", "found", "holds"),
    [
        (None, "not there", None),
        ([], "no test of it ran", False),
        ([Case("an_upgrade[13]", "passed")], "no test of it ran", False),
        ([Case("an_upgrade[12]", "skipped")], "skipped: see its log", None),
        ([Case("an_upgrade[12]", "passed", ("3 s",)), Case("an_upgrade_b[12]", "passed", ("4 s",))], "3 s; 4 s", True),
        ([Case("an_upgrade[12]", "passed", (), 2.0)], "1 tests, 2 s", True),
        (
            [Case("an_upgrade[12]", "passed", ("3 s",)), Case("an_upgrade_b[12]", "skipped")],
            "3 s; 1 skipped: see its log",
            True,
        ),
        ([Case("an_upgrade[12]", "passed"), Case("an_upgrade_b[12]", "failure")], "an_upgrade_b[12]", False),
        (
            [Case("an_upgrade[12]", "error"), Case("an_upgrade_b[12]", "failure")],
            "an_upgrade[12] and 1 more",
            False,
        ),
    ],
)
def test_a_row_holds_where_all_its_tests_pass_and_at_least_one_ran(cases, found, holds):
    told = judge(ROW, cases)

    assert (told.found, told.holds) == (found, holds)


def test_what_fails_and_is_in_no_row_has_a_row_of_its_own():
    cases = [
        Case("test_of_no_row", "failure"),
        Case("test_of_no_row_either", "passed"),
        Case("test_an_upgrade_loses_nothing[12]", "failure"),
    ]

    assert [(row.what, row.found, row.holds) for row in elsewhere("debians", cases)] == [
        ("debians: test_of_no_row", "failure", False)
    ]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.what)
def test_a_row_names_tests_that_there_are(row):
    files = [path for pattern in RUNS[row.run] for path in ROOT.glob(pattern)]
    names = [name for path in files for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.M)]
    each = row.tests.partition(r".*\[")[0] if row.tests.startswith("(?:") else row.tests

    assert [name for name in names if re.search(each, name)]


def test_a_run_that_there_is_not_is_wrong_usage(capsys):
    assert check.main(["nothing"]) == 2
    assert "must be one of debians" in capsys.readouterr().err


def test_a_row_that_fails_is_exit_status_1_and_the_table_is_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(RUNS, "arm64", ("test_here.py",))
    (tmp_path / "test_here.py").write_text(
        "def test_a(record_property): record_property('figure', '7 s'); assert False"
    )
    failed = check.main(["arm64"])
    (tmp_path / "test_here.py").write_text("def test_a(record_property): record_property('figure', '7 s')")
    passed = check.main(["arm64"])

    assert (failed, passed) == (1, 0), capsys.readouterr()
    assert re.search(r"aarch64 code, all of it +7 s +PASS", (tmp_path / "out/deploy-check/table.txt").read_text())
