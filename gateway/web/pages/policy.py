"""*Policy*: what is in force, and what another one would have done over past nights."""

import datetime
import functools
import time
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.web.accounts.person import who_of
from gateway.web.pages.asking import asked
from gateway.web.pages.missing import missing
from gateway.web.parts import parts_of
from gateway.web.rules.rules import InForce
from gateway.web.rules.trials import Busy, Trial
from gateway.web.showing import moment, zone_of
from gateway.web.templating import fault_words, gettext_of, in_readers, in_words, page
from gateway.web.words.said import said, sentence

ROUTER = APIRouter()
SHOWN = 500
"""Lines of what came out."""
DAYS = 7


@ROUTER.get("/policy", response_class=HTMLResponse)
def policy(request: Request) -> HTMLResponse:
    """The page."""
    return _shown(request)


@ROUTER.post("/policy/try")
def start(
    request: Request,
    text: Annotated[str, Form()] = "",
    since: Annotated[str, Form(alias="from")] = "",
    until: Annotated[str, Form()] = "",
) -> Response:
    """Begin a dry run, and go to its page. since, until : days, each within; without the first the last DAYS."""
    rules, say = parts_of(request).rules, gettext_of(request)
    shown = functools.partial(_shown, request, text=text, days=(since, until))
    if rules is None:
        return shown(503, say("The gateway's settings are not at hand here."))
    if not text.strip():
        return shown(422, say("Write the [policy] table that you want to try."))
    days = asked({"from": since or _first_day(request), "until": until}, who_of(request).time_zone)
    if days.search is None:
        return shown(422, sentence(in_readers(request, days.fault)))
    try:
        span = _span(days.search.from_us, days.search.until_us)
        trial = rules.trials.start(text.replace("\r\n", "\n"), who_of(request).name, span)
    except Busy:
        return shown(409, say("Another dry run is on its way. Yours is kept below: press again when it is done."))
    except ValueError as error:
        return shown(422, fault_words(request, error))
    return RedirectResponse(f"/policy/try/{trial.name}", 303)


@ROUTER.get("/policy/try/{trial}", response_class=HTMLResponse)
def tried(request: Request, trial: str) -> HTMLResponse:
    """How far it is, or what came out."""
    rules = parts_of(request).rules
    found = rules.trials.trial(trial) if rules else None
    return missing(request) if found is None else _shown(request, trial=found, text=found.text)


@ROUTER.post("/policy/try/{trial}/stop")
def stop(request: Request, trial: str) -> Response:
    """End a dry run, whoever began it, and go back to its page."""
    rules = parts_of(request).rules
    if rules is None or rules.trials.trial(trial) is None:
        return missing(request)
    rules.trials.stop(trial, who_of(request).name)
    return RedirectResponse(f"/policy/try/{trial}", 303)


def _shown(
    request: Request,
    status: int = 200,
    fault: str = "",
    text: str = "",
    trial: Trial | None = None,
    days: tuple[str, str] = ("", ""),
) -> HTMLResponse:
    """text, days : what was typed."""
    rules, force = parts_of(request).rules, None
    try:
        force = rules.reads.in_force() if rules else None
    except (OSError, ValueError) as error:
        fault = fault or in_readers(request, error)
    lines = list(trial.lines) if trial else []
    return page(
        request,
        "policy.html",
        status,
        title=in_words(request, "Policy"),
        force=force,
        tables=_tables(force),
        fault=fault,
        text=text,
        trial=trial,
        trial_said=in_readers(request, trial.said) if trial else "",
        changed=[line for line in lines if line.get("what") == "changed"][:SHOWN],
        n_changed=sum(line.get("what") == "changed" for line in lines),
        can_try=rules is not None,
        first_day=days[0] or _first_day(request),
        last_day=days[1],
    )


def _first_day(request: Request) -> str:
    """DAYS ago, by the reader's calendar."""
    now = moment(time.time_ns() // 1000, zone_of(who_of(request).time_zone))
    return (now.date() - datetime.timedelta(days=DAYS)).isoformat()


def _span(from_us: int | None, until_us: int | None) -> list[str]:
    """As the command takes it. Raises ValueError."""
    if from_us is not None and until_us is not None and from_us > until_us:
        raise ValueError(said("the first day must not come after the last"))
    bounds = (("--from", from_us), ("--until", until_us))
    return [f"{name}={moment(at_us).isoformat()}" for name, at_us in bounds if at_us is not None]


def _tables(force: InForce | None) -> list[tuple[str, list[tuple[str, str]]]]:
    """Each act with its settings by name, those of day and night after it; the rest first."""
    if force is None:
        return []
    plain = [
        (name, _plain(value)) for name, value in force.policy.items() if not isinstance(value, (dict, list, type(None)))
    ]
    tables = [("policy", plain)]
    for name, value in force.policy.items():
        if isinstance(value, dict):
            tables.append((f"policy.{name}", _flat(value)))
        elif isinstance(value, list):
            tables += [
                (f"policy.{name} {each.get('name', '')}", _flat(each)) for each in value if isinstance(each, dict)
            ]
    return tables


def _flat(table: dict[str, object], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in table.items():
        if isinstance(value, dict):
            found += _flat(value, f"{before}{name}.")
        elif value is not None:
            found.append((before + name, _plain(value)))
    return found


def _plain(value: object) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)
