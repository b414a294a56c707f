"""The one video of an RTSP session: which it is by the session's description, and RTP packets to whole pictures. Pure.

Packets are H.264 as RFC 6184 has them (5.1 the header and its marker bit, 5.6 to 5.8 single, aggregated and fragmented
units) or H.265 (RFC 7798, from general knowledge). Only the video is ever set up: no code here knows of sound (DESIGN
section 7). A picture of which a packet is missing is dropped and counted; nothing is decoded.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from hw.rtsp_messages import BadRtsp

START = b"\0\0\0\1"
TICKS_A_S = 90_000
MOST_PICTURE = 8_000_000
"""Bytes of one picture; a key frame of 4K video has about one million."""
MOST_SETS = 4096


@dataclass(frozen=True, slots=True)
class Codec:
    """By the NAL unit types of ITU-T H.264 table 7-1 and H.265 table 7-1 (from general knowledge). sets : the parameter
    sets; key : of pictures that can be decoded alone; aside : delimiters and messages, which are left out; single,
    several, part : below which one is alone, which is an aggregate, a fragment; head : bytes of a unit's header."""

    name: str
    sets: tuple[int, ...]
    key: tuple[int, ...]
    aside: tuple[int, ...]
    single: int
    several: int
    part: int
    head: int

    def kind(self, unit: bytes) -> int:
        """A unit's type."""
        return unit[0] & 0x1F if self.head == 1 else unit[0] >> 1 & 0x3F


CODECS = {
    "H264": Codec("h264", (7, 8), (5,), (6, 9, 10, 11, 12), 24, 24, 28, 1),
    "H265": Codec("hevc", (32, 33, 34), (16, 17, 18, 19, 20, 21), (35, 36, 37, 38, 39, 40), 48, 48, 49, 2),
}


@dataclass(frozen=True, slots=True)
class Track:
    """A video as its session describes it. control : where it is set up. sets : its parameter sets, as far as told."""

    codec: Codec
    payload: int
    control: str
    sets: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """One encoded picture. at_us : when it had come whole, microseconds UTC. ticks : its own time, 1/90 s of a
    millisecond, from any beginning, never turning over. bytes_ : its units, each behind a start code. layout : the
    parameter sets in force, in the same form: what a decoder needs first; b"" before any key picture. Pictures of two
    layouts never share a clip.
    """

    at_us: int
    ticks: int
    is_key: bool
    codec: str
    layout: bytes = field(repr=False)
    bytes_: bytes = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.bytes_)


def video_of(description: bytes) -> Track:
    """The first H.264 or H.265 video of a session description (SDP). Raises BadRtsp where there is none."""
    for section in re.split(r"(?m)^(?=m=)", description.decode("utf-8", "replace")):
        if not section.startswith("m=video"):
            continue
        for payload, name in re.findall(r"(?m)^a=rtpmap:(\d{1,3}) (\w+)/90000", section):
            if name.upper() in CODECS:
                control = re.search(r"(?m)^a=control:(\S+)", section)
                return Track(CODECS[name.upper()], int(payload), control[1] if control else "*", _sets(section))
    raise BadRtsp("it has no H.264 or H.265 video")


class Depacketiser:
    """RTP packets of one track to pictures. lost : pictures of which something was missing."""

    def __init__(self, track: Track) -> None:
        self._codec = track.codec
        self._sets: dict[tuple[int, bytes], bytes] = {self._place(each): each for each in track.sets if each}
        self._layout = b""
        self._units: list[bytes] = []
        self._part: bytearray | None = None
        self._sequence: int | None = None
        self._stamp: int | None = None
        self._ticks = 0
        self._broken = False
        self.lost = 0

    def feed(self, packet: bytes, at_us: int) -> Iterator[Picture]:
        """Pictures that are whole by now. A packet that is none is counted as lost."""
        if len(packet) < 13 or packet[0] >> 6 != 2:
            self._broken = True
            return
        sequence, stamp = int.from_bytes(packet[2:4], "big"), int.from_bytes(packet[4:8], "big")
        if self._sequence is not None and sequence != (self._sequence + 1) & 0xFFFF:
            self._broken = True
        self._sequence = sequence
        if stamp != self._stamp:
            yield from self._end(at_us)  # the marker of the last one was missing
            self._begin(stamp)
        payload = _payload(packet)
        if payload is None or not self._take(payload):
            self._broken = True
        if packet[1] & 0x80:
            yield from self._end(at_us)

    def _begin(self, stamp: int) -> None:
        if self._stamp is not None:
            ahead = (stamp - self._stamp) & 0xFFFFFFFF
            self._ticks += ahead - (1 << 32 if ahead >= 1 << 31 else 0)
        self._stamp = stamp

    def _take(self, payload: bytes) -> bool:
        """Whether a payload is what it should be."""
        if len(payload) <= self._codec.head:
            return False
        kind = self._codec.kind(payload)
        if kind == self._codec.part:
            return self._take_part(payload)
        if kind == self._codec.several:
            return self._take_several(payload)
        if kind > self._codec.single:
            return False
        return self._add(payload)

    def _take_part(self, payload: bytes) -> bool:
        head = self._codec.head
        if len(payload) < head + 2:
            return False
        mark = payload[head]
        if mark & 0x80:
            kind = mark & 0x1F if head == 1 else mark & 0x3F
            first = (payload[0] & 0xE0 | kind) if head == 1 else (payload[0] & 0x81 | kind << 1)
            self._part = bytearray((first, *payload[1:head]))
        if self._part is None:
            return False
        self._part += payload[head + 1 :]
        if len(self._part) > MOST_PICTURE:
            self._part = None
            return False
        if mark & 0x40:
            part, self._part = bytes(self._part), None
            return self._add(part)
        return True

    def _take_several(self, payload: bytes) -> bool:
        at = self._codec.head
        while at + 2 <= len(payload):
            size = int.from_bytes(payload[at : at + 2], "big")
            if (
                size <= self._codec.head
                or at + 2 + size > len(payload)
                or not self._add(payload[at + 2 : at + 2 + size])
            ):
                return False
            at += 2 + size
        return at == len(payload)

    def _add(self, unit: bytes) -> bool:
        kind = self._codec.kind(unit)
        if kind in self._codec.sets:
            if len(unit) > MOST_SETS:
                return False
            self._sets[self._place(unit)] = unit
        elif kind not in self._codec.aside:
            self._units.append(unit)
        return sum(map(len, self._units)) <= MOST_PICTURE

    def _place(self, unit: bytes) -> tuple[int, bytes]:
        """Sets of one type replace each other, but for picture parameters, of which there may be several."""
        kind = self._codec.kind(unit)
        return kind, unit[: self._codec.head + 1] if kind == self._codec.sets[-1] else b""

    def _end(self, at_us: int) -> Iterator[Picture]:
        units, broken = self._units, self._broken or self._part is not None
        self._units, self._part, self._broken = [], None, False
        if broken:
            self.lost += 1
            return
        if not units:
            return
        is_key = any(self._codec.kind(unit) in self._codec.key for unit in units)
        if is_key:
            self._layout = b"".join(START + self._sets[place] for place in sorted(self._sets))
        whole = b"".join(START + unit for unit in units)
        yield Picture(at_us, self._ticks, is_key, self._codec.name, self._layout, whole)


def _payload(packet: bytes) -> bytes | None:
    """Behind the RTP header, its sources and its extension, without padding (RFC 3550, 5.1, by RFC 6184, 5.1)."""
    at = 12 + 4 * (packet[0] & 0x0F)
    if packet[0] & 0x10:
        at += 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")
    end = len(packet) - (packet[-1] if packet[0] & 0x20 else 0)
    return packet[at:end] if at < end else None


def _sets(section: str) -> tuple[bytes, ...]:
    """What `fmtp` says of the parameter sets; what is no base64 is left out."""
    found: list[bytes] = []
    for values in re.findall(r"sprop-(?:parameter-sets|vps|sps|pps)=([A-Za-z0-9+/=,]+)", section):
        for value in values.split(",")[:8]:
            try:
                found.append(base64.b64decode(value, validate=True)[:MOST_SETS])
            except binascii.Error:
                continue
    return tuple(found)
