"""A Docker of its own, in a folder, and a street that runs in it by compose.yaml: what `make deploy-check` tries the
image on. Nothing of it touches another Docker of this machine, or its firewall. Needs root."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time
from collections.abc import Iterator

UNPACKED = pathlib.Path("/var/tmp/soundpost-docker")  # noqa: S108 - deploy/check/containers.sh puts Debian's own there
PATH = f"{UNPACKED}/usr/bin:{UNPACKED}/usr/sbin:{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
START_S, LIMIT_S = 30, 600
ALONE = ("--bridge=none", "--iptables=false", "--ip-forward=false", "--ip-masq=false")


def found(name: str) -> str | None:
    """Where a program is, of this machine or unpacked."""
    return shutil.which(name, path=PATH)


class Docker:
    """at : the socket of a daemon that runs."""

    def __init__(self, at: pathlib.Path) -> None:
        self.environment = os.environ | {"DOCKER_HOST": f"unix://{at}", "DOCKER_BUILDKIT": "0"}

    def said(self, *words: str | pathlib.Path) -> str:
        """What docker prints. Raises CalledProcessError where it fails."""
        command = (found("docker") or "docker", *words)
        return subprocess.run(
            command, check=True, text=True, stdout=subprocess.PIPE, env=self.environment, timeout=LIMIT_S
        ).stdout


class Street:
    """folder : with compose.yaml and .env in it. at : the address of this machine that ports are published on."""

    def __init__(self, docker: Docker, folder: pathlib.Path, at: str) -> None:
        self.folder, self.docker = folder, docker
        self._environment = docker.environment | {"SOUNDPOST_AT": f"{at}:", "COMPOSE_PROJECT_NAME": folder.name}

    def compose(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What a command of the handbook behind `docker compose` comes to."""
        command = (found("docker-compose") or "docker-compose", *words)
        return subprocess.run(
            command, check=False, text=True, stdin=subprocess.DEVNULL, capture_output=True,
            cwd=self.folder, env=self._environment, timeout=LIMIT_S,
        )  # fmt: skip

    def inside(self, service: str, script: str) -> subprocess.CompletedProcess[str]:
        """A shell script in a service that runs, as its user."""
        return self.compose("exec", "-T", service, "sh", "-c", script)

    def state(self, service: str, of: str) -> str:
        """What docker knows of a service's container; of : as a template of `docker inspect`."""
        name = self.compose("ps", "--quiet", "--all", service).stdout.split()[-1]
        return self.docker.said("inspect", "--format", of, name).strip()


@contextlib.contextmanager
def daemon(folder: pathlib.Path) -> Iterator[Docker]:
    """Until the end of the with. Raises TimeoutError where it does not come up: its log is in folder."""
    at = folder / "docker.sock"
    places = ("--data-root", folder / "data", "--exec-root", folder / "exec", "--pidfile", folder / "docker.pid")
    command = (found("dockerd") or "dockerd", *places, "--host", f"unix://{at}", *ALONE)
    with (folder / "dockerd.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"PATH": PATH})
    try:
        docker = Docker(at)
        _until_up(docker, process, folder)
        yield docker
    finally:
        process.terminate()
        process.wait(START_S)


def _until_up(docker: Docker, process: "subprocess.Popen[bytes]", folder: pathlib.Path) -> None:
    by_s = time.monotonic() + START_S
    while time.monotonic() < by_s and process.poll() is None:
        with contextlib.suppress(subprocess.CalledProcessError):
            docker.said("version", "--format", "{{.Server.Version}}")
            return
        time.sleep(0.2)
    raise TimeoutError(f"dockerd does not come up: {folder / 'dockerd.log'}")
