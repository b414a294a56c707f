"""All checks at once, each in a thread of its own and for no longer than its limit: what hangs is said, and left."""

import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from soundpost.doctor.verdict import Verdict, failed
from soundpost.terminal import one_line


@dataclass(frozen=True, slots=True)
class Check:
    """name : of its line where it cannot say one itself. what : of which thing. ask : () -> verdicts; what it raises
    (OSError, ValueError) is its verdict. limit_s : how long it may take."""

    name: str
    ask: Callable[[], Sequence[Verdict]]
    what: str = ""
    limit_s: float = 8.0


def examine(checks: Sequence[Check]) -> tuple[list[Verdict], bool]:
    """What all of them say, in their order; and whether any hangs: its thread is left behind."""
    answers: queue.SimpleQueue[tuple[int, list[Verdict]]] = queue.SimpleQueue()
    for index, check in enumerate(checks):
        threading.Thread(target=_ask, args=(index, check, answers), name=check.name, daemon=True).start()
    said = _gather(checks, answers)
    found = [verdict for index, check in enumerate(checks) for verdict in said.get(index, _late(check))]
    return found, len(said) < len(checks)


def _ask(index: int, check: Check, answers: "queue.SimpleQueue[tuple[int, list[Verdict]]]") -> None:
    try:
        found = list(check.ask())
    except (OSError, ValueError) as error:
        found = [failed(check.name, one_line(error) or type(error).__name__, "mend that, and ask again", check.what)]
    except Exception as error:  # whatever it is, the other checks' lines are worth having
        says = f"the check itself failed ({type(error).__name__}: {one_line(error)})"
        found = [failed(check.name, says, "tell whoever makes this program", check.what)]
    answers.put((index, found))


def _gather(
    checks: Sequence[Check], answers: "queue.SimpleQueue[tuple[int, list[Verdict]]]"
) -> dict[int, list[Verdict]]:
    began_s, said = time.monotonic(), dict[int, list[Verdict]]()
    while len(said) < len(checks):
        left_s = _longest_s(check for index, check in enumerate(checks) if index not in said)
        try:
            index, found = answers.get(timeout=max(0.0, began_s + left_s - time.monotonic()))
        except queue.Empty:
            break
        said[index] = found
    return said


def _longest_s(checks: Iterable[Check]) -> float:
    return max(check.limit_s for check in checks)


def _late(check: Check) -> list[Verdict]:
    do = "something there hangs: a disk, a share, a device that takes a connection and says nothing"
    return [failed(check.name, f"no answer within {check.limit_s:g} s", do, check.what)]
