"""What the street did for an incident, counted: the newest outcome of each lamp and camera, and the files kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.orders import is_superseded
from gateway.web.records import Whole

WHATS = ("light", "aim", "file")


@dataclass(frozen=True, slots=True)
class Deeds:
    """what : of WHATS. n_done, n_failed : how many lamps, cameras or files."""

    what: str
    n_done: int
    n_failed: int


def deeds_of(whole: Whole | None) -> Sequence[Deeds]:
    """Those that there are, in the order of WHATS."""
    if whole is None:
        return ()
    outcome: dict[tuple[str, str], bool] = {}
    for each in whole.happened:
        if each.what == "effect" and each.body.get("what") in WHATS and not is_superseded(each.body):
            key = (str(each.body["what"]), str(each.body.get("device", "")))
            # The lamp went back to rest later: it did light up.
            outcome[key] = bool(each.body.get("done")) or outcome.get(key, False)
    outcome |= {("file", each.file): each.state != "lost" for each in whole.files}
    counted = [(what, [done for (of, _), done in outcome.items() if of == what]) for what in WHATS]
    return [Deeds(what, sum(found), len(found) - sum(found)) for what, found in counted if found]
