"""What a street has and this machine has not, for a Debian of `deploy/check/machine.py`: a city's time server, lamps,
the nodes on their poles. Each is a service of the machine's own systemd.

The time server and the gateway's clock are real chronyds, told by -x (chronyd(8)) to set no clock: it is this
machine's, and others work on it. The server calls this clock true. Lamps: `simulators.peers.lamp_bank`. Nodes:
`simulators.peers.street_nodes`; both are in the package, and are run by its Python.
"""

import pathlib

HOST = "gateway.street.example"
N_POLES, BANK_PORT, TIME_PORT = 12, 1502, 11123
SURVEY = "pole,lat,lon,height,node,bank,channel\n" + "".join(
    f"P{n},{38.9001 + 0.0005 * (n // 4):.5f},{-77.0005 + 0.0006 * (n % 4):.5f},6.5,n{n},tcp://127.0.0.1:{BANK_PORT},{n}\n"
    for n in range(N_POLES)
)
PYTHON = "/opt/soundpost/bin/python -m simulators.peers"
FILES = {
    "etc/hosts": f"127.0.0.1 localhost {HOST}\n",
    "etc/chrony/sources.d/city.sources": f"server 127.0.0.1 port {TIME_PORT} iburst\n",
    "etc/city-time.conf": f"local stratum 1\nport {TIME_PORT}\nallow 127.0.0.0/8\ncmdport 0\nbindcmdaddress /\n"
    "pidfile /run/city-time.pid\n",
    "etc/systemd/system/city-time.service": "[Service]\nExecStart=/usr/sbin/chronyd -x -d -f /etc/city-time.conf\n",
    "etc/systemd/system/chrony.service.d/no-clock.conf": "[Unit]\nConditionCapability=\nWants=city-time.service\n"
    "After=city-time.service\n[Service]\nExecStart=\nExecStart=!/usr/sbin/chronyd -F 1 -x\n",
    "etc/systemd/system/lamps.service": "[Service]\nUser=nobody\nExecStart="
    f"{PYTHON}.lamp_bank --tcp 127.0.0.1:{BANK_PORT} --lamps {N_POLES} --level-pct 30 --log /tmp/told.jsonl\n",
    "etc/systemd/system/poles.service": f"[Service]\nExecStart={PYTHON}.street_nodes /root/poles --shots 1\n",
}
LAMPS = "systemctl start lamps"
POLES = """
cp -r /etc/soundpost/street/nodes /root/poles
systemctl start poles
for _ in $(seq 600); do journalctl -u poles -o cat | grep -q '"acked"' && break; sleep 0.1; done
journalctl -u poles -o cat
"""
"""The folders on their poles, and their nodes' first words on the gateway's disk."""


def lay(root: pathlib.Path) -> None:
    """Into a root, before it runs. Nothing starts by that but the time, with chrony."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
