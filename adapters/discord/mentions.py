"""Discord's message formatting for mentions (`<@1>`, `<#2>`, `<:wave:3>`) as the words that a person reads. No I/O.

The forms are those of Discord's documentation, *Reference*, Message Formatting.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from aion_bot.ports.addressing import Masked, masked
from aion_bot.ports.names import Find, in_words, no_name

Names = Mapping[str, str]
"""What people call what is mentioned, by the mention's inside: `@1` a person, `@&2` a role, `#3` a channel."""

_BLANKS = " \t"
_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_CHANNEL = re.compile(r"<#(\d+)>")
_EMOJI = re.compile(r"<a?:(\w+):\d+>")
# Not `<` inside: each of many openings would be followed to the end of the text, which takes quadratic time.
_COMMAND = re.compile(r"</([^:<>]+):\d+>")
_TIME = re.compile(r"<t:(-?\d{1,12})(?::[tTdDfFsSR])?>")
_MENTION = re.compile(r"<@(?:&|!?)\d+>")


def readable(text: str, names: Names, find: Find = no_name) -> str:
    """Replace every mention that `names` or the mention itself explains; others stay as they are.

    `find` names people whom `names` does not know.
    """
    text = _USER.sub(_named(names, "@", "@", find), text)
    text = _ROLE.sub(_named(names, "@&", "@"), text)
    text = _CHANNEL.sub(_named(names, "#", "#"), text)
    # What follows explains itself: an emoji and a command hold their names.
    text = _EMOJI.sub(r":\1:", text)
    text = _COMMAND.sub(r"/\1", text)
    return _TIME.sub(_utc_time, text)


def without(text: str, *mentions: str) -> str:
    """Remove these mentions, with the blanks around them and a comma or colon behind them.

    Splits instead of searching for blanks before a mention: that would take quadratic time for a long run of them.
    """
    for mention in mentions:
        first, *others = text.split(mention)
        text = " ".join([first.rstrip(_BLANKS), *(_after_mention(part) for part in others)])
    return text.strip()


def _after_mention(part: str) -> str:
    part = part.lstrip(_BLANKS)
    if part.startswith((",", ":")):
        part = part[1:].lstrip(_BLANKS)
    return part.rstrip(_BLANKS)


def outside_code(text: str) -> Masked:
    """Mask the mentions that stand in code: they are neither mentions nor removed."""
    return masked(text, _MENTION)


def _named(names: Names, inside: str, sign: str, find: Find = no_name) -> Callable[[re.Match[str]], str]:
    """Make the replacement of one form of mention; what neither `names` nor `find` knows stays as it is."""

    def name(match: re.Match[str]) -> str:
        key = f"{inside}{match[1]}"
        known = in_words(names.get(key) or find(key) or "")
        return match[0] if known is None else f"{sign}{known.removeprefix(sign)}"

    return name


def _utc_time(match: re.Match[str]) -> str:
    """Write a timestamp as UTC: Discord shows it in each reader's own zone, which the bot does not know."""
    try:
        return datetime.fromtimestamp(int(match[1]), UTC).strftime("%Y-%m-%d %H:%M UTC")
    # What a timestamp may be depends on the machine's C library.
    except (OverflowError, ValueError, OSError):
        return match[0]
