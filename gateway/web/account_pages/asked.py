"""What a form asked for, and from where."""

from collections.abc import Sequence

from starlette.datastructures import FormData
from starlette.requests import Request

from gateway.web.accounts.entry import From

LONGEST = 1024


def asked(request: Request, name: str) -> str:
    """A field of the form that the door has read, cut at LONGEST characters; "" where it is not there."""
    form: FormData = request.state.form
    return str(form.get(name) or "")[:LONGEST]


def all_asked(request: Request, name: str) -> Sequence[str]:
    """A field that may be there several times."""
    form: FormData = request.state.form
    return [str(each)[:LONGEST] for each in form.getlist(name)]


def source_of(request: Request) -> From:
    """Where this request comes from."""
    return From(request.state.address, request.headers.get("user-agent", ""), request.state.secret)
