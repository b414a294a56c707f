"""The little of CBOR (RFC 8949) that the wire uses, in its deterministic encoding (section 4.2.1) and no other.

Integers within 64 bits, byte strings, arrays at most two deep, and one map from integers 0 to 23 in ascending order
around all. Text, floats, tags, simple values, indefinite lengths and longer heads than needed are refused.
(Section numbers from general knowledge.) Portable.
"""


def read_map(body: bytes, most: int) -> dict[int, object]:
    """The map that the whole body is, arrays as tuples. ValueError when the body is anything but the profile, or has
    more than `most` items, keys and arrays included: a small frame must not become a large heap."""
    _count(body, most)
    n, at = head(body, 0, 5)
    fields, last = {}, -1
    for _ in range(n):
        key, at = head(body, at, 0)
        if not last < key < 24:
            raise ValueError("keys must ascend, and be below 24")
        last = key
        fields[key], at = read(body, at, 2)
    if at != len(body):
        raise ValueError("bytes after the end")
    return fields


def _count(body: bytes, most: int) -> None:
    """ValueError where there are too many heads. What else is wrong is for `read` to find."""
    at = n = 0
    while at < len(body):
        major, info = body[at] >> 5, body[at] & 31
        n += 1
        if n > most or info > 27:
            raise ValueError("too many items, or one of no definite length")
        size = 0 if info < 24 else 1 << info - 24
        at += 1 + size
        if major == 2:
            at += int.from_bytes(body[at - size : at], "big") if size else info


def read(body: bytes, at: int, depth: int) -> tuple[object, int]:
    """One integer, byte string or array (of arrays, `depth` deep in all) at body[at], and the index after it."""
    major = body[at] >> 5 if at < len(body) else 7
    if major > 4 or major == 3:
        raise ValueError("only integers, bytes and arrays")
    n, at = head(body, at, major)
    if major < 2:
        return (-1 - n if major else n), at
    if n > len(body) - at or (major == 4 and depth == 0):
        raise ValueError("too long or too deep")
    if major == 2:
        return body[at : at + n], at + n
    items = []
    for _ in range(n):
        item, at = read(body, at, depth - 1)
        items.append(item)
    return tuple(items), at


def head(body: bytes, at: int, major: int) -> tuple[int, int]:
    """The argument of the head at body[at] (section 3) and the index after it. ValueError unless it is of this major
    type and of the shortest form."""
    first = body[at] if at < len(body) else 0xFF
    info = first & 31
    if first >> 5 != major or info > 27:
        raise ValueError("not the type that belongs here")
    if info < 24:
        return info, at + 1
    end = at + 1 + (1 << info - 24)
    argument = int.from_bytes(body[at + 1 : end], "big")
    if end > len(body) or argument < (24, 1 << 8, 1 << 16, 1 << 32)[info - 24]:
        raise ValueError("not the shortest form")
    return argument, end


class Page:
    """A buffer that is written on as if it were a bytearray, and stays where it is: a bytearray moves as it grows, and
    a board's heap has no room for that. size: bytes. end: how many are written."""

    def __init__(self, size: int) -> None:
        self.end = 0
        self._bytes = bytearray(size)

    def append(self, byte: int) -> None:
        """One more. IndexError where the page is full."""
        self._bytes[self.end] = byte
        self.end += 1

    def extend(self, more: "bytes | bytearray") -> None:
        """As many more. IndexError where the page is full."""
        self.put(self.end, more)
        self.end += len(more)

    def put(self, at: int, what: "bytes | bytearray") -> None:
        """Write in the middle. IndexError where that would be behind the page's end."""
        if at + len(what) > len(self._bytes):
            raise IndexError("page is full")
        self._bytes[at : at + len(what)] = what

    def view(self, begin: int) -> memoryview:
        """What is written from `begin` on, until the next writing."""
        return memoryview(self._bytes)[begin : self.end]

    def held(self, begin: int) -> bytes:
        """The same, to keep."""
        return bytes(self.view(begin))


def write(out: "bytearray | Page", value: object) -> None:
    """Append the encoding of an integer within 64 bits, a byte string, or a tuple of these. TypeError for others."""
    if isinstance(value, int):
        write_head(out, 0 if value >= 0 else 1, value if value >= 0 else -1 - value)
    elif isinstance(value, bytes):
        write_head(out, 2, len(value))
        out.extend(value)
    elif isinstance(value, tuple):
        write_head(out, 4, len(value))
        for item in value:
            write(out, item)
    else:
        raise TypeError("cannot write a " + type(value).__name__)


def write_head(out: "bytearray | Page", major: int, argument: int) -> None:
    """Append the shortest head of this major type."""
    if argument < 24:
        out.append(major << 5 | argument)
        return
    size = 0 if argument < 1 << 8 else 1 if argument < 1 << 16 else 2 if argument < 1 << 32 else 3
    out.append(major << 5 | 24 + size)
    out.extend(argument.to_bytes(1 << size, "big"))
