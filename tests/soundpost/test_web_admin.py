"""`soundpost web admin`: accounts from the machine itself. No password is on a command line or comes back."""

import io
import sqlite3
import sys

import pytest

from gateway.web.accounts.passwords import Passwords
from soundpost.__main__ import main

PASSWORD = "grey heron at the weir"


@pytest.fixture
def admin(tmp_path, monkeypatch, capsys):
    """`admin("make", "anna", typed=...)`: exit status, and all that was said."""
    (tmp_path / "web.toml").write_text('database = "web.db"\n')

    def run(deed, *more, typed=PASSWORD):
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed + "\n"))
        status = main(["web", "admin", deed, *more, "--config", str(tmp_path / "web.toml")])
        told = capsys.readouterr()
        return status, told.out + told.err

    run.kept = lambda: (
        sqlite3.connect(tmp_path / "web.db").execute("select name, role, password from account").fetchall()
    )
    return run


def test_the_first_account_is_an_administrator_with_the_password_that_was_typed(admin):
    assert admin("make", "anna") == (0, "anna may sign in as administrator\n")

    [(name, role, kept)] = admin.kept()
    assert (name, role) == ("anna", "administrator")
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=4$")  # RFC 9106's second recommended option
    assert Passwords().is_right(kept, PASSWORD)
    assert not Passwords().is_right(kept, PASSWORD + " ")


@pytest.mark.parametrize("typed", ["", "short", "aaaaaaaaaaaaaaaa", "anna123456789"])
def test_a_poor_password_makes_no_account_and_is_not_repeated(admin, typed):
    status, said = admin("make", "anna", typed=typed)

    assert status == 1
    assert said.count("\n") == 1
    assert not typed or typed not in said
    assert admin.kept() == []


def test_there_is_no_way_to_give_a_password_on_the_command_line(admin, capsys):
    for option in ("--password=x", "x"):
        with pytest.raises(SystemExit) as stopped:
            admin("make", "anna", option)
        assert stopped.value.code == 2


def test_accounts_are_listed_locked_unlocked_reset_and_given_roles(admin):
    admin("make", "anna")
    admin("make", "bert", "--role", "viewer")

    assert admin("role", "bert", "dispatcher") == (0, "bert is dispatcher\n")
    assert admin("lock", "bert") == (0, "bert is locked, and out\n")
    assert [line.split() for line in admin("list")[1].splitlines()] == [
        ["anna", "administrator"], ["bert", "dispatcher", "locked"],
    ]  # fmt: skip
    assert admin("unlock", "bert") == (0, "bert may sign in again\n")
    assert admin("reset", "bert", typed="another heron, later")[0] == 0
    assert Passwords().is_right(admin.kept()[1][2], "another heron, later")
    status, said = admin("check-log")
    assert (status, said.startswith("whole, 6 rows, head ")) == (0, True)


def test_what_cannot_be_is_said_in_a_line_and_changes_nothing(admin):
    admin("make", "anna")

    for deed, said in (
        (("make", "ANNA"), "there is an account ANNA already"),
        (("make", "a b"), "a name has"),
        (("lock", "carl"), "there is no account carl"),
        (("reset", "carl"), "there is no account carl"),
        (("lock", "anna"), "anna is the last administrator"),
        (("role", "anna", "viewer"), "anna is the last administrator"),
    ):
        status, told = admin(*deed)
        assert (status, told.count("\n")) == (1, 1)
        assert said in told
    assert len(admin.kept()) == 1


def test_a_log_that_somebody_changed_is_found_out(admin, tmp_path):
    admin("make", "anna")
    with sqlite3.connect(tmp_path / "web.db") as connection:
        connection.execute("drop trigger access_log_stands")
        connection.execute("update access_log set about = 'bert'")

    assert admin("check-log") == (1, "soundpost web: row 1 of the access log is not what was written there\n")
