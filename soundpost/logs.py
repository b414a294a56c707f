"""Where the logs of a node or a gateway go, and what a line of them looks like."""

import logging
import sys

import structlog

MOST_A_MINUTE = 10
LONGEST = 4000
"""Characters of one record, its traceback included."""


def log_to_standard_error() -> None:
    """Logs are for people on a ladder: one line a fact, key=value, apart from what is said on standard output.

    What libraries log, warnings and worse, comes there too, within bounds.
    """
    libraries = logging.StreamHandler(sys.stderr)
    libraries.addFilter(Bounded())
    libraries.setFormatter(Short(logging.BASIC_FORMAT))
    logging.basicConfig(level=logging.WARNING, handlers=[libraries])
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event")),
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
