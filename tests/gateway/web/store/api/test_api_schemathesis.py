"""The whole API as a machine tries it that has read nothing but its description: no server error, no answer that is not
declared, no wrong request that is taken. SOUNDPOST_API_TRIES=100 tries longer; `make web-check` does."""

import os

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema

TRIES = int(os.environ.get("SOUNDPOST_API_TRIES", "4"))
EVENTS_ANSWERED = 200
KNOWN = {"incident": "i-1", "name": "P1"}
"""What there is, so that not every try ends at what is not there."""


def config(key):
    """The seed is fixed. Text that our searches refuse for its count of words is no fault of theirs."""
    off = {"enabled": False}
    return SchemathesisConfig.from_dict(
        {
            "seed": 20260711,
            "headers": {"Authorization": f"Bearer {key}"},
            "generation": {"max-examples": TRIES, "deterministic": True, "no-shrink": True, "database": "none"},
            "checks": {"positive_data_acceptance": off},
            "phases": {"stateful": off},
        }
    )


def faults_of(schema):
    """What was found, one line each; and how many requests it took."""
    found, n = set(), 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            for checked in event.recorder.checks.values():
                for each in checked:
                    if each.failure_info is not None:
                        found.add(f"{event.label}: {each.name}: {each.failure_info.failure}")
            n += len(event.recorder.cases)
        elif isinstance(event, events.NonFatalError | events.FatalError):
            found.add(str(getattr(event, "info", event)))
    return sorted(found), n


def test_whatever_a_machine_asks_is_answered_as_declared(api, gateway):
    api.parts.feed.close()  # the stream of news ends at once
    key = api.key("dispatcher")
    schema = schemathesis.openapi.from_asgi(
        "/api/v1/openapi.json", api.app, config=config(key), headers={"Authorization": f"Bearer {key}"}
    )

    found, n = faults_of(schema)
    assert found == []
    assert n > 18 * TRIES
