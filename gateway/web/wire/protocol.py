"""HTTP/1.1 as uvicorn speaks it, with an end to waiting: who does not say whole what they ask for within HEADERS_S is
let go, and there are no more connections than bounds.py lets be (uvicorn has neither)."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from gateway.web.wire.bounds import Bounds

HEADERS_S = 10.0
"""From the first byte that could have come to the last one of the headers; also of a second request."""
MOST_WAITS = 12
"""So many times as long for one that still takes the answer before: a phone on a bad line takes a page slowly."""


class BoundedProtocol(H11Protocol):
    """bounds : of the process."""

    def __init__(self, *, bounds: Bounds, **of_uvicorn: Any) -> None:
        super().__init__(**of_uvicorn)
        self._bounds = bounds
        self._late: asyncio.TimerHandle | None = None
        self._n_waits = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Somebody is connected."""
        super().connection_made(transport)
        self._wait()
        self._bounds.came(self, self.client[0] if self.client else "")

    def connection_lost(self, exc: Exception | None) -> None:
        """They went."""
        self._stop_waiting()
        self._bounds.went(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """A piece of a request, or several requests."""
        super().data_received(data)
        if self._is_answering():
            self._stop_waiting()
            self._bounds.asks(self)

    def on_response_complete(self) -> None:
        """The next request may come, or is here already."""
        super().on_response_complete()
        if not self._is_answering() and self._late is None and not self.transport.is_closing():
            self._wait()
            self._bounds.waits(self)

    def drop(self) -> None:
        """At once, without an answer."""
        self._stop_waiting()
        self.transport.abort()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self) -> None:
        self._late = self.loop.call_later(HEADERS_S, self._waited)

    def _waited(self) -> None:
        self._n_waits += 1
        if self.transport.get_write_buffer_size() and self._n_waits < MOST_WAITS:
            self._wait()
        else:
            self._bounds.late(self)

    def _stop_waiting(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late, self._n_waits = None, 0
