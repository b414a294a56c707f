"""`soundpost journal follow` and `review`: what a gateway writes down, as it does; and what people tell it of that."""

import argparse
import json
import os
import pathlib
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gateway.intake.keyring import read_secret
from gateway.journal.bell import Bell
from gateway.journal.follow import CursorFault, Follower
from gateway.journal.request import VERDICTS, Refused, check, signed
from gateway.journal.rows import Kept

NONCE_BYTES = 16
TOGETHER = 100
"""So many rows at most come twice, where what was printed cannot be remembered."""


def add_follow_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to begin, and what to remember."""
    parser.add_argument("--from", type=int, metavar="ROW", dest="first", help="begin with this row (1: the first)")
    parser.add_argument(
        "--cursor",
        type=pathlib.Path,
        metavar="CURSOR",
        help="a file that remembers which rows were printed: go on from there next time",
    )


def add_review_arguments(parser: argparse.ArgumentParser) -> None:
    """What is said, and who says it."""
    parser.add_argument("incident", metavar="INCIDENT", help="the incident's name")
    parser.add_argument("verdict", choices=VERDICTS, metavar="VERDICT", help=", ".join(VERDICTS))
    parser.add_argument("--note", help="in words")
    parser.add_argument("--by", required=True, metavar="NAME", help="who says it; named in requests_keys_file")
    parser.add_argument("--key", required=True, type=pathlib.Path, metavar="FILE", help="NAME.key of soundpost keys")


def follow(args: argparse.Namespace, shape: Callable[[Kept], Any]) -> int:
    """Print rows until interrupted. Raises OSError or ValueError of one line."""
    if args.first is not None and args.first < 1:
        raise ValueError(f"--from: must be 1 or more (it is {args.first})")
    after = args.first - 1 if args.first is not None else 0 if args.cursor and args.cursor.exists() else None
    follower, bell = Follower(args.file, args.cursor, after), Bell(args.file)
    try:
        for rows in _looks(follower, args.file):
            if rows:
                for some in (rows[at : at + TOGETHER] for at in range(0, len(rows), TOGETHER)):
                    text = (shape(each) for each in some)
                    print(*(each if isinstance(each, str) else json.dumps(each) for each in text), sep="\n", flush=True)
                    follower.done(some)
            else:
                bell.wait()
    finally:
        bell.close()
        follower.close()
    return 0


def _looks(follower: Follower, path: pathlib.Path) -> Iterator[Sequence[Kept]]:
    """What each look finds, for ever; what is not as it should be is said, and waited for."""
    told = ""
    while True:
        try:
            look = follower.look()
        except CursorFault:
            raise
        except (OSError, ValueError) as error:
            if str(error) != told:
                print(f"{path}: cannot be read just now: {error}", file=sys.stderr, flush=True)
            told = str(error)
            yield ()
            continue
        told = ""
        for words in look.said:
            print(words, file=sys.stderr, flush=True)
        yield look.rows


def review(args: argparse.Namespace) -> int:
    """Ask the gateway to write it down. Raises ValueError or OSError of one line where it does not."""
    body = {"incident": args.incident, "verdict": args.verdict, **({"note": args.note} if args.note else {})}
    check("review", body)
    key = read_secret(args.key)
    try:
        line = signed("review", body, args.by, bytes.fromhex(key), time.time_ns() // 1000, os.urandom(NONCE_BYTES))
    except ValueError:
        raise ValueError(f"{args.key}: is no key: 64 hexadecimal digits") from None
    bell = Bell(args.file)
    try:
        answer = bell.ask(line)
    finally:
        bell.close()
    if "taken" not in answer:
        raise Refused(f"the gateway refuses it: {answer.get('refused', '?')}")
    print(json.dumps(answer) if args.json else f"written down: {args.incident} was {args.verdict}, says {args.by}")
    return 0
