"""Counts what is answered, by route and status, outside of the door, so that what the door refuses is counted, too."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.web.metering.meter import Meter

NOWHERE = "none"


class Counting:
    """app : with the door before it, which writes the route into the request's state."""

    def __init__(self, app: ASGIApp, meter: Meter) -> None:
        self._app, self._meter = app, meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the app answers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("state", {}).get("route", NOWHERE)
                self._meter.answered(route, scope["method"], message["status"])
            await send(message)

        await self._app(scope, receive, counted)
