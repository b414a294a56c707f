"""Which route a request will come to, in the order that the application itself looks; and that routes and the table of
gateway/web/grants.py are the same."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.routing import BaseRoute, Mount, compile_path

from gateway.web.grants import GRANTS, Grant


@dataclass(frozen=True, slots=True)
class Known:
    """methods : empty for a mount, which has no say in it."""

    path: str
    methods: frozenset[str]
    regex: re.Pattern[str]


class Routes:
    """Raises RuntimeError naming every route without a row, row without a route, and row that is there twice."""

    def __init__(self, known: Sequence[Known], grants: Sequence[Grant] = GRANTS) -> None:
        self._grants = {(grant.path, method): grant for grant in grants for method in grant.methods}
        self._known = [(each, self._methods(each)) for each in known]
        wrong = [*self._without_row(), *self._without_route(grants)]
        if wrong:
            raise RuntimeError("gateway/web/grants.py: " + "; ".join(wrong))

    def find(self, path: str, method: str) -> tuple[Grant | None, frozenset[str]]:
        """The grant of the route that this request comes to, or None; and the methods of all routes with its path."""
        grant: Grant | None = None
        allowed: frozenset[str] = frozenset()
        for each, methods in self._known:
            if each.regex.match(path):
                allowed |= methods
                if grant is None and method in methods:
                    grant = self._grants[each.path, method]
        return grant, allowed

    def _methods(self, known: Known) -> frozenset[str]:
        return known.methods or frozenset(method for path, method in self._grants if path == known.path)

    def _without_row(self) -> Iterable[str]:
        for each, methods in self._known:
            missing = sorted(method for method in methods if (each.path, method) not in self._grants)
            if missing or not methods:
                yield f"{each.path}: {', '.join(missing) or 'mount'} in no row"

    def _without_route(self, grants: Sequence[Grant]) -> Iterable[str]:
        there = {(each.path, method) for each, methods in self._known for method in methods}
        for path, method in self._grants:
            if (path, method) not in there:
                yield f"{path}: {method} of no route"
        if len(self._grants) != sum(len(each.methods) for each in grants):
            yield "a route is in two rows"


def routes_of(app: FastAPI) -> Sequence[Known]:
    """All of an application, in the order in which it looks."""
    return [known for route in app.routes for known in _known(route)]


def _known(route: BaseRoute) -> Iterable[Known]:
    if isinstance(route, Mount):
        path = route.path + "/{path:path}"
        return [Known(path, frozenset(), compile_path(path)[0])]
    inner = getattr(route, "effective_route_contexts", None)  # FastAPI keeps included routers whole
    if inner is not None:
        return [_one(each.path, each.methods) for each in inner()]
    return [_one(route.path, route.methods)]  # type: ignore[attr-defined]


def _one(path: str, methods: Iterable[str] | None) -> Known:
    """A route's HEAD goes with its GET. One without methods, as a socket's is, is a route that no row can be for."""
    return Known(path, frozenset(methods or ("SOCKET",)) - {"HEAD"}, compile_path(path)[0])
