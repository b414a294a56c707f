"""What people write for the programs: text read whole, with or without the mark (BOM) that some editors put first, and
the words for what is wrong in it, the same for every file."""

import difflib
import ipaddress
import pathlib
import re
import sys
import tempfile
import tomllib
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationError
from pydantic.fields import FieldInfo

PLAIN = {"extra_forbidden": "unknown key", "missing": "is missing"}
NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
MOST_TOLD = 20
LIKE = 0.6
"""From which likeness on (difflib's ratio) a known key is named beside an unknown one."""


def check_host(text: str) -> str:
    """A host's name or address, as it is. Raises ValueError for what can be neither."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)*\.?", text):
            raise ValueError("must be a host's name or its IP address, without port or blanks") from None
    return text


Host = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(check_host)]


def read_text(path: pathlib.Path) -> str:
    """The text of a UTF-8 file without its mark. Raises ValueError naming the file, or OSError."""
    if path.is_char_device() and not path.samefile("/dev/null"):
        raise ValueError(f"{path}: is a device, and may have no end")
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"{path}: is not UTF-8 text") from None


def read_toml(path: pathlib.Path) -> dict[str, Any]:
    """The tables of a TOML file, unchecked. Raises ValueError naming file, line and column, or OSError."""
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from None


def all_faults(error: ValidationError, model: type[BaseModel], document: Mapping[str, Any]) -> str:
    """Every complaint (MOST_TOLD of them) in one line: where (counted from one, by name where it has one), what, and
    what was given.

    Only numbers and truth values are repeated: a text may be a secret that stands in the wrong place.
    """
    errors = error.errors(include_url=False)
    inside = {loc[:n] for loc in (each["loc"] for each in errors) for n in range(len(loc))}
    errors = [each for each in errors if each["type"] != "too_short" or each["loc"] not in inside]  # of what was left
    more = [f"and {len(errors) - MOST_TOLD} more"] if len(errors) > MOST_TOLD else []
    return "; ".join([*(_fault(each, model, document) for each in errors[:MOST_TOLD]), *more])


def _fault(fault: Mapping[str, Any], model: type[BaseModel], document: Mapping[str, Any]) -> str:
    where = _where(fault["loc"], document)
    text = PLAIN.get(fault["type"], fault["msg"].removeprefix("Value error, "))
    given = fault.get("input")
    if fault["type"] == "extra_forbidden":
        text += nearest(str(fault["loc"][-1]), _fields(model, fault["loc"][:-1]))
    elif isinstance(given, (bool, int, float)) and not text.startswith(str(given)):
        text += f" (it is {str(given).lower() if isinstance(given, bool) else given}{_range(model, fault['loc'])})"
    return f"{where}: {text}" if where else text


def _where(loc: Sequence[int | str], document: Any) -> str:
    """`pole 2 (n2).offset_us`: what is one of several is counted from one, and named where it has a name."""
    where, here = "", document
    for part in loc:
        where += f"{'' if where else 'entry'} {part + 1}" if isinstance(part, int) else f".{part}"
        try:
            here = here[part]
        except (KeyError, IndexError, TypeError):
            here = None
        name = (here.get("node") or here.get("name")) if isinstance(part, int) and isinstance(here, dict) else None
        where += f" ({name})" if isinstance(name, str) and NAME.fullmatch(name) else ""
    return where.lstrip(".")


def nearest(key: str, known: Sequence[str]) -> str:
    """What to say of a key that is not known: the nearest that is, or all."""
    near = difflib.get_close_matches(key, known, 1, LIKE)
    return f" (did you mean {near[0]}?)" if near else f" (known: {', '.join(known)})" if known else ""


def _range(model: type[BaseModel], loc: Sequence[int | str]) -> str:
    """`; 0 to 65535`, of a field that has both bounds."""
    *path, last = [part for part in loc if not isinstance(part, int)]
    table = _table(model, path)
    field = _named(table).get(str(last)) if table else None
    bounds: dict[str, float] = {}
    for each in _metadata(field) if field else ():
        bounds |= {name: getattr(each, name) for name in ("ge", "gt", "le", "lt") if hasattr(each, name)}
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    if low is None or high is None:
        return ""
    return f"; legal: {'above ' if 'gt' in bounds else ''}{figure(low)} to {figure(high)}"


def _metadata(field: FieldInfo) -> Iterator[Any]:
    """What checks it; of `Annotated[...] | None`, too, where it stands one deeper."""
    yield from field.metadata
    for each in typing.get_args(field.annotation):
        for inner in getattr(each, "__metadata__", ()):
            yield from inner.metadata if isinstance(inner, FieldInfo) else (inner,)


def figure(value: float) -> str:
    """A number as people write one into a file: a whole one with all its digits."""
    return str(value) if isinstance(value, int) else f"{value:g}"


def _fields(model: type[BaseModel], loc: Sequence[int | str]) -> list[str]:
    table = _table(model, [part for part in loc if not isinstance(part, int)])
    return list(_named(table)) if table else []


def _named(table: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of a table by the names that stand in a file."""
    return {field.alias or name: field for name, field in table.model_fields.items()}


def _table(model: type[BaseModel], path: Sequence[int | str]) -> type[BaseModel] | None:
    """The table that stands at this place of a file of `model`."""
    table: type[BaseModel] | None = model
    for part in path:
        field = _named(table).get(str(part)) if table else None
        table = next(_models(field.annotation), None) if field else None
    return table


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in typing.get_args(kind):
        yield from _models(inner)


def say_old_name(document: Mapping[str, Any], table: str, old: str, new: str, path: pathlib.Path) -> None:
    """Say on standard error that a key was taken by its name of before, where it was."""
    if old in (document.get(table) or ()):
        sys.stderr.write(f"{path}: {table}.{old}: is called {new} now; the old name is still taken\n")


def missing_files(named: Iterable[tuple[str, pathlib.Path]]) -> str:
    """What to say of files and devices that settings name and that are not there, each (field, path); or ""."""
    return "; ".join(f"{field}: {path} is not there" for field, path in named if not path.exists())


def unwritable_file(field: str, path: pathlib.Path) -> str:
    """What to say of a file that is written anew beside itself again and again, where this user cannot do that; or "".
    Found by a file without a name, for of /proc, and to root, permissions tell nothing."""
    if not path.parent.exists():
        return f"{field}: {path.parent} is not there"
    if path.is_dir():
        return f"{field}: {path} is a folder"
    try:
        with tempfile.TemporaryFile(dir=path.parent):
            return ""
    except OSError as error:
        return f"{field}: {path} cannot be written ({error.strerror})"
