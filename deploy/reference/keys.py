"""What a table of settings may hold, read off its pydantic model: of each key the type, the legal range and the default
from the same metadata that checks a file, and the words from the model's docstring (`name : what it is.`)."""

import enum
import inspect
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from deploy.reference.forms import CHECKS, FORMS, TYPES, UNITS
from hw.linux.settings import figure
from simulators.tables import OneOf, Within

Model = type[BaseModel]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Key:
    """name : as it stands in a file. legal : what it may be, Markdown. default : TOML; "" where it must be given.
    words : what it is. inner : the table that stands there, is_list whether many of them may."""

    name: str
    legal: str
    default: str
    words: str
    inner: Model | None = None
    is_list: bool = False


@dataclass(slots=True)
class _Limits:
    """What metadata says of a value."""

    low: float | None = None
    high: float | None = None
    is_above: bool = False
    unit: str = ""
    shortest: int | None = None
    longest: int | None = None
    form: str = ""


def keys_of(model: Model, texts: Mapping[Model, str]) -> list[Key]:
    """In the order of the file. texts : tables that are written as something else, and as what. Raises ValueError for a
    key without words, or words of no key."""
    words = words_of(model)
    if missing := [name for name in model.model_fields if not words.get(name)]:
        raise ValueError(f"{model.__module__}.{model.__name__}: no words of {', '.join(missing)} in its docstring")
    return [_key(name, field, words[name], texts) for name, field in model.model_fields.items()]


def about(model: Model) -> str:
    """What a table is: its docstring before its keys."""
    return _parted(model, inspect.cleandoc(model.__dict__.get("__doc__") or ""))[0]


def words_of(model: Model) -> dict[str, str]:
    """Of each key, its own docstring before those of the models that it is made of. Raises ValueError for words of
    what is no key."""
    found: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            found |= _parted(model, inspect.cleandoc(each.__dict__.get("__doc__") or ""))[1]
    return found


def _parted(model: Model, text: str) -> tuple[str, dict[str, str]]:
    head, _, tail = text.partition("\n\n")
    if not tail:
        return " ".join(head.split()), {}
    rows = re.split(r"^(\w+) : ", tail, flags=re.MULTILINE)
    if rows[0].strip() or (strangers := set(rows[1::2]) - set(model.model_fields)):
        stranger = rows[0].strip()[:40] or ", ".join(strangers)
        raise ValueError(f"{model.__module__}.{model.__name__}: {stranger}: is no key of it, but has words")
    return " ".join(head.split()), {
        name: " ".join(words.split()) for name, words in zip(rows[1::2], rows[2::2], strict=True)
    }


def name_of(name: str, field: FieldInfo) -> str:
    """As it stands in a file."""
    return field.alias or name


def _key(name: str, field: FieldInfo, words: str, texts: Mapping[Model, str]) -> Key:
    shown = name_of(name, field)
    inner = next(_models(field.annotation), None)
    usual = None if field.is_required() else field.get_default(call_default_factory=True, validated_data={})
    default = "" if field.is_required() else _default(usual)
    if inner in texts:
        return Key(shown, texts[typing.cast("Model", inner)], default, words)
    if inner is not None:
        is_list = typing.get_origin(_bare(field.annotation)) is tuple
        default = "as below" if isinstance(usual, BaseModel) else default
        return Key(shown, _many(field) if is_list else "a table", default, words, inner, is_list)
    legal = legal_of(shown, field.annotation, field.metadata)
    if isinstance(usual, int) and legal.startswith("a time as"):  # held as microseconds UTC
        default = f"{EPOCH + timedelta(microseconds=usual):%FT%TZ}"
    return Key(shown, legal, default, words)


def _many(field: FieldInfo) -> str:
    limits = _limits(field.metadata, "")
    least = f", {limits.shortest} or more" if limits.shortest else ""
    return f"tables{least}{f', {limits.longest} at most' if limits.longest else ''}"


def legal_of(name: str, kind: Any, metadata: list[Any]) -> str:
    """What a value of this type may be, in words. Raises ValueError for a type or a check that has no words here."""
    metadata = list(metadata)
    while typing.get_origin(kind) is typing.Annotated:
        kind, *more = typing.get_args(kind)
        metadata = [*_flat(more), *metadata]
    parts = [each for each in _alternatives(kind) if each is not type(None)]
    if len(parts) > 1:
        return " or ".join(legal_of(name, each, metadata) for each in parts)
    if parts[0] is not kind:
        return legal_of(name, parts[0], metadata)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return either([_default(each) for each in args])
    if origin in (tuple, list):
        return _sequence(name, args, metadata)
    if origin is dict:
        return f"a table of texts, each {legal_of(name, args[1], [])}"
    return _plain(kind, _limits(metadata, _unit(name)))


def _sequence(name: str, args: tuple[Any, ...], metadata: list[Any]) -> str:
    kinds = [each for each in args if each is not Ellipsis]
    limits = _limits(metadata, "")
    if Ellipsis in args or len(kinds) == 1:
        least = f", {limits.shortest} or more" if limits.shortest else ""
        return f"a list{least}; each {legal_of(name, kinds[0], [])}"
    inner = [legal_of(name if len(set(kinds)) == 1 else "", each, []) for each in kinds]
    count = {2: "two", 3: "three"}[len(kinds)]
    if len(set(inner)) == 1:
        return f"{count} numbers{inner[0].removeprefix('number')}".replace(",", ", each", 1)
    return f"{count}: {'; '.join(inner)}"


def _plain(kind: Any, limits: _Limits) -> str:
    if kind is str:
        return limits.form or _text(limits)
    if kind in TYPES and kind not in (int, float):
        return TYPES[kind]
    if limits.form:  # a time that is held as a number
        return limits.form
    if kind not in TYPES:
        raise ValueError(f"{kind}: no words for this type; give it some in deploy/reference/forms.py")
    if limits.low is None and limits.high is None:
        return f"{TYPES[kind]}{f', {limits.unit}' if limits.unit else ''}"
    if limits.low is None or limits.high is None:
        raise ValueError(f"a {TYPES[kind]} with one bound only: {limits}")
    above = "above " if limits.is_above else ""
    return f"{TYPES[kind]}, {above}{figure(limits.low)} to {figure(limits.high)} {limits.unit}".rstrip()


def _text(limits: _Limits) -> str:
    low, high = limits.shortest or 0, limits.longest
    if high is None:
        return "text, not empty" if low else "text"
    return f"text of {low} to {high} letters" if low else f"text of {high} letters at most"


def either(words: Sequence[str]) -> str:
    """`a`, `b` or `c`."""
    *first, last = [f"`{word}`" for word in words]
    return f"{', '.join(first)} or {last}" if first else last


def _limits(metadata: list[Any], unit: str) -> _Limits:
    limits = _Limits(unit=unit)
    for each in metadata:
        check: Callable[..., Any] | None = getattr(each, "func", None)
        if isinstance(check, Within):
            limits.low, limits.high, limits.unit = check.low, check.high, check.unit or unit
        elif isinstance(check, OneOf):
            limits.form = either([f'"{word}"' for word in check.words])
        elif check is not None:
            limits.form = CHECKS[check.__name__]
        _bounds(limits, each)
    return limits


def _bounds(limits: _Limits, each: Any) -> None:
    for name in ("ge", "gt"):
        if getattr(each, name, None) is not None:
            limits.low, limits.is_above = getattr(each, name), name == "gt"
    limits.high = getattr(each, "le", None) if getattr(each, "le", None) is not None else limits.high
    limits.shortest = getattr(each, "min_length", None) or limits.shortest
    limits.longest = getattr(each, "max_length", None) or limits.longest
    if pattern := getattr(each, "pattern", None):
        limits.form = FORMS[pattern]


def _flat(metadata: list[Any]) -> list[Any]:
    """A Field within Annotated holds its bounds one deeper."""
    return [inner for each in metadata for inner in (each.metadata if isinstance(each, FieldInfo) else [each])]


def _unit(name: str) -> str:
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")


def _alternatives(kind: Any) -> tuple[Any, ...]:
    is_union = isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union
    return typing.get_args(kind) if is_union else (kind,)


def _bare(kind: Any) -> Any:
    """Without `| None`."""
    return next(each for each in _alternatives(kind) if each is not type(None))


def _models(kind: Any) -> Iterator[Model]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for inner in typing.get_args(kind):
        yield from _models(inner)


def _default(value: Any) -> str:
    if value is None or value in ((), [], {}):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list):
        return f"[{', '.join(map(_default, value))}]"
    if isinstance(value, datetime | enum.Enum | BaseModel):
        return "none"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
