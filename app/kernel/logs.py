"""Structured logs: one JSON line an event on standard error, without personal data."""

import logging
import sys

import structlog


def set_up(level: str) -> None:
    """Logs of the program and of its libraries at `level` and above."""
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    # A library's warning may quote a statement's parameters; only its errors are let through.
    logging.getLogger("sqlalchemy").setLevel(max(number, logging.ERROR))
