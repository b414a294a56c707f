"""`soundpost plates`: what is wrong with its settings is one line, which shows no secret."""

import importlib.util

import pytest

from soundpost.__main__ import main

LANE, TO = "rtsp://127.0.0.1:9/lane", "http://127.0.0.1:9/readers/lane"


@pytest.fixture
def token(tmp_path):
    path = tmp_path / "push.token"
    path.touch(0o600)
    path.write_text("very-secret\n")
    return path


@pytest.mark.parametrize(
    ("url", "to", "more", "says"),
    [
        ("http://127.0.0.1/lane", TO, (), "must be rtsp://HOST:PORT/PATH or rtsps://"),
        ("rtsp://me:hidden@127.0.0.1/lane", TO, (), "must not hold a user or password"),
        (LANE, "ftp://127.0.0.1/readers/lane", (), "--to: must be http://HOST:PORT/readers/NAME"),
        (LANE, "http://me:hidden@127.0.0.1/readers/lane", (), "--to: must be http://HOST:PORT/readers/NAME"),
        (LANE, "http://[::1/readers/lane", (), "--to: must be http://HOST:PORT/readers/NAME"),
        (LANE, "http://127.0.0.1:99999/readers/lane", (), "--to: must be http://HOST:PORT/readers/NAME"),
        (LANE, TO, ("--every", "0.01"), "--every 0.01: must be 0.2 to 3600 s"),
        (LANE, TO, ("--every", "nan"), "--every nan: must be 0.2 to 3600 s"),
        (LANE, TO, ("--like", "(["), "--like: is no regular expression"),
    ],
)
def test_what_is_wrong_is_one_line(token, capsys, url, to, more, says):
    assert main(["plates", url, "--to", to, "--token-file", str(token), *more]) == 1
    told = capsys.readouterr()
    assert says in told.err
    assert told.err.count("\n") == 1
    assert told.out == ""
    assert "hidden" not in told.err and "very-secret" not in told.err


def test_a_token_that_others_may_read_is_refused(token, capsys):
    token.chmod(0o644)

    assert main(["plates", LANE, "--to", TO, "--token-file", str(token)]) == 1
    assert "push.token: mode 0644 lets others read it" in capsys.readouterr().err


@pytest.mark.skipif(importlib.util.find_spec("rapidocr") is not None, reason="the extra `lpr` is installed")
def test_without_its_extra_it_says_which_one(token, capsys):
    pytest.importorskip("av")

    assert main(["plates", LANE, "--to", TO, "--token-file", str(token)]) == 1
    assert "needs the extra `lpr`" in capsys.readouterr().err
