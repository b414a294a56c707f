"""What a page writes round the street plan so that it gives way to a map that moves, where the browser can."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from gateway.web.maps.base_map import ADDRESS
from gateway.web.maps.words import frame_words
from gateway.web.parts import parts_of
from gateway.web.templating import VENDOR, gettext_of

NEEDED = ("maplibre-gl.js", "maplibre-gl-worker.js", "maplibre-gl.css", "pmtiles.js")


@dataclass(frozen=True, slots=True)
class Frame:
    """attributes : of the element that holds the plan, for Jinja's `xmlattr`; {} where the plan stays. note : in words
    why it stays, or ""."""

    attributes: Mapping[str, str]
    note: str


def frame(request: Request, layers: str, show: str = "") -> Frame:
    """layers : where the map's GeoJSON is. show : the incident that it looks at first."""
    _ = gettext_of(request)
    base = parts_of(request).base_map
    if base.path is None:
        return Frame({}, _("The base map cannot be used: this is the plan.") if base.why else "")
    if not all((VENDOR / name).is_file() for name in NEEDED):
        return Frame({}, "")
    told = {
        "data-layers": layers,
        "data-base": ADDRESS,
        "data-attribution": base.attribution,
        "data-words": json.dumps(frame_words(_), ensure_ascii=False),
    }
    return Frame({**told, "data-show": show} if show else told, "")
