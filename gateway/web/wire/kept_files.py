"""What lies in `static/`: the same for everybody, so whoever asked may keep it; pages nobody keeps."""

import os

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import Scope

KEEP = "public, max-age=60"
"""Short, for a file's address stays when its content changes: after an update nobody has the old one for long. Then a
browser asks by ETag, and is told 304 where it is the same."""


class KeptFiles(StaticFiles):
    """As Starlette's, with word of how long."""

    def file_response(
        self, full_path: "str | os.PathLike[str]", stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """A file, or that it is the same still."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        answer.headers["cache-control"] = KEEP
        return answer
