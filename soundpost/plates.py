"""`soundpost plates`: a plate reader out of a camera and a recogniser (the extra `lpr`). Off unless it is started."""

import argparse
import asyncio
import contextlib
import importlib
import pathlib
import re
import signal
import sys
import time
from urllib.parse import urlsplit

from gateway.assembly.making_way import make_way
from gateway.assembly.plates import PLATE, Parts, PlateWatch
from gateway.intake.keyring import read_secret
from hw import mp4_clip
from hw.mqtt_connection import tls_context
from hw.plate_ocr import PlateOcr
from hw.rtsp_camera import RtspCamera, place_of
from hw.rtsp_messages import Account
from soundpost.lasting_output import lasting_output
from soundpost.terminal import one_line

HELP = "Read plates in a camera's video and push them to `soundpost evidence`, which drops all that is of no incident."
EXAMPLE = """soundpost plates rtsp://10.0.0.9/lane --to https://10.0.0.2:8070/readers/lane --token-file push.token
  (in gateway.toml: an [[evidence.reader]] named lane with push = true)"""
NICE = 19


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `soundpost plates`."""
    parser.add_argument("url", metavar="RTSP_URL", help="rtsp://HOST:PORT/PATH or rtsps://..., without a password")
    parser.add_argument("--to", required=True, metavar="URL", help="/readers/NAME of [evidence.http]")
    parser.add_argument(
        "--token-file", required=True, type=pathlib.Path, metavar="FILE", help="that of [evidence.http]"
    )
    parser.add_argument("--user", default="", help="of the camera")
    parser.add_argument("--password-file", type=pathlib.Path, metavar="FILE", help="of the camera")
    parser.add_argument(
        "--ca-file", type=pathlib.Path, metavar="FILE", help="who signed the certificates, if not known"
    )
    parser.add_argument("--every", type=float, default=1.0, metavar="S", help="a picture at most so often (default: 1)")
    parser.add_argument("--like", default=PLATE, metavar="REGEX", help="what a plate is, in capitals")


def run(args: argparse.Namespace) -> int:
    """Raises ValueError or OSError of one line."""
    watch = PlateWatch(_parts(args))
    make_way(NICE)

    async def serve() -> None:
        task = asyncio.create_task(watch.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        print("ready", flush=True)
        with contextlib.suppress(asyncio.CancelledError):
            await task

    with lasting_output():
        asyncio.run(serve())
        print(f"read {watch.n_read} pictures, pushed {watch.n_pushed} plates", flush=True)
    return 0


def _parts(args: argparse.Namespace) -> Parts:
    place, is_https = place_of(args.url), _is_https(args.to)
    if not 0.2 <= args.every <= 3600:
        raise ValueError(f"--every {args.every:g}: must be 0.2 to 3600 s")
    try:
        like = re.compile(args.like)
    except re.error as error:
        raise ValueError(f"--like: is no regular expression ({error})") from None
    account = Account(args.user, read_secret(args.password_file) if args.password_file else "")
    tls = tls_context(str(args.ca_file) if args.ca_file else None, None, None) if place.is_tls or is_https else None
    push = importlib.import_module("hw.plate_push").PlatePush(args.to, read_secret(args.token_file), tls)
    mp4_clip.check_installed()
    return Parts(
        lambda: RtspCamera(place, account, tls if place.is_tls else None, _now_us).pictures(),
        mp4_clip.still,
        PlateOcr().read,
        push.push,
        _say,
        like,
        round(args.every * 1e6),
    )


def _is_https(url: str) -> bool:
    """Raises ValueError for what is no place to push to, without showing it: it may hold a password."""
    try:
        told = urlsplit(url)
        is_place = told.scheme in ("http", "https") and bool(told.hostname) and told.port != 0
    except ValueError:
        is_place = False
    if not is_place or "@" in url:
        raise ValueError("--to: must be http://HOST:PORT/readers/NAME or https://..., without a user or password")
    return told.scheme == "https"


def _say(words: str) -> None:
    print(f"soundpost plates: {one_line(OSError(words))}", file=sys.stderr, flush=True)


def _now_us() -> int:
    return time.time_ns() // 1000
