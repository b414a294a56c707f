"""Finds the pulse per second in the sound: the receiver's PPS pin is gated onto the microphone's data line in the right
I2S slot, which the microphone leaves free (notes/micropython.md 7.3; circuit: docs/reference/hardware.md).

A frame k of 64 bit clocks starts with the left slot; its right word, bits 32 to 63, is the level of the pin. The gate
follows WS, which changes one bit clock before the slot does, so the last bit of the word is nobody's and is not looked
at. The other 31 are:

    0 ... 0             low throughout
    1 ... 1             high throughout
    0 ... 01 ... 1      the pin rose in this slot: the ones at the end tell where, to one bit clock (326 ns at 48 kHz)

A pin that rises in a left slot is seen only as zeros, then ones: it rose somewhere within that half frame. The position
of an edge is therefore always given with its half width. Whatever came between reading and software, a scheduler or a
collection of garbage, has no part in it.

One word is looked at every STRIDE frames, and where it is not as before, those beside it, too; a rise is believed when
two looks before it were low and two after it high, and is then found word by word. Noise in single words shifts
nothing, or widens the interval. A pulse must be at least 2 * STRIDE frames high and low (4 ms at 48 kHz; receivers'
default is 100 ms). Portable and pure.
"""

from array import array
from collections import namedtuple

Edge = namedtuple("Edge", ("tick_q8", "half_q8"))
"""The pin rose at this tick (frames since the stream began, times 256), give or take half_q8."""

STRIDE = 96
TAIL = 3 * STRIDE
RISE = 0b0011
"""Looks, oldest first: low, low, high, high."""
SLOT_Q8, BIT_Q8 = 128, 4
"""Where the right slot begins in its frame, and the length of a bit clock, in 1/256 frame. Bits are taken in at their
middle."""
BITS = 31


class PpsFinder:
    """Feed it blocks; it keeps the last TAIL frames, so that an edge may lie across two of them."""

    def __init__(self) -> None:
        self._tail = array("i", bytes(8 * TAIL))
        self._seen = array("i", bytes(4 * (STRIDE + 4)))
        self._next = 0
        self._look = 1
        self._looks = 0b1111

    def feed(self, words: "array[int]", tick: int) -> list[Edge]:
        """words: left and right words (32 bits, signed) of whole frames, the first frame's tick being `tick`. Comes
        back: the rises, seldom more than one. A tick that is not the next one begins anew."""
        end = tick + len(words) // 2
        if tick != self._next:
            self._look, self._looks = tick + 1, 0b1111
        self._next = end
        edges = []
        look, looks = self._look, self._looks
        while look < end - 1:
            was = looks & 1
            at = 2 * (look - tick) + 1
            is_high = was if at > 0 and words[at] >> 1 == -was else self._is_high(words, tick, look)
            looks = (looks << 1 | is_high) & 0b1111
            if looks == RISE:
                edge = self._find(words, tick, look - 2 * STRIDE)
                if edge is not None:
                    edges.append(edge)
            look += STRIDE
        self._look, self._looks = look, looks
        self._keep_tail(words)
        return edges

    def _keep_tail(self, words: "array[int]") -> None:
        n, tail = min(len(words), 2 * TAIL), self._tail
        if n < 2 * TAIL:
            tail[: 2 * TAIL - n] = tail[n:]
        memoryview(tail)[2 * TAIL - n :] = memoryview(words)[len(words) - n :]

    def _word(self, words: "array[int]", tick: int, frame: int) -> int:
        """The bits of the right word of a frame of this block or of the tail before it."""
        at = 2 * (frame - tick) + 1
        return (words[at] if at > 0 else self._tail[2 * TAIL + at]) >> 1

    def _is_high(self, words: "array[int]", tick: int, frame: int) -> int:
        high = 0
        for k in (frame - 1, frame, frame + 1):
            high += _mostly_ones(self._word(words, tick, k))
        return int(high > 1)

    def _find(self, words: "array[int]", tick: int, low: int) -> "Edge | None":
        """The rise between the looks at `low` and `low + STRIDE`: the split that the fewest words contradict, and what
        the words on both its sides say more finely. None where a quarter of the words contradict any split."""
        seen = self._seen
        for i in range(len(seen)):
            seen[i] = self._word(words, tick, low - 1 + i)
        wrong = least = sum([1 - _mostly_ones(word) for word in seen])
        split = 0
        for i, word in enumerate(seen):
            wrong += 2 * _mostly_ones(word) - 1
            if wrong < least:
                least, split = wrong, i + 1
        if 4 * least > len(seen):
            return None
        for i in (split, split - 1):
            ones = _ones_at_the_end(seen[i]) if 0 <= i < len(seen) else 0
            if ones:
                return Edge((low - 1 + i << 8) + SLOT_Q8 + (BITS - ones) * BIT_Q8, BIT_Q8 // 2)
        return _between(seen, split, low - 1)


def _between(seen: "array[int]", split: int, first: int) -> "Edge | None":
    """The rise between the last clean low word before the split and the first clean high one after it."""
    before = after = None
    for i in range(split - 1, -1, -1):
        if seen[i] == 0:
            before = i
            break
    for i in range(split, len(seen)):
        if seen[i] == -1:
            after = i
            break
    if before is None or after is None:
        return None
    since_q8 = (first + before + 1 << 8) - 3 * BIT_Q8 // 2
    until_q8 = (first + after << 8) + SLOT_Q8 + BIT_Q8 // 2
    return Edge((since_q8 + until_q8) // 2, (until_q8 - since_q8) // 2)


def _mostly_ones(word: int) -> int:
    """1 where more than half of the bits are ones, else 0."""
    if word in (0, -1):
        return -word
    return int(bin(word & 0x7FFFFFFF).count("1") > BITS // 2)


def _ones_at_the_end(word: int) -> int:
    """m for a word of zeros and then m ones, 1 <= m < BITS; else 0."""
    if word <= 0 or word & (word + 1):
        return 0
    return len(bin(word)) - 2
