"""What a field of the wire may hold: its type and bounds. Portable."""

from collections import namedtuple

MAX_SPANS, MAX_INTS = 32, 16

INT, BYTES, INTS, SPANS = "int", "bytes", "ints", "spans"
"""Types of fields. low and high bound an int; the length of bytes; each of at most MAX_INTS ints. A span is a triple
(boot, first, last): the sequences first..last of that boot, at most MAX_SPANS of them."""

Field = namedtuple("Field", ("key", "name", "type", "low", "high", "optional"))


def fitting(field: Field, value: object) -> object:
    """The value as its field's type has it, None where an optional one is missing; else ValueError."""
    if value is None and field.optional:
        return None
    if not _FITS[field.type](value, field.low, field.high):
        raise ValueError(f"{field.name} must be {field.type} within {field.low} and {field.high}")
    return _tuple(value) if isinstance(value, (list, tuple)) else value


def _tuple(items: list | tuple) -> tuple:  # type: ignore[type-arg]
    return tuple([_tuple(item) if isinstance(item, (list, tuple)) else item for item in items])


def is_int(value: object, low: int, high: int) -> bool:
    """Whether it is a whole number, no bool, within low and high."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_bytes(value: object, low: int, high: int) -> bool:
    return isinstance(value, bytes) and low <= len(value) <= high


def _is_ints(value: object, low: int, high: int) -> bool:
    is_short = isinstance(value, (list, tuple)) and len(value) <= MAX_INTS
    return is_short and all(is_int(item, low, high) for item in value)  # type: ignore[attr-defined]


def _is_spans(value: object, low: int, high: int) -> bool:
    return (
        isinstance(value, (list, tuple))
        and len(value) <= MAX_SPANS
        and all(
            isinstance(span, (list, tuple))
            and len(span) == 3
            and all(is_int(i, low, high) for i in span)
            and span[1] <= span[2]
            for span in value
        )
    )


_FITS = {INT: is_int, BYTES: _is_bytes, INTS: _is_ints, SPANS: _is_spans}
