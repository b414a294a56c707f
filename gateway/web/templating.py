"""Pages from the Jinja templates of `templates/`: values are escaped, and one that is not there is an error."""

import pathlib
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

TEMPLATES = pathlib.Path(__file__).with_name("templates")
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), undefined=StrictUndefined, trim_blocks=True
)


def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """The page of this template."""
    return HTMLResponse(ENVIRONMENT.get_template(name).render(**values), status_code=status)
