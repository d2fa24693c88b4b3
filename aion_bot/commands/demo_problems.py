"""What keeps `aion-bot demo` from starting or ending well, in words for whoever typed it."""

import os
from pathlib import Path

from aion_bot.domain import strings
from aion_bot.ports import private_files


def not_writable(html: Path) -> str:
    """Say why the transcript's file cannot be written, "" if it can."""
    try:
        private_files.check_writable(html)
    except OSError as error:
        return strings.tour_not_writable(str(html), _reason(error))
    return ""


def failed(error: OSError, html: Path | None, port: int | None) -> tuple[str, int]:
    """Say what could not be written, or served, with the exit status: a port is wrong from the start, a file at the end."""
    if html is not None:
        return strings.tour_not_writable(str(html), _reason(error)), 1
    return strings.port_not_usable(port, _reason(error)), 2


def _reason(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)
