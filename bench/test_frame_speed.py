"""How fast frames are sealed, opened and refused, beside one SHA-256 of the same bytes."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from firmware import wire
from gateway.intake.gate import Gate
from gateway.intake.seen import Seen

NOW_US = 1_790_000_000_000_000
KEYS = {"n17": bytes(range(32))}
N = 2000
GROUP, FLOOR = "frames, one core", "hashlib.sha256 of the frame"


def frame(clip_bytes: int, sequence: int, key: bytes = KEYS["n17"]) -> bytes:
    arrival = wire.Arrival(
        NOW_US, 217, wire.LOCKED, -1234, wire.DBFS, 2345, 901, wire.BLAST, 0, (60, 4100), bytes(clip_bytes) or None,
        16_000 if clip_bytes else None,
    )  # fmt: skip
    return wire.seal(arrival, key, b"n17", 3, sequence)


def refusals(gate: Gate, frames: list[bytes]) -> list[str]:
    reasons = []
    for each in frames:
        try:
            gate.open(each, NOW_US)
        except wire.BadFrame as error:
            reasons.append(error.reason)
    return reasons


@pytest.fixture(scope="module", params=[0, 640], ids=["arrival", "arrival with clip"])
def clip_bytes(request: pytest.FixtureRequest) -> Any:
    return request.param


def name_of(clip_bytes: int) -> str:
    return f", arrival with {clip_bytes} bytes of clip" if clip_bytes else ", arrival"


def test_a_gate_opens(measure: Callable[..., Any], clip_bytes: int) -> None:
    gate, frames = Gate(KEYS, Seen()), [frame(clip_bytes, sequence) for sequence in range(N)]

    opened = measure(
        GROUP, "Gate.open" + name_of(clip_bytes), lambda: [gate.open(each, NOW_US) for each in frames], N, "frames",
        floor=FLOOR + name_of(clip_bytes),
    )  # fmt: skip

    assert [each.sequence for each in opened] == list(range(N))


def test_a_gate_refuses(measure: Callable[..., Any], clip_bytes: int) -> None:
    gate, frames = Gate(KEYS, Seen()), [frame(clip_bytes, sequence, bytes(32)) for sequence in range(N)]

    reasons = measure(
        GROUP, "Gate refuses a forged MAC" + name_of(clip_bytes), lambda: refusals(gate, frames), N, "frames",
        floor=FLOOR + name_of(clip_bytes),
    )  # fmt: skip

    assert reasons == ["mac"] * N


def test_a_node_seals(measure: Callable[..., Any], clip_bytes: int) -> None:
    frames = measure(
        GROUP, "wire.seal" + name_of(clip_bytes), lambda: [frame(clip_bytes, sequence) for sequence in range(N)], N,
        "frames", floor=FLOOR + name_of(clip_bytes),
    )  # fmt: skip

    assert len(set(frames)) == N


def test_the_floor_of_frames(measure: Callable[..., Any], clip_bytes: int) -> None:
    frames = [frame(clip_bytes, sequence) for sequence in range(N)]

    digests = measure(
        GROUP, FLOOR + name_of(clip_bytes), lambda: [hashlib.sha256(each).digest() for each in frames], N, "frames"
    )

    assert len(set(digests)) == N
