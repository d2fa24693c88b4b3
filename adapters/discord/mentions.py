"""Discord's marks inside a message (`<@1>`, `<#2>`, `<:wave:3>`) as the words a person sees. No I/O."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

Names = Mapping[str, str]
"""What people call whom a mark names, by the mark's inside: `@1` a person, `@&2` a role, `#3` a channel."""

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_CHANNEL = re.compile(r"<#(\d+)>")
_EMOJI = re.compile(r"<a?:(\w+):\d+>")
_COMMAND = re.compile(r"</([^:>]+):\d+>")
_TIME = re.compile(r"<t:(-?\d{1,12})(?::[tTdDfFsSR])?>")
_FIRST_MENTION = re.compile(r"\s*<@(&|!?)(\d+)>")


def readable(text: str, names: Names) -> str:
    """Replace every mark that `names` or the mark itself explains; others stay as they are."""
    text = _USER.sub(_named(names, "@", "@"), text)
    text = _ROLE.sub(_named(names, "@&", "@"), text)
    text = _CHANNEL.sub(_named(names, "#", "#"), text)
    text = _EMOJI.sub(r":\1:", text)
    text = _COMMAND.sub(r"/\1", text)
    return _TIME.sub(_moment, text)


def without(text: str, *marks: str) -> str:
    """Take out these marks, and the blanks that they leave."""
    for mark in marks:
        text = re.sub(rf"[ \t]*{re.escape(mark)}[ \t]*[,:]?[ \t]*", " ", text)
    return text.strip()


def begins_by_mentioning(text: str) -> bool:
    """Tell whether the first thing said is a mention."""
    return _FIRST_MENTION.match(text) is not None


def _named(names: Names, inside: str, sign: str) -> Callable[[re.Match[str]], str]:
    def name(match: re.Match[str]) -> str:
        known = names.get(f"{inside}{match[1]}")
        return match[0] if known is None else f"{sign}{known.removeprefix(sign)}"

    return name


def _moment(match: re.Match[str]) -> str:
    try:
        return datetime.fromtimestamp(int(match[1]), UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (OverflowError, ValueError, OSError):
        return match[0]
