"""Structured logs: one JSON line an event in production, readable lines in development."""

import logging

import structlog

from services.kit.settings import Settings


def configure_logging(settings: Settings) -> None:
    """This will set up logging once for a process."""
    renderer: structlog.types.Processor = (
        # Plain tracebacks: the fancy ones print every local variable, and some of those are secrets.
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        if settings.environment == "development"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    exceptions = [] if settings.environment == "development" else [structlog.processors.format_exc_info]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *exceptions,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
