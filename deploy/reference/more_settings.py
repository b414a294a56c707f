"""Pages of what no pydantic table checks: a survey's columns, and a board's pole file."""

from deploy.reference.keys import either
from deploy.reference.markdown import Page, code, escaped, item, table, wrapped
from deploy.reference.settings import FILES
from firmware.board.config import LAST_PIN, RANGES
from firmware.workshop.chips import ARCHITECTURES
from firmware.workshop.pole_file import EXAMPLE, FARTHEST_M, NEED
from hw.linux.settings import figure
from hw.mcu.pins import PIN_NAMES
from soundpost.init.table import COLUMNS, MEANS
from soundpost.init.table import NEED as MUST

SURVEY = (
    "What `soundpost init` reads: CSV with a row of headings (commas, semicolons, tabs or bars; decimal commas are "
    "borne), or GeoJSON (RFC 7946) whose features are points with these names as properties. Capitals, blanks and "
    "dashes in a heading do not matter. More: [from a survey to a street](../../how-to/init.md)."
)
SAID = (
    "A row without `node` is a pole without one; a row may hold a pole, a lamp and a camera. Columns with other "
    "headings are passed over, and said."
)
BOARD = (
    "What `soundpost board provision` and `check` are told of one board, and `soundpost init` writes for each: TOML. "
    "Files are looked for beside it. What the board itself gets, `node.json`, has `node`, `chip`, `rate_hz`, "
    "`delay_frames_q8`, `clips`, `pins` and `uplink` of it; keys lie in files of their own."
)


def pages() -> list[Page]:
    """Both, and one that leads to all pages of settings."""
    return [
        Page("settings/index.md", _index(), "the list of them"),
        Page("settings/survey.md", _survey(), "COLUMNS and MEANS of soundpost/init/table.py"),
        Page("settings/board.md", _board(), "firmware/workshop/pole_file.py and firmware/board/config.py"),
    ]


def _index() -> str:
    rows = [("gateway", "gateway.toml, of a gateway"), ("node", "node.toml, of a Linux node"),
            ("web", "web.toml, of the pages"), ("survey", "a survey of poles, for `soundpost init`"),
            ("board", "a board's pole file"), ("lamp-map", "a lamp board's register map"),
            ("landmarks", "landmarks of a camera"), ("scenario", "a scenario"),
            ("recording", "a recording's nodes file")]  # fmt: skip
    assert {page for page, _ in rows} == {each.page for each in FILES} | {"survey", "board"}, "all of them, by name"
    head = "Every key of every file that people write: what it may be, what holds without it, what it is."
    return f"# Settings\n\n{head}\n\n" + "".join(item(f"[{words}]({page}.md)") for page, words in rows)


def _survey() -> str:
    rows = (
        (f"`{column}`", "must be there" if column in MUST else "", ", ".join(f"`{each}`" for each in others),
         escaped(MEANS[column]))
        for column, others in COLUMNS.items()
    )  # fmt: skip
    return f"# A survey\n\n{wrapped(SURVEY)}{wrapped(SAID)}" + table(
        ("column", "", "also called", "what stands in it"), rows
    )


def _board() -> str:
    rows = [
        ("node", "1 to 32 of A-Z a-z 0-9 . _ -", "", "its name"),
        ("chip", either([f'"{chip}"' for chip in ARCHITECTURES]), "", "of the board"),
        ("xyz_m", f"three numbers, each {figure(-int(FARTHEST_M))} to {figure(int(FARTHEST_M))} m", "",
         "where its microphone hangs: metres east, north, up, as in gateway.toml"),
        ("key_file", "text, a file's name", "", "the node's key, of `soundpost keys`"),
        ("update_key_file", "text, a file's name", "", "the key that releases are sealed with; another than key_file"),
        ("rate_hz", _range("rate_hz", "Hz"), _usual("rate_hz"), "of the microphone"),
        ("delay_frames_q8", _range("delay_frames_q8", ""), _usual("delay_frames_q8"),
         "the microphone's group delay in 1/256 of a sample; of an INMP441 without it"),
        ("clips", "true or false", "`true`", "send the 20 ms round each onset with it"),
        ("pins", f"a table, each 0 to {LAST_PIN}", "the chip's", f"other pins than usual: {', '.join(PIN_NAMES)}"),
        ("uplink", "a table", "", "the way to the gateway"),
    ]  # fmt: skip
    uplink = [
        ("kind", either(['"serial"', '"mqtt"']), "", "which"),
        ("baud", _range("baud", ""), _usual("baud"), "serial: its speed, the same at the gateway"),
        ("host", "a host's name or address", "", "mqtt: the broker"),
        ("port", _range("port", ""), _usual("port"), "mqtt: its port, for keys shared with it (PSK)"),
        ("network", "text", "none", "mqtt: the wireless network"),
        ("broker_key_file", "text, a file's name", "", "mqtt: the key shared with the broker"),
        ("network_key_file", "text, a file's name", "", "mqtt, with network: one line, its password"),
    ]
    assert {name for name, _, usual, _ in rows if not usual} == set(NEED)
    return f"# A board's pole file\n\n{wrapped(BOARD)}{code(EXAMPLE)}{_table(rows)}## `[uplink]`\n\n{_table(uplink)}"


def _table(rows: list[tuple[str, str, str, str]]) -> str:
    shown = ((f"`{name}`", legal, usual or "must be there", escaped(words)) for name, legal, usual, words in rows)
    return table(("key", "what it may be", "without it", "what it is"), shown)


def _range(name: str, unit: str) -> str:
    low, high, _ = RANGES[name]
    return f"whole number, {figure(low)} to {figure(high)} {unit}".rstrip()


def _usual(name: str) -> str:
    return f"`{RANGES[name][2]}`"
