"""[evidence] in gateway.toml: what docs/how-to/evidence.md shows is good, and what makes no sense is named."""

import json
import pathlib
import re
import tomllib

import pytest
from pydantic import ValidationError

from gateway.evidence.cases import Rules
from gateway.evidence.tables import EvidenceTable, ReaderTable, TriggerTable

LOGIN = {"user": "u", "password_file": "p"}
PAGE = pathlib.Path(__file__).parents[3] / "docs/how-to/evidence.md"
SHOWN = re.search(r"```toml\n(.*?)```", PAGE.read_text(), re.S)[1]
STREAM = {"camera": "yard", "url": "rtsp://10.0.0.9/x", "xyz_m": [0.0, 0.0, 5.0], "range_m": 80.0}
READER = {"name": "a", "xyz_m": [0.0, 0.0, 4.0]}
LEAST = {"key_file": "k", "request_key_file": "r", "stream": [STREAM]}


def table(**more):
    return EvidenceTable.model_validate_json(json.dumps({**LEAST, **more}))


def test_what_the_docs_show_is_taken_and_shows_every_setting():
    shown = tomllib.loads(SHOWN)["evidence"]
    made = EvidenceTable.model_validate_json(json.dumps(shown))

    assert made.rules() == Rules()
    assert made.reader[1].fields.fields().confidence_of == 100.0
    assert made.reader[0].trigger.kind == "onvif"
    for name in {*EvidenceTable.model_fields, *ReaderTable.model_fields} - {"lat_deg", "lon_deg", "h_m"}:
        assert re.search(rf"\b{name}\b", SHOWN), name


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"stream": []}, "neither a .*stream.* nor a .*reader"),
        ({"stream": [STREAM, STREAM]}, "camera yard stands there twice"),
        ({"stream": [{**STREAM, "ca_file": "x"}]}, "ca_file: only with an rtsps url"),
        ({"stream": [{**STREAM, "url": "rtsp://u:p@h/x"}]}, "must not hold a user or password"),
        ({"reader": [{"name": "a", "xyz_m": [0.0, 0.0, 4.0], "topic": "t"}]}, "a topic needs .evidence.mqtt"),
        ({"reader": [{"name": "a", "xyz_m": [0.0, 0.0, 4.0], "push": True}]}, "push needs .evidence.http"),
        ({"reader": [{"name": "a", "xyz_m": [0.0, 0.0, 4.0]}]}, "give topic, push = true or a trigger"),
        ({"reader": [{"name": "a", "xyz_m": [0.0, 0.0, 4.0], "topic": "a/#"}]}, "topic"),
        ({"http": {"host": "10.0.0.2", "token_file": "t"}}, "without cert_file and tls_key_file only"),
        ({"http": {"token_file": "t", "cert_file": "c"}}, "cert_file and tls_key_file together"),
        ({"before_s": 600.0}, "before_s"),
        ({"before_s": 60.0, "longest_s": 80.0}, "longest_s 80: must be before_s . after_s, 90, to 3600"),
        ({"reader": [{**READER, "topic": "t", "plates": False}]}, "plates, objects: one of them must be true"),
        (
            {"mqtt": {"host": "h", "tls": False, "user": "u", "password_file": "p"}},
            "tls: a password goes over TLS only",
        ),
        ({"mqtt": {"host": "h", "password_file": "p"}}, "password_file: give user, too"),
        ({"faces": True}, "faces"),
    ],
)
def test_what_makes_no_sense_is_named(more, why):
    with pytest.raises(ValidationError, match=why):
        table(**more)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"kind": "onvif", "url": "http://h"}, "kind onvif: give relay"),
        ({"kind": "http", "url": "http://h/x", "user": "u"}, "give both user and password_file, or neither"),
        ({"kind": "http", "url": "http://h/x", "password_file": "p"}, "give both user and password_file, or neither"),
        ({"kind": "http", "url": "http://h/x", **LOGIN}, "url: a password goes over https:// only"),
        ({"kind": "http", "url": "http://"}, "url: must be http://HOST:PORT... or https"),
        ({"kind": "http", "url": "http://h:99999/x"}, "PORT 1 to 65535"),
        ({"kind": "http", "url": "http://h:0/x"}, "PORT 1 to 65535"),
        ({"kind": "onvif", "relay": "r", "url": "https://h:x"}, "PORT 1 to 65535"),
        ({"kind": "contact", "url": "tcp://h:502"}, "kind contact: give coil"),
        ({"kind": "http", "url": "http://h", "coil": 3}, "kind http: give neither relay nor coil"),
        ({"kind": "http", "url": "ftp://h"}, "must be http://HOST:PORT"),
        ({"kind": "http", "url": "http://me:secret@h"}, "without a user or password"),
        ({"kind": "horn", "url": "http://h"}, "kind"),
    ],
)
def test_a_trigger_that_makes_no_sense_is_named(told, why):
    with pytest.raises(ValidationError, match=why) as refused:
        TriggerTable(**told)
    assert "secret" not in str(refused.value.errors(include_input=False, include_url=False))


@pytest.mark.parametrize("url", ["https://h/x", "http://127.0.0.1:80/x", "http://[::1]/x", "http://localhost/x"])
def test_a_password_goes_over_https_or_to_this_computer_itself(url):
    assert TriggerTable.model_validate({"kind": "http", "url": url, **LOGIN}).user == "u"


def test_a_broker_on_this_computer_may_have_a_password_without_tls():
    assert not table(mqtt={"host": "127.0.0.1", "tls": False, **LOGIN}).mqtt.tls
