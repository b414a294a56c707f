"""Reads the variables of a TensorFlow saved model without TensorFlow: a tensor bundle of one shard.

`variables.index` is a table of LevelDB (doc/table_format.md there): a footer of 48 bytes points at the index block,
whose entries point at data blocks; an entry is how much of the key before it holds, the rest of its key, and a value.
Under the empty key lies a header, under each other one a BundleEntryProto (tensor_bundle.proto of TensorFlow),
which says where in `variables.data-00000-of-00001` the numbers lie.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Fields = dict[int, list[Any]]  # of a protobuf by number, each as often as it stands there: ints and bytes

FOOTER, MAGIC = 48, 0xDB4775248B80FB57
FLOAT = 1  # DT_FLOAT of tensorflow/core/framework/types.proto
DTYPE, SHAPE, OFFSET, SIZE, DIM, DIM_SIZE = 1, 2, 4, 5, 2, 1  # fields of the protobufs, by number
VARINT, BYTES, FIXED_32 = 0, 2, 5  # wire types


def read_bundle(index: bytes, data: bytes) -> dict[str, Floats]:
    """The float32 variables by their names. Raises ValueError for what is no such bundle, or a cut one."""
    if len(index) < FOOTER or int.from_bytes(index[-8:], "little") != MAGIC:
        raise ValueError("the index is no LevelDB table")
    try:
        return dict(_variables(index, data))
    except (IndexError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"the index is damaged ({error})") from error


def _variables(index: bytes, data: bytes) -> Iterator[tuple[str, Floats]]:
    footer, at = index[-FOOTER:], 0
    handle = []
    for _ in range(4):
        value, at = _varint(footer, at)
        handle.append(value)
    for _, pointer in _entries(index, handle[2], handle[3]):
        offset, at = _varint(pointer, 0)
        for name, message in _entries(index, offset, _varint(pointer, at)[0]):
            entry = _fields(message)
            if name and entry.get(DTYPE) == [FLOAT]:
                yield name.decode(), _numbers(entry, data, name)


def _numbers(entry: Fields, data: bytes, name: bytes) -> Floats:
    shape = [_fields(dim).get(DIM_SIZE, [0])[0] for dim in _fields(entry[SHAPE][0]).get(DIM, [])]
    offset, size = entry.get(OFFSET, [0])[0], entry[SIZE][0]
    if size != 4 * int(np.prod(shape, dtype=object)) or offset + size > len(data):
        raise ValueError(f"{name.decode()} does not fit the data: {size} bytes at {offset} of {len(data)}")
    return np.frombuffer(data, "<f4", size // 4, offset).reshape(shape)


def _entries(table: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block. After it stands a byte that is 0 where it is not compressed, as in all bundles."""
    if table[offset + size] != 0 or size < 4:
        raise ValueError("the index is compressed or damaged")
    block = table[offset : offset + size]
    end, at, key = size - 4 - 4 * int.from_bytes(block[-4:], "little"), 0, b""
    while at < end:
        shared, at = _varint(block, at)
        n_key, at = _varint(block, at)
        n_value, at = _varint(block, at)
        key = key[:shared] + block[at : at + n_key]
        at += n_key + n_value
        yield key, block[at - n_value : at]


def _fields(message: bytes) -> Fields:
    found: Fields = {}
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        kind = tag & 7
        if kind not in (VARINT, BYTES, FIXED_32):
            raise ValueError(f"the index holds a field of wire type {kind}")
        number, at = (4, at) if kind == FIXED_32 else _varint(message, at)
        if kind == VARINT:
            found.setdefault(tag >> 3, []).append(number)
        else:
            found.setdefault(tag >> 3, []).append(message[at : at + number])
            at += number
    return found


def _varint(block: bytes, at: int) -> tuple[int, int]:
    """The number, and where the next one begins."""
    value = shift = 0
    while True:
        byte = block[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
