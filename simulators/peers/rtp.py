"""H.264 in RTP packets, and how a stream is told of in SDP. Values in, values out.

RTP and its sender reports are RFC 3550's, single NAL unit packets and FU-A those of RFC 6184, from general knowledge;
that they are so is shown by FFmpeg, which reads them (tests/simulators/test_rtsp_picture.py).
"""

import base64
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass

MOST_PAYLOAD = 1400
PAYLOAD_TYPE = 96
RATE_HZ = 90_000
SSRC = 0x50_4F_4C_45
IDR, SPS, PPS, FU_A = 5, 7, 8, 28
NTP_TO_UNIX_S = 2_208_988_800
START = re.compile(rb"\x00\x00\x00?\x01")
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=a camera that is not there\r\nt=0 0\r\nc=IN IP4 0.0.0.0\r\na=control:*\r\n"
    "m=video 0 RTP/AVP {payload}\r\na=rtpmap:{payload} H264/{rate}\r\na=framerate:{fps}\r\n"
    "a=fmtp:{payload} packetization-mode=1;profile-level-id={level};sprop-parameter-sets={sets}\r\na=control:track1\r\n"
)


def units(coded: bytes) -> list[bytes]:
    """The NAL units of a byte stream with start codes (H.264 annex B)."""
    return [each for each in START.split(coded) if each]


def kind(unit: bytes) -> int:
    """nal_unit_type."""
    return unit[0] & 0x1F


@dataclass(slots=True)
class Packets:
    """Numbers the packets of one viewer. `sent` and `octets` are what its sender reports say."""

    number: int = 0
    sent: int = 0
    octets: int = 0

    def of(self, nals: list[bytes], t_us: int) -> Iterator[bytes]:
        """One picture's packets; the last one is marked."""
        for index, unit in enumerate(nals):
            parts = list(_parts(unit))
            for place, payload in enumerate(parts):
                is_last = index == len(nals) - 1 and place == len(parts) - 1
                yield self._packet(payload, t_us, is_last)

    def report(self, t_us: int) -> bytes:
        """What time it is at the sender, and in the stream."""
        seconds, rest_us = divmod(t_us, 1_000_000)
        ntp = (seconds + NTP_TO_UNIX_S, (rest_us << 32) // 1_000_000)
        return struct.pack(">BBHIIIIII", 0x80, 200, 6, SSRC, *ntp, stamp(t_us), self.sent, self.octets)

    def _packet(self, payload: bytes, t_us: int, is_last: bool) -> bytes:
        head = struct.pack(">BBHII", 0x80, PAYLOAD_TYPE | is_last << 7, self.number, stamp(t_us), SSRC)
        self.number = (self.number + 1) & 0xFFFF
        self.sent += 1
        self.octets = (self.octets + len(payload)) & 0xFFFFFFFF
        return head + payload


def stamp(t_us: int) -> int:
    """The RTP timestamp of a time."""
    return t_us * 9 // 100 & 0xFFFFFFFF


def sdp(nals: list[bytes], fps: float) -> str:
    """How a stream is told of whose first picture has these units. Raises ValueError where it has no parameter sets."""
    sets = {kind(unit): unit for unit in nals if kind(unit) in (SPS, PPS)}
    if len(sets) < 2:
        raise ValueError("the first picture has no SPS and PPS")
    words = ",".join(base64.b64encode(sets[each]).decode() for each in (SPS, PPS))
    return SDP.format(payload=PAYLOAD_TYPE, rate=RATE_HZ, fps=fps, level=sets[SPS][1:4].hex(), sets=words)


def _parts(unit: bytes) -> Iterator[bytes]:
    """A unit as it is, or in fragments where it is long."""
    if len(unit) <= MOST_PAYLOAD:
        yield unit
        return
    indicator, header = unit[0] & 0xE0 | FU_A, unit[0] & 0x1F
    for start in range(1, len(unit), MOST_PAYLOAD - 2):
        is_first, is_last = start == 1, start + MOST_PAYLOAD - 2 >= len(unit)
        yield bytes((indicator, header | is_first << 7 | is_last << 6)) + unit[start : start + MOST_PAYLOAD - 2]
