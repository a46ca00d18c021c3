"""Logs: one line of JSON for each event on standard error, without personal data."""

import logging
import re
import sys

import structlog
from structlog.typing import EventDict

# The errors of PostgreSQL quote the row that they refuse, and it may hold personal data.
_QUOTED = re.compile(
    r"DETAIL:.*?(?=\n\[SQL|\n\(Background|\nThe above exception|\nDuring handling|\Z)", re.S
)


def set_up(level: str) -> None:
    """Lets the program log events of that level ("INFO") and above, and SQLAlchemy only its errors."""
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            _without_rows,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # A warning of SQLAlchemy may quote the parameters of a statement, which may be personal.
    logging.getLogger("sqlalchemy").setLevel(max(number, logging.ERROR))


def _without_rows(_logger: object, _method: str, event: EventDict) -> EventDict:
    if "exception" in event:
        event["exception"] = _QUOTED.sub("DETAIL: …", event["exception"])
    return event
