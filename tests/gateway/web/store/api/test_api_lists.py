"""Lists: in pages that nothing moves that comes meanwhile, with ETags, and searched as pages of people are."""

import json

import pytest

LISTS = ("incidents", "rounds", "reviews", "poles", "lamps", "cameras", "alarms")


def pages(client, path, limit, between=lambda: None):
    """Every page of a list."""
    found, query = [], {"limit": limit}
    while True:
        told = client.get(path, params=query).json()
        found.append(told["items"])
        if told["next"] is None:
            return found
        query["cursor"] = told["next"]
        between()


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_whole_over_its_pages_and_no_page_is_longer_than_asked(api, name):
    client = api.as_key()
    whole = client.get(f"/api/v1/{name}").json()

    got = pages(client, f"/api/v1/{name}", 1)

    assert whole["next"] is None
    assert [item for page in got for item in page] == whole["items"]
    assert all(len(page) <= 1 for page in got)
    assert len(whole["items"]) >= (name != "alarms")


@pytest.mark.parametrize(("name", "limit"), [("incidents", 2), ("rounds", 3)])
def test_what_comes_while_pages_are_read_is_in_none_of_them_and_moves_nothing(api, name, limit):
    client, n = api.as_key(), 100
    before = [each["incident"] for each in client.get(f"/api/v1/{name}").json()["items"]]

    def one_more():
        nonlocal n
        n += 1
        api.journalled.write(*api.journalled.shot(f"i-{n}", api.journalled.t_us + n * 10_000_000))
        api.follows.read()

    one_more()
    got = [each["incident"] for page in pages(client, f"/api/v1/{name}", limit, one_more) for each in page]
    assert got == ["i-101", *before]
    assert n > 101


def test_the_link_header_leads_to_the_same_page_as_next(api):
    client = api.as_key()
    first = client.get("/api/v1/incidents", params={"limit": 1, "grade": "A", "text": "poles"})

    link = first.headers["link"]
    followed = client.get(link[1 : link.index(">")])

    assert link.endswith('; rel="next"')
    assert [each["incident"] for each in followed.json()["items"]] == ["i-2"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "%00", "W10", "bnVsbA", "9" * 400, "é", "W1tbW1tb", "-1", "eyJhIjoxfQ", "....", "aaaa bbbb"]
)
def test_what_is_no_cursor_is_refused_with_one_word(api, cursor):
    answer = api.as_key().get("/api/v1/incidents", params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("cursor: is none of this list and search")


def test_a_cursor_of_another_list_search_or_incident_is_none(api):
    client = api.as_key()
    cursor = client.get("/api/v1/incidents", params={"limit": 1}).json()["next"]

    for path, query in (
        ("incidents", {"grade": "A"}),
        ("rounds", {}),
        ("reviews", {}),
        ("poles", {}),
        ("incidents/i-1/rounds", {}),
    ):
        assert client.get(f"/api/v1/{path}", params={"cursor": cursor, **query}).status_code == 422, path


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "1e2"}, "limit: must be a whole number, in digits"),
        ({"limit": "5.0"}, "limit: must be a whole number, in digits"),
        ({"limit": "true"}, "limit"),
        ({"limit": "9" * 100}, "limit"),
        ({"from_us": "-1"}, "from_us"),
        ({"from_us": str(1 << 62)}, "from_us"),
        ({"lat_deg": "nan", "lon_deg": "1", "within_m": "5"}, "lat_deg: must be a number"),
        ({"lat_deg": "1", "within_m": "5"}, "lat_deg, lon_deg: give both, or none"),
        ({"lat_deg": "1", "lon_deg": "5"}, "place: give a latitude, a longitude and metres, or none"),
        ({"within_m": "5"}, "place: give a latitude"),
        ({"grade": "D"}, "grade"),
        ({"review": "perhaps"}, "review"),
        ({"text": "x" * 201}, "text"),
        ({"text": "a " * 13}, "text: must be of at most 12 words"),
        ({"grde": "A"}, "grde"),
    ],
)
def test_what_cannot_be_searched_for_is_told_by_name(api, query, why):
    answer = api.as_key().get("/api/v1/incidents", params=query)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert why in answer.json()["detail"]


def test_incidents_are_found_as_on_the_pages(api):
    client = api.as_key()

    def found(**query):
        return [each["incident"] for each in client.get("/api/v1/incidents", params=query).json()["items"]]

    assert found(review="gunshot") == ["i-1"]
    assert found(review="open") == ["i-3"]
    assert found(text="Bob") == ["i-2"]
    assert found(lat_deg=40.0003, lon_deg=-88.0, within_m=100) == ["i-3", "i-2", "i-1"]
    assert found(until_us=api.journalled.t_us + 15_000_000) == ["i-1"]
    assert found(grade="C") == []


@pytest.mark.parametrize("path", ["incidents", "incidents/i-1", "rounds", "poles/P1", "incidents/i-1/reviews", "lamps"])
def test_what_the_asker_has_already_is_not_sent_again_until_it_changes(api, path):
    client = api.as_key()
    first = client.get(f"/api/v1/{path}")
    tag = {"If-None-Match": f'"other", W/{first.headers["etag"]}'}

    again = client.get(f"/api/v1/{path}", headers=tag)
    api.journalled.t_us += 1_000_000
    api.journalled.write(
        *api.journalled.shot("i-1", grade="B", rounds=({"grade": "B"},)),
        api.journalled.review("i-1", "unsure", "Cy"),
        api.journalled.health("P1", 3000),
        api.journalled.row(
            "effect", incident="i-1", action="lights-2", t_us=1, what="light", device="L1", done=False, note="no answer"
        ),
    )
    api.follows.read()
    changed = client.get(f"/api/v1/{path}", headers=tag)

    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("incidents", "application/geo+json", "application/geo+json"),
        ("incidents", "application/json;q=0.5, application/geo+json", "application/geo+json"),
        ("incidents", "application/geo+json;q=0.4, application/json", "application/json"),
        ("incidents", "*/*", "application/json"),
        ("incidents", "application/geo+json;q=0", "application/json"),
        ("incidents.geojson", "*/*", "application/geo+json"),
        ("incidents/i-1", "application/geo+json", "application/geo+json"),
    ],
)
def test_geojson_comes_by_accept_or_by_address(api, path, accept, kind):
    answer = api.as_key().get(f"/api/v1/{path}", headers={"Accept": accept})

    assert answer.headers["content-type"] == kind
    assert "Accept" in answer.headers["vary"]
    assert ("geometry" in answer.text) == (kind == "application/geo+json")


def test_geojson_is_of_points_longitude_first_and_says_the_same(api):
    client = api.as_key()
    plain = client.get("/api/v1/incidents", params={"limit": 1}).json()
    told = client.get("/api/v1/incidents.geojson", params={"limit": 1}).json()

    (feature,) = told["features"]
    said = plain["items"][0]
    assert (told["type"], feature["type"], feature["id"]) == ("FeatureCollection", "Feature", "i-3")
    assert feature["geometry"] == {"type": "Point", "coordinates": [said["lon_deg"], said["lat_deg"]]}
    assert told["next"] == plain["next"]
    kept = {name: value for name, value in said.items() if name not in ("incident", "lat_deg", "lon_deg")}
    assert feature["properties"] == kept


def test_a_rounds_arrivals_are_told_and_its_sound_is_not(api):
    answer = api.as_key().get("/api/v1/incidents/i-1/rounds")

    (told,) = answer.json()["items"]
    assert told["arrivals"][0]["node"] == "P0"
    assert len(told["arrivals"]) == 6
    assert "pcm" not in answer.text
    assert {each["incident"] for each in answer.json()["items"]} == {"i-1"}


def test_numbers_are_numbers_and_times_are_whole(api):
    for each in api.as_key().get("/api/v1/incidents").json()["items"]:
        assert type(each["first_us"]) is int
        assert type(each["historic"]) is bool
    text = api.as_key().get("/api/v1/incidents/i-1").text
    assert json.loads(text)["p_gunshot"] == 0.97
