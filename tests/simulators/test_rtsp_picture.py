"""The picture of a camera that is not there: FFmpeg reads it, and it says of itself when and where it was taken."""

import asyncio
import ssl

import numpy as np
import pytest

av = pytest.importorskip("av")
trustme = pytest.importorskip("trustme")

from simulators.peers.picture import Look, draw, read  # noqa: E402
from simulators.peers.rtsp_picture import RtspPicture, main  # noqa: E402

NOW_US = 1_700_000_000_123_000


def watch(url, n_pictures=3, **options):
    """What FFmpeg decodes of the stream: the first pictures, as they say of themselves."""
    with av.open(url, options={"rtsp_transport": "tcp", **options}, timeout=5) as stream:
        found = []
        for frame in stream.decode(video=0):
            found.append(read(frame.to_ndarray(format="yuv420p")[: frame.height]))
            if len(found) == n_pictures:
                return found
    return found


@pytest.mark.parametrize("look", [Look(), Look(-179.98, -89.98, 1.0, 2.5), Look(350.02, 30.0, 0.25, 70.0)])
def test_a_picture_says_when_it_was_taken_and_where_the_camera_looked(look):
    planes = draw(look, NOW_US, 640, 360)

    told = read(planes[:360])

    assert told.t_us == NOW_US
    assert (told.pan_deg, told.tilt_deg, told.zoom) == pytest.approx((look.pan_deg, look.tilt_deg, look.zoom), abs=1e-2)


def test_a_picture_that_is_not_ours_says_nothing():
    assert read(np.random.default_rng(1).integers(0, 255, (360, 640), np.uint8)) is None


def test_the_street_moves_with_the_camera():
    here, beside, nearer = (
        draw(look, NOW_US, 640, 360)[60:320] for look in (Look(), Look(pan_deg=6.0), Look(width_deg=10.0))
    )

    assert np.mean(np.abs(here[:, 64:320].astype(int) - beside[:, :256])) < 2  # 6 of 60 degrees: 64 of 640 columns
    assert np.mean(here != nearer) > 0.3


def test_a_size_that_cannot_be_drawn_is_named():
    with pytest.raises(ValueError, match="a picture of 641 x 360: width must be a multiple of 64"):
        draw(Look(), NOW_US, 641, 360)


async def test_a_viewer_sees_it_where_it_looks_and_the_time_go_on():
    look = [Look(pan_deg=12.0, tilt_deg=-4.0, zoom=0.5)]
    picture = RtspPicture(lambda: look[0], fps=30, key_every=5)
    await picture.open()
    told = await asyncio.to_thread(watch, picture.url, 10)
    look[0] = Look(pan_deg=-40.0)
    later = await asyncio.to_thread(watch, picture.url, 1)

    assert all((each.pan_deg, each.zoom) == pytest.approx((12.0, 0.5), abs=1e-2) for each in told)
    assert np.all(np.diff([each.t_us for each in told]) > 0)
    assert later[0].pan_deg == pytest.approx(-40.0)
    await picture.close()


async def test_nobody_looks_without_the_password():
    picture = RtspPicture(user="op", password="street", fps=30, key_every=5)
    await picture.open()

    assert None not in await asyncio.to_thread(watch, picture.url.replace("//", "//op:street@"))
    for url in (picture.url, picture.url.replace("//", "//op:wrong@")):
        with pytest.raises(av.error.HTTPUnauthorizedError):
            await asyncio.to_thread(watch, url)
    await picture.close()


async def test_it_speaks_tls():
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = trustme.CA()
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    picture = RtspPicture(tls=tls, fps=30, key_every=5)
    await picture.open()

    assert picture.url.startswith("rtsps://")
    assert None not in await asyncio.to_thread(watch, picture.url)
    await picture.close()


async def test_its_size_may_change_while_one_looks():
    picture = RtspPicture(fps=30, key_every=5)
    await picture.open()

    def sizes():
        found = []
        with av.open(picture.url, options={"rtsp_transport": "tcp"}, timeout=5) as stream:
            for frame in stream.decode(video=0):
                found.append((frame.width, frame.height))
                picture.size = (320, 180)
                if found[-1] == (320, 180) or len(found) > 200:
                    return found
        return found

    found = await asyncio.to_thread(sizes)

    assert found[0] == (640, 360)
    assert found[-1] == (320, 180)
    await picture.close()


async def test_without_key_frames_there_are_packets_and_no_key_among_them():
    picture = RtspPicture(fps=30, key_every=5)
    picture.with_keys = False
    await picture.open()

    def keys():
        with av.open(picture.url, options={"rtsp_transport": "tcp"}, timeout=5) as stream:
            packets = stream.demux(video=0)
            return [next(packets).is_keyframe for _ in range(20)]

    assert not any(await asyncio.to_thread(keys))
    await picture.close()


async def test_what_does_not_speak_rtsp_is_hung_up_on_and_others_look_on():
    picture = RtspPicture(fps=30, key_every=5)
    await picture.open()
    host, port = picture.url.removeprefix("rtsp://").removesuffix("/cam").split(":")
    for hostile in (b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\n", b"$\x00\xff\xff", bytes(range(256)) * 300, b"x" * 100_000):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(hostile)
        writer.write_eof()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await reader.readexactly(1)
        writer.close()

    assert len(await asyncio.to_thread(watch, picture.url)) == 3
    await picture.close()


def test_an_address_that_cannot_be_listened_on_is_one_line(capsys):
    assert main(["--listen", "192.0.2.1:0"]) == 1

    assert capsys.readouterr().err.startswith("picture: rtsp://192.0.2.1:0: the picture cannot listen here (")
