"""What docs/reference/api.md shows is so."""

import json
import pathlib
import re

from prometheus_client.parser import text_string_to_metric_families

ROOT = pathlib.Path(__file__).parents[5]
TEXT = (ROOT / "docs" / "reference" / "api.md").read_text()
ASKED = re.findall(r"^    GET (\S+)", TEXT, re.MULTILINE)


def test_each_line_of_the_docs_is_answered(api):
    client = api.as_key()

    assert [(path, client.get(path).status_code) for path in ASKED] == [(path, 200) for path in ASKED]
    assert len(ASKED) == 15


def test_the_review_of_the_docs_is_taken(api, gateway):
    client = api.as_key()
    path = re.search(r"POST (\S+)", TEXT)[1]
    body = json.loads(re.search(r'^    (\{"verdict.*)$', TEXT, re.MULTILINE)[1])

    answer = client.post(path, json=body, headers={"If-Match": client.get(path).headers["etag"]})

    assert answer.status_code == 201


def test_each_metric_of_the_docs_is_told_and_no_other(api):
    client = api.as_key()
    client.get("/api/v1/state")

    told = {each.name for each in text_string_to_metric_families(client.get("/metrics").text)}

    written = {name.removesuffix("_total") for name in re.findall(r"`(soundpost_web_\w+)", TEXT)}
    assert {name for name in told if not name.endswith("_created")} == written
