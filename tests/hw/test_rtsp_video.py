"""RTP to pictures: single, aggregated, fragmented units, losses, whatever a hostile camera sends; and RTSP in text."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.rtsp_messages import Account, Answer, BadRtsp, Framed, Incoming, login
from hw.rtsp_video import CODECS, START, Depacketiser, Track, video_of

SPS, PPS = bytes.fromhex("67640028acd9"), bytes.fromhex("68ebe3cb")
IDR, SLICE, SEI = b"\x65" + bytes(range(200)) * 20, b"\x41" + bytes(50), b"\x06\x05\x01"
H264 = Track(CODECS["H264"], 96, "*", ())


class Sender:
    """Makes RTP packets, each with the next sequence number."""

    def __init__(self, first=65_534, tick=4_294_960_000):
        self.sequence, self.tick = first, tick

    def packet(self, payload, marker=False):
        self.sequence = (self.sequence + 1) & 0xFFFF
        head = bytes((0x80, 0xE0 if marker else 0x60)) + self.sequence.to_bytes(2, "big")
        return head + (self.tick & 0xFFFFFFFF).to_bytes(4, "big") + b"SSRC" + payload

    def fragments(self, unit, size=1000):
        parts = [unit[1:][at : at + size] for at in range(0, len(unit) - 1, size)]
        for index, part in enumerate(parts):
            mark = (0x80 if index == 0 else 0) | (0x40 if index + 1 == len(parts) else 0) | (unit[0] & 0x1F)
            yield self.packet(bytes((unit[0] & 0xE0 | 28, mark)) + part, marker=index + 1 == len(parts))

    def aggregate(self, *units):
        return self.packet(b"\x78" + b"".join(len(each).to_bytes(2, "big") + each for each in units))

    def next_picture(self, by=6000):
        self.tick += by


def fed(depacketiser, packets, at_us=5):
    return [picture for packet in packets for picture in depacketiser.feed(packet, at_us)]


def test_a_picture_in_fragments_behind_its_parameter_sets_is_whole_and_a_key():
    sender, depacketiser = Sender(), Depacketiser(H264)
    found = fed(depacketiser, [sender.aggregate(SPS, PPS, SEI), *sender.fragments(IDR)])
    sender.next_picture()
    found += fed(depacketiser, [sender.packet(SLICE, marker=True)])

    assert [(each.is_key, each.bytes_) for each in found] == [(True, START + IDR), (False, START + SLICE)]
    assert found[0].layout == START + SPS + START + PPS
    assert [each.ticks for each in found] == [0, 6000]  # over the turn of the 32-bit stamp and the 16-bit number
    assert depacketiser.lost == 0


def test_a_picture_of_which_a_packet_is_missing_is_dropped_and_counted():
    sender, depacketiser = Sender(), Depacketiser(H264)
    packets = list(sender.fragments(IDR))
    found = fed(depacketiser, [*packets[:1], *packets[2:]])
    sender.next_picture()
    found += fed(depacketiser, [sender.packet(SLICE, marker=True)])

    assert [each.bytes_ for each in found] == [START + SLICE]
    assert depacketiser.lost == 1


def test_a_missing_marker_ends_at_the_next_stamp():
    sender, depacketiser = Sender(), Depacketiser(H264)
    first = sender.packet(SLICE)
    sender.next_picture()

    assert [each.bytes_ for each in fed(depacketiser, [first, sender.packet(IDR, marker=True)])] == [
        START + SLICE,
        START + IDR,
    ]


def test_other_parameter_sets_are_another_layout_from_the_next_key_picture_on():
    sender, depacketiser = Sender(), Depacketiser(H264)
    other = SPS + b"\x01"
    found = []
    for sets in (SPS, other):
        found += fed(depacketiser, [sender.aggregate(sets, PPS), sender.packet(IDR, marker=True)])
        sender.next_picture()

    assert [each.layout for each in found] == [START + SPS + START + PPS, START + other + START + PPS]


def test_h265_is_read_in_its_own_way():
    vps, sps, pps = b"\x40\x01vps", b"\x42\x01sps", b"\x44\x01pps"
    idr = b"\x26\x01" + bytes(2500)
    sender, depacketiser = Sender(), Depacketiser(Track(CODECS["H265"], 96, "*", (vps, sps, pps)))
    parts = [idr[2:][at : at + 1000] for at in range(0, len(idr) - 2, 1000)]
    packets = [
        sender.packet(
            b"\x62\x01" + bytes(((0x80 if i == 0 else 0) | (0x40 if i == 2 else 0) | 19,)) + part, marker=i == 2
        )
        for i, part in enumerate(parts)
    ]
    found = fed(depacketiser, packets)

    assert [(each.is_key, each.codec, each.bytes_) for each in found] == [(True, "hevc", START + idr)]
    assert found[0].layout == START + vps + START + sps + START + pps


@given(st.lists(st.binary(max_size=60) | st.binary(max_size=40).map(lambda rest: b"\x80\x60" + rest), max_size=20))
def test_no_bytes_make_it_raise_or_give_what_was_not_sent(packets):
    sent = sum(map(len, packets))

    for track in (H264, Track(CODECS["H265"], 96, "*", ())):
        found = fed(Depacketiser(track), packets)
        assert sum(each.size for each in found) <= sent * 5


def test_a_unit_without_an_end_does_not_fill_the_memory():
    sender, depacketiser = Sender(), Depacketiser(H264)
    fed(depacketiser, [sender.packet(b"\x7c\x85" + bytes(60_000))])
    tracemalloc.start()
    found = fed(depacketiser, (sender.packet(b"\x7c\x05" + bytes(60_000)) for _ in range(300)))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert found == []
    assert most < 18_000_000  # eight, and what growing them takes


def test_the_first_video_of_a_description_is_found_with_what_it_says():
    text = (
        b"v=0\r\nm=audio 0 RTP/AVP 0\r\na=control:a\r\nm=video 0 RTP/AVP 26 97\r\na=rtpmap:26 JPEG/90000\r\n"
        b"a=rtpmap:97 H264/90000\r\na=control:trackID=2\r\n"
        b"a=fmtp:97 packetization-mode=1;sprop-parameter-sets=Z2QAKA==,aOvj\r\n"
    )

    assert video_of(text) == Track(
        CODECS["H264"], 97, "trackID=2", (bytes.fromhex("67640028"), bytes.fromhex("68ebe3"))
    )
    with pytest.raises(BadRtsp):
        video_of(b"m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n")


LINES = (b"a=rtpmap:96 H264/90000", b"a=rtpmap:7 h265/90000", b"a=rtpmap:9 JPEG/90000", b"a=control:x", b"m=audio 0")
SETS = b"a=fmtp:96 sprop-parameter-sets="


@given(st.lists(st.sampled_from(LINES) | st.binary(max_size=30).map(SETS.__add__) | st.binary(max_size=30), max_size=8))
def test_any_description_is_read_or_refused(lines):
    text = b"\r\n".join([b"m=video 0 RTP/AVP 96", *lines, b""])
    videos = [line for line in lines[: [*lines, b"m=audio 0"].index(b"m=audio 0")] if line in LINES[:2]]
    try:
        track = video_of(text)
    except BadRtsp as refused:
        assert not videos
        assert "video" in str(refused)
    else:
        assert (track.payload, track.codec) == ((96, CODECS["H264"]) if videos[0] == LINES[0] else (7, CODECS["H265"]))


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_answers_and_packets_between_them_come_out_however_the_line_cuts_them(packets):
    answer = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nabc"
    whole = b"".join(b"$\x00" + len(each).to_bytes(2, "big") + each + answer for each in packets)
    incoming = Incoming()
    found = [each for at in range(0, len(whole), 7) for each in incoming.feed(whole[at : at + 7])]

    assert [each.packet for each in found if isinstance(each, Framed)] == packets
    assert [each.body for each in found if isinstance(each, Answer)] == [b"abc"] * len(packets)


@given(st.binary(max_size=300))
def test_any_bytes_are_taken_apart_or_refused(received):
    try:
        assert all(isinstance(each, Answer | Framed) for each in Incoming().feed(received))
    except BadRtsp as refused:
        assert len(str(refused)) < 80


def test_a_digest_is_that_of_the_worked_example():
    """The worked example of RFC 2617 (from general knowledge)."""
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
        'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    refused = Answer(401, {"www-authenticate": [challenge]}, b"")
    given_ = login(refused, Account("Mufasa", "Circle Of Life"), "GET", "/dir/index.html", "0a4f113b", encrypted=False)

    assert 'response="6629fae49393a05397450978507c4ef1"' in given_
    assert "Circle" not in given_
