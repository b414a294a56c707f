"""Acks for what is to be kept: one for each node, or as many as it takes, each saying runs of sequences. Pure."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from firmware import wire
from firmware.fields import MAX_SPANS
from gateway.incident import Reply, Store
from gateway.intake.gate import Gate


def acks(gate: Gate, stores: Sequence[Store]) -> Iterator[Reply]:
    """Acks for stores, as many sequences in each as it holds."""
    by_node = sorted({(store.node, store.boot, store.sequence) for store in stores})
    for node, keys in groupby(by_node, key=lambda key: key[0]):
        if not gate.knows(node):
            continue
        spans = _spans([(boot, sequence) for _, boot, sequence in keys])
        for start in range(0, len(spans), MAX_SPANS):
            yield Reply(node, gate.seal(node, wire.Ack(tuple(spans[start : start + MAX_SPANS]))))


def _spans(keys: Sequence[tuple[int, int]]) -> list[tuple[int, int, int]]:
    """(boot, first, last) of each run in sorted (boot, sequence) pairs."""
    spans: list[tuple[int, int, int]] = []
    for boot, sequence in keys:
        if spans and spans[-1][0] == boot and spans[-1][2] + 1 == sequence:
            spans[-1] = (boot, spans[-1][1], sequence)
        else:
            spans.append((boot, sequence, sequence))
    return spans
