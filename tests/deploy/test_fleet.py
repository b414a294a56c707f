"""Three gateways and the role of deploy/ansible (make deploy-check): real ssh, real packages, Debian's own systemd.
They are installed, upgraded one at a time, and where the second is not well the third is not touched."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from deploy.check.reachable import base_of_a_fleet, reachable, sshd
from deploy.check.root import again
from deploy.package.build import write_sums

pytestmark = pytest.mark.deploy
HERE = pathlib.Path(__file__).parents[2]
DEBIAN, NAMES = 12, ("gw1", "gw2", "gw3")
HEAD, LAMP_BANK = "pole,lat,lon,height,node,bank,channel", "tcp://127.0.0.1:9"
SETTINGS = {
    "soundpost_gateway_known_faults": ["node", "web"],  # no node speaks here, which the pages call silent
    "soundpost_gateway_patience_s": 20,
    "soundpost_gateway_web": True,
}
"""No pole is up yet. Pages run: of them a trial and a change have most to spoil."""
WEB = 'database = "/var/lib/soundpost/web.db"\n'
SSH = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "env", "USER=nobody")
LOOKS_SECRET = ("*.key", "keys.toml", "psk", "*.password")
PLAY_S = 1800


class City:
    """folder : the administrator's, with inventory, packages and streets. old, new : the releases that there are."""

    def __init__(self, folder, machines, old, new):
        self.folder, self.machines, self.old, self.new = folder, machines, old, new
        hosts = {
            name: {"ansible_ssh_common_args": f"{SSH} -o 'ProxyCommand={sshd(machine)}'"}
            for name, machine in machines.items()
        }
        shared = {"ansible_user": "root", "ansible_ssh_private_key_file": str(folder / "admin"), **SETTINGS}
        (folder / "inventory.json").write_text(json.dumps({"gateways": {"hosts": hosts, "vars": shared}}))

    def play(self, version, *more):
        """(status, what it said) of the playbook."""
        command = (playbook(), "-i", self.folder / "inventory.json", "gateways.yml", *more)
        release = ("-e", f"soundpost_gateway_version={version}")
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_HOME": str(self.folder / "ansible")}
        ran = subprocess.run(
            (*command, *release), check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            cwd=HERE / "deploy/ansible", env=environment, timeout=PLAY_S,
        )  # fmt: skip
        (self.folder / f"play-{len(list(self.folder.glob('play-*')))}.log").write_text(ran.stdout)  # for who looks why
        return ran.returncode, ran.stdout

    def street(self, name, *rows):
        """soundpost init, on the administrator's machine: as nobody in particular, not as root."""
        survey = self.folder / f"{name}.csv"
        survey.write_text("\n".join([HEAD, *rows]) + "\n")
        options = ("--out", self.folder / "streets" / name, "--host", f"{name}.example")
        made = (self.folder / "streets" / name).exists()
        options = (*options[:2], "--yes") if made else (*options, "--state", "/var/lib/soundpost")
        command = (*NOBODY, sys.executable, "-m", "soundpost", "init", survey, *options)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=HERE)
        (self.folder / "streets" / name / "web.toml").write_text(WEB)

    def state(self, name):
        """What a gateway is: its release, its files, and which process runs as what service."""
        script = """
            dpkg-query --show --showformat '${Version}\\n' soundpost-gateway
            find /etc/soundpost -type f -not -path '*/run/*' | sort | xargs stat --format '%n %U %a %Y %s'
            for unit in broker gateway web; do systemctl show --property MainPID soundpost-$unit | grep MainPID; done
        """
        return self.machines[name].run(script).stdout

    def release(self, name):
        return self.state(name).splitlines()[0]


def playbook():
    """ansible-playbook, of .venv/.fleet or of SOUNDPOST_ANSIBLE, a folder."""
    return pathlib.Path(os.environ.get("SOUNDPOST_ANSIBLE", HERE / ".venv/.fleet/bin")) / "ansible-playbook"


def poles(name, bank=""):
    last = NAMES.index(name)
    return [f"P{n},{38.9 + n / 1000:.4f}{last},-77.0005,6.5,n{n},{bank},{n if bank else ''}" for n in range(1, 5)]


def secrets(folder):
    """Every key and password of the streets, as they stand in their files."""
    files = [path for pattern in LOOKS_SECRET for path in folder.rglob(pattern) if path.is_file()]
    found = {word for path in files for word in re.findall(r"[0-9A-Za-z+/=]{32,}", path.read_text())}
    assert len(found) > len(NAMES) * 4
    return found


def changes(said):
    """Of each gateway in the recap: how much was changed, and how much failed."""
    return {
        name: (int(changed), int(failed))
        for name, changed, failed in re.findall(r"^(\w+)\s+: .* changed=(\d+) .* failed=(\d+)", said, re.M)
    }


def stopped(said):
    """The line in which a run says why it stopped; before it may stand what the task itself said."""
    *_, line = re.findall(r"^fatal: \[\w+\]: FAILED! => (.*)$", said, re.M)
    return json.loads(line)["msg"]


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "admin"), check=True)
    made = pathlib.Path(os.environ.get("SOUNDPOST_PACKAGES", HERE / "out/deploy-check")).absolute()
    arch = subprocess.run(("dpkg", "--print-architecture"), check=True, capture_output=True, text=True).stdout.strip()
    package = next(made.glob(f"soundpost-gateway_*+deb{DEBIAN}_{arch}.deb"))
    (folder / "packages").mkdir()
    (folder / "packages" / package.name).symlink_to(package)
    old = package.name.split("_")[1].partition("+")[0]
    new = old.replace("-1", "-2")
    again(package, f"{new}+deb{DEBIAN}", folder / "packages")
    write_sums(folder / "packages")
    base = base_of_a_fleet(DEBIAN, pathlib.Path(os.environ.get("SOUNDPOST_ROOTS", "/var/tmp/soundpost-debians")))
    with contextlib.ExitStack() as stack:
        roots, key = folder / "roots", folder / "admin.pub"
        city = City(folder, {name: stack.enter_context(reachable(name, base, roots, key)) for name in NAMES}, old, new)
        for name in NAMES:
            city.street(name, *poles(name))
        yield city


def test_three_gateways_are_installed_by_one_command_and_a_second_run_changes_nothing(city):
    installed, said = city.play(city.old, "-vvv", "--diff")
    states = {name: city.state(name) for name in NAMES}
    first = city.machines["gw1"]
    files = first.run("cd /etc/soundpost/street; find . -type f -not -path './broker/run/*' | sort").stdout
    may = first.run("cd /etc/soundpost/street; stat --format '%U %a' . gateway.toml broker/psk keys").stdout
    again_too, said_again = city.play(city.old)

    assert installed == 0, said
    assert not [each for each in secrets(city.folder / "streets") if each in said]
    assert {name: city.release(name) for name in NAMES} == dict.fromkeys(NAMES, f"{city.old}+deb{DEBIAN}")
    assert not [state for state in states.values() if "MainPID=0\n" in state], states
    assert [line[2:] for line in files.split() if line[2:].partition("/")[0] in ("authority", "nodes", "keys")] == [
        "keys/keys.toml"
    ]
    assert may.splitlines() == ["root 711", "soundpost 600", "mosquitto 600", "root 711"]
    assert (again_too, changes(said_again)) == (0, dict.fromkeys(NAMES, (0, 0)))
    assert {name: city.state(name) for name in NAMES} == states


def test_a_rehearsal_tells_of_settings_that_the_next_release_refuses_and_changes_nothing(city):
    settings = city.folder / "streets/gw2/gateway.toml"
    good, states = settings.read_text(), {name: city.state(name) for name in NAMES}
    settings.write_text(f"lamps_at_night = 7\n{good}")
    status, said = city.play(city.new, "--check", "--limit", "gw2")
    _, said_of_a_good_one = city.play(city.new, "--check", "--limit", "gw3")
    settings.write_text(good)

    assert status != 0
    assert "gw2: soundpost" in stopped(said)
    assert "lamps_at_night" in stopped(said)
    assert (changes(said_of_a_good_one)["gw3"][0] > 0, changes(said_of_a_good_one)["gw3"][1]) == (True, 0)
    assert {name: city.state(name) for name in NAMES} == states


def test_a_bad_setting_stops_the_upgrade_before_its_gateway_is_touched(city):
    settings = city.folder / "streets/gw2/gateway.toml"
    good, states = settings.read_text(), {name: city.state(name) for name in NAMES}
    settings.write_text(f"lamps_at_night = 7\n{good}")
    status, said = city.play(city.new)
    settings.write_text(good)
    kept = city.machines["gw1"].run(
        """cd /var/backups/soundpost/*Z; cat release
        soundpost journal verify state/street.journal && test -s state/web.db &&
        ! runuser -u soundpost -- ls . && ! ls -d /opt/.soundpost-* && test "$(stat --format '%U %a' .)" = 'root 700'"""
    )

    assert status != 0
    assert "gw2: soundpost" in stopped(said)
    assert stopped(said).endswith("nothing was changed on it, and the gateways after it are as they were")
    assert city.release("gw1") == f"{city.new}+deb{DEBIAN}"
    assert {name: city.state(name) for name in NAMES[1:]} == {name: states[name] for name in NAMES[1:]}
    assert "gw3" not in changes(said)
    assert kept.stdout.startswith(f"{city.old}+deb{DEBIAN}\n")
    assert kept.returncode == 0, kept.stdout


def test_a_run_that_was_cut_is_finished_by_the_next_one(city):
    first, acl = city.machines["gw1"], city.folder / "streets/gw1/broker/acl"
    good = acl.read_text()
    acl.write_text(f"{good}# a node less\n")
    first.run("""mkdir /run/systemd/system/soundpost-broker.service.d
        printf '[Service]\nExecReload=\nExecReload=false\n' > /run/systemd/system/soundpost-broker.service.d/no.conf
        systemctl daemon-reload""")
    cut, said = city.play(city.new, "--limit", "gw1")
    noted = first.run("stat --format '%U %a' /etc/soundpost/.under-way").stdout
    first.run("rm -r /run/systemd/system/soundpost-broker.service.d; systemctl daemon-reload")
    finished, said_then = city.play(city.new, "--limit", "gw1")
    still_noted = first.run("ls /etc/soundpost/.under-way").returncode == 0
    _, said_at_last = city.play(city.new, "--limit", "gw1")
    acl.write_text(good)
    city.play(city.new, "--limit", "gw1")

    assert (cut, "tell the broker who may come now" in stopped(said), noted) == (2, True, "root 600\n"), said
    assert (finished, changes(said_then)["gw1"][0] > 0, still_noted) == (0, True, False), said_then
    assert changes(said_at_last)["gw1"] == (0, 0)


def test_a_lamp_bank_that_does_not_answer_stops_it_and_the_way_back_is_the_one_that_it_says(city, record_property):
    untouched = city.state("gw3")
    city.street("gw2", *poles("gw2", LAMP_BANK))
    status, said = city.play(city.new)
    why, reached, third = stopped(said), city.release("gw2"), city.state("gw3")
    city.street("gw2", *poles("gw2"))
    words = why.partition("ansible-playbook gateways.yml ")[2].partition(". Settings")[0].split()
    back, said_back = city.play(city.old, *words)
    record_property("figure", f"stopped by {why.partition('; ')[0][:60]}..., gw3 as it was")

    assert status != 0
    assert f"gw2: is not well after the change: lamp bank {LAMP_BANK}" in why
    assert (reached, third) == (f"{city.new}+deb{DEBIAN}", untouched)
    assert words == [
        *("--limit", "gw2", "-e", f"soundpost_gateway_version={city.old}", "-e", "soundpost_gateway_downgrade=true")
    ]
    assert (back, city.release("gw2")) == (0, f"{city.old}+deb{DEBIAN}"), said_back
    assert city.state("gw3") == untouched


def test_once_it_is_mended_the_run_goes_through_and_passes_over_who_is_done_also_with_a_vault(city):
    first, vault = city.state("gw1"), ("--vault-password-file", city.folder / "vault")
    (city.folder / "vault").write_text("a word of the administrator's\n")
    kept_secret = [
        city.folder / "streets/gw1" / each for each in ("gateway.toml", "keys/keys.toml", "broker/broker.key")
    ]
    subprocess.run((playbook().with_name("ansible-vault"), "encrypt", *vault, *kept_secret), check=True)
    status, said = city.play(city.new, *vault)

    assert status == 0, said
    assert {name: city.release(name) for name in NAMES} == dict.fromkeys(NAMES, f"{city.new}+deb{DEBIAN}")
    assert (city.state("gw1"), changes(said)["gw1"]) == (first, (0, 0))
