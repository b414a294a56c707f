"""News of what was read: one follower tells, many listen, each with a bounded queue of its own."""

from collections.abc import AsyncIterator

from gateway.web.records import Change


class Feed:
    """Of one event loop."""

    def listen(self, after: int | None = None) -> AsyncIterator[Change]:
        """What was read after the row of this number, then what comes. None: only what comes. A listener that is too
        far behind is told so once (`missed`), and goes on from the newest."""
        raise NotImplementedError
