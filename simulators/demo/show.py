"""`soundpost demo` from its options to its exit status: plan, night, verdict, page."""

import asyncio
import json
import os
import time
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from simulators.demo import result as verdicts
from simulators.demo.broker import is_installed
from simulators.demo.plan import MARK, MQTT, SERIAL, Plan, at_midnight, choose_links, clear, night_words
from simulators.demo.report import write_report
from simulators.demo.result import UNITS, Result, failures, run_demo, sentence, table
from simulators.demo.staying import Staying
from simulators.demo.terminal import Terminal
from simulators.street.scenario import Scenario, read_scenario


async def show(
    path: Path, link: str | None, folder: Path, *, keep: bool, as_json: bool, staying: Staying | None = None
) -> int:
    """The whole demo. link : serial, mqtt, both or None. staying : with pages, which are up until it ends.

    Returns the exit status; raises ValueError or OSError."""
    plan = replace(make_plan(path, link, folder, time.time_ns() // 1000), with_web=staying is not None)
    clear(folder, keep, time.time_ns() // 1000)
    console = Console(stderr=as_json)
    with Terminal(console) as terminal:
        _open(terminal, plan, path)
        result = await run_demo(plan, terminal, staying)
        report = await asyncio.to_thread(write_report, result, folder / "report.html")
    _tell(terminal, result, report, as_json)
    return 0 if result.holds else 1


def make_plan(path: Path, link: str | None, folder: Path, now_us: int) -> Plan:
    """What is to be done. Raises ValueError or OSError of one line; nothing is written yet."""
    told = read_scenario(path)
    if not told.shots:
        raise ValueError(f"{path}: shots: nothing is fired; the demo needs at least one shot")
    try:
        scenario, sun_deg = at_midnight(told, now_us)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    links = choose_links([pole.node for pole in scenario.poles], link, is_installed())
    return Plan(folder, scenario, path.stem, links, sun_deg)


def _open(terminal: Terminal, plan: Plan, path: Path) -> None:
    scenario, shown = plan.scenario, os.path.relpath(path)
    terminal.console.print("[bold]Soundpost demo[/]: real programs on this machine, simulated sound", highlight=False)
    terminal.say("street", f"{_things(scenario)} ({path if shown.startswith('..') else shown})")
    terminal.say("night", night_words(plan.scenario, plan.sun_deg))
    for link, words in ((SERIAL, "serial over ptys"), (MQTT, "MQTT 5 through Mosquitto")):
        if plan.nodes_on(link):
            terminal.say("link", f"{words}: {', '.join(plan.nodes_on(link))}")
    if not plan.nodes_on(MQTT) and not is_installed():
        terminal.say("link", "no MQTT: Mosquitto is not installed here")


def _things(scenario: Scenario) -> str:
    n_rounds = sum(shot.rounds for shot in scenario.shots)
    return (
        f"{len(scenario.poles)} poles, {len(scenario.lamps)} lamps, {len(scenario.cameras)} cameras; "
        f"{n_rounds} rounds and {len(scenario.clutter)} other sounds in {scenario.duration_s:g} s"
    )


def _tell(terminal: Terminal, result: Result, report: Path, to_programs: bool) -> None:
    told = verdicts.as_json(result)
    (report.parent / MARK).write_text(json.dumps(told, indent=1) + "\n", "utf-8")
    if to_programs:
        print(json.dumps(told))  # noqa: T201 - the command's output
    console = terminal.console
    console.print()
    console.print(table(result))
    console.print(f"[dim]{UNITS}[/]\n", highlight=False)
    for check in result.checks:
        mark = "[green]ok  [/]" if check.holds else "[bold red]FAIL[/]"
        console.print(f"  {mark} {check.words}: {check.found}", highlight=False, soft_wrap=True, markup=True)
    console.print(f"\n{sentence(result)}", highlight=False, soft_wrap=True)
    console.print(f"Report: {report}  ({result.took_s:.0f} s)", highlight=False, soft_wrap=True)
    if not result.holds:
        Console(stderr=True).print(f"soundpost demo: {failures(result.checks)}", highlight=False, soft_wrap=True)
