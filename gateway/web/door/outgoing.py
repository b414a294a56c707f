"""An answer on its way out: our headers, a new visitor's cookie; HEAD's body left out; a stream ended whose reader may
not see it any more."""

from collections.abc import Awaitable, Callable

import anyio
from starlette.types import Message, Receive, Send

from gateway.web.door.headers import Raw, with_ours

CHECK_EVERY_S = 30.0
"""How often it is looked whether whoever a stream goes to may still see it."""
END: Message = {"type": "http.response.body", "body": b"", "more_body": False}


class Outgoing:
    """still : asked of a stream's reader. more : headers besides ours."""

    def __init__(self, send: Send, receive: Receive, is_secure: bool, is_head: bool) -> None:
        self._send, self._receive, self._is_secure, self._is_head = send, receive, is_secure, is_head
        self.still: Callable[[], Awaitable[bool]] | None = None
        self.more: list[Raw] = []
        self.has_started, self._is_over = False, False

    async def send(self, message: Message) -> None:
        """To whoever asked."""
        if message["type"] == "http.response.start":
            self.has_started = True
            headers = with_ours([*message.get("headers", ()), *self.more], self._is_secure)
            await self._send({**message, "headers": headers})
            return
        if self._is_over:
            return
        if self._is_head:
            self._is_over = True
            await self._send(END)
            return
        await self._send(message)

    async def receive(self) -> Message:
        """From whoever asked. A stream waits here for its reader to go; once the answer is cut short they have gone."""
        while not self._is_over:
            with anyio.move_on_after(CHECK_EVERY_S):
                return await self._receive()
            if self.has_started and self.still is not None and not await self.still():
                self._is_over = True
                await self._send(END)
        return {"type": "http.disconnect"}
