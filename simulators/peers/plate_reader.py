"""A plate reader beside the street, or a camera's analytics: says what drives and walks past, over ONVIF Profile M
(MQTT) or as a vendor's push over HTTP, all the while; and reads at once when it is told to.

It is told by a POST to /trigger, or by SetRelayOutputState as an ONVIF device (simulators/peers/onvif_soap.py). What it
says has more in it than anybody may take: a scene has faces and clothes, as ONVIF's own example does.

usage: python -m simulators.peers.plate_reader --broker PORT --topic gate [--every-s 1] [--plates AB12CDE,...]
[--objects]
       python -m simulators.peers.plate_reader --push URL ...      (its token: environment variable READER_TOKEN)
First it prints one line, {"url": "http://127.0.0.1:40123"}; the log has one line for each thing said or told.
"""

import argparse
import asyncio
import base64
import json
import os
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import aiomqtt
from aiohttp import web

from simulators.peers import onvif_soap
from simulators.peers.peer import Notebook, host_and_port, live, run, utc_us

PLATES = ("AB12CDE", "KX 305", "M-QR 417", "\u0410123\u0412\u0421")
PICTURE = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
"""The head and the end of a JPEG: a picture of nothing."""
RELAY = '<tds:SetRelayOutputStateResponse xmlns:tds="http://www.onvif.org/ver10/device/wsdl"/>'


class PlateReader:
    """say : (what it says, as bytes) -> gone. plates : one after the other. objects : people and vehicles, too."""

    def __init__(
        self,
        address: tuple[str, int] = ("127.0.0.1", 0),
        *,
        broker: int | None = None,
        topic: str = "gate",
        push: str = "",
        token: str = "",
        every_s: float = 1.0,
        plates: Sequence[str] = PLATES,
        objects: bool = False,
        clock_off_us: int = 0,
        notebook: Notebook | None = None,
        now_us: Callable[[], int] = utc_us,
    ) -> None:
        if (broker is None) == (not push):
            raise ValueError("give a broker's port or where to push to")
        self.url = ""
        self.n_told = 0
        self.notebook = notebook or Notebook(now_us=now_us)
        self._address, self._broker, self._topic, self._push, self._token = address, broker, topic, push, token
        self._every_s, self._plates, self._objects = every_s, tuple(plates), objects
        self._clock_off_us, self._now_us = clock_off_us, now_us
        self._n_said = 0
        self._told = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen, and begin to talk. Raises OSError naming the address where it cannot listen."""
        app = web.Application(client_max_size=onvif_soap.MAX_REQUEST_BYTES)
        app.router.add_post("/trigger", self._trigger)
        app.router.add_post("/onvif/device_service", self._device)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, *self._address).start()
        except OSError as error:
            await self._runner.cleanup()
            raise OSError(f"http://{self._address}: the reader cannot listen here ({error.strerror})") from error
        self.url = f"http://{self._address[0]}:{self._runner.addresses[0][1]}"
        self._task = asyncio.create_task(self._talk(), name=f"reader {self.url}")

    async def close(self) -> None:
        """Fall silent."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()
        self.notebook.close()

    def message(self) -> bytes:
        """What it says next."""
        plate = self._plates[self._n_said % len(self._plates)]
        when = datetime.fromtimestamp((self._now_us() + self._clock_off_us) / 1e6, UTC)
        self._n_said += 1
        self.notebook.write(said=plate)
        if self._push:
            said = {"plate": plate, "confidence": 0.91, "at": when.isoformat()}
            return json.dumps({**said, "picture": base64.b64encode(PICTURE).decode()}).encode()
        return json.dumps({"Frame": [self._scene(plate, when)]}).encode()

    def _scene(self, plate: str, when: datetime) -> dict[str, Any]:
        """A frame as ONVIF's Analytics Service Specification has it in JSON."""
        car: dict[str, Any] = {
            "Class": {"Type": {"@Likelihood": "0.9", "#text": "Vehicle"}},
            "VehicleInfo": {"Type": {"@Likelihood": "0.8", "#text": "Car"}},
            "LicensePlateInfo": {"PlateNumber": {"@Likelihood": "0.93", "#text": plate}},
            "Image": base64.b64encode(PICTURE).decode(),
        }
        person = {
            "Class": {"@Likelihood": "0.8", "#text": "Human"},
            "HumanFace": {"Gender": "Male", "Age": {"@Min": "20", "@Max": "30"}},
            "HumanBody": {"Clothing": {"Tops": {"Category": "LongSleeve"}}},
        }
        face = {"Class": {"Type": {"@Likelihood": "0.99", "#text": "HumanFace"}}}
        objects = [{"@ObjectId": "15", "Appearance": car, "Behaviour": {"Speed": "9.5", "Direction": {"@yaw": "80"}}}]
        if self._objects:
            objects += [{"@ObjectId": "16", "Appearance": person}, {"@ObjectId": "17", "Appearance": face}]
        return {"@UtcTime": when.strftime("%Y-%m-%dT%H:%M:%S.%f"), "@Source": "reader", "Object": objects}

    async def _talk(self) -> None:
        if self._push:
            headers = {"Authorization": f"Bearer {self._token}"}
            async with aiohttp.ClientSession(headers=headers) as web_:
                await self._until_cancelled(lambda said: self._post(web_, said))
        else:
            assert self._broker is not None
            async with aiomqtt.Client("127.0.0.1", self._broker, protocol=aiomqtt.ProtocolVersion.V5) as client:
                topic = f"{self._topic}/onvif-mj/VideoAnalytics/1/reader"
                await self._until_cancelled(lambda said: client.publish(topic, said, qos=1))

    async def _until_cancelled(self, say: Callable[[bytes], Any]) -> None:
        while True:
            self._told.clear()
            await say(self.message())
            try:
                await asyncio.wait_for(self._told.wait(), self._every_s)
            except TimeoutError:
                continue

    async def _post(self, web_: aiohttp.ClientSession, said: bytes) -> None:
        try:
            async with web_.post(self._push, data=said) as answer:
                self.notebook.write(answered=answer.status)
        except aiohttp.ClientError:
            self.notebook.write(answered=0)  # nobody there, yet

    async def _trigger(self, _request: web.Request) -> web.Response:
        self._read_now("http")
        return web.Response(status=204)

    async def _device(self, http: web.Request) -> web.Response:
        """As an ONVIF device, as far as a relay goes; anybody may."""
        try:
            request = onvif_soap.parse(await http.read())
        except onvif_soap.Refused:
            return web.Response(status=400)
        if request.operation == "SetRelayOutputState":
            self._read_now("relay")
            return web.Response(text=onvif_soap.envelope(RELAY), content_type="application/soap+xml")
        body = onvif_soap.DATE_AND_TIME.format(datetime.fromtimestamp(self._now_us() / 1e6, UTC))
        return web.Response(text=onvif_soap.envelope(body), content_type="application/soap+xml")

    def _read_now(self, how: str) -> None:
        self.n_told += 1
        self.notebook.write(told=how)
        self._told.set()


def main(argv: list[str] | None = None) -> int:
    """Run a reader as a process until SIGTERM. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m simulators.peers.plate_reader", description="a plate reader")
    parser.add_argument("--listen", type=host_and_port, default=("127.0.0.1", 0), metavar="HOST:PORT")
    parser.add_argument("--broker", type=int, metavar="PORT", help="of a broker on this host")
    parser.add_argument("--topic", default="gate", help="its TopicPrefix")
    parser.add_argument("--push", default="", metavar="URL", help="where to push to instead")
    parser.add_argument("--every-s", type=float, default=1.0)
    parser.add_argument("--plates", default=",".join(PLATES), metavar="A,B")
    parser.add_argument("--objects", action="store_true", help="people, too")
    parser.add_argument("--log", type=Path, metavar="FILE", help="JSON lines of all that was said and told")
    args = parser.parse_args(argv)

    async def life() -> None:
        reader = PlateReader(
            args.listen,
            broker=args.broker,
            topic=args.topic,
            push=args.push,
            token=os.environ.get("READER_TOKEN", ""),
            every_s=args.every_s,
            plates=args.plates.split(","),
            objects=args.objects,
            notebook=Notebook(args.log),
        )
        await live(reader)

    return run("reader", life())


if __name__ == "__main__":
    sys.exit(main())
