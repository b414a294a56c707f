"""A page for each file of settings: every key of every table, of the tables that check the file."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from deploy.reference.keys import Key, Model, about, keys_of
from deploy.reference.markdown import Page, escaped, paragraph, table, wrapped
from firmware.linux.config import NodeConfig
from gateway.config import GatewayConfig, WallsTable
from gateway.web.settings import WebConfig
from hw.lamp_map import LampMap
from simulators.recordings.nodes_file import NodesFile
from simulators.street.scenario import Scenario
from soundpost.camera.survey import LandmarksFile

TEXTS: Mapping[Model, str] = {WallsTable: "text, a file's name"}
"""Tables that stand in the file as something else."""


@dataclass(frozen=True, slots=True)
class File:
    """page : below settings/. title : what it is called. words : who reads it, and where more is told, Markdown."""

    page: str
    title: str
    model: Model
    words: str


FILES = (
    File("gateway", "gateway.toml", GatewayConfig,
         "What `soundpost gateway` and `soundpost evidence` are told. `soundpost gateway --config gateway.toml "
         "--check` says all that is wrong in one. [An example with every table](../../gateway.toml); more on "
         "[policy](../../how-to/policy.md), [lamps](../../how-to/lamps.md), [cameras](../../how-to/cameras.md), "
         "[evidence](../../how-to/evidence.md)."),
    File("node", "node.toml", NodeConfig,
         "What `soundpost node`, on Linux, is told. `soundpost node --config node.toml --check` says all that is wrong "
         "in one. [An example](../../node.toml)."),
    File("web", "web.toml", WebConfig,
         "What `soundpost web` is told. `soundpost web --config web.toml --check` says all that is wrong in one. "
         "[An example](../../web.toml); more on [the pages](../../how-to/web.md) and "
         "[accounts](../../how-to/web-accounts.md)."),
    File("lamp-map", "A lamp board's register map", LampMap,
         "Named by `map` of a `[[lamp_bank]]` in [gateway.toml](gateway.md), and read with it; more on "
         "[lamps](../../how-to/lamps.md)."),
    File("scenario", "A scenario", Scenario,
         "A street and its night for `soundpost simulate`, `demo` and `replay`: "
         "`simulators/street/scenarios/street.toml` is one."),
    File("recording", "A recording's nodes file", NodesFile,
         "Where each microphone of a sound file was, for `soundpost replay`: `nodes.toml`, or `NAME.nodes.toml` beside "
         "`NAME.wav`; JSON with the same keys will do."),
    File("landmarks", "Landmarks of a camera", LandmarksFile,
         "What a camera sees and where it looks then, for `soundpost camera survey`; more on "
         "[cameras](../../how-to/cameras.md)."),
)  # fmt: skip
TOLD = (
    "A key that no table has is refused, with the nearest that there is. Files are looked for beside the file that "
    "names them. *none* in the column *without it*: it is as if there were no such thing."
)


@dataclass(slots=True)
class Place:
    """Where a table stands. paths : all of them, the first is where it is shown."""

    model: Model
    paths: list[str] = field(default_factory=list)


def pages() -> list[Page]:
    """One a file."""
    return [Page(f"settings/{each.page}.md", _text(each), "the tables that check the file") for each in FILES]


def _text(file: File) -> str:
    text = f"# {file.title}\n\n{wrapped(file.words)}{wrapped(TOLD)}"
    for place in places(file.model):
        text += _section(place)
    return text


def places(model: Model) -> list[Place]:
    """Every table of a file, in order, each once."""
    found: dict[Model, Place] = {}
    for path, inner in _walk(model, "", False):
        found.setdefault(inner, Place(inner)).paths.append(path)
    return list(found.values())


def _walk(model: Model, path: str, is_list: bool) -> Iterator[tuple[str, Model]]:
    yield (f"[[{path}]]" if is_list else f"[{path}]") if path else "", model
    for key in keys_of(model, TEXTS):
        if key.inner is not None:
            yield from _walk(key.inner, f"{path}.{key.name}".lstrip("."), key.is_list)


def _section(place: Place) -> str:
    head, *others = place.paths
    text = f"## `{head}`\n\n" if head else "## At the top\n\n"
    if others:
        text += f"The same: {', '.join(f'`{each}`' for each in others)}.\n\n"
    words = about(place.model)
    text += paragraph(words) if words and words != "The whole file." else ""
    return text + table(("key", "what it may be", "without it", "what it is"), map(_row, keys_of(place.model, TEXTS)))


def _row(key: Key) -> Sequence[str]:
    return f"`{key.name}`", key.legal, _without(key), escaped(key.words.removesuffix("."))


def _without(key: Key) -> str:
    if not key.default:
        return "must be there"
    return key.default if key.default in ("none", "as below") else f"`{key.default}`"


def models() -> list[type[BaseModel]]:
    """All tables that a page shows."""
    return list(dict.fromkeys(place.model for file in FILES for place in places(file.model)))
