"""What the demo says of a gateway's lines."""

import io
import json

from rich.console import Console

from gateway.alerts.notices import outcome_record
from gateway.orders import NEWER, Aim, Light, Outcome
from simulators.demo.terminal import Announcer, Terminal


def test_a_lamp_that_is_told_of_by_two_orders_is_said_once():
    said = io.StringIO()
    announcer = Announcer(Terminal(Console(file=said, width=200)), lambda *seen: None, lambda *lit: None)
    for device in ("L2", "L1", "L1"):
        record = {"what": "light", "level_pct": 100, "device": device, "done": True}
        announcer.feed(json.dumps(record), 1)
    announcer.flush(2)

    assert said.getvalue().split() == ["lamps", "L1,", "L2", "read", "100", "%"]


def test_an_order_that_a_newer_one_took_the_place_of_is_no_fault_and_one_that_failed_is():
    said = io.StringIO()
    announcer = Announcer(Terminal(Console(file=said, width=200)), lambda *seen: None, lambda *lit: None)
    for effect, device in ((Light(("L1",), 100, "i-1"), "L1"), (Aim("C1", 10.0, -5.0, "i-1"), "C1")):
        announcer.feed(json.dumps(outcome_record(Outcome(effect, device, False, 1, NEWER, superseded=True))), 1)
        announcer.feed(json.dumps(outcome_record(Outcome(effect, device, False, 1, "no answer"))), 1)
    lines = [line.split(maxsplit=1) for line in said.getvalue().splitlines()]

    assert lines == [
        ["lamps", f"L1: {NEWER}"],
        ["fault", "L1: no answer"],
        ["camera", f"C1: {NEWER}"],
        ["fault", "C1: no answer"],
    ]
