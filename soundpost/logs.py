"""Where the logs of a node or a gateway go, and what a line of them looks like."""

import argparse
import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

import structlog

FORMS = ("text", "json")

MOST_A_MINUTE = 10
LONGEST = 4000
"""Characters of one record, its traceback included."""


def add_log_argument(parser: argparse.ArgumentParser) -> None:
    """`--log`."""
    words = "how log lines are written (default: json where journald reads them, else text)"
    parser.add_argument("--log", choices=FORMS, help=words)


def in_json(form: str | None, descriptor: int = 2, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether lines are JSON. form : one of FORMS, or None: where journald reads this descriptor, which it tells by its
    device and inode (systemd.exec(5), "$JOURNAL_STREAM")."""
    if form is not None:
        return form == "json"
    try:
        found = os.fstat(descriptor)
    except OSError:
        return False
    return environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def log_to_standard_error(form: str | None = None) -> None:
    """Logs are for people on a ladder: one line a fact, key=value, apart from what is said on standard output. form :
    as of `in_json`; programs that gather logs get the same as JSON, an object a line.

    What libraries log, warnings and worse, comes there too, within bounds.
    """
    as_json = in_json(form)
    libraries = logging.StreamHandler(sys.stderr)
    libraries.addFilter(Bounded())
    libraries.setFormatter(AsJson() if as_json else Short(logging.BASIC_FORMAT))
    logfmt = structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event"))
    written = (structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str))
    logging.basicConfig(level=logging.WARNING, handlers=[libraries])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *(written if as_json else (logfmt,)),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


class Bounded(logging.Filter):
    """Lets each logger say MOST_A_MINUTE lines in a minute. The last says that more are left out, the next how many."""

    def __init__(self) -> None:
        super().__init__()
        self._since_s: dict[str, float] = {}
        self._said: dict[str, int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record is to be written."""
        left_out = 0
        if not 0 <= record.created - self._since_s.get(record.name, -1e12) < 60:  # a clock set back begins anew
            left_out = self._said.get(record.name, 0) - MOST_A_MINUTE
            self._since_s[record.name], self._said[record.name] = record.created, 0
        self._said[record.name] += 1
        if left_out > 0:
            record.msg = f"{record.msg} ({left_out} lines of {record.name} were left out)"
        elif self._said[record.name] == MOST_A_MINUTE:
            record.msg = f"{record.msg} (more lines of {record.name} are left out for a minute)"
        return self._said[record.name] <= MOST_A_MINUTE


class Short(logging.Formatter):
    """No record is longer than LONGEST."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's text, cut."""
        text = super().format(record)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text) - LONGEST} more characters)"


class AsJson(Short):
    """The same as an object, in one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, with its logger's name."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        level = record.levelname.lower()
        return json.dumps({"timestamp": at, "level": level, "logger": record.name, "event": super().format(record)})
