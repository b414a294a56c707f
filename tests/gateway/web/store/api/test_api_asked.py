"""Who may ask, reviews made on what was seen, and hostile bytes."""

import json

import pytest

from gateway.web.grants import GRANTS

OF_API = [each for each in GRANTS if each.path.startswith("/api/") and "events" not in each.path]
READ = [each for each in OF_API if "GET" in each.methods]
REVIEW = "/api/v1/incidents/i-1/reviews"


def at(path):
    return path.replace("{incident}", "i-1").replace("{name}", "P1")


def seen(client, incident="i-1"):
    return {"If-Match": client.get(f"/api/v1/incidents/{incident}").headers["etag"]}


def test_a_review_made_on_what_was_seen_is_kept_with_the_keys_name(api, gateway):
    client = api.as_key("analyst")
    given = {"verdict": "no gunshot", "what": "fireworks", "note": "a rocket"}

    answer = client.post(REVIEW, json=given, headers=seen(client))

    assert answer.status_code == 201
    assert (answer.json()["who"], answer.json()["by"], answer.json()["verdict"]) == ("key k1", "web", "no gunshot")
    assert answer.json() in client.get(REVIEW).json()["items"]
    assert client.get("/api/v1/reviews").json()["items"][0] == answer.json()


@pytest.mark.parametrize("by", ["header", "body"])
def test_a_review_of_what_changed_meanwhile_is_stale_and_told_the_version_that_is(api, gateway, by):
    client = api.as_key()
    tag, version = seen(client), client.get("/api/v1/incidents/i-1").json()["version"]
    api.journalled.write(api.journalled.incident("i-1", grade="C"))
    api.follows.read()

    body = {"verdict": "gunshot", **({"version": version} if by == "body" else {})}
    answer = client.post(REVIEW, json=body, headers=tag if by == "header" else {})

    assert answer.status_code == 412
    assert answer.json()["version"] == client.get("/api/v1/incidents/i-1").json()["version"] > version
    assert "was told anew since you saw it" in answer.json()["detail"]
    assert len(client.get(REVIEW).json()["items"]) == 1


def test_of_two_at_once_on_the_same_version_one_is_taken(api, gateway):
    client, tag = api.as_key(), None
    tag = seen(client)

    statuses = [client.post(REVIEW, json={"verdict": "unsure"}, headers=tag).status_code for _ in range(2)]

    assert statuses == [201, 412]


def test_a_review_that_does_not_say_what_was_seen_is_asked_to(api, gateway):
    assert api.as_key().post(REVIEW, json={"verdict": "unsure"}).status_code == 428


def test_a_star_stands_for_whatever_there_is(api, gateway):
    assert api.as_key().post(REVIEW, json={"verdict": "unsure"}, headers={"If-Match": "*"}).status_code == 201


def test_without_a_gateway_nothing_is_written_and_it_says_when_to_try_again(api):
    client = api.as_key()

    answer = client.post(REVIEW, json={"verdict": "unsure"}, headers=seen(client))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "nothing was written down" in answer.json()["detail"]


def test_what_the_gateway_took_and_the_journal_does_not_show_is_told_as_202(api, gateway):
    gateway.keeps = False
    client = api.as_key()

    answer = client.post(REVIEW, json={"verdict": "unsure"}, headers=seen(client))

    assert answer.status_code == 202
    assert "it shows here when it is" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"verdict": "perhaps"}, "verdict"),
        ({"verdict": "unsure", "version": "5"}, "version"),
        ({"verdict": "unsure", "version": 5.0}, "version"),
        ({"verdict": "unsure", "version": True}, "version"),
        ({"verdict": "unsure", "version": 1 << 80}, "version"),
        ({"verdict": "unsure", "note": 5}, "note"),
        ({"verdict": "unsure", "note": "x" * 501}, "note"),
        ({"verdict": "unsure", "who": "the chief"}, "who"),
        ({"verdict": "gunshot", "what": "thunder"}, "thunder goes only with the verdict no gunshot"),
        ({}, "verdict"),
        ([], "dictionary"),
        (None, ""),
    ],
)
def test_a_review_that_is_none_is_told_what_is_wrong(api, gateway, body, why):
    answer = api.as_key().post(REVIEW, json=body, headers={"If-Match": "*"})

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert why in answer.json()["detail"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"{", 422),
        (b"\xff\xfe\x00", (400, 422)),
        (b"[" * 60_000, (400, 422)),
        (b'{"verdict": "unsure", "note": "\\ud800"}', 422),
        (b'{"verdict": "unsure", "\\ud800": 1}', 422),
        (b'{"verdict": "unsure", "note": "a\\u0000b"}', 422),
        (b'{"verdict": "unsure", "version": NaN}', 422),
        (b'{"verdict": "unsure", "version": ' + b"9" * 5000 + b"}", (400, 422)),
        (b'{"verdict": "unsure", "note": "' + b"x" * 1_000_000 + b'"}', 413),
    ],
)
def test_hostile_bytes_are_refused_and_never_sent_back(api, gateway, content, status):
    client = api.as_key()
    headers = {"Content-Type": "application/json", "If-Match": "*"}

    answer = client.post(REVIEW, content=content, headers=headers)

    assert answer.status_code in (status if isinstance(status, tuple) else (status,))
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code
    assert len(answer.content) < 1000
    assert len(client.get(REVIEW).json()["items"]) == 1


@pytest.mark.parametrize("tag", ['"x"', "1", '"1"', 'W/"1-0123456789abcdef"', '"0123456789abcdef"', "\x7f", "a" * 90])
def test_an_if_match_that_is_no_etag_of_ours_is_refused(api, gateway, tag):
    answer = api.as_key().post(REVIEW, json={"verdict": "unsure"}, headers={"If-Match": tag})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    "name", ["i-9", "%00", "i-1%00", "i-1'--", "i-1%2F..%2Fi-2", "%F0%9F%92%A5", "%ff", "x" * 2000, "%2e%2e", "*"]
)
def test_a_name_that_is_none_is_answered_with_a_problem(api, name):
    client = api.as_key()
    for path in (f"/api/v1/incidents/{name}", f"/api/v1/incidents/{name}/rounds", f"/api/v1/poles/{name}"):
        answer = client.get(path)
        assert answer.status_code in (400, 404), path
        assert answer.headers["content-type"] == "application/problem+json"


def test_strangers_are_told_401_as_a_problem_whatever_they_ask_for(api):
    for each in OF_API:
        for method in (*each.methods, "DELETE"):
            answer = api.stranger().request(method, at(each.path))
            assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json"), each.path
            assert answer.headers["www-authenticate"] == "Bearer"


def test_a_key_without_the_scope_is_told_403_and_one_of_a_role_that_may_not_review_reviews_nothing(api, gateway):
    other, viewer = api.as_key("dispatcher", "metrics"), api.as_key("viewer")

    assert [other.get(at(each.path)).status_code for each in READ] == [403] * len(READ)
    assert [viewer.get(at(each.path)).status_code for each in READ if "name" not in each.path] == [200] * (
        len(READ) - 3
    )
    assert viewer.post(REVIEW, json={"verdict": "unsure"}, headers=seen(viewer)).status_code == 403
    reader = api.as_key("dispatcher", "read")
    assert reader.post(REVIEW, json={"verdict": "unsure"}, headers=seen(reader)).status_code == 403
    assert len(reader.get(REVIEW).json()["items"]) == 1


def test_what_belongs_to_one_incident_is_told_under_no_other(api):
    client = api.as_key()
    for name in ("i-1", "i-2", "i-3"):
        for part in ("rounds", "reviews"):
            told = client.get(f"/api/v1/incidents/{name}/{part}").json()["items"]
            assert {each["incident"] for each in told} <= {name}
    cursor = client.get("/api/v1/incidents/i-1/rounds", params={"limit": 1}).json()["next"]
    assert cursor is None


def test_another_method_is_told_all_that_there_are(api):
    client = api.as_key()

    for method in ("DELETE", "PUT", "PATCH", "TRACE", "OPTIONS", "BREW"):
        answer = client.request(method, REVIEW)
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.post("/api/v1/poles").headers["allow"] == "GET, HEAD"


def test_the_description_declares_each_route_and_says_who_may(api):
    client = api.as_key()
    told = client.get("/api/v1/openapi.json").json()

    there = {(path, method.upper()) for path, each in told["paths"].items() for method in each}
    granted = {(each.path, method) for each in GRANTS if each.path.startswith("/api/") for method in each.methods}
    assert there == granted
    assert told["openapi"].startswith("3.1")
    assert "Scope `review`; roles: dispatcher, analyst" in json.dumps(told)
    for each in told["paths"].values():
        for operation in each.values():
            for status in ("401", "403", "500", "503"):
                assert "application/problem+json" in operation["responses"][status]["content"]


def test_the_reference_is_a_page_of_ours_alone(api):
    text = api.as_key().get("/api/v1/reference").text

    assert "POST /api/v1/incidents/{incident}/reviews" in text
    assert "https://" not in text
    assert "<style" not in text
    assert "<script>" not in text
