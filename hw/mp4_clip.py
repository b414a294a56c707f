"""Encoded pictures to an MP4 that plays, without decoding them, and one of them to a JPEG: what PyAV is used for.

PyAV is the extra `video` (pyproject.toml): BSD-3; its wheel carries FFmpeg (LGPL 3) with x264 and x265 (GPL 2), which
are never called here. The MP4 is written in fragments, one a group of pictures, so that it can go out as it grows.
"""

import importlib
import io
from collections.abc import Iterable
from fractions import Fraction
from types import ModuleType
from typing import Any, Protocol

from hw.rtsp_video import TICKS_A_S, Picture

FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
MOST_HELD = 600
"""Pictures of one group that wait for its end, to be put in order."""
JPEG_QUALITY = "3"  # of FFmpeg's scale, 2 (best) to 31


class Sink(Protocol):
    """Where an MP4 goes; never read, never gone back in."""

    def write(self, some: bytes, /) -> int: ...


class Mp4Clip:
    """Pictures of one layout, the first one a key; `add` them in the order they came, then `close`.

    title : in the file, for people. Raises OSError where the pictures are none, where PyAV is not installed, and what
    the sink raises.
    """

    def __init__(self, first: Picture, sink: Sink, title: str) -> None:
        self._av = _pyav()
        self._group: list[Picture] = []
        self._zero, self._shift, self._last = first.ticks, 0, -1
        self.n_pictures = 0
        try:
            template = self._av.open(io.BytesIO(first.layout + first.bytes_), format=first.codec)
            self._out: Any = self._av.open(sink, "w", format="mp4", options=FRAGMENTS)
            self._stream: Any = self._out.add_stream_from_template(template.streams.video[0])
        except (self._av.FFmpegError, IndexError, ValueError) as error:
            raise OSError(f"these pictures make no MP4 ({_few(error)})") from error
        self._out.metadata["title"] = title
        self._stream.time_base = Fraction(1, TICKS_A_S)

    def add(self, pictures: Iterable[Picture]) -> None:
        """Further pictures."""
        for picture in pictures:
            if picture.is_key or len(self._group) >= MOST_HELD:
                self._write_group()
            self._group.append(picture)

    def close(self) -> None:
        """The last of it goes to the sink."""
        try:
            self._write_group()
            self._out.close()
        except (self._av.FFmpegError, ValueError) as error:
            raise OSError(f"these pictures make no MP4 ({_few(error)})") from error

    def _write_group(self) -> None:
        """Pictures come in the order of decoding; where that is not the order of showing, each is decoded earlier than
        shown by the same span."""
        group, self._group = self._group, []
        shown = [picture.ticks - self._zero for picture in group]
        in_order = sorted(shown)
        self._shift = max([self._shift, *(a - b for a, b in zip(in_order, shown, strict=True))])
        for picture, shown_at, at in zip(group, shown, in_order, strict=True):
            self._mux(picture, shown_at, at - self._shift)

    def _mux(self, picture: Picture, shown_at: int, decoded_at: int) -> None:
        decoded_at = max(decoded_at, self._last + 1) if self.n_pictures else decoded_at
        packet = self._av.Packet(picture.bytes_)
        packet.dts, packet.pts = decoded_at, max(decoded_at, shown_at)
        packet.duration = max(1, min(TICKS_A_S, decoded_at - self._last)) if self.n_pictures else TICKS_A_S // 15
        packet.time_base, packet.stream = Fraction(1, TICKS_A_S), self._stream
        packet.is_keyframe = picture.is_key
        try:
            self._out.mux(packet)
        except (self._av.FFmpegError, ValueError) as error:
            raise OSError(f"these pictures make no MP4 ({_few(error)})") from error
        self._last, self.n_pictures = decoded_at, self.n_pictures + 1


def still(picture: Picture) -> bytes:
    """A key picture as a JPEG: the one place where anything is decoded. Raises OSError where it cannot be."""
    av = _pyav()
    try:
        decoder = av.CodecContext.create(picture.codec, "r")
        decoder.thread_count = 1
        frames = decoder.decode(av.Packet(picture.layout + picture.bytes_)) + decoder.decode(None)
        out = io.BytesIO()
        with av.open(out, "w", format="mjpeg") as jpeg:
            stream = jpeg.add_stream("mjpeg", options={"qmin": JPEG_QUALITY, "qmax": JPEG_QUALITY})
            stream.width, stream.height, stream.pix_fmt = frames[0].width, frames[0].height, "yuvj420p"
            stream.codec_context.thread_count = 1
            for packet in (*stream.encode(frames[0].reformat(format="yuvj420p")), *stream.encode(None)):
                jpeg.mux(packet)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise OSError(f"the picture cannot be decoded ({_few(error)})") from error
    return out.getvalue()


def check_installed() -> None:
    """Raises OSError where PyAV is not."""
    _pyav()


def _pyav() -> ModuleType:
    try:
        av = importlib.import_module("av")
    except ModuleNotFoundError as error:
        raise OSError("clips need the extra `video`: pip install -e '.[video]'") from error
    av.logging.set_level(None)  # whatever it has to say comes as an exception
    return av


def _few(error: Exception) -> str:
    return str(getattr(error, "strerror", "") or type(error).__name__)[:80]
