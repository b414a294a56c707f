"""The page of signs: what a board's LED flashes, where it stands with an update, what alarms and lamp faults there are,
exit statuses."""

from deploy.reference.markdown import Page, escaped, table, wrapped
from deploy.reference.said import below, each_of
from firmware import update, wire
from firmware.board.blink import CODES, HEALTHY_MS
from firmware.clock import FRESH_US, HOLDOVER_US, LOCKED_US
from firmware.linux.names import VERBS
from gateway.reaction.lamp_faults import RULES
from gateway.upkeep.ledger import KINDS, OVER
from gateway.upkeep.node_clocks import KIND as SECOND
from gateway.upkeep.node_clocks import OVER as SECOND_OVER
from gateway.upkeep.silence import KIND as SILENT

ALARMS = {
    "clock": "its arrivals are off by the same everywhere: its clock, by a part of a second",
    SECOND: "its words of itself tell another second than the other nodes': by which second its pulses are named",
    "position": "it stands elsewhere than the survey has it",
    "microphone": "it is louder or less loud than the others, hears little of what they hear, or its times scatter",
    SILENT: "it is not heard any more; of several that fall silent together one alarm",
}
CLOCKS = {
    "unset": "no time yet: what it says is kept, and places nothing",
    "coarse": f"worse than {HOLDOVER_US // 1000} ms: places nothing",
    "holdover": f"up to {HOLDOVER_US // 1000} ms: the time goes on by the sample clock",
    "locked": f"up to {LOCKED_US // 1000} ms, with a mark of the last {FRESH_US // 1_000_000} s",
}
STATUS = (
    ("0", "done; of `soundpost doctor`: nothing FAILs"),
    ("1", "bad input, or a thing that is not well: one line on standard error, and nothing half written"),
    ("2", "wrong usage: an option or a command that there is not"),
    ("130", "interrupted (Ctrl-C)"),
)


def page() -> Page:
    """All of them."""
    text = "# Signs and statuses\n\n" + _led()
    text += f"## Clock states\n\n{table(('state', 'what it is'), _rows(CLOCKS))}"
    text += f"## Alarms of poles\n\n{table(('kind', 'what it is', 'over when'), _alarms())}"
    faults = {name: rule.words for name, rule in RULES.items()}
    head = "The gravest first; a lamp has one notice from the first fault until nothing is wrong."
    text += f"## Faults of lamps\n\n{head}\n\n{table(('fault', 'what it is'), _rows(faults))}" + _updates()
    verbs = ", ".join(f"`{word}` ({number})" for number, word in VERBS.items())
    text += f"## Commands to a node\n\n{verbs}.\n\n"
    text += f"## Exit statuses\n\n{table(('status', 'what it is'), ((f'`{code}`', words) for code, words in STATUS))}"
    return Page("codes.md", text, "the code's own tables")


def _rows(words: dict[str, str]) -> list[tuple[str, str]]:
    return [(f"`{name}`", escaped(text)) for name, text in words.items()]


def _led() -> str:
    rows = [(f"one wink in {HEALTHY_MS // 1000} s", "nothing is wrong")]
    rows += [(str(number), escaped(words)) for number, _, words in CODES]
    rows.append(("fast blinking", "it was asked to identify itself"))
    head = (
        "A code is so many short flashes and a pause; of several faults the worst, the longest code, is shown. What "
        "to do about each: [the hardware](hardware.md#what-the-led-says)."
    )
    return f"## A board's LED\n\n{wrapped(head)}{table(('flashes', 'what is wrong'), rows)}"


def _alarms() -> list[tuple[str, str, str]]:
    over: dict[str, list[str]] = {SECOND: [SECOND_OVER]}
    for finding, kind in KINDS.items():
        over.setdefault(kind, []).append(OVER[finding])
    return [
        (f"`{kind}`", escaped(words), escaped("; ".join(over.get(kind, ["it is heard again"]))))
        for kind, words in ALARMS.items()
    ]


def _updates() -> str:
    text = f"{below(wire, 'STAGES')} {below(update, 'REASONS')}"
    words = each_of(wire.STAGES, text)
    head = "What `soundpost journal show` tells of a node and a release: the stage, or why the node refuses it."
    extra = {"silent": "the node does not answer any more", "lost": "it did not come back"}
    return f"## Stages of an update\n\n{head}\n\n{table(('stage', 'what it is'), _rows(words | extra))}"
