"""`make web-check`: the pages against their bars, in Debian's chromium and beside a real gateway. Prints a table, and
keeps it and all pictures in out/web-check; exit status 1 where a row fails.

usage: python -m bench.web_check [PART...]        PART: shift looks crowd map news doors api faults lamps (all of them)

Speeds are of the machine as it is: run it on one that does nothing else. The parts that are programs of their own
(bench/web_*.py) and pytest's tests are started as such; their output lies in out/web-check, too.
"""

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.web.maps.frame import NEEDED
from gateway.web.templating import VENDOR
from simulators.browsing.chromium import Outside, chromium, sign_in
from simulators.browsing.demo import demo
from simulators.browsing.looks import AXE, Look, look_at, pages
from simulators.browsing.story import tell
from simulators.browsing.street import street
from simulators.tried import Tried, as_text

OUT, WEB = Path("out") / "web-check", Path("tests") / "gateway" / "web"
UP_S, PAINT_MS, FRAMES_S, NEWS_MS, LATER_MS = 30.0, 1000, 30.0, 1000, 50.0
"""LATER_MS : a lamp may come up so much later with the pages than without, at the median: a fiftieth of the second that
a fix takes, and what turns differ by with nothing changed."""
SIGN_IN, FIRST = "/sign-in", "() => document.querySelector('#board [data-incident]')?.dataset.incident || ''"
DOORS = ("test_web_grants.py", "test_web_attacks.py", "test_web_secrets.py", "test_web_addresses.py")
FAULTS = {
    "a 1 MB comment, a stale review, two at once": "comment or stale or same_time or at_once or two_people",
    "a filter with a million characters": "million or too_long or long_filter",
    "a corrupt PMTiles file": "damaged or corrupt or pmtiles or no_map",
    "a journal restored from a backup": "restored or backup or another_journal or replaced",
    "a browser's clock an hour off": "clock",
}


async def run(name: str, *words: str, **settings: str) -> tuple[int, list[str]]:
    """A Python module of ours to its end, its output kept. Comes back: status and lines."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **settings, "PYTHONPATH": "."},
    )  # fmt: skip
    text = (await process.communicate())[0].decode("utf-8", "replace")
    await asyncio.to_thread((OUT / f"{name}.txt").write_text, text, "utf-8")
    return process.returncode or 0, text.strip().splitlines()


def told(lines: list[str]) -> list[dict[str, object]]:
    """The lines that are JSON objects."""
    return [json.loads(line) for line in lines if line.startswith("{")]


async def shift() -> list[Tried]:
    """A dispatcher's shift."""
    async with street(OUT / "street") as place, chromium() as browser:
        return await tell(browser, place)


async def looks() -> list[Tried]:
    """Every page of the demo."""
    async with demo(OUT / "demo") as night, chromium() as browser:
        rows = [
            Tried(
                "soundpost demo --web has its pages up", f"<= {UP_S:.0f} s", f"{night.up_s:.1f} s", night.up_s <= UP_S
            )
        ]
        await night.night_over()
        context = await browser.new_context()
        outside, page, address = Outside(), await context.new_page(), night.opened.address
        await sign_in(page, address, night.opened)
        places = {"name": "P1", "incident": await page.evaluate(FIRST), "account": "1", "key": "1"}
        cookies, paths = await context.cookies(), [path for path in pages(places) if path != SIGN_IN]
        found = await look_at(browser, address, paths, cookies, OUT / "pages", outside)
        found += await look_at(browser, address, [SIGN_IN], (), OUT / "pages", outside)
    await asyncio.to_thread(_write_looks, found)
    return rows + judged(found, outside)


def judged(found: list[Look], outside: Outside) -> list[Tried]:
    """What is to be said of so many looks."""
    went = ", ".join(outside.elsewhere[:3])
    n_pages = len({each.page for each in found})
    grave, cut = sum(len(each.grave) for each in found), sum(len(each.cut) for each in found)
    bad = sorted({f"{each.page} {each.status}" for each in found if each.status != 200})
    many = f"{n_pages} pages, 1400 and 390 px, light and dark"
    axe = f"{grave} in {len(found)} looks" if AXE.is_file() else "axe-core is not there: make web"
    return [
        Tried(many, "all answer", ", ".join(bad) or f"{len(found)} pictures", not bad),
        Tried("axe-core, serious or critical", "0", axe, grave == 0 if AXE.is_file() else None),
        Tried("text that is cut off", "0", f"{cut} in {len(found)} looks", cut == 0),
        Tried("requests of all pages that leave the machine", "0", went or f"0 of {outside.n_asked}", not went),
    ]


def _write_looks(found: list[Look]) -> None:
    lines = [
        json.dumps({"page": each.page, "size": each.size, "theme": each.theme, "status": each.status,
                    "grave": each.grave, "lesser": each.lesser, "cut": each.cut}) for each in found
    ]  # fmt: skip
    (OUT / "looks.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


async def crowd() -> list[Tried]:
    """1 000 incidents, 500 poles."""
    status, lines = await run("crowd", "bench.web_crowd")
    figures = told(lines)
    if status or not figures:
        return [Tried("1 000 incidents, 500 poles", "-", lines[-1] if lines else "it did not run", False)]
    rows = []
    for each in figures:
        paints, frames = each["first_paint_ms"], float(str(each["frames_s"]))
        assert isinstance(paints, list)
        holds = max(paints) <= PAINT_MS and frames >= FRAMES_S
        rows.append(
            Tried(f"1 000 incidents, 500 poles: {each['page']}", f"<= {PAINT_MS} ms, >= {FRAMES_S:.0f} frames/s",
                  f"first paint {max(paints)} ms, {frames:.0f} frames/s", holds)
        )  # fmt: skip
    return rows


async def moving_map() -> list[Tried]:
    """The map that moves, dragged."""
    what, bar = "1 000 incidents, 500 poles: the map, dragged", f"<= {PAINT_MS} ms, >= {FRAMES_S:.0f} frames/s"
    if not all((VENDOR / name).is_file() for name in NEEDED):
        return [Tried(what, bar, "make web was not run", None)]
    status, lines = await run("map", "bench.web_map")
    frames = [float(line.rpartition(":")[2].split(",")[0]) for line in lines if line.startswith("frames a second")]
    if status or len(frames) < 3:
        return [Tried(what, bar, lines[-1] if lines else "it did not run", False)]
    paint_ms = next(int(line.split()[2]) for line in lines if line.startswith("first paint"))
    found = (
        f"first paint {paint_ms} ms, {frames[1]:.0f} frames/s of all, {frames[2]:.0f} near; {frames[0]:.0f} with no map"
    )
    return [Tried(what, bar, found, paint_ms <= PAINT_MS and min(frames[1:]) >= FRAMES_S)]


async def news() -> list[Tried]:
    """200 who listen, one who never reads."""
    what, bar = "200 SSE clients on one core, one that never reads", "all told in <= 1 s"
    if not await asyncio.to_thread(Path("bench/web_sse.py").exists):
        return [Tried(what, bar, "there is no bench/web_sse.py", None)]
    status, lines = await run("news", "bench.web_sse")
    worst = re.search(r"worst (\d+) ms", lines[-1]) if lines and not status else None
    deaf = [line for line in lines if "heard nothing" in line]
    holds = worst is not None and int(worst[1]) <= NEWS_MS and not deaf
    return [Tried(what, bar, lines[-1] if lines else "it did not run", holds)]


async def tests(name: str, what: str, *words: str, **settings: str) -> Tried:
    """What pytest says of these, with these settings in their environment."""
    status, lines = await run(name, "pytest", "-p", "no:randomly", *words, **settings)
    summed_up = [line.strip("= ") for line in lines if re.search(r"\d (passed|failed|error|deselected)", line)]
    found = summed_up[-1] if summed_up else "it did not run"
    return Tried(what, "all pass", found, {0: True, 5: None}.get(status, False))


async def doors() -> list[Tried]:
    """Who may what, and who tries to get round it."""
    there = [str(WEB / name) for name in DOORS if await asyncio.to_thread((WEB / name).exists)]
    return [await tests("doors", "role x route matrix; XSS, CSRF, path, IDOR, redirect payloads", *there)]


async def api() -> list[Tried]:
    """The whole API by schemathesis."""
    there = str(WEB / "store" / "api" / "test_api_schemathesis.py")
    return [await tests("api", "schemathesis over the whole API", there, SOUNDPOST_API_TRIES="100")]


async def faults() -> list[Tried]:
    """The issue's bad input, by the tests that name it."""
    return [await tests(f"faults-{n}", what, str(WEB), "-k", words) for n, (what, words) in enumerate(FAULTS.items())]


async def lamps() -> list[Tried]:
    """Lamp latency, whatever becomes of the pages' process."""
    status, lines = await run("lamps", "bench.web_and_lamps")
    turns = {str(each["web"]): each for each in told(lines)}
    if status or "without" not in turns:
        return [Tried("lamps beside the pages", "-", lines[-1] if lines else "it did not run", False)]
    least = float(str(turns["without"]["p50_ms"]))
    return [
        Tried(f"lamps, the pages {how}", f"p50 <= {LATER_MS:.0f} ms later than without",
              f"p50 {each['p50_ms']}, p99 {each['p99_ms']} ms, {each['lit']} of {each['shots']} lit",
              each["lit"] == each["shots"] and float(str(each["p50_ms"])) <= least + LATER_MS)
        for how, each in turns.items()
    ]  # fmt: skip


PARTS: dict[str, Callable[[], Awaitable[list[Tried]]]] = {
    "shift": shift, "looks": looks, "crowd": crowd, "map": moving_map, "news": news, "doors": doors, "api": api,
    "faults": faults, "lamps": lamps,
}  # fmt: skip


async def main(names: list[str]) -> int:
    """The exit status."""
    await asyncio.to_thread(lambda: OUT.mkdir(parents=True, exist_ok=True))
    rows: list[Tried] = []
    for name in names or PARTS:
        began_s = time.monotonic()
        try:
            rows += await PARTS[name]()
        except (OSError, TimeoutError) as error:
            rows.append(Tried(name, "-", str(error) or "it took too long", False))
        sys.stderr.write(f"{name}: {time.monotonic() - began_s:.0f} s\n")
    text = as_text(rows)
    await asyncio.to_thread((OUT / "table.txt").write_text, text + "\n", "utf-8")
    sys.stdout.write(f"{text}\n\n{OUT}/table.txt, pictures in {OUT}/pages\n")
    return 0 if all(each.holds is not False for each in rows) else 1


if __name__ == "__main__":
    if unknown := [name for name in sys.argv[1:] if name not in PARTS]:
        sys.exit(f"bench.web_check: there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    sys.exit(asyncio.run(main(sys.argv[1:])))
