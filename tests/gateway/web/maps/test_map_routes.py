import itertools

import pytest
from starlette.testclient import TestClient

from gateway.web.base_map.places import House, write_places
from gateway.web.grants import EVERYBODY, granted
from gateway.web.maps.base_map import ADDRESS, NO_BASE_MAP, BaseMap
from gateway.web.maps.found import base_map_of, nearest_of
from gateway.web.settings import WebConfig


@pytest.fixture
def city(tmp_path):
    path = tmp_path / "city.pmtiles"
    path.write_bytes(bytes(range(256)) * 4)
    return path


@pytest.fixture
def client(maps, city):
    poles = [maps.pole("P1"), maps.pole("P2", "alarm"), maps.pole("P3", "silent"), maps.pole("P9", lat=None)]
    store = maps.StreetStore([maps.brief(2), maps.brief(1, "done", review="gunshot")], poles)
    return TestClient(maps.street_app(store, BaseMap(city, "", "whoever")))


@pytest.mark.parametrize("path", [ADDRESS, "/map/live.json", "/map/incidents/{incident}.json"])
def test_whoever_signed_in_may_see_the_map_and_nobody_else(path):
    assert granted(path, "GET").to == EVERYBODY


def test_a_range_of_the_base_map_is_given(client):
    answer = client.get(ADDRESS, headers={"range": "bytes=10-13"})

    assert (answer.status_code, answer.content) == (206, bytes((10, 11, 12, 13)))
    assert answer.headers["content-range"] == "bytes 10-13/1024"
    assert answer.headers["accept-ranges"] == "bytes"


def test_a_range_beyond_its_end_is_refused_with_its_length(client):
    answer = client.get(ADDRESS, headers={"range": "bytes=1024-2000"})

    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */1024")


@pytest.mark.parametrize("told", ["bytes=", "bytes=x-y", "bytes=9-1", "lines=1-2", "bytes=" + "0-1," * 5000])
def test_a_range_that_is_none_harms_nothing(client, told):
    assert client.get(ADDRESS, headers={"range": told}).status_code in (200, 206, 400, 416)


def test_head_tells_its_length_and_gives_nothing(client):
    answer = client.head(ADDRESS)

    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "1024")


def test_who_has_it_is_not_given_it_again(client):
    etag = client.get(ADDRESS).headers["etag"]
    answer = client.get(ADDRESS, headers={"if-none-match": f'"another", {etag}'})

    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)


def test_a_map_that_was_built_anew_has_another_etag(client, city):
    before = client.get(ADDRESS).headers["etag"]
    city.write_bytes(b"another")

    assert client.get(ADDRESS, headers={"if-none-match": before}).content == b"another"


def test_a_map_that_is_gone_is_not_found(client, city):
    city.unlink()
    assert client.get(ADDRESS).status_code == 404
    city.mkdir()
    assert client.get(ADDRESS).status_code == 404


def test_without_a_base_map_there_is_none_and_the_plan_stays(maps):
    client = TestClient(maps.street_app(maps.StreetStore(), NO_BASE_MAP))

    assert client.get(ADDRESS).status_code == 404
    assert "data-base" not in client.get("/page").text
    assert "the plan" in client.get("/page").text


def test_one_that_is_damaged_is_said_on_the_page_in_one_word(maps):
    client = TestClient(maps.street_app(maps.StreetStore(), BaseMap(None, "city.pmtiles: is damaged")))

    assert "The base map cannot be used: this is the plan." in client.get("/page").text


def test_what_is_live_is_poles_by_health_lamps_cameras_and_shots(client):
    told = client.get("/map/live.json").json()

    shots = [each["properties"] for each in told["shots"]["features"]]
    assert [(each["name"], each["state"]) for each in shots] == [("i-2", "open"), ("i-1", "done")]
    assert shots[1]["words"].startswith("grade A, Gunshot, rounds: 2, 2025-11-28 00:00:00 UTC, Kaivokatu 8")
    poles = [each["properties"] for each in told["poles"]["features"]]
    assert [(each["name"], each["state"]) for each in poles] == [("P1", "well"), ("P2", "alarm"), ("P3", "silent")]
    assert poles[1]["words"] == "alarm, its clock is off"
    assert [each["properties"]["state"] for each in told["lamps"]["features"]] == ["lit"]
    assert [each["properties"]["state"] for each in told["views"]["features"]] == ["can", "aimed"]
    assert told["scales"] == {"95": 1.0, "90": 0.87671, "50": 0.48102}  # of -2 ln(1 - p), the quantile of two degrees


def test_an_incident_has_its_rounds_numbered_without_the_one_that_was_withdrawn(client):
    told = client.get("/map/incidents/i-2.json").json()

    assert [each["properties"]["name"] for each in told["rounds"]["features"]] == ["1", "3"]
    assert told["rounds"]["features"][0]["properties"]["major_m"] == 20.0
    assert client.get("/map/incidents/none.json").status_code == 404


def test_a_sector_is_a_closed_ring_that_runs_to_the_left(client):
    view = client.get("/map/live.json").json()["views"]["features"][0]
    [ring] = view["geometry"]["coordinates"]

    assert ring[0] == ring[-1]
    assert sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in itertools.pairwise(ring)) > 0


def test_names_from_outside_cannot_leave_the_attribute(maps, city):
    store = maps.StreetStore([maps.brief(1, near='"><script>alert(1)</script>')])
    client = TestClient(maps.street_app(store, BaseMap(city, "", '"><script>alert(2)</script>')))

    assert "<script>alert" not in client.get("/page").text
    [shot] = client.get("/map/live.json").json()["shots"]["features"]
    assert "<script>alert(1)" in shot["properties"]["words"]  # as text: map.js writes it as such


def test_a_map_file_that_is_none_stops_nothing_and_says_why(tmp_path):
    (tmp_path / "city.pmtiles").write_bytes(b"PMTiles\x03" + bytes(200))
    damaged = base_map_of(WebConfig(map_file="city.pmtiles"), tmp_path)
    absent = base_map_of(WebConfig(map_file="none.pmtiles"), tmp_path)

    assert damaged.path is None
    assert "city.pmtiles: is no base map" in damaged.why
    assert absent.why.endswith("none.pmtiles: No such file or directory")
    assert base_map_of(WebConfig(), tmp_path) == NO_BASE_MAP


def test_addresses_are_told_where_the_list_of_them_is_there(tmp_path):
    config = WebConfig(map_file="city.pmtiles")
    assert nearest_of(WebConfig(), tmp_path)(60.0, 25.0) == ""
    assert nearest_of(config, tmp_path)(60.0, 25.0) == ""
    write_places(tmp_path / "city.places.sqlite", [House(60.0, 25.0, "1 Main Street")], [])

    assert nearest_of(config, tmp_path)(60.0, 25.0) == "1 Main Street"
