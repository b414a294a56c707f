"""Where the logs of a node or a gateway go, and what a line of them looks like."""

import logging
import sys

import structlog


def log_to_standard_error() -> None:
    """Logs are for people on a ladder: one line a fact, key=value, apart from what is said on standard output."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.LogfmtRenderer(key_order=("timestamp", "level", "event")),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
