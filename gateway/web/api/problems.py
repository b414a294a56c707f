"""What goes wrong in the API, told as RFC 9457 has it, and declared so in its description."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.exceptions import HTTPException

from gateway.web.api.told import Told
from gateway.web.door.problem import PROBLEM, problem

MOST_FAULTS = 10
ALWAYS = (400, 401, 403, 414, 429, 500, 503)
"""What the door may answer to anything that is asked."""
OF_CHANGES = (408, 413)
WORDS = {
    304: "It is what you have.",
    400: "This is no request that can be read.",
    401: "Nobody known asks: send `Authorization: Bearer KEY`.",
    403: "Whoever asks may not do this.",
    404: "There is none of this name.",
    408: "The request took too long to come.",
    412: "It changed since you saw it.",
    413: "The body is too long.",
    414: "The address is too long.",
    422: "A value is out of range; which one, and the range, is told.",
    428: "Say what you saw: If-Match, or `version`.",
    429: "This key asks too often: wait as long as `Retry-After` says.",
    500: "Something went wrong here.",
    503: "Not just now: try again.",
}


class Problem(Told):
    """type, title, status, detail : as in RFC 9457. faults : what is wrong with which value. version : what the
    incident has now, where a review was made on an older one."""

    type: str
    title: str
    status: int
    detail: str
    faults: list[str] = Field(default_factory=list)
    version: int | None = None


class Fault(Exception):
    """words : one sentence for people."""

    def __init__(
        self,
        status: int,
        words: str,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(words)
        self.status, self.words, self.headers, self.more = status, words, headers, more


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """How a route declares them, besides what every one may answer."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {"description": WORDS[status]}
        if status == 304
        else {"description": WORDS[status], "content": {PROBLEM: {"schema": schema}}}
        for status in (*ALWAYS, *statuses)
    }


class ApiRoute(APIRoute):
    """A route whose faults are problems. What was sent is never sent back."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await inner(request)
            except Fault as fault:
                return problem(fault.status, fault.words, fault.headers, fault.more)
            except RequestValidationError as error:
                faults = [one_fault(each) for each in error.errors()[:MOST_FAULTS]]
                return problem(422, f"{faults[0]}.", more={"faults": faults})
            except HTTPException as error:
                return problem(error.status_code, str(error.detail), error.headers)

        return answered


def one_fault(error: Mapping[str, Any]) -> str:
    """Which value, and what is wrong with it."""
    where = ".".join(str(part)[:64] for part in error["loc"][1:])
    words = str(error["msg"]).removeprefix("Value error, ")[:300]
    return f"{where}: {words}" if where else words
