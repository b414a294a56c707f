"""What a GNSS receiver writes on its serial line, as bytes: UBX-NAV-PVT, UBX-TIM-TP, and NMEA's RMC and ZDA.

Layouts as in firmware/gnss.py, written from the manual, not from that file: struct and datetime, not our own calendar.
"""

import struct
from datetime import UTC, datetime, timedelta

GPS_EPOCH = datetime(1980, 1, 6, tzinfo=UTC)
LAST_OF_MINUTE = 60


def ubx(number: int, payload: bytes) -> bytes:
    """A UBX frame. number : class << 8 | id."""
    body = struct.pack("<BBH", number >> 8, number & 255, len(payload)) + payload
    a = b = 0
    for byte in body:
        a, b = (a + byte) % 256, (b + a + byte) % 256
    return b"\xb5b" + body + bytes((a, b))


def nav_pvt(
    second_s: int, *, valid: int = 0b111, fix_ok: bool = True, accuracy_ns: int = 25, leap: bool = False
) -> bytes:
    """NAV-PVT of the epoch at this second. leap : the 60th second before second_s, which is the first of its minute."""
    when = datetime.fromtimestamp(second_s - leap, UTC)
    second = LAST_OF_MINUTE if leap else when.second
    head = struct.pack(
        "<IHBBBBBBIiBB", 0, when.year, when.month, when.day, when.hour, when.minute, second, valid, accuracy_ns, 0,
        3 if fix_ok else 0, int(fix_ok),
    )  # fmt: skip
    return ubx(0x0107, head.ljust(92, b"\0"))


def tim_tp(next_s: int, *, qerr_ps: int = 7_000, flags: int = 0b11) -> bytes:
    """TIM-TP for the pulse at next_s."""
    since = datetime.fromtimestamp(next_s, UTC) - GPS_EPOCH
    weeks, rest = divmod(since, timedelta(weeks=1))
    return ubx(0x0D01, struct.pack("<IIiHBB", rest // timedelta(milliseconds=1), 0, qerr_ps, weeks, flags, 0))


def sentence(body: str) -> bytes:
    """An NMEA sentence of this body."""
    check = 0
    for byte in body.encode():
        check ^= byte
    return f"${body}*{check:02X}\r\n".encode()


def rmc(second_s: int, *, status: str = "A") -> bytes:
    """RMC of the epoch at this second."""
    when = datetime.fromtimestamp(second_s, UTC)
    return sentence(f"GPRMC,{when:%H%M%S}.00,{status},3853.95,N,07702.19,W,0.0,0.0,{when:%d%m%y},,,A")


def zda(second_s: int) -> bytes:
    """ZDA of the epoch at this second."""
    return sentence(f"GNZDA,{datetime.fromtimestamp(second_s, UTC):%H%M%S.00,%d,%m,%Y},00,00")
