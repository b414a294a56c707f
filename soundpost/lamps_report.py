"""`soundpost lamps --report`: a follower of the journal that tells the city of failed lamps, over Open311 GeoReport v2.

Each notice is told once. Before a form goes out that is written to the cursor; should this program be killed then, it
asks the city at its next start whether the request is there before it sends it again. What the city refuses for good
is said and left; where it does not answer, the follower waits and tries again, and all else waits with it, in order.
"""

import argparse
import contextlib
import json
import pathlib
import sqlite3
import sys
import time
from collections.abc import Callable

from gateway.alerts.georeport import Desk, has_notice, is_first, read_answer, request_fields
from gateway.backoff import Backoff
from gateway.config import GatewayConfig, read_config
from gateway.intake.keyring import read_secret
from gateway.journal.bell import Bell
from gateway.journal.follow import Follower
from gateway.journal.rows import Kept, kept, reading
from hw.web_form import Refused, Service

SCHEMA = "create table if not exists reported(notice text primary key, request text) strict"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to report, and as whom."""
    parser.add_argument("--report", metavar="URL", help="report failed lamps to this Open311 GeoReport v2 endpoint")
    parser.add_argument("--service-code", metavar="CODE", help="what the city calls a broken street light")
    parser.add_argument("--jurisdiction", default="", metavar="ID", help="jurisdiction_id, where the city asks for it")
    parser.add_argument("--config", type=pathlib.Path, metavar="FILE", help="gateway.toml: where the lamps stand")
    parser.add_argument("--cursor", type=pathlib.Path, metavar="CURSOR", help="a file that remembers what was reported")
    parser.add_argument(
        "--api-key-file", type=pathlib.Path, metavar="FILE", help="a file of mode 0600 with the api_key"
    )
    parser.add_argument("--once", action="store_true", help="end when all that is in the journal now is reported")


def report(args: argparse.Namespace) -> int:
    """Report until interrupted. Raises ValueError or OSError of one line."""
    missing = [name for name in ("service_code", "config", "cursor") if getattr(args, name) is None]
    if missing:
        raise ValueError(f"--report needs --{missing[0].replace('_', '-')}, too")
    places = _places(read_config(args.config))
    key = read_secret(args.api_key_file) if args.api_key_file else ""
    follower, bell = Follower(args.file, args.cursor), Bell(args.file)
    city = City(
        Service(args.report), Desk(args.service_code, args.jurisdiction), places, key, args.file, follower.cursor
    )
    try:
        while True:
            look = follower.look()
            for said in look.said:
                print(f"{args.file}: {said}", file=sys.stderr)
            for each in look.rows:
                _until_told(city, each, time.sleep)
                follower.done((each,))
            if not look.rows:
                if args.once:
                    return 0
                bell.wait()
    finally:
        bell.close()
        follower.close()


class City:
    """Tells one city. places_deg : lamp -> (lat, long). cursor : where what was sent is remembered."""

    def __init__(
        self,
        service: Service,
        desk: Desk,
        places_deg: dict[str, tuple[float, float]],
        key: str,
        journal: pathlib.Path,
        cursor: sqlite3.Connection,
    ) -> None:
        self._service, self._desk, self._places_deg, self._key = service, desk, places_deg, key
        self._journal, self._cursor = journal, cursor
        cursor.execute(SCHEMA)

    def tell(self, each: Kept) -> str:
        """Report a row, where it is one to be reported. Comes back: what to say. Raises OSError or ValueError."""
        if each.row.kind != "lamp":
            return ""
        notice = json.loads(each.row.body)
        if not is_first(notice):
            return ""
        name = str(notice["notice"])
        known = self._cursor.execute("select request from reported where notice = ?", (name,)).fetchone()
        if known is not None and known[0] is not None:
            return ""
        if _is_over(self._journal, name):
            return f"{name}: is well again already, and not reported"
        number = self._look_up(name) if known is not None else None
        if number is None:
            self._note(name, None)
            fields = request_fields(notice, self._place(str(notice["lamp"])), self._desk)
            number = read_answer(self._service.post("requests.json", fields | self._secret()))
        self._note(name, number)
        return f"{name}: is request {number} at {self._service.url}"

    def _place(self, lamp: str) -> tuple[float, float]:
        """Where a lamp stands, or a bank: where its first lamp does. KeyError for one that the config no longer has."""
        return self._places_deg[lamp]

    def _look_up(self, name: str) -> str | None:
        """Whether a request that was under way when this program ended has come there."""
        asked = {"service_code": self._desk.service_code, "jurisdiction_id": self._desk.jurisdiction}
        with contextlib.suppress(Refused, ValueError):  # a city that shows no list
            return has_notice(self._service.get("requests.json", asked), name)
        return None

    def _secret(self) -> dict[str, str]:
        return {"api_key": self._key} if self._key else {}

    def _note(self, name: str, number: str | None) -> None:
        self._cursor.execute("insert or replace into reported values(?, ?)", (name, number))


def _until_told(city: City, each: Kept, sleep: Callable[[float], None]) -> None:
    """Until a row is reported, or never can be."""
    backoff, was_said = Backoff(first_s=1.0, longest_s=60.0), False
    while True:
        try:
            said = city.tell(each)
        except (Refused, ValueError, KeyError, TypeError) as error:  # the last two: somebody else wrote that row
            print(f"soundpost lamps: row {each.number} is not reported: {error}", file=sys.stderr)
            return
        except OSError as error:
            if not was_said:
                print(f"soundpost lamps: {error}; trying again", file=sys.stderr)
            was_said = True
            sleep(backoff.next_s())
        else:
            if said:
                print(said, flush=True)
            return


def _is_over(path: pathlib.Path, notice: str) -> bool:
    """Whether a notice has ended since: nobody needs to come for it."""
    with reading(path) as journal:
        bodies = [json.loads(each.row.body) for each in kept(journal, "lamp")]
    return any(body["notice"] == notice and not body["open"] for body in bodies)


def _places(config: GatewayConfig) -> dict[str, tuple[float, float]]:
    site = config.the_site()
    lamps = {lamp.name: site.to_geodetic(*lamp.xyz_m)[:2] for lamp in config.lamps()}
    if not lamps:
        raise ValueError("the config has no lamps")
    return lamps | {bank.url: lamps[bank.lamps[0].name] for bank in config.lamp_bank}
