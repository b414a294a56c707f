"""What a form asked for, and from where."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Path
from starlette.datastructures import FormData
from starlette.requests import Request

from gateway.web.accounts.entry import From

LONGEST = 1024
Number = Annotated[int, Path(ge=1, le=2**62)]
"""Of a row, in an address."""


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
