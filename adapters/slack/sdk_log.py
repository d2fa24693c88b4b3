"""The logger that Slack's libraries write to.

They log request bodies, socket addresses with their tickets, and errors with whole payloads. Nothing below an error
is kept, and of an error only where it arose and its type.
"""

import logging


class _Discreet(logging.Filter):
    """Replaces what a record says by where it comes from."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.exc_info[0] if record.exc_info else None
        record.msg = "Slack's library failed in %s (%s)"
        record.args = (record.funcName, kind.__name__ if kind else record.levelname)
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def _quiet(name: str) -> logging.Logger:
    logger = logging.getLogger(name)
    logger.setLevel(logging.ERROR)
    if not logger.filters:
        logger.addFilter(_Discreet())
    return logger


LOGGER = _quiet("adapters.slack.sdk")
"""Handed to every object of the libraries that takes one."""
