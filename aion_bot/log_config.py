"""Logs as text or JSON, of the bot and of its libraries alike; known secrets are struck out at the last step."""

import logging
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from urllib.parse import urlsplit

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from aion_bot.ports.text import escaped

_QUIET = ("httpx", "httpcore", "aiosqlite", "asyncio", "aiohttp")
"""Loggers of libraries whose records below warning are only for debugging the library itself."""

_SECRET_NAMES = ("TOKEN", "KEY", "SECRET", "PASSWORD", "PROXY_URL")
"""How the name of a variable ends that holds a secret, whichever platform it belongs to."""


def secrets_in(env: Mapping[str, str]) -> frozenset[str]:
    """Return the values of every variable whose name says that it holds a secret, and the passwords of proxies."""
    values = {
        value.strip() for name, value in env.items() if name.endswith(_SECRET_NAMES) and len(value) >= 8
    }
    for name, value in env.items():
        with suppress(ValueError):  # no address
            if "PROXY" in name.upper() and (password := urlsplit(value).password):
                values.add(password)
    return frozenset(values)


class StrikeOut:
    """The last processor: whatever the line is made of, a known secret does not leave the process."""

    def __init__(self, render: Processor, secrets: Iterable[str]) -> None:
        self._render = render
        self._secrets = sorted(secrets, key=len, reverse=True)

    def __call__(self, logger: WrappedLogger, name: str, event: EventDict) -> str:
        """Render the line without the secrets."""
        # A name or a title may hold characters that turn a line around, or that make one line look like two.
        line = escaped(str(self._render(logger, name, event)))
        for secret in self._secrets:
            line = line.replace(secret, "***")
        return line


def configure(level: str, style: str, secrets: Iterable[str], libraries: Iterable[str] = ()) -> None:
    """Send the logs of the process to stderr.

    `style` is `text` or `json`. `secrets` are struck out of every line. `libraries` are the loggers of the platforms'
    SDKs, of which only warnings and errors are kept.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    first = ["timestamp", "level", "event"]
    as_text = structlog.processors.LogfmtRenderer(key_order=first, bool_as_flag=False)
    render: Processor = structlog.processors.JSONRenderer() if style == "json" else as_text
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, StrikeOut(render, secrets)],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
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
        cache_logger_on_first_use=False,
    )
