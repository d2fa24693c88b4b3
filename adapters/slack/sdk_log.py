"""The logger that Slack's libraries write to.

They log request bodies, socket addresses with their tickets, and errors with whole payloads. So records below ERROR
are dropped, and of an error only the place and the type are kept.
"""

import logging


class _PlaceAndType(logging.Filter):
    """Replaces the text of a record by its function and the type of its error."""

    def filter(self, record: logging.LogRecord) -> bool:
        kind = record.exc_info[0] if record.exc_info else None
        # The handlers of the root logger format the record later, from these fields and no others.
        record.msg = "Slack's library failed in %s (%s)"
        record.args = (record.funcName, kind.__name__ if kind else record.levelname)
        record.exc_info = record.exc_text = record.stack_info = None
        return True


LOGGER = logging.getLogger("adapters.slack.sdk")
"""Handed to every object of the libraries that takes a logger."""
# Not left to the root logger: the SDK reads `level` itself, and one that was never set is 0, which counts as DEBUG there.
LOGGER.setLevel(logging.ERROR)
# A logger outlives its module: a second import must not filter twice.
if not LOGGER.filters:
    LOGGER.addFilter(_PlaceAndType())
