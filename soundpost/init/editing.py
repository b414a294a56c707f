"""Changes of gateway.toml as people keep it: only the lines of what changes are touched; comments, order and all other
settings stay. Whether it came out right is seen by reading both texts: where they differ in anything but what was to
change, nothing is changed, and who wrote it must do it.

A block is a [[table]] with its settings, the comments among them and right behind, and those right before its header,
up to an empty line. A lamp is one line of its bank.
"""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

PLACE = ("lat_deg", "lon_deg", "h_m")
Document = dict[str, Any]


class Editing:
    """A gateway.toml under change. Raises ValueError naming what only a hand can change."""

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def text(self) -> str:
        """As it is now."""
        return self._text

    def add(self, kind: str, block: str) -> None:
        """A [[kind]] after the last one, or at the end."""
        blocks = _blocks(self._text)
        at = max((n for n, each in enumerate(blocks) if _kind(each) == kind), default=len(blocks) - 1)
        new = _document(block)[kind][0]

        def wanted(document: Document) -> None:
            document.setdefault(kind, []).append(new)

        before = "".join(blocks[: at + 1])
        before += "" if before.endswith("\n") else "\n"
        gap = "" if kind == "pole" else "\n"
        self._take(f"{before}{gap}{block}{''.join(blocks[at + 1 :])}", wanted, f"{kind} {_name(new)}")

    def remove(self, kind: str, name: str) -> None:
        """The [[kind]] of this name (node, name or url), with the comments in it. One that is not there is left."""
        at = self._find(kind, name)
        if at is None:
            return
        blocks = _blocks(self._text)

        def wanted(document: Document) -> None:
            document[kind] = [each for each in document[kind] if _name(each) != name]
            if not document[kind]:
                del document[kind]

        self._take("".join([*blocks[:at], *blocks[at + 1 :]]), wanted, f"{kind} {name}")

    def move(self, kind: str, name: str, place: Mapping[str, float]) -> None:
        """The [[kind]] stands elsewhere. Raises ValueError where it is not there."""
        at = self._find(kind, name)
        if at is None:
            raise ValueError(f"{kind} {name} is not in gateway.toml; put it back, or take it out of the survey")
        blocks = _blocks(self._text)
        blocks[at] = _moved(blocks[at], place)
        self._take("".join(blocks), lambda document: _replace(document[kind], name, place), f"{kind} {name}")

    def set(self, kind: str, name: str, key: str, value: str | float) -> None:
        """A setting of the [[kind]] of this name is another one. Raises ValueError where it is not there."""
        at = self._find(kind, name)
        if at is None:
            raise ValueError(f"{kind} {name} is not in gateway.toml; put it back, or take it out of the survey")
        blocks = _blocks(self._text)
        written = f'"{value}"' if isinstance(value, str) else repr(value)
        pattern = rf"(?m)^(\s*{key}\s*=\s*)(\"[^\"\n]*\"|[-+\d._eE]+)"
        blocks[at] = re.sub(pattern, lambda found: found[1] + written, blocks[at], count=1)

        def wanted(document: Document) -> None:
            next(each for each in document[kind] if _name(each) == name)[key] = value

        self._take("".join(blocks), wanted, f"{key} of {kind} {name}")

    def add_lamp(self, bank: str, line: str) -> None:
        """A line more in a bank that is there."""
        self._bank(bank, lambda block: re.sub(r"(?m)^\]", lambda found: line + found[0], block, count=1), "lamps", line)

    def remove_lamp(self, bank: str, name: str) -> None:
        """Its line goes; with its last lamp the bank goes. One that is not there is left."""
        lamps = self._lamps(bank)
        if [_name(each) for each in lamps] == [name]:
            self.remove("lamp_bank", bank)
        elif name in map(_name, lamps):
            kept = [each for each in lamps if _name(each) != name]
            self._bank(bank, lambda block: re.sub(_lamp_pattern(name), "", block), f"lamp {name}", kept)

    def move_lamp(self, bank: str, name: str, place: Mapping[str, float]) -> None:
        """It stands elsewhere, or on another channel, where `place` has one."""
        lamps = self._lamps(bank)
        _replace(lamps, name, place)

        def moved(block: str) -> str:
            return re.sub(_lamp_pattern(name), lambda found: _in_line(found[0], place), block)

        self._bank(bank, moved, f"lamp {name}", lamps)

    def _lamps(self, bank: str) -> list[Document]:
        banks = [each for each in _document(self._text).get("lamp_bank", ()) if _name(each) == bank]
        return list(banks[0]["lamps"]) if banks else []

    def _bank(self, bank: str, edit: Callable[[str], str], what: str, lamps: str | list[Document]) -> None:
        """Edit one bank's block. lamps : what its lamps are then, or the line that is added to them."""
        at = self._find("lamp_bank", bank)
        if at is None:
            raise ValueError(f"lamp_bank {bank} is not in gateway.toml; put it back, or take it out of the survey")
        if isinstance(lamps, str):
            lamps = [*self._lamps(bank), *tomllib.loads(f"lamps = [\n{lamps}]")["lamps"]]
        blocks, then = _blocks(self._text), lamps
        blocks[at] = edit(blocks[at])

        def wanted(document: Document) -> None:
            next(each for each in document["lamp_bank"] if _name(each) == bank)["lamps"] = then

        self._take("".join(blocks), wanted, f"{what} of {bank}")

    def _find(self, kind: str, name: str) -> int | None:
        """The number of its block; None where the file has none of it. Raises ValueError where it stands otherwise."""
        if name not in [_name(each) for each in _document(self._text).get(kind, ())]:
            return None
        for number, block in enumerate(_blocks(self._text)):
            if _kind(block) == kind and f'"{name}"' in block and _name(_document(block)[kind][0]) == name:
                return number
        raise ValueError(f"gateway.toml: {kind} {name} is written in a way that only you can change: change it by hand")

    def _take(self, text: str, wanted: Callable[[Document], None], what: str) -> None:
        due = _document(self._text)
        wanted(due)
        try:
            is_so = _sorted(tomllib.loads(text)) == _sorted(due)
        except tomllib.TOMLDecodeError:
            is_so = False
        if not is_so:
            raise ValueError(f"gateway.toml: {what} is written in a way that only you can change: change it by hand")
        self._text = text


def _blocks(text: str) -> list[str]:
    """The text cut into blocks, and what stands between them."""
    lines = text.splitlines(keepends=True)
    starts = [number for number, line in enumerate(lines) if re.match(r"\s*\[{1,2}[A-Za-z_\"']", line)]
    cuts = [0]
    for start in starts:
        first = start
        while first > cuts[-1] and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        end = _end([*lines[cuts[-1] : first]]) + cuts[-1]
        cuts += [cut for cut in (end, first) if cut > cuts[-1]]
    cuts.append(cuts[-1] + _end(lines[cuts[-1] :]))
    return [part for a, b in pairwise([*cuts, len(lines)]) if (part := "".join(lines[a:b]))]


def _end(lines: Sequence[str]) -> int:
    """How many of these lines are a block's own: the settings, and the comments right behind the last one."""
    end = max((number for number, line in enumerate(lines) if not re.match(r"\s*(#|$)", line)), default=-1) + 1
    while 0 < end < len(lines) and lines[end].lstrip().startswith("#"):
        end += 1
    return end


def _kind(block: str) -> str:
    found = re.search(r"(?m)^\s*\[\[\s*([a-z_]+)\s*\]\]", block)
    return found[1] if found else ""


def _document(text: str) -> Document:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"gateway.toml: {error}") from None


def _name(table: Mapping[str, Any]) -> str:
    return str(table.get("node") or table.get("name") or table.get("url") or "")


def _sorted(document: Document) -> Document:
    """With poles, banks and cameras in one order: it says nothing."""
    return {
        key: sorted(value, key=_name) if key in ("pole", "lamp_bank", "camera") and isinstance(value, list) else value
        for key, value in document.items()
    }


def _replace(tables: Sequence[Document], name: str, place: Mapping[str, float]) -> None:
    for table in tables:
        if _name(table) == name:
            for key in (*PLACE, "xyz_m"):
                table.pop(key, None)
            table.update(place)


def _moved(block: str, place: Mapping[str, float]) -> str:
    """A block with its place's lines anew; what is written behind them stays."""
    lines = "".join(f"{key} = {place[key]!r}\n" for key in PLACE)
    block, found = re.subn(r"(?m)^\s*xyz_m\s*=\s*\[[^\]\n]*\][^\S\n]*(#.*)?\n", lines, block, count=1)
    return block if found else _in_line(block, place)


def _in_line(text: str, place: Mapping[str, float]) -> str:
    """Places within a text: `lat_deg = 1.0` is another number then."""
    whole = ", ".join(f"{key} = {place[key]!r}" for key in PLACE)
    text = re.sub(r"(?m)(?<![\w#])xyz_m\s*=\s*\[[^\]\n]*\]", whole, text)
    for key in place:
        text = re.sub(rf"(?m)^([^#\n]*\b{key}\s*=\s*)[-+\d._eE]+", rf"\g<1>{place[key]!r}", text)
    return text


def _lamp_pattern(name: str) -> str:
    return rf'(?m)^\s*\{{[^\n]*name\s*=\s*"{re.escape(name)}"[^\n]*\n'
