"""`soundpost demo`: a street at night with real programs and simulated sound, and a page that shows what came of it."""

import argparse
import asyncio
import importlib
import importlib.util
import pathlib
import signal

from simulators.street.scenario import scenario_path, shipped_with_shots

HELP = "Watch a street at night: real nodes, gateway, lamp bank and cameras as processes, simulated sound."
EXAMPLE = """soundpost demo --out out/demo
  soundpost demo --web"""
NEEDS = ("aiohttp", "jinja2", "lxml")
NEEDS_OF_PAGES = ("fastapi", "uvicorn", "argon2")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost demo`."""
    known = ", ".join(shipped_with_shots())
    parser.add_argument(
        "--scenario", type=pathlib.Path, default=pathlib.Path("street"), metavar="FILE",
        help=f"a scenario .toml, or one of: {known} (default: street)",
    )  # fmt: skip
    parser.add_argument(
        "--link", choices=("serial", "mqtt", "both"),
        help="how nodes reach the gateway; default: serial, two of them over MQTT where Mosquitto is installed",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=pathlib.Path, default=pathlib.Path("out/demo"), metavar="DIR",
        help="where sound, configs, logs, journal and report.html go (default: out/demo)",
    )  # fmt: skip
    parser.add_argument(
        "--web", action="store_true",
        help="with the pages beside it, as soundpost web serves them; they stay up until Ctrl-C",
    )  # fmt: skip
    parser.add_argument("--keep", action="store_true", help="keep an earlier run's folder beside the new one")
    parser.add_argument("--json", action="store_true", help="print the result as JSON; progress to standard error")


def run(args: argparse.Namespace) -> int:
    """0 where every check holds, else 1 with a line that says which does not. Raises ValueError or OSError."""
    needs = (*NEEDS, *NEEDS_OF_PAGES * args.web)
    missing = [name for name in needs if importlib.util.find_spec(name) is None]
    if missing:
        raise OSError(
            f"the demo needs {', '.join(missing)}: "
            "pip install -e '.[camera,sim,web]' in Soundpost's folder (or make setup)"
        )
    show = importlib.import_module("simulators.demo.show")
    staying = importlib.import_module("simulators.demo.staying").Staying() if args.web else None
    told = {"keep": args.keep, "as_json": args.json, "staying": staying}
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        task = loop.create_task(show.show(scenario_path(args.scenario), args.link, args.out, **told))

        def end() -> None:
            if staying is None or not staying.end():
                task.cancel()

        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # Ctrl-C, too, where it was ignored before
            loop.add_signal_handler(number, end)

        async def wait() -> int:
            try:
                return int(await task)
            except asyncio.CancelledError:
                raise KeyboardInterrupt from None

        return runner.run(wait())
