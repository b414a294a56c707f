"""How pages look: each at two sizes, light and dark, as a picture; what axe-core finds; text that is cut off."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, ViewportSize

from gateway.web.grants import GRANTS
from simulators.browsing.chromium import Outside

AXE = Path(__file__).parents[2] / "gateway/web/npm/node_modules/axe-core/axe.min.js"
SIZES = {"1400": ViewportSize(width=1400, height=900), "390": ViewportSize(width=390, height=844)}
GRAVE = ("serious", "critical")
NO_PAGES = (".csv", ".geojson", ".json", ".pmtiles", "/events", "/health", "/metrics", "/static/", "/files/", "/map/",
            "/api/", "/live/", "/try/", "/sign-in/")  # fmt: skip
"""Parts of routes that answer with no page of their own."""
RUN_AXE = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const where = (nodes) => nodes.map((each) => each.target.join(" "));
  return violations.map(({ id, impact, help, nodes }) => ({ id, impact, help, where: where(nodes) }));
}"""
FIND_CUT = (Path(__file__).parent / "cut.js").read_text("utf-8")


@dataclass(frozen=True, slots=True)
class Look:
    """One page, one size, one theme. grave : what axe-core finds serious or critical; cut : text that is cut off."""

    page: str
    size: str
    theme: str
    status: int
    picture: Path
    grave: tuple[str, ...]
    lesser: tuple[str, ...]
    cut: tuple[str, ...]


def pages(places: Mapping[str, str]) -> list[str]:
    """Every page that the table of routes has. places : what stands for each parameter in braces."""
    routes = [each.path for each in GRANTS if "GET" in each.methods and not any(part in each.path for part in NO_PAGES)]
    return sorted({route.format(**places) for route in routes})


async def look_at(
    browser: Browser, address: str, paths: Sequence[str], cookies: Sequence[object], folder: Path, outside: Outside
) -> list[Look]:
    """Each page in each way. cookies : of somebody who signed in. folder : where pictures go. outside : is told of all
    requests."""
    axe, looks = await asyncio.to_thread(_axe, folder), []
    for size, viewport in SIZES.items():
        for theme in ("light", "dark"):
            context = await browser.new_context(viewport=viewport, color_scheme=theme)
            outside.watch(context)
            await context.add_cookies(cookies)  # type: ignore[arg-type]
            page = await context.new_page()
            for path in paths:
                looks.append(await _look(page, address, path, (size, theme), folder, axe))
            await context.close()
    return looks


async def _look(page: Page, address: str, path: str, how: tuple[str, str], folder: Path, axe: str) -> Look:
    answer = await page.goto(f"{address}{path}", wait_until="load")
    picture = folder / f"{path.strip('/').replace('/', '-') or 'live'}-{how[0]}-{how[1]}.png"
    await page.wait_for_timeout(150)
    await page.screenshot(path=picture, full_page=True)
    cut = await page.evaluate(FIND_CUT)
    found: list[dict[str, object]] = []
    if axe:
        await page.evaluate(axe)
        found = await page.evaluate(RUN_AXE)
    told = [(each["impact"], f"{each['id']}: {each['help']} {each['where']}") for each in found]
    grave = tuple(str(words) for impact, words in told if impact in GRAVE)
    lesser = tuple(str(words) for impact, words in told if impact not in GRAVE)
    return Look(path, *how, answer.status if answer else 0, picture, grave, lesser, tuple(cut))


def _axe(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    return AXE.read_text("utf-8") if AXE.is_file() else ""
