"""Says before anything else of ours is loaded whether an update waits to be installed: that wants the whole heap."""

import sys

from firmware.board.incoming import waits
from firmware.board.slots import Slots, running


def update_waits() -> bool:
    """Whether firmware/board/installation.py has something to do."""
    try:
        return waits(Slots("", running(sys.path)))
    except OSError as error:
        print(f"ERROR what waits of an update cannot be cleared away why={error}")
        return False
