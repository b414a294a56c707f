"""The page of the journal's kinds of rows: what each is, and one of each as the real code writes it."""

import dataclasses
import json
from typing import Any

from deploy.reference.markdown import Page, code, escaped, hexadecimal, paragraph, record, table, wrapped
from deploy.reference.samples import AIR, BECAUSE, EARLY, KEY, NODE, SEQUENCE, SITE, STEP, TOLD
from firmware import wire
from gateway.alerts import told
from gateway.journal.moments import step_record
from gateway.journal.rows import KINDS

HEAD = (
    "A journal is rows, each chained to the one before ([file formats](files.md#journal)). A row has `number`, "
    "`kind`, `at_us` (microseconds UTC), `body`, and `hash`; a `frame` also `node`, `boot` and `sequence`. The body "
    "of all but frames is JSON. `soundpost journal show` prints all but frames, `soundpost journal export --json` all"
    " of it; [following a journal](following.md) tells how a program reads it as it grows."
)
TAIL = (
    "Places are metres east and north of `[site]`, and degrees WGS 84; times whole microseconds UTC. A program should"
    " pass over kinds and members that it does not know: later versions may bring more."
)


def page() -> Page:
    """All kinds."""
    text = f"# Rows of the journal\n\n{wrapped(HEAD)}{wrapped(TAIL)}"
    text += table(("kind", "what it is"), ((f"[`{kind}`](#{kind})", escaped(words)) for kind, words in KINDS.items()))
    for kind, words in KINDS.items():
        text += f"## {kind}\n\n{paragraph(f'{words[0].upper()}{words[1:]}.')}{code(_shown(body(kind)))}"
    return Page("journal-rows.md", text, "KINDS of gateway/journal/rows.py and what writes the rows")


def body(kind: str) -> Any:
    """A body of this kind, as JSON has it; of a frame its bytes. Raises KeyError for a kind without an example."""
    if kind in TOLD:
        return told.record(TOLD[kind], SITE)
    made: dict[str, Any] = {
        "frame": wire.seal(wire.Ack(()), KEY, NODE.encode(), 1, SEQUENCE),
        "reason": dataclasses.asdict(BECAUSE),
        "early": dataclasses.asdict(EARLY),
        "air": dataclasses.asdict(AIR),
        "clock": json.loads(step_record(STEP)),
        "config": {"sha256": "ab" * 32, "policy": {"...": "the whole [policy] table"}},
        "pruned": {"first": 1, "cut": 950_000, "frames": 948_211, "archive": "street.journal.rows-1-950000.jsonl.gz",
                   "sha256": "ab" * 32, "left": "cd" * 32},
    }  # fmt: skip
    return made[kind]


def _shown(content: Any) -> str:
    return hexadecimal(content) if isinstance(content, bytes) else record(content)
