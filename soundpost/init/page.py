"""The map to look at before anything is switched on: one HTML page, nothing from outside, no script."""

import html
from collections.abc import Mapping, Sequence

from dsp.geodesy import Site
from gateway.pictures import svg
from gateway.pictures.street_map import LampSpot, Spot, Street, View, street_map
from gateway.street import Place
from soundpost.init.reach import LEAST_A, MAJOR_M, NEAR_M, Next, grade_a_cells, next_ones
from soundpost.init.survey import PoleAt, Survey

CAMERA_M = 40.0  # how far its view is drawn
STYLE = """
body { font-family: system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1.25rem; line-height: 1.5;
  background: var(--page); color: var(--ink); }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .25rem .8rem .25rem 0;
  border-bottom: 1px solid var(--faint); } td.n { text-align: right; font-variant-numeric: tabular-nums; }
.bad { color: var(--bad); } .soft { color: var(--soft); }
div.wide { overflow-x: auto; }
svg .span { stroke: var(--soft); stroke-width: 1; } svg .area { fill: var(--good); opacity: .13; }
"""


def page(name: str, survey: Survey, site: Site, notes: Sequence[str]) -> str:
    """The whole page. notes : what was borne in reading the survey."""
    at = {pole.pole: site.to_enu(pole.lat_deg, pole.lon_deg, pole.h_m) for pole in survey.poles}
    nodes = {node: at[pole.pole] for node, pole in survey.nodes().items()}
    nexts = next_ones(nodes)
    side_m, squares = grade_a_cells(nodes)
    figure = street_map(_street(survey, at, nexts, nodes, side_m, squares), f"Map of {name}")
    hectares = len(squares) * side_m**2 / 1e4
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(name)}</title>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<style>{svg.STYLE}{STYLE}</style><h1>{html.escape(name)}</h1>{_opening(survey, site)}{figure}"
        f"{_reach_words(len(nodes), hectares)}{_remarks(nexts)}{_notes(notes)}{_table(survey, nexts)}</html>\n"
    )


def _street(
    survey: Survey,
    at: Mapping[str, Place],
    nexts: Sequence[Next],
    nodes: Mapping[str, Place],
    side_m: float,
    squares: Sequence[tuple[float, float]],
) -> Street:
    pairs = {frozenset((each.node, each.other)): each for each in nexts}.values()
    cameras = [(each, at[each.pole]) for each in survey.cameras]
    return Street(
        poles=[Spot(node, place[:2]) for node, place in nodes.items()],
        quiet=[Spot(pole.pole, at[pole.pole][:2]) for pole in survey.poles if not pole.node],
        lamps=[LampSpot(at[lamp.pole][:2], lit=False) for lamp in survey.lamps],
        views=[View(each.name, place[:2], each.bearing_deg, CAMERA_M) for each, place in cameras],
        spans=[(nodes[each.node][:2], nodes[each.other][:2], f"{each.away_m:.0f} m") for each in pairs],
        squares=[(corner, side_m) for corner in squares],
    )


def _opening(survey: Survey, site: Site) -> str:
    counts = f"{len(survey.poles)} poles, {len(survey.nodes())} nodes, {len(survey.lamps)} lamps"
    return (
        f"<p>{counts}, {len(survey.cameras)} cameras. The middle is {site.lat_deg:g}, {site.lon_deg:g}. Lay it over a "
        "map of the town: does every pole stand where it hangs? This page holds the poles' exact places: keep it to "
        "yourself.</p>"
    )


def _reach_words(n_nodes: int, hectares: float) -> str:
    if n_nodes < LEAST_A:
        few = f"Grade A needs {LEAST_A} nodes, and there are {n_nodes}: this street gives grades B and C only."
        return f'<p class="bad">{few}</p>'
    return (
        f"<p>Grade A is possible on {hectares:.1f} hectares of what is shown: {LEAST_A} nodes or more within "
        f"{NEAR_M:g} m, standing so that 95 % of shots lie within {MAJOR_M:g} m of their fix. An estimate: houses are "
        "not in it.</p>"
    )


def _remarks(nexts: Sequence[Next]) -> str:
    said = [f"{each.node} and {each.other}, {each.away_m:.0f} m: {each.remark}" for each in nexts if each.remark]
    items = "".join(f"<li>{html.escape(words)}</li>" for words in said)
    return f'<h2>Look at these</h2><ul class="bad">{items}</ul>' if items else ""


def _notes(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{html.escape(words)}</li>" for words in notes)
    return f'<h2>How the survey was read</h2><ul class="soft">{items}</ul>' if items else ""


def _table(survey: Survey, nexts: Sequence[Next]) -> str:
    away = {each.node: f"{each.other}, {each.away_m:.0f} m" for each in nexts}
    rows = "".join(_row(pole, away.get(pole.node, ""), survey) for pole in survey.poles)
    head = "<tr><th>pole<th>node<th>latitude<th>longitude<th>height, m<th>next node<th>lamp<th>camera</tr>"
    return f'<h2>Poles</h2><div class="wide"><table>{head}{rows}</table></div>'


def _row(pole: PoleAt, away: str, survey: Survey) -> str:
    node = f"{pole.node} ({pole.hardware})" if pole.node else "none"
    lamps = ", ".join(f"{lamp.bank} {lamp.channel}" for lamp in survey.lamps if lamp.pole == pole.pole)
    cameras = ", ".join(each.url for each in survey.cameras if each.pole == pole.pole)
    numbers = "".join(
        f'<td class="n">{each}' for each in (f"{pole.lat_deg:.6f}", f"{pole.lon_deg:.6f}", f"{pole.height_m:g}")
    )
    words = [html.escape(each) for each in (pole.pole, node, away, lamps, cameras)]
    return f"<tr><td>{words[0]}<td>{words[1]}{numbers}<td>{words[2]}<td>{words[3]}<td>{words[4]}</tr>"
