"""What the demo says of a gateway's lines."""

import io
import json

from rich.console import Console

from simulators.demo.terminal import Announcer, Terminal


def test_a_lamp_that_is_told_of_by_two_orders_is_said_once():
    said = io.StringIO()
    announcer = Announcer(Terminal(Console(file=said, width=200)), lambda *seen: None, lambda *lit: None)
    for device in ("L2", "L1", "L1"):
        record = {"what": "light", "level_pct": 100, "device": device, "done": True}
        announcer.feed(json.dumps(record), 1)
    announcer.flush(2)

    assert said.getvalue().split() == ["lamps", "L1,", "L2", "read", "100", "%"]
