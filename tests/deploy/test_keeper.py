"""The first process of a container, in place of systemd: real programs, some of which stand still."""

import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import pytest
import trustme

KEEPER = (sys.executable, "-I", str(pathlib.Path(__file__).parents[2] / "deploy/containers/keeper.py"))
LIMIT_S = 20
SAYS = """
import os, signal, socket, sys, time
def say(word):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.sendto(word, os.environ["NOTIFY_SOCKET"])
"""
LIVES = SAYS + "say(b'READY=1')\nwhile True: say(b'WATCHDOG=1'); time.sleep(0.05)"
STANDS_STILL = SAYS + "say(b'READY=1')\ntime.sleep(60)"
NEVER_READY = SAYS + "say(b'WATCHDOG=1')\ntime.sleep(60)"
REFUSES_TO_END = SAYS + "signal.signal(signal.SIGABRT, signal.SIG_IGN)\nsay(b'READY=1')\ntime.sleep(60)"
TELLS_ITS_SIGNALS = (
    SAYS
    + """
signal.signal(signal.SIGHUP, lambda *_: print("told", flush=True))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
say(b'READY=1')
while True: say(b'WATCHDOG=1'); time.sleep(0.05)
"""
)


@pytest.fixture
def keeper(tmp_path):
    """Starts one on a script of Python; limits in seconds. What still runs at the end is ended."""
    started = []

    def start(script, watchdog_s=30.0, start_s=30.0, command=None, box=None):
        limits = {"KEEPER_WATCHDOG_S": watchdog_s, "KEEPER_START_S": start_s, "KEEPER_REST_S": 0}
        environment = os.environ | {"KEEPER_DIR": str(box or tmp_path / "box")}
        environment |= {key: str(n) for key, n in limits.items()}
        kinds = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(
            subprocess.Popen((*KEEPER, *(command or (sys.executable, "-c", script))), env=environment, **kinds)
        )
        return started[-1]

    yield start
    for each in started:
        each.kill()
        each.communicate()


@pytest.fixture
def ask(tmp_path):
    def asked(*words):
        environment = os.environ | {"KEEPER_DIR": str(tmp_path / "box")}
        said = subprocess.run((*KEEPER, *words), env=environment, capture_output=True, text=True, check=False)
        return said.returncode, said.stdout.strip()

    return asked


def until(true):
    by_s = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < by_s
        time.sleep(0.05)


def test_a_service_that_says_that_it_lives_is_well_until_it_is_told_to_end(keeper, ask):
    before = ask("--alive")
    running = keeper(LIVES)
    until(lambda: ask("--alive") == (0, "well"))
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=LIMIT_S)

    assert before == (1, "is not ready")
    assert (running.returncode, err) == (128 + signal.SIGTERM, "")


def test_a_service_gets_its_signals_and_its_status_is_the_containers(keeper, ask):
    running = keeper(TELLS_ITS_SIGNALS)
    until(lambda: ask("--alive")[0] == 0)
    running.send_signal(signal.SIGHUP)
    told = running.stdout.readline()
    running.send_signal(signal.SIGTERM)
    running.communicate(timeout=LIMIT_S)

    assert (told, running.returncode) == ("told\n", 7)


@pytest.mark.parametrize(
    ("script", "limits", "status", "says"),
    [
        (STANDS_STILL, {"watchdog_s": 0.3}, 128 + signal.SIGABRT, "no sign of life for 0.3 s"),
        (NEVER_READY, {"start_s": 0.3}, 128 + signal.SIGABRT, "not ready after 0.3 s"),
        (REFUSES_TO_END, {"watchdog_s": 0.3}, 128 + signal.SIGKILL, "no sign of life for 0.3 s"),
    ],
)
def test_a_service_that_stands_still_is_ended_so_that_it_is_started_again(keeper, ask, script, limits, status, says):
    running = keeper(script, **limits)
    _, err = running.communicate(timeout=LIMIT_S)

    assert running.returncode == status
    assert err == f"soundpost-keeper: {says}; the service is ended, to be started again\n"
    assert ask("--alive") == (1, "is not ready")


def test_a_service_whose_keeper_is_gone_is_not_well_for_long(keeper, ask):
    running = keeper(LIVES, watchdog_s=1.0)
    until(lambda: ask("--alive")[0] == 0)
    running.kill()  # its service goes on saying that it lives, to nobody
    until(lambda: ask("--alive") == (1, "gives no sign of life"))


def test_a_program_that_is_not_there_is_said_in_one_line(keeper):
    running = keeper("", command=("no-such-program",))
    _, err = running.communicate(timeout=LIMIT_S)

    assert (running.returncode, err) == (1, "soundpost-keeper: no-such-program: No such file or directory\n")


def test_a_service_goes_on_where_its_words_cannot_be_kept_and_that_is_said_once(keeper, tmp_path):
    (tmp_path / "box/good-until.part").mkdir(parents=True)  # nothing can be written there, as on a full disk
    running = keeper(TELLS_ITS_SIGNALS.replace("WATCHDOG=1'); ", "WATCHDOG=1'); print('told again', flush=True); "))
    for _ in range(5):
        running.stdout.readline()
    goes_on = running.poll() is None
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=LIMIT_S)

    assert goes_on
    assert running.returncode == 7
    assert err.count("soundpost-keeper: ") == 1
    assert "good-until.part: Is a directory: that the service lives cannot be told; it goes on" in err


@pytest.mark.parametrize("command", [("--alive", "one", "two"), ("",)])
def test_wrong_usage_is_said(keeper, command):
    running = keeper("", command=command)

    _, err = running.communicate(timeout=LIMIT_S)
    assert running.returncode == 2
    assert err == "soundpost-keeper: give a command, or --alive [ADDRESS], or --tls PORT\n"


@pytest.mark.parametrize("name", ["file", "nowhere/box", "long" * 30])
def test_a_box_that_cannot_be_is_said_in_one_line(keeper, tmp_path, name):
    (tmp_path / "file").touch()
    running = keeper(LIVES, box=tmp_path / name)
    _, err = running.communicate(timeout=LIMIT_S)

    assert running.returncode == 1
    assert err.startswith(f"soundpost-keeper: KEEPER_DIR {tmp_path / name}: ")
    assert err.count("\n") == 1


def test_a_service_that_tells_nothing_is_known_by_its_handshake(ask):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("broker").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        shaking = threading.Thread(target=lambda: context.wrap_socket(server.accept()[0], server_side=True).close())
        shaking.start()
        lives = ask("--tls", str(port))
        shaking.join()
        stands_still = ask("--tls", str(port))
    gone = ask("--tls", str(port))

    assert lives == (0, "well")
    assert (stands_still[0], "timed out" in stands_still[1]) == (1, True)
    assert gone == (1, f"port {port}: [Errno 111] Connection refused")
