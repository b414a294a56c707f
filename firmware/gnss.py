"""What a GNSS receiver says about time: which second a pulse is. UBX (NAV-PVT, TIM-TP), or NMEA (RMC, ZDA) without it.

NAV-PVT and NMEA name the LAST pulse (they tell of the navigation epoch, which is on it), TIM-TP the NEXT one. A second
is given out only when the receiver vouches for it: NAV-PVT with date, time and full resolution of the leap seconds
valid and the fix good; TIM-TP on UTC with UTC known; RMC "A", and ZDA beside it. While NAV-PVT comes, NMEA is not
heard.

Layouts: u-blox ZED-F9P interface description UBX-18010854 R04, sections 5.14.11 (NAV-PVT) and 5.17.2 (TIM-TP); when
seconds are rounded: MAX-M10S integration manual 2.8.6. The checksums of UBX (8-bit Fletcher over class to payload) and
NMEA (exclusive or between $ and *) and the sentences' fields from general knowledge.

Bytes may be cut anywhere, noise and lies come in between: nothing raises, and no more than a message is ever held.
Portable and pure.
"""

import struct
from collections import namedtuple

Second = namedtuple("Second", ("second_s", "is_next", "is_leap", "accuracy_ns"))
"""The last pulse (or, with is_next, the next one) was this second: UTC since 1970, of a date that may be 1024 weeks
off. is_leap: it is the 60th of its minute. accuracy_ns: one sigma of the pulse, as the receiver has it."""

MAX_PAYLOAD, MAX_SENTENCE = 128, 100
"""Bytes; longer ones are of no use here. NAV-PVT has 92; an NMEA sentence 82 (by its standard, not opened)."""
NAV_PVT, TIM_TP = 0x0107, 0x0D01
VALID, FIX_OK = 0b111, 0b1
"""NAV-PVT's valid: date, time, fully resolved; its flags: gnssFixOK."""
UTC_BASE, QERR_INVALID = 0b11, 0b10000
"""TIM-TP's flags: time base is UTC and UTC is available; its qErr means nothing."""
MAX_QERR_PS = 1_000_000
"""A pulse that its receiver puts farther off than this is none. Below, qErr is less than this clock's microsecond."""
NMEA_NS = 1_000
"""Chosen: NMEA does not tell how good the pulse is."""
NMEA_WAIT = 10
GPS_EPOCH_S, WEEK_S = 315_964_800, 604_800


class GnssParser:
    """Feed it bytes. refused: messages whose checksum was wrong. has_fix: what the receiver said last, None before."""

    def __init__(self) -> None:
        self.refused = 0
        self.has_fix: bool | None = None
        self._bytes = bytearray()
        self._rmc_good = False
        self._nmea_wait = 0

    def feed(self, received: bytes) -> list[Second]:
        """Take the next bytes; comes back: the seconds that the receiver vouches for."""
        seconds = []
        for at in range(0, len(received), MAX_PAYLOAD):
            self._bytes.extend(received[at : at + MAX_PAYLOAD])
            seconds.extend(self._take())
        return seconds

    def _take(self) -> list[Second]:
        held, at, seconds = bytes(self._bytes), 0, []
        while at < len(held):
            size = _size(held, at)
            if size == 0:
                break
            if size > 1:
                second = self._read(held[at : at + size])
                if second is not None:
                    seconds.append(second)
            at += size
        self._bytes = bytearray(held[at:])
        return seconds

    def _read(self, message: bytes) -> "Second | None":
        if message[0] == 0xB5:
            return self._ubx(message)
        fields = _fields(message)
        if fields is None:
            self.refused += 1
            return None
        return self._nmea(fields)

    def _ubx(self, message: bytes) -> "Second | None":
        if _fletcher(message[2:-2]) != message[-2:]:
            self.refused += 1
            return None
        kind, payload = message[2] << 8 | message[3], message[6:-2]
        if kind == NAV_PVT and len(payload) == 92:
            return self._nav_pvt(payload)
        if kind == TIM_TP and len(payload) == 16 and self.has_fix:
            return _tim_tp(payload)
        return None

    def _nav_pvt(self, payload: bytes) -> "Second | None":
        year, month, day, hour, minute, second, valid, accuracy_ns = struct.unpack("<HBBBBBBI", payload[4:16])
        self.has_fix = bool(payload[21] & FIX_OK)
        self._nmea_wait = NMEA_WAIT
        if valid & VALID != VALID or not self.has_fix:
            return None
        return _second(year, month, day, hour, minute, second, accuracy_ns)

    def _nmea(self, fields: list[bytes]) -> "Second | None":
        kind = fields[0][-3:]
        if kind == b"RMC":
            self._nmea_wait = max(0, self._nmea_wait - 1)
            self._rmc_good = len(fields) > 9 and fields[2] == b"A"
            if self._nmea_wait == 0:
                self.has_fix = self._rmc_good
        if self._nmea_wait or not self._rmc_good:
            return None
        if kind == b"RMC":
            return _spelt(fields[1], fields[9][:2], fields[9][2:4], b"20" + fields[9][4:])
        if kind == b"ZDA" and len(fields) > 4:
            return _spelt(fields[1], fields[2], fields[3], fields[4])
        return None


def _size(held: bytes, at: int) -> int:
    """How many bytes at `at` belong together: a whole message, or 1 that belongs to none; 0 while more must come."""
    n = len(held) - at
    if held[at] == 0xB5:
        if n < 6:
            return 0 if held[at + 1 : at + 2] in (b"", b"b") else 1
        length = held[at + 4] | held[at + 5] << 8
        if held[at + 1] != 0x62 or length > MAX_PAYLOAD:
            return 1
        return 8 + length if n >= 8 + length else 0
    if held[at] == 0x24:
        end = held.find(b"\n", at, at + MAX_SENTENCE)
        if end >= 0:
            return end + 1 - at
        return 0 if n < MAX_SENTENCE else 1
    return 1


def _fletcher(body: bytes) -> bytes:
    a = b = 0
    for byte in body:
        a = (a + byte) & 255
        b = (b + a) & 255
    return bytes((a, b))


def _fields(sentence: bytes) -> "list[bytes] | None":
    """The fields of a sentence, or None where its checksum is missing or wrong."""
    body = sentence[1:].strip()
    star = body.rfind(b"*")
    if star < 0 or len(body) != star + 3:
        return None
    check = 0
    for byte in body[:star]:
        check ^= byte
    return body[:star].split(b",") if body[star + 1 :].upper() == b"%02X" % check else None


def _tim_tp(payload: bytes) -> "Second | None":
    tow_ms, _, qerr_ps, week, flags = struct.unpack("<IIiHB", payload[:15])
    known = flags & UTC_BASE == UTC_BASE and (flags & QERR_INVALID or abs(qerr_ps) <= MAX_QERR_PS)
    if not known or tow_ms % 1000 or tow_ms >= WEEK_S * 1000:
        return None
    return Second(GPS_EPOCH_S + week * WEEK_S + tow_ms // 1000, True, False, 0)


def _spelt(time: bytes, day: bytes, month: bytes, year: bytes) -> "Second | None":
    digits = time[:6] + day + month + year
    if len(digits) != 14 or not digits.isdigit():
        return None
    hour, minute, second = int(time[:2]), int(time[2:4]), int(time[4:6])
    return _second(int(year), int(month), int(day), hour, minute, second, NMEA_NS)


def _second(year: int, month: int, day: int, hour: int, minute: int, second: int, accuracy_ns: int) -> "Second | None":
    """None where no calendar has such a moment."""
    if not (1980 <= year <= 2199 and 1 <= month <= 12 and hour < 24 and minute < 60 and second < 61):
        return None
    if not 1 <= day <= days(year, month + 1, 1) - days(year, month, 1):
        return None
    since_s = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
    return Second(since_s, False, second == 60, accuracy_ns)


def days(year: int, month: int, day: int) -> int:
    """Days from 1 January 1970 to a day of the Gregorian calendar. Month 13 is the next year's first."""
    year, month = (year - 1, month + 12) if month < 3 else (year, month)
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719_469
