"""Logs as text or JSON, of the bot and of its libraries alike; known secrets are struck out at the last step."""

import logging
import sys
import threading
import traceback
from collections.abc import Iterable

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from aion_bot.ports.secrets import KNOWN, Secrets, secrets_in
from aion_bot.ports.text import escaped

__all__ = ["StrikeOut", "configure", "print_error", "secrets_in", "strike_tracebacks"]

_QUIET = ("httpx", "httpcore", "aiosqlite", "asyncio", "aiohttp", "psycopg")
"""Loggers of libraries whose records below warning are only for debugging the library itself."""


_AS_TEXT = structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], bool_as_flag=False)


class StrikeOut:
    """The last processor: whatever produced the line, it leaves the process without known secrets."""

    def __init__(self, render: Processor, secrets: Secrets = KNOWN) -> None:
        self._render = render
        self._secrets = secrets

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        """Render the line without the secrets."""
        # A name or a title may hold characters that turn a line around, or that make one line look like two.
        return self._secrets.strike(escaped(str(self._render(logger, name, event))))


def configure(level: str, style: str, secrets: Iterable[str], libraries: Iterable[str] = ()) -> None:
    """Send the logs of the process to stderr.

    `style` is `text` or `json`. `secrets` are struck out of every line, and so is what the process learns later.
    `libraries` are the loggers of the platforms' SDKs, of which only warnings and errors are kept.
    """
    KNOWN.know(secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        # The fields of a record by `logging`, which the adapters use: they import nothing of the bot but its ports.
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render: Processor = structlog.processors.JSONRenderer() if style == "json" else _AS_TEXT
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, StrikeOut(render)],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.captureWarnings(capture=True)  # else Python writes them to stderr by itself
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # Below warning, SDKs log whole payloads.
    for library in (*_QUIET, *libraries):
        logging.getLogger(library).setLevel(max(logging.WARNING, root.level))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # modules make their loggers at import, before this runs
    )


def print_error(error: BaseException | None) -> None:
    """Write an exception that nobody caught to stderr, with its traceback, without known secrets."""
    if error is not None:
        text = "".join(traceback.format_exception(error))
        sys.stderr.write(KNOWN.strike(escaped(text)))


def strike_tracebacks() -> None:
    """Let Python report exceptions of threads, and those that it cannot raise, through `print_error`."""
    threading.excepthook = lambda failed: print_error(failed.exc_value)
    sys.unraisablehook = lambda failed: print_error(failed.exc_value)
