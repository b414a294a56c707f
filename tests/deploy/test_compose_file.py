"""compose.yaml says of each service what its unit says, and nothing that lets one out of its container."""

import json
import pathlib
import re
import tarfile

import pytest
import yaml

from deploy.containers import build
from deploy.containers.archive import named, packed
from deploy.containers.bill import with_debian
from deploy.containers.keeper import START_S, WATCHDOG_S
from deploy.package.sbom import sbom

DEPLOY = pathlib.Path(build.__file__).parents[1]
COMPOSE = yaml.safe_load((build.HERE / "compose.yaml").read_text())
SERVICES = {name: each for name, each in COMPOSE["services"].items() if "tools" not in each.get("profiles", ())}
TOOLS = {name: each for name, each in COMPOSE["services"].items() if name not in SERVICES}
UNIT = {name: (DEPLOY / f"units/soundpost-{name}.service").read_text() for name in SERVICES}
PAGE = (DEPLOY.parent / "docs/how-to/containers.md").read_text()
STREET = "/etc/soundpost/street"
PUBLISHED = {"broker": {"8883", "8884"}, "web": {"8443"}}
ROOTS_WORK = {"CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL"}


def of_the_unit(name, key):
    return re.search(f"^{key}=(.*)$", UNIT[name], re.M)[1]


def laid_over(service):
    """What a container is shown nothing of."""
    rows = [each.split(":") for each in service["volumes"]]
    return {at for what, at, *_ in rows if what == "nothing"}


def test_a_service_under_a_profile_is_named_in_env_as_up_and_down_pass_over_it_else():
    profiles = {each for service in SERVICES.values() for each in service.get("profiles", ())}

    assert profiles == {"evidence"}
    assert "    echo COMPOSE_PROFILES=evidence >> .env\n" in PAGE


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_nothing_in_a_container_is_more_than_it_must_be(name):
    service = COMPOSE["services"][name]

    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", ())) <= (ROOTS_WORK if name in TOOLS else set())
    assert service["read_only"] is True
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["mem_limit"] == service["memswap_limit"]
    assert {"privileged", "devices", "userns_mode", "ipc"} & set(service) == set()
    assert service.get("network_mode") in (None, "none", "service:broker")


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_the_image_is_named_with_its_version_and_asked_of_nobody(name):
    service = COMPOSE["services"][name]

    assert service["image"].startswith("localhost/soundpost:${SOUNDPOST_VERSION:?")
    assert service["pull_policy"] == "never"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_its_units_user_and_limits(name):
    service = SERVICES[name]
    short = {"M": "m", "G": "g"}

    assert service["user"] == of_the_unit(name, "User")
    assert service["mem_limit"] == re.sub("[MG]", lambda unit: short[unit[0]], of_the_unit(name, "MemoryMax"))
    assert service["pids_limit"] == int(of_the_unit(name, "TasksMax"))
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert {each.rpartition(":")[2] for each in service.get("ports", ())} == PUBLISHED.get(name, set())


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "broker"])
def test_a_service_of_ours_runs_as_its_unit_runs_it_under_a_keeper(name):
    service = SERVICES[name]

    assert service["entrypoint"] == ["soundpost-keeper"]
    assert f"/usr/bin/{' '.join(service['command'])}" == of_the_unit(name, "ExecStart")
    assert service["stop_grace_period"] == f"{of_the_unit(name, 'TimeoutStopSec')}s"
    assert int(of_the_unit(name, "WatchdogSec")) == WATCHDOG_S
    assert int(of_the_unit(name, "TimeoutStartSec")) <= START_S
    assert service["healthcheck"]["test"][:3] == ["CMD", "soundpost-keeper", "--alive"]


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "broker"])
def test_what_a_service_fills_does_not_stop_its_keeper(name):
    box = SERVICES[name]["environment"]["KEEPER_DIR"]
    alone = [each.split(":")[0] for each in SERVICES[name]["tmpfs"]]

    assert box in alone
    assert not any(box.startswith(f"{other}/") for other in alone)


def test_a_dry_run_has_the_disks_room():
    kept = {each.split(":")[1] for each in SERVICES["web"]["volumes"] if not each.endswith(":ro")}

    assert SERVICES["web"]["environment"]["TMPDIR"] in kept


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "broker"])
def test_a_service_cannot_see_what_its_unit_hides(name):
    hidden = {each.removeprefix("-") for each in of_the_unit(name, "InaccessiblePaths").split()}

    assert laid_over(SERVICES[name]) == hidden
    assert f"./etc/street:{STREET}:ro" in SERVICES[name]["volumes"]


def test_the_broker_sees_its_own_folder_alone_and_what_faces_the_public_has_no_way_to_it():
    at = {each.split(":")[1] for each in SERVICES["broker"]["volumes"]}
    lines = {name: set(each["networks"]) for name, each in SERVICES.items()}

    assert at == {f"{STREET}/broker", f"{STREET}/broker/run"}
    assert [name for name in lines if lines[name] & lines["broker"]] == ["broker", "gateway"]


def test_what_stands_in_compose_is_on_its_page():
    for name in TOOLS:
        assert f"docker compose run --rm {name}" in PAGE
    for name in SERVICES:
        assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", ["soundpost_0.1.0-1_amd64.deb", "soundpost-node_0.1.0-1+deb12_amd64.deb", "x.deb"])
def test_a_file_that_is_no_gateways_package_is_said_in_one_line(name, capsys, tmp_path):
    status = build.main([str(tmp_path / name), "--out", str(tmp_path / "out")])
    said = capsys.readouterr().err

    assert (status, said.count("\n"), (tmp_path / "out").exists()) == (1, 1, False)
    assert f"{name}: must be called soundpost-gateway_VERSION+debN_ARCH.deb" in said


def test_a_package_that_is_not_there_is_said_in_one_line(capsys, tmp_path):
    status = build.main([str(tmp_path / "soundpost-gateway_1.2-1+deb13_arm64.deb"), "--out", str(tmp_path / "out")])

    assert (status, capsys.readouterr().err.count("\n"), (tmp_path / "out").exists()) == (1, 1, False)


def test_the_archive_tells_docker_where_the_images_parts_are_and_is_the_same_each_time(tmp_path):
    layout, kinds = tmp_path / "layout", {"config": {"digest": "sha256:c0"}, "layers": [{"digest": "sha256:1a"}]}
    (layout / "blobs/sha256").mkdir(parents=True)
    (layout / "blobs/sha256/ab").write_text(json.dumps(kinds))
    (layout / "index.json").write_text(json.dumps({"manifests": [{"digest": "sha256:ab", "annotations": {}}]}))
    named(layout, "localhost/soundpost:1.2-1")
    for name in ("one.tar", "two.tar"):
        packed(layout, tmp_path / name, 1_700_000_000)
        (layout / "index.json").touch()
    with tarfile.open(tmp_path / "one.tar") as file:
        told = json.loads(file.extractfile("manifest.json").read())
        index = json.loads(file.extractfile("index.json").read())

    parts = {"Config": "blobs/sha256/c0", "Layers": ["blobs/sha256/1a"]}
    assert told == [parts | {"RepoTags": ["localhost/soundpost:1.2-1"]}]
    assert index["manifests"][0]["annotations"]["io.containerd.image.name"] == "localhost/soundpost:1.2-1"
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_the_list_of_what_an_image_is_made_of_has_debians_packages_and_ours():
    bill = sbom("soundpost-gateway", "1.2-1+deb12", [])
    installed = ["soundpost-gateway 1.2-1+deb12 amd64", "libc6 2.36-9+deb12u14 amd64", "adduser 1:3.134 all"]
    told = with_debian(bill, installed)

    assert [each for each in told.splitlines() if '"purl"' in each] == [
        '   "purl": "pkg:deb/debian/adduser@1%3A3.134?arch=all"',
        '   "purl": "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64"',
    ]
    assert told == with_debian(bill, list(reversed(installed)))
