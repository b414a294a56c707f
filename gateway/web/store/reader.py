"""The thread that follows the journal into the web's own tables. Whatever the journal or the disk does, it lives on,
says so, and comes back."""

import threading
from collections.abc import Callable, Sequence

import structlog

from gateway.web.database import Database
from gateway.web.records import Change
from gateway.web.store.applying import Applying, kept_rows, place
from gateway.web.store.journal import Journal
from gateway.web.store.pulse import Pulse

MOST = 4000
AGAIN_S = 1.0
log = structlog.get_logger("gateway.web")
Told = Callable[[Sequence[Change]], None]


class Reader:
    """told : is given what each transaction changed, after it, from this thread."""

    def __init__(self, database: Database, journal: Journal, applying: Applying, pulse: Pulse, told: Told) -> None:
        self._database, self._journal, self._applying = database, journal, applying
        self._pulse, self._told = pulse, told
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread that ends with the process."""
        self._thread = threading.Thread(target=self._run, name="reading the journal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Begin nothing new."""
        self._stopped.set()

    def step(self) -> bool:
        """One look, read in. Comes back: whether there was anything; what fails is said, and waited for."""
        try:
            with self._database.reading() as connection:
                (number, hash_), others = place(connection), kept_rows(connection)
            look = self._journal.look(number, hash_, MOST, others)
            changes: list[Change] = []
            if look.rows or look.is_another:
                with self._database.writing() as connection:
                    changes = self._applying.take(connection, look)
        except (OSError, ValueError) as error:
            self._fail(str(error))
            return False
        if look.is_another:
            self._pulse.say("the journal is another than the one that was read: it is read anew")
            changes.insert(0, Change(0, ("journal",), missed=True))
        for words in (*look.said, *self._left_out()):
            self._pulse.say(words)
        self._pulse.looked(look.newest)
        if changes:
            self._told(changes)
        return bool(look.rows)

    def _run(self) -> None:
        while not self._stopped.is_set():
            if not self.step():
                self._pulse.rings = self._journal.wait()

    def _fail(self, words: str) -> None:
        self._pulse.failed(words)
        self._stopped.wait(AGAIN_S)

    def _left_out(self) -> list[str]:
        numbers, self._applying.left_out = self._applying.left_out, []
        if not numbers:
            return []
        log.warning("rows of the journal were left out", rows=len(numbers), first=numbers[0], last=numbers[-1])
        if len(numbers) == 1:
            return [f"row {numbers[0]} of the journal is not as a gateway writes it, and is left out"]
        some = f"{len(numbers)} rows of the journal ({numbers[0]} to {numbers[-1]})"
        return [f"{some} are not as a gateway writes them, and are left out"]
