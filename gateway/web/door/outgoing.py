"""An answer on its way out: our headers, a new visitor's cookie; HEAD's body left out; a stream ended whose reader may
not see it any more."""

from collections.abc import Awaitable, Callable

from starlette.types import Message, Receive, Send

from gateway.web.door.headers import Raw, with_ours

CHECK_EVERY_US = 30_000_000
"""How often it is looked whether whoever a stream goes to may still see it."""
END: Message = {"type": "http.response.body", "body": b"", "more_body": False}


class Outgoing:
    """still : asked of a stream's reader. more : headers besides ours."""

    def __init__(
        self,
        send: Send,
        receive: Receive,
        is_secure: bool,
        now_us: Callable[[], int],
        *,
        is_head: bool = False,
    ) -> None:
        self._send, self._receive, self._is_secure, self._now_us = send, receive, is_secure, now_us
        self._is_head, self._checked_us = is_head, now_us()
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
        if self._is_head or (message.get("more_body", False) and not await self._may_go_on()):
            self._is_over = True
            await self._send(END)
            return
        await self._send(message)

    async def receive(self) -> Message:
        """From whoever asked; once the answer is cut short they count as gone."""
        return {"type": "http.disconnect"} if self._is_over else await self._receive()

    async def _may_go_on(self) -> bool:
        now_us = self._now_us()
        if self.still is None or now_us - self._checked_us < CHECK_EVERY_US:
            return True
        self._checked_us = now_us
        return await self.still()
