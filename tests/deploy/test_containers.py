"""The image, made of the package and run by its compose.yaml in a Docker of its own (make deploy-check): the page's own
commands make a street of twelve poles, a node on it reports over TLS, and whoever stands still, ends or goes comes back
with what was there before."""

import asyncio
import contextlib
import json
import os
import pathlib
import re
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request

import pytest

from deploy.check.docker import Street, daemon, found
from deploy.containers import build
from firmware import wire
from firmware.linux.mqtt_line import Broker, open_mqtt_line
from gateway.journal.rows import kept, reading
from hw.mqtt_connection import tls_context

pytestmark = pytest.mark.deploy
PAGE = (pathlib.Path(__file__).parents[2] / "docs/how-to/containers.md").read_text()
ROOTS = pathlib.Path(os.environ.get("SOUNDPOST_ROOTS", "/var/tmp/soundpost-debians"))
PACKAGES = pathlib.Path(os.environ.get("SOUNDPOST_PACKAGES", "out/deploy-check")).absolute()
POLES = "pole,lat,lon,height,node,bank,channel\n" + "".join(
    f"P{n},{38.9001 + 0.0005 * (n // 4):.5f},{-77.0005 + 0.0006 * (n % 4):.5f},6.5,n{n},tcp://127.0.0.1:9,{n}\n"
    for n in range(12)
)
AT, LIMIT_S, IN_FORCE_S = "127.83.0.1", 120, 5
STREET = "/etc/soundpost/street"
EVIDENCE = """
[evidence]
folder = "/var/lib/soundpost/evidence"
key_file = "vault/shelf.key"
request_key_file = "reviewers/evidence.key"
[[evidence.stream]]
camera = "yard"
url = "rtsp://127.0.0.1:9/h264"
xyz_m = [10.0, 40.0, 5.0]
range_m = 80.0
"""
WEB = 'database = "/var/lib/soundpost/web.db"\nhost = "web"\n[tls]\ncert_file = "web.pem"\nkey_file = "web.tls.key"\n'
SERVICES = {"broker": 991, "gateway": 990, "web": 990}
"""And as whom each runs."""


def package():
    return min(PACKAGES.glob("soundpost-gateway_*+deb*.deb"))


def version():
    return build.package_at(package()).version


def made(out):
    """The image's archive, as `make containers` makes it where there is no registry."""
    os.environ.setdefault("BUILDAH_ISOLATION", "chroot")
    words = (str(package()), "--bootstrap", "--roots", str(ROOTS), "--out", str(out))
    assert build.main(words) == 0
    return next(out.glob("*.tar"))


def commands_of(heading, n=0):
    """The lines of a block under a heading of the page; n : which, from the first, 0."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)[1]
    block = re.findall(r"(?:^    [^\n]*\n)+", section, re.M)[n]
    return [line.strip() for line in block.splitlines()]


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    for name in ("buildah", "dockerd", "docker", "docker-compose"):
        if found(name) is None:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{name} is not here: deploy/check/containers.sh")
    if there := os.environ.get("SOUNDPOST_IMAGE"):  # a folder of one that was made before
        return next(pathlib.Path(there).glob("*.tar"))
    return made(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="module")
def street(image, tmp_path_factory):
    """A street that the page's commands made, and which runs; its gateway's keeper is in more haste than others."""
    folder = tmp_path_factory.mktemp("street")
    with daemon(tmp_path_factory.mktemp("docker")) as docker:
        street = Street(docker, folder, AT)
        shutil.copyfile(image.parent / "compose.yaml", folder / "compose.yaml")
        shutil.copyfile(image, folder / image.name)
        (folder / "survey.csv").write_text(POLES)
        hasty = {"services": {"gateway": {"environment": {"KEEPER_WATCHDOG_S": "25"}}}}
        (folder / "compose.override.yaml").write_text(json.dumps(hasty))
        for command in commands_of("A street"):
            run_command(street, docker, command)
        write_web(folder / "etc/street")
        up(street)
        yield street
        street.compose("down", "--volumes")


def run_command(street, docker, command):
    """As the page has it; the doctor fails, as not all nodes were heard. Comes back: what it printed."""
    if command.startswith("docker load"):
        return docker.said("load", "--input", next(street.folder.glob("*.tar")))
    if command.startswith("docker compose"):
        words = command.replace("gateway.street.example", AT).split()[2:]
        ran = street.compose(words[0], *(["-T"] if words[0] in ("run", "exec") else []), *words[1:])
        assert ran.returncode == (1 if "doctor" in words else 0), ran.stdout + ran.stderr
        return str(ran.stdout)
    return subprocess.run(("sh", "-c", command), cwd=street.folder, check=True, capture_output=True, text=True).stdout


def write_web(folder):
    key = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "9")
    names = ("-subj", "/CN=street.example", "-keyout", folder / "web.tls.key", "-out", folder / "web.pem")
    subprocess.run((*key, *names), check=True, capture_output=True)
    (folder / "web.toml").write_text(WEB)
    for name in ("web.tls.key", "web.pem", "web.toml"):
        os.chown(folder / name, 990, 990)
        (folder / name).chmod(0o600)


def up(street):
    """All three, until each says that it is well."""
    ran = street.compose("up", "--detach")
    assert ran.returncode == 0, ran.stderr
    until(lambda: is_well(street, "gateway", "--alive"))
    until(lambda: is_well(street, "web", "--alive", "https://web:8443/health"))
    until(lambda: is_well(street, "broker", "--tls", "8883"))


def is_well(street, service, *asked):
    return street.compose("exec", "-T", service, "soundpost-keeper", *asked).returncode == 0


def until(true, limit_s=LIMIT_S):
    by_s = time.monotonic() + limit_s
    while not true():
        assert time.monotonic() < by_s
        time.sleep(0.5)


def rows(street, kind="frame"):
    with reading(street.folder / "state/street.journal") as connection:
        return [each.row for each in kept(connection, kind)]


def files_of(street, node):
    return street.folder / "etc/street/nodes" / node


def is_refused(at, node):
    """Whether the broker hangs up on who comes with this certificate. TLS 1.3 says so after the client's handshake."""
    tls = tls_context(*(str(at / name) for name in ("ca.pem", f"{node}.pem", f"{node}.tls.key")))
    try:
        with socket.create_connection((AT, 8883), LIMIT_S) as line, tls.wrap_socket(line, server_hostname=AT) as told:
            told.settimeout(2)
            return told.recv(1) == b""
    except TimeoutError:
        return False
    except ssl.SSLError as error:
        return "REVOKED" in str(error)


async def reports(at, node, sequence):
    """What a node that heard something says, with what its pole carries. Comes back: the gateway's ack of it. Raises
    OSError where the broker does not let it in."""
    tls = tls_context(*(str(at / name) for name in ("ca.pem", f"{node}.pem", f"{node}.tls.key")))
    key = bytes.fromhex((at / f"{node}.key").read_text())
    heard = (9500, wire.DBSPL, 3500, 930, wire.BLAST, 0, (300, 2000, 900, 4), None, None)
    arrival = wire.Arrival(time.time_ns() // 1000, 200, wire.LOCKED, *heard)
    line = await open_mqtt_line(Broker(AT, 8883, node, tls=tls))
    try:
        await line.write_frame(wire.seal(arrival, key, node.encode(), 5, sequence))
        async with asyncio.timeout(LIMIT_S):
            async for frame in line.frames():
                with contextlib.suppress(wire.BadFrame):
                    if spans := wire.open(frame, key).record.spans:
                        return spans
    finally:
        await line.close()


async def test_a_nodes_arrival_comes_through_broker_and_gateway_to_an_ack_and_a_row(street):
    spans = await reports(files_of(street, "n3"), "n3", 1)

    assert spans == ((5, 1, 1),)
    assert [(row.node, row.boot, row.sequence) for row in rows(street)] == [("n3", 5, 1)]


def test_the_pages_say_that_they_are_well(street):
    unlooked = ssl.create_default_context()
    unlooked.check_hostname, unlooked.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(f"https://{AT}:8443/health", context=unlooked, timeout=20) as answer:
        assert (answer.status, answer.read()) == (200, b"ok")


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_runs_as_its_user_without_capabilities_on_what_it_cannot_write(street, service):
    status = dict(
        line.split(":", 1) for line in street.inside(service, "cat /proc/1/status").stdout.splitlines() if ":" in line
    )
    written = street.inside(service, f"touch /anything || touch /usr/anything || touch {STREET}/anything")
    limit = street.state(service, "{{.HostConfig.Memory}} {{.HostConfig.PidsLimit}}")

    assert {int(each) for each in status["Uid"].split()} == {SERVICES[service]}
    assert {int(status[f"Cap{each}"], 16) for each in ("Prm", "Eff", "Bnd", "Amb")} == {0}
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")
    assert written.returncode != 0
    assert written.stderr.count("Read-only file system") == 3
    assert all(int(each) > 0 for each in limit.split())


def test_a_service_cannot_see_what_is_not_its_own(street):
    others = f"cat {STREET}/authority/ca.key || cat {STREET}/nodes/n1/n1.key || cat {STREET}/broker/broker.key"
    keys = f"cat {STREET}/keys/keys.toml || cat {STREET}/tls/gateway.key"

    assert street.inside("gateway", others).stderr.count("No such file") == 3
    assert street.inside("web", f"{others} || {keys}").stderr.count("No such file") == 5
    assert street.inside("web", "getent hosts broker").stdout == ""
    assert street.inside("gateway", f"grep --count = {STREET}/keys/keys.toml").stdout.strip() == "12"


def test_the_doctor_finds_the_gateway_and_the_broker_from_within(street):
    told = street.compose(
        "exec", "-T", "gateway", "soundpost", "doctor", "--json", "--config", f"{STREET}/gateway.toml"
    )
    lines = [json.loads(line) for line in told.stdout.splitlines()]
    bad = {each["check"] for each in lines if each["level"] == "FAIL"}

    assert {each["level"] for each in lines if each["check"] in ("gateway", "broker", "journal")} == {"PASS"}
    assert bad <= {"node", "lamp bank"}  # eleven were never heard, and there is no bank


async def test_a_key_that_is_rotated_is_refused_within_5_s_and_after_a_restart(street):
    old = street.folder / "stolen-n5"
    shutil.copytree(files_of(street, "n5"), old)
    before = await reports(old, "n5", 1)
    ran = street.compose("run", "--rm", "-T", "admin", "keys", "rotate", "n5", "--out", f"{STREET}/keys")
    began_s = time.monotonic()
    until(lambda: is_refused(old, "n5"), IN_FORCE_S)
    print(f"refused {time.monotonic() - began_s:.2f} s after the command's end")
    street.compose("restart", "broker", "gateway")
    up(street)
    is_still = is_refused(old, "n5")
    after = await reports(files_of(street, "n5"), "n5", 3)

    assert "in force now" in ran.stdout
    assert is_still
    assert ((5, 1, 1) in before, (5, 3, 3) in after) == (True, True)


def test_the_pages_commands_of_every_day_do_what_they_say(street):
    said = "".join(run_command(street, None, each.replace(" --follow", "")) for each in commands_of("Day by day"))
    with reading(next((street.folder / "backups").iterdir())) as connection:
        kinds = {each.row.kind for each in kept(connection)}

    assert "n2: put on the pole" in said
    assert f"{STREET}: is as the survey says; nothing to change" in said
    assert "street.journal: whole" in said
    assert {"frame", "config"} <= kinds


def test_settings_are_checked_in_a_container_like_the_one_that_will_run(street):
    config = street.folder / "etc/street/gateway.toml"
    text, check = config.read_text(), ("soundpost", "gateway", "--config", f"{STREET}/gateway.toml", "--check")
    good = street.compose("run", "--rm", "--no-deps", "-T", "gateway", *check)
    config.write_text(f"no_such_key = 1\n{text}")
    bad = street.compose("run", "--rm", "--no-deps", "-T", "gateway", *check)
    config.write_text(text)

    assert (good.returncode, "good. 12 poles" in good.stdout) == (0, True), good.stderr
    assert (bad.returncode, "no_such_key" in bad.stderr) == (1, True)


def test_a_gateway_that_stands_still_is_ended_and_started_again(street):
    began = street.state("gateway", "{{.State.StartedAt}}")
    street.inside("gateway", "kill -STOP -1")
    until(lambda: street.state("gateway", "{{.State.StartedAt}}") != began)
    until(lambda: is_well(street, "gateway", "--alive"))
    told = street.compose("logs", "--no-color", "gateway").stdout

    assert "soundpost-keeper: no sign of life for 25 s; the service is ended, to be started again" in told
    assert int(street.state("gateway", "{{.RestartCount}}")) >= 1


async def test_services_end_in_good_order_and_what_they_kept_outlives_their_containers(street):
    before = [(row.node, row.sequence) for row in rows(street)]
    began_s = time.monotonic()
    street.compose("stop")
    took_s = time.monotonic() - began_s
    ended = {service: street.state(service, "{{.State.ExitCode}}") for service in SERVICES}
    street.compose("down", "--volumes")
    up(street)
    spans = await reports(files_of(street, "n7"), "n7", 1)
    verified = street.compose("run", "--rm", "-T", "journal", "verify", "street.journal")

    assert ended == dict.fromkeys(SERVICES, "0")
    assert took_s < 30
    assert spans == ((5, 1, 1),)
    assert [(row.node, row.sequence) for row in rows(street)] == [*before, ("n7", 1)]
    assert verified.stdout.startswith("street.journal: whole")


def test_evidence_runs_beside_them_with_keys_of_its_own_and_sees_no_key_of_a_node(street):
    for command in commands_of("Pages and evidence", 3):
        run_command(street, None, command)
    config = street.folder / "etc/street/gateway.toml"
    config.write_text(f'requests_keys_file = "reviewers/keys.toml"\n{config.read_text()}{EVIDENCE}')
    street.compose("restart", "gateway")
    street.compose("up", "--detach", "evidence")
    until(lambda: is_well(street, "evidence", "--alive"))
    hidden = street.inside("evidence", f"cat {STREET}/keys/keys.toml || cat {STREET}/tls/gateway.key")
    ended = street.compose("stop", "evidence")

    assert hidden.stderr.count("No such file") == 2
    assert (ended.returncode, street.state("evidence", "{{.State.ExitCode}}")) == (0, "0")


def test_an_upgrade_and_the_way_back_are_a_line_of_env_and_keep_everything(street):
    street.docker.said("tag", f"{build.NAME}:{version()}", f"{build.NAME}:next")
    before, ran = [(row.node, row.sequence) for row in rows(street)], []
    for name in ("next", version()):
        (street.folder / ".env").write_text(f"SOUNDPOST_VERSION={name}\n")
        began_s = time.monotonic()
        up(street)
        print(f"{name}: all are well after {time.monotonic() - began_s:.1f} s")
        ran.append({street.state(service, "{{.Config.Image}}") for service in SERVICES})

    assert ran == [{f"{build.NAME}:next"}, {f"{build.NAME}:{version()}"}]
    assert [(row.node, row.sequence) for row in rows(street)] == before


def test_a_street_that_is_there_is_not_made_anew(street):
    ran = street.compose("run", "--rm", "-T", "init", "survey.csv", "--host", AT)

    assert ran.returncode == 1
    assert f"{STREET} is there already" in ran.stderr


def test_the_same_package_and_base_give_the_same_image(image, tmp_path):
    again = made(tmp_path)
    manifests = [
        subprocess.run(("tar", "-xOf", each, "manifest.json"), check=True, capture_output=True).stdout
        for each in (image, again)
    ]

    assert manifests[0] == manifests[1]
    assert (again.parent / "SHA256SUMS").read_text() == (image.parent / "SHA256SUMS").read_text()


def test_the_images_list_of_parts_has_the_libraries_and_debians_packages(image):
    told = json.loads(next(image.parent.glob("*.cdx.json")).read_text())
    purls = {each["purl"].partition("@")[0] for each in told["components"]}

    assert {"pkg:pypi/numpy", "pkg:deb/debian/mosquitto", "pkg:deb/debian/libc6"} <= purls
