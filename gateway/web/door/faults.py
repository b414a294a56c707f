"""What routes and the frame around them find wrong with a request, answered as the door answers: a page for people."""

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from gateway.web.door.refused import Refused, answer
from gateway.web.words.said import said

NOTHING = said("There is nothing at this address.")
UNREADABLE = said("Something that this needs is missing, or is not of the kind that is asked for.")


def answer_in_pages(app: FastAPI) -> None:
    """Of this app. The API's routes answer for themselves (gateway/web/api/problems.py)."""
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _wrong)


def _unreadable(request: Request, error: Exception) -> Response:
    """An address whose number is none leads nowhere; a form is told."""
    assert isinstance(error, RequestValidationError)
    is_address = any(each["loc"][:1] == ("path",) for each in error.errors())
    return answer(request, Refused(404, NOTHING) if is_address else Refused(422, UNREADABLE))


def _wrong(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    words = NOTHING if error.status_code == 404 else error.detail
    return answer(request, Refused(error.status_code, words, error.headers))
