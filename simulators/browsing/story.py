"""A dispatcher's shift in a real browser: signs in, a shot appears, reviews it, the clip plays, the line is cut and it
says so, it comes back and nothing is missing; then the pages' own process is killed and comes back."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page

from gateway.journal.rows import kept, reading
from simulators.browsing.chromium import WAIT_MS, Outside, sign_in
from simulators.browsing.relay import Relay
from simulators.browsing.street import Place, Street
from simulators.demo.programs import Program, python, start
from simulators.demo.web import READY, Opened
from simulators.tried import Tried

PLACES: tuple[Place, ...] = ((38.0, 18.0, 1.5), (97.0, 66.0, 1.5), (30.0, 103.0, 1.5), (60.0, 50.0, 1.5))
"""Farther from each other than policy.incident_radius_m of the demo."""
LATE_US, SAID_S, BACK_S, BEAT_S = 1_000_000, 20.0, 20.0, 0.1
WATCH = """() => {
  const appeared = (window.appeared = { list: {}, map: {} });
  const look = () => {
    const links = document.querySelectorAll("#map a[href^='/incidents/']");
    const cards = document.querySelectorAll("#board [data-incident]");
    for (const each of cards) appeared.list[each.dataset.incident] ??= Date.now();
    for (const each of links) appeared.map[each.getAttribute("href").slice(11)] ??= Date.now();
  };
  look();
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
}"""
PLAY = """async (video) => {
  video.muted = true;
  await video.play();
  for (let n = 0; n < 300 && video.currentTime < 0.5; n += 1) await new Promise((done) => setTimeout(done, 100));
  return [video.currentTime, video.videoWidth, video.duration];
}"""


@dataclass(slots=True)
class Shift:
    """What the steps share. line : between browser and pages."""

    street: Street
    page: Page
    opened: Opened
    line: Relay

    async def fire(self, place: Place) -> str:
        """A shot; comes back with its incident when the gateway has told it. Raises TimeoutError."""
        before = set(self.street.told_us)
        await self.street.fire(place)
        async with asyncio.timeout(WAIT_MS / 1000):
            while not (new := set(self.street.told_us) - before):  # noqa: ASYNC110 (the gateway's line sets no event)
                await asyncio.sleep(BEAT_S / 5)
        return new.pop()

    async def until(self, script: str, argument: object = None) -> float:
        """Seconds until the script says yes in the page. Raises TimeoutError."""
        began_s = time.monotonic()
        async with asyncio.timeout(WAIT_MS / 1000):
            while not await self.page.evaluate(script, argument):  # noqa: ASYNC110 (the page's policy lets no script wait)
                await asyncio.sleep(BEAT_S / 2)
        return time.monotonic() - began_s


async def tell(browser: Browser, street: Street) -> list[Tried]:
    """The whole story, a row a step. A step that fails is a row, and so are all that follow it."""
    assert street.stage.web is not None
    line = Relay(urlsplit(street.stage.web.address).port or 0)
    await line.open()
    context = await browser.new_context()
    outside = Outside()
    outside.watch(context)
    shift = Shift(street, await context.new_page(), street.stage.web, line)
    rows: list[Tried] = []
    try:
        for what, bar, step in STEPS:
            rows.append(await _row(what, bar, step, shift))
    finally:
        await context.close()
        await line.close()
    went = ", ".join(outside.elsewhere[:3])
    rows.append(Tried("requests that leave the machine", "0", went or f"0 of {outside.n_asked}", not went))
    return rows


async def _row(what: str, bar: str, step: "Step", shift: Shift) -> Tried:
    try:
        found, holds = await step(shift)
    except Exception as error:
        return Tried(what, bar, f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"[:200], False)
    return Tried(what, bar, found, holds)


async def _sign_in(shift: Shift) -> tuple[str, bool]:
    began_s = time.monotonic()
    await sign_in(shift.page, shift.line.address, shift.opened)
    await shift.page.evaluate(WATCH)
    await shift.until("() => document.querySelector('#state .fine') !== null")
    return f"{time.monotonic() - began_s:.2f} s", True


async def _appears(shift: Shift) -> tuple[str, bool]:
    late_us: dict[str, list[int]] = {"list": [], "map": []}
    for place in PLACES[:3]:
        incident = await shift.fire(place)
        for where, found in late_us.items():
            await shift.until(f"(name) => name in window.appeared.{where}", incident)
            at_ms = await shift.page.evaluate(f"(name) => window.appeared.{where}[name]", incident)
            found.append(round(at_ms * 1000) - _row_us(shift, incident))
    words = ", ".join(f"{where} {', '.join(f'{us / 1e6:.2f}' for us in found)} s" for where, found in late_us.items())
    return words, max(max(found) for found in late_us.values()) <= LATE_US


async def _review(shift: Shift) -> tuple[str, bool]:
    incident = next(iter(shift.street.told_us))
    await shift.page.goto(f"{shift.line.address}/incidents/{incident}")
    await shift.page.fill("#note", "heard by the patrol, too")
    began_s = time.monotonic()
    await shift.page.click("button[name=choice][value=gunshot]")
    await shift.until("() => (document.querySelector('#review table')?.textContent || '').includes('by the patrol')")
    took_s = time.monotonic() - began_s
    rows = [body for body in _rows(shift, "request") if body.get("ask") == "review"]
    return f"shown after {took_s:.2f} s, {len(rows)} row in the journal", len(rows) == 1


async def _plays(shift: Shift) -> tuple[str, bool]:
    incident = next(iter(shift.street.told_us))
    async with asyncio.timeout(WAIT_MS / 1000):
        while not await shift.page.query_selector("video"):
            await shift.page.goto(f"{shift.line.address}/incidents/{incident}")
            await asyncio.sleep(5 * BEAT_S)
    at_s, width, long_s = await shift.page.eval_on_selector("video", PLAY)
    return f"{at_s:.1f} of {long_s:.1f} s, {width} px wide", at_s >= 0.5 and width > 0


async def _cut(shift: Shift) -> tuple[str, bool]:
    await shift.page.goto(f"{shift.line.address}/")
    await shift.page.evaluate(WATCH)
    await asyncio.sleep(10 * BEAT_S)
    shift.line.cut()
    took_s = await shift.until("() => document.getElementById('cut').textContent.trim() !== ''")
    words = await shift.page.inner_text("#cut")
    return f"after {took_s:.1f} s: {words}", took_s <= SAID_S


async def _comes_back(shift: Shift) -> tuple[str, bool]:
    incident = await shift.fire(PLACES[3])
    shift.line.mend()
    took_s = await shift.until("(name) => name in window.appeared.list", incident)
    await shift.until("() => document.getElementById('cut').textContent.trim() === ''")
    missing = await _missing(shift)
    return f"{took_s:.1f} s after the line was whole; {len(missing)} missing", took_s <= BACK_S and not missing


async def _killed(shift: Shift) -> tuple[str, bool]:
    """The process of the pages is killed outright, a shot falls, and it is started again on the same port."""
    stage = shift.street.stage
    old = next(each for each in stage.programs if each.name == "web")
    stage.programs.remove(old)
    already = await shift.page.inner_text("#cut")
    began_s = time.monotonic()
    old.signal(9)
    await shift.until("() => document.getElementById('cut').textContent.trim() !== ''")
    said_s, said = time.monotonic() - began_s, await shift.page.inner_text("#cut")
    await old.ended()
    if already:
        return f"it said before that it was cut: {already}", False
    incident = await shift.fire((10.0, 60.0, 1.5))
    await _again(shift, old)
    took_s = await shift.until("(name) => name in window.appeared.list", incident)
    missing = await _missing(shift)
    back = f"{took_s:.1f} s after it listened again; {len(missing)} missing"
    words = f"after {said_s:.1f} s: {said.partition(':')[0]}; {back}"
    return words, said_s <= SAID_S and took_s <= BACK_S and not missing


async def _an_hour_off(shift: Shift) -> tuple[str, bool]:
    """A browser whose clock is an hour ahead: ages and freshness go by the server's."""
    page = await shift.page.context.new_page()
    await page.clock.set_system_time(datetime.now(UTC) + timedelta(hours=1))
    await page.goto(f"{shift.line.address}/")
    incident = await shift.fire((120.0, 20.0, 1.5))
    await page.wait_for_selector(f"#board [data-incident='{incident}']", timeout=WAIT_MS)
    ages = await page.eval_on_selector_all("#board h3 .soft", "(all) => all.map((each) => each.textContent.trim())")
    said = (await page.inner_text("#cut")).strip()
    await page.close()
    wrong = [age for age in ages if "hour" in age or not age]
    return said or f"the newest: {ages[0]}; {len(wrong)} of {len(ages)} ages off", not wrong and not said


async def _again(shift: Shift, old: Program) -> None:
    stage = shift.street.stage
    config = stage.plan.folder / "web" / "web.toml"
    port = urlsplit(shift.opened.address).port
    lines = [line for line in config.read_text("utf-8").splitlines() if not line.startswith("port = ")]
    head = lines.index(next(line for line in lines if line.startswith("gateway = ")))
    config.write_text("\n".join([*lines[: head + 1], f"port = {port}", *lines[head + 1 :]]) + "\n", "utf-8")
    new = await start("web", python("soundpost", "web", "--config", str(config)), stage.logs)
    stage.programs.append(new)
    if not (await new.first_line(WAIT_MS / 1000)).startswith(READY):
        raise OSError(f"{old.name}: {new.why()}")


async def _missing(shift: Shift) -> set[str]:
    """Incidents of the journal that the list of all incidents has not."""
    page = await shift.page.context.new_page()
    await page.goto(f"{shift.line.address}/incidents")
    shown = await page.evaluate(
        "() => [...document.querySelectorAll('main a')].map((each) => each.getAttribute('href'))"
    )
    await page.close()
    told = {str(body["incident"]) for body in _rows(shift, "incident")}
    return {name for name in told if not any(name in (link or "") for link in shown)}


def _row_us(shift: Shift, incident: str) -> int:
    """When the incident's first row was written, UTC."""
    journal = shift.street.stage.plan.folder / "gateway" / "journal.sqlite"
    with reading(journal) as rows:
        return next(
            each.row.at_us for each in kept(rows, "incident") if json.loads(each.row.body)["incident"] == incident
        )


def _rows(shift: Shift, kind: str) -> list[dict[str, object]]:
    with reading(shift.street.stage.plan.folder / "gateway" / "journal.sqlite") as rows:
        return [json.loads(each.row.body) for each in kept(rows, kind)]


Step = Callable[[Shift], Awaitable[tuple[str, bool]]]
STEPS: tuple[tuple[str, str, Step], ...] = (
    ("sign in, and the page is up to date", "works", _sign_in),
    ("a shot is on the list and the map", "<= 1 s after its row", _appears),
    ("review it", "a row, shown", _review),
    ("the clip plays", ">= 0.5 s of it", _plays),
    ("the line is cut: it says so", f"<= {SAID_S:.0f} s", _cut),
    ("the line is whole: nothing is missing", f"<= {BACK_S:.0f} s", _comes_back),
    ("a browser's clock is an hour off", "ages are the server's", _an_hour_off),
    ("the pages' process is killed and comes back", f"<= {SAID_S:.0f}, {BACK_S:.0f} s", _killed),
)
