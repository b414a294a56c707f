"""gateway.toml as text: the whole of a new one, and the blocks of single poles, lamps and cameras."""

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass

from dsp.geodesy import Site
from soundpost.init.survey import CameraAt, LampAt, PoleAt, Survey

TEMPLATE = pathlib.Path(__file__).with_name("gateway_template.toml")
MODBUS = ("tcp://", "rtu://")
BY_THE_MAP = """\
map = "plain"                    # the board's register map: a name, or FILE.toml beside this file
"""
BY_THE_BANK = """\
# answer_s = 0.5                 # how long the bank may take for one answer; lighting a lamp takes four
# fail_s = 6.0                   # so long without this gateway, and the board puts its lamps back, where it can; 2 to 8
# least_s = 0.0                  # no lamp is switched twice within it
# override_s = 600.0             # for so long somebody who set a lamp himself is left his way
# looks_s = 5.0                  # how often each lamp is looked at
# lit_by_night = false           # true: its lamps burn all night whatever their level says
# talq = { client = "UUID", user = "me", password_file = "odn.password" }   # talq+https://: docs/how-to/lamps.md
lamps = [                        # with rated_w = 40.0, what it draws at full light, too little and too much is found
"""
BY_THE_CAMERA = """\
# pan_deg = [-180.0, 180.0]      # within which it may be turned
# tilt_deg = [-90.0, 30.0]
# range_m = 150.0                # how far it sees
# pan_span_deg = [-180.0, 180.0] # its whole travel, where it does not say so itself; tilt_span_deg in the same way
# tilt_zero_deg = 0.0            # with bearing_deg: as soundpost camera survey finds them
# lean_deg = 0.0
# lean_to_deg = 0.0
# view_deg = [[0.0, 60.0], [1.0, 2.5]]   # how wide its picture is by zoom; without, it is not told to zoom
# aspect = 1.778                 # its picture's width over its height
# geo_move = true                # false: it is told angles, though it takes places
# home_deg = [0.0, -5.0]         # pan and tilt to go back to, instead of its own home
# preset = [{ token = "3", pan_deg = 40.0, tilt_deg = -8.0 }]    # of a camera that takes no angles
# ca_file = "camera-ca.pem"      # of https: the authority that signed its certificate; or one of:
# fingerprint = "64 hex digits"  # SHA-256 of its own certificate
# verify = true                  # false: nothing is verified; whoever stands between reads along
"""
NO_LAMPS = """\
# [[lamp_bank]]
# url = "tcp://10.0.0.5:502"
# lamps = [{ name = "l1", channel = 0, xyz_m = [0.0, 0.0, 8.0] }]
"""
NO_CAMERAS = """\
# [[camera]]
# name = "corner"
# url = "http://10.0.0.9"
# xyz_m = [25.0, -10.0, 5.0]
# bearing_deg = 90.0
"""


@dataclass(frozen=True, slots=True)
class Broker:
    """How the gateway comes to the broker. host : as its certificate names it."""

    host: str
    port: int


def gateway_toml(street: str, survey: Survey, site: Site, broker: Broker, journal: str) -> str:
    """The whole file. journal : where it is kept, as the file has it."""
    banks = dict.fromkeys(lamp.bank for lamp in survey.lamps)
    on = [bank_block(bank, [lamp for lamp in survey.lamps if lamp.bank == bank], survey) for bank in banks]
    return TEMPLATE.read_text("utf-8").format(
        street=street,
        journal=f'"{journal}"'.ljust(22),
        lat_deg=site.lat_deg,
        lon_deg=site.lon_deg,
        h_m=site.h_m,
        poles="".join(pole_block(pole) for pole in survey.nodes().values()),
        banks="\n".join(on) or NO_LAMPS,
        cameras="\n".join(camera_block(camera, survey) for camera in survey.cameras) or NO_CAMERAS,
        mqtt=mqtt_block(broker),
    )


def pole_block(pole: PoleAt) -> str:
    """One [[pole]]."""
    named = "" if pole.pole == pole.node else f"# pole {pole.pole}"
    return f"{'[[pole]]':32} {named}".rstrip() + f'\nnode = "{pole.node}"\n{"".join(place_lines(pole))}'


def place_lines(pole: PoleAt) -> list[str]:
    """Where it stands, as lines of a block."""
    return [f"{key} = {value!r}\n" for key, value in place_of(pole).items()]


def place_of(pole: PoleAt) -> dict[str, float]:
    """Where it stands, by the words of gateway.toml."""
    return {"lat_deg": float(pole.lat_deg), "lon_deg": float(pole.lon_deg), "h_m": float(pole.h_m)}


def bank_block(bank: str, lamps: Sequence[LampAt], survey: Survey) -> str:
    """One [[lamp_bank]] with its lamps, a line each."""
    lines = "".join(lamp_line(lamp, survey.place(lamp.pole)) for lamp in lamps)
    by_the_map = BY_THE_MAP if bank.startswith(MODBUS) else ""
    return f'[[lamp_bank]]\nurl = "{bank}"\n{by_the_map}{BY_THE_BANK}{lines}]\n'


def lamp_line(lamp: LampAt, pole: PoleAt) -> str:
    """A lamp's line in its bank."""
    place = ", ".join(f"{key} = {value!r}" for key, value in place_of(pole).items())
    rated = f"rated_w = {lamp.rated_w!r}, " if lamp.rated_w is not None else ""
    return f'    {{ name = "{lamp.name}", channel = {lamp.channel}, {rated}{place} }},\n'


def camera_block(camera: CameraAt, survey: Survey) -> str:
    """One [[camera]]."""
    login = '# user = "soundpost"\n# password_file = "cameras/NAME.password"\n'
    if camera.user:
        login = f'user = "{camera.user}"\npassword_file = "{password_file(camera)}"\n'
    place = "".join(place_lines(survey.place(camera.pole)))
    bearing = f"{f'bearing_deg = {camera.bearing_deg!r}':32} # true bearing of its pan 0\n"
    return f'[[camera]]\nname = "{camera.name}"\nurl = "{camera.url}"\n{login}{place}{bearing}{BY_THE_CAMERA}'


def password_file(camera: CameraAt) -> str:
    """Where its password is looked for."""
    return f"cameras/{camera.name}.password"


def mqtt_block(broker: Broker) -> str:
    """The way to the nodes."""
    return (
        "[mqtt]                           # the broker of broker/mosquitto.conf; TLS 1.3, known by its certificate\n"
        f'host = "{broker.host}"\nport = {broker.port}\n'
        '# identifier = "gateway"         # the client id; the broker takes the name in the certificate for it\n'
        'ca_file = "tls/ca.pem"\ncert_file = "tls/gateway.pem"\ntls_key_file = "tls/gateway.key"\n'
        '# user = "gateway"               # of a broker that wants a password; with password_file\n'
        "# tls = true                     # without, as the port and the files say\n"
    )
