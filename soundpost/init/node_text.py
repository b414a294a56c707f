"""What a pole's node is told, as text: node.toml of a Linux node, and of a board the file that `soundpost board
provision` takes. All that it names lies beside it: the folder goes to the pole, or to who provisions it."""

from dataclasses import dataclass

from dsp.geodesy import Site
from soundpost.init.survey import LINUX, PoleAt

FLEET_KEY = "fleet/fleet.key"


@dataclass(frozen=True, slots=True)
class Way:
    """How nodes come to the broker. wifi : the network of boards, "" where they have none."""

    host: str
    port: int
    psk_port: int
    wifi: str = ""


def node_file(pole: PoleAt) -> str:
    """The path of its config from the street's folder."""
    return f"nodes/{pole.node}/{'node' if pole.hardware == LINUX else 'board'}.toml"


def node_text(pole: PoleAt, site: Site, way: Way) -> str:
    """Its config."""
    return _linux(pole, way) if pole.hardware == LINUX else _board(pole, site, way)


def _linux(pole: PoleAt, way: Way) -> str:
    return f"""\
# The node on pole {pole.pole}: written by soundpost init. Put this folder on it, and check it there with:
# soundpost node --config node.toml --check
node = "{pole.node}"
key_file = "{pole.node}.key"
state_dir = "state"              # what the gateway has not acknowledged waits here
# clips = true                   # false: say nothing of the 20 ms round an onset; places are a little less sharp then
# metrics_file = "/var/lib/prometheus/node-exporter/soundpost-node.prom"   # figures of it, for node_exporter
pole = {{ lat_deg = {pole.lat_deg!r}, lon_deg = {pole.lon_deg!r}, h_m = {pole.h_m!r} }}   # for people

[source]
kind = "microphone"              # or "file" or "pipe", with path
rate_hz = 48000                  # 8000 to 96000
n_channels = 1
backend = "sounddevice"          # or "pyaudio"; the package brings this one
# device = "USB"                 # a number or part of a name: soundpost node --devices
# block_ms = 20.0                # with a PPS 3: its time is then known to 1 ms (docs/how-to/node-time.md)
# full_scale_db = 120.0          # dB SPL of full scale, where the microphone is calibrated

[uplink]
kind = "mqtt"
host = "{way.host}"
port = {way.port}
ca_file = "ca.pem"
cert_file = "{pole.node}.pem"
tls_key_file = "{pole.node}.tls.key"
wait = true                      # listen though the broker is not there yet
"""


def _board(pole: PoleAt, site: Site, way: Way) -> str:
    east_m, north_m, up_m = (round(each, 2) for each in site.to_enu(pole.lat_deg, pole.lon_deg, pole.h_m))
    wifi = '# network = "street"             # a Wi-Fi, with network_key_file: the file of its password\n'
    if way.wifi:
        wifi = f'network = "{way.wifi}"\nnetwork_key_file = "../wifi.password"\n'
    return f"""\
# The board on pole {pole.pole}: written by soundpost init. Put it on with:
# soundpost board provision --pole board.toml --release RELEASE --port /dev/ttyACM0
node = "{pole.node}"
chip = "{pole.hardware}"
xyz_m = [{east_m!r}, {north_m!r}, {up_m!r}]
key_file = "{pole.node}.key"
update_key_file = "../../{FLEET_KEY}"
# rate_hz = 48000                # 8000 to 48100
# delay_frames_q8 = 4403         # the microphone's own delay, in 1/256 frames
# clips = true
# pins = {{ led = 2 }}

[uplink]
kind = "mqtt"
host = "{way.host}"
port = {way.psk_port}
broker_key_file = "{pole.node}.broker.key"
{wifi}"""
