"""Encoded pictures to MP4 and JPEG, read back by PyAV: nothing lost, pictures out of order in order."""

import io
import itertools
import random
from fractions import Fraction

import pytest

from hw.rtsp_video import START, Picture

av = pytest.importorskip("av")
clip = pytest.importorskip("hw.mp4_clip")


def coded(n=45, size=(320, 240), b_frames=0, codec="libx264"):
    """(bytes in Annex B, ticks, is_key) of each picture, in the order of decoding."""
    coder = av.CodecContext.create(codec, "w")
    coder.width, coder.height, coder.pix_fmt = *size, "yuv420p"
    coder.framerate, coder.time_base, coder.gop_size, coder.max_b_frames = 15, Fraction(1, 15), 15, b_frames
    coder.options = {"preset": "ultrafast", "x264-params": f"scenecut=0:bframes={b_frames}"}
    found = []
    for index in range(n + 1):
        frame = None
        if index < n:
            frame = av.VideoFrame(*size, "yuv420p")
            for plane in frame.planes:
                plane.update(random.Random(index).randbytes(plane.buffer_size))
            frame.pts = index
        found += [(bytes(each), each.pts * 6000, each.is_keyframe) for each in coder.encode(frame)]
    return found


def pictures(**more):
    """As a camera's depacketiser gives them."""
    found, layout = [], b""
    for text, ticks, is_key in coded(**more):
        units = [unit for unit in text.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1") if unit]
        if is_key:
            layout = b"".join(START + unit for unit in units if unit[0] & 0x1F in (7, 8))
        whole = b"".join(START + unit for unit in units if unit[0] & 0x1F in (1, 5))
        found.append(Picture(ticks, ticks + 90_000_000, is_key, "h264", layout, whole))
    return found


def written(of):
    sink = io.BytesIO()
    made = clip.Mp4Clip(of[0], sink, "i-1 corner")
    for at in range(0, len(of), 7):
        made.add(of[at : at + 7])
    made.close()
    return sink.getvalue(), made


@pytest.mark.parametrize("b_frames", [0, 2])
def test_every_picture_is_in_the_mp4_in_order_and_decodes(b_frames):
    given = pictures(b_frames=b_frames)
    content, made = written(given)
    with av.open(io.BytesIO(content)) as back:
        frames = [frame.pts * frame.time_base for frame in back.decode(video=0)]
        assert back.metadata["title"] == "i-1 corner"
        stream = back.streams.video[0]

        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 320, 240)
    assert len(frames) == made.n_pictures == len(given) == 45
    steps = {round(float(later - sooner) * 15) for sooner, later in itertools.pairwise(frames)}
    assert steps == {1}


def test_a_clip_is_written_as_it_grows_and_never_gone_back_in():
    class Sink:
        """Only written to, as what encrypts is."""

        def __init__(self):
            self.size = 0

        def write(self, some):
            self.size += len(some)
            return len(some)

    given, sink = pictures(n=60), Sink()
    made = clip.Mp4Clip(given[0], sink, "t")
    made.add(given[:40])
    grown = sink.size
    made.close()

    assert grown > sum(picture.size for picture in given[:15])


def test_a_still_is_a_jpeg_of_the_key_picture():
    with av.open(io.BytesIO(clip.still(pictures(n=2)[0]))) as image:
        frame = next(image.decode(video=0))

    assert (frame.width, frame.height) == (320, 240)


@pytest.mark.parametrize("bytes_", [b"", b"\0\0\0\1\x65", b"no picture at all", START + b"\x65" + bytes(500)])
def test_what_is_no_picture_is_an_error_in_few_words(bytes_):
    bad = Picture(0, 0, True, "h264", b"", bytes_)
    with pytest.raises(OSError, match="the picture cannot be decoded"):
        clip.still(bad)
    with pytest.raises(OSError, match="these pictures make no MP4"):
        written([bad])


def test_half_a_key_picture_does_not_end_a_recording():
    given = pictures(n=30)
    broken = [
        Picture(each.at_us, each.ticks, each.is_key, "h264", each.layout, each.bytes_[: each.size // 2])
        for each in given[15:]
    ]
    content, made = written([*given[:15], *broken])

    assert made.n_pictures == 30
    assert len(content) > 1000
