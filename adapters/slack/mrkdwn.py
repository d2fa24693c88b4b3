"""Slack's mentions and links: read in what people write, neutralised in what the bot writes. No I/O.

Slack sends and expects `<@U1>`, `<#C1|name>`, `<!here>`, `<!subteam^S1>` and `<url|label>`, with `&`, `<` and `>`
of ordinary text escaped: https://docs.slack.dev/messaging/formatting-message-text
"""

import re

from aion_bot.ports.messages import Line, Person

_ENTITY = re.compile(r"<([^<>]*)>|&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}
_FIRST_MENTION = re.compile(r"\s*<(?:@|!subteam\^|!(?:here|channel|everyone)\b)")

WORD_JOINER = "\N{WORD JOINER}"
# A character reference or a backslash may become the character itself before Slack looks for mentions.
_OPENING = re.compile(r"(?:<|&lt;?|&#0*60;?|&#x0*3c;?)(?=\\*(?:[@#!]|&))", re.IGNORECASE)
_BROADCAST = re.compile(
    r"(?:@|&#0*64;?|&#x0*40;?|&commat;)(?=\\*(?:channel|here|everyone|group)\b)", re.IGNORECASE
)
_USER_ID = re.compile(r"[UW][A-Z0-9]+")


def mentions(text: str, user: str) -> bool:
    """Tell whether `user` is mentioned anywhere in Slack's `text`."""
    return re.search(_mention_of(user), text) is not None


def begins_with_mention(text: str) -> bool:
    """Tell whether `text` begins by mentioning a person, a group or everybody."""
    return _FIRST_MENTION.match(text) is not None


def to_plain_text(text: str, bot: str) -> str:
    """Turn Slack's `text` into what its writer saw, without the mentions of the user `bot`."""
    mention = _mention_of(bot)
    text = re.sub(rf"^\s*{mention}[\s,:]*", "", text)
    # The lookbehind keeps this linear: without it each blank of a long run is tried as the beginning of a match.
    before = r"(?:(?<![ \t])[ \t]+)?"
    text = re.sub(rf"{before}{mention}(?=[,.;:!?)\n]|$)", "", text)
    text = re.sub(rf"{before}{mention}[ \t]*", " ", text)
    return _ENTITY.sub(_plain, text).strip()


def in_markdown(text: str) -> str:
    """Make `text` unable to ping in a `markdown` block or as plain text; it looks the same.

    Whether markdown blocks expand `<!channel>` is not documented, so an invisible character is put between each
    opening and what follows it. Code is treated likewise, because Slack expands mentions there too.
    """
    return _neutralize(_BROADCAST, _neutralize(_OPENING, text))


def in_mrkdwn(text: str) -> str:
    """Make `text` unable to ping in mrkdwn, where only `&`, `<` and `>` are escaped."""
    return _neutralize(_BROADCAST, _escape(text))


def line_in_mrkdwn(line: Line) -> str:
    """Write a sentence of the bot's own as mrkdwn: it mentions its persons and nobody else."""
    parts = []
    for part in line:
        if isinstance(part, Person):
            # An id that is not Slack's would be shown as text in angle brackets.
            mention = f"<@{part.id}>" if _USER_ID.fullmatch(part.id) else _escape(part.name or part.id)
            parts.append(mention)
        else:
            parts.append(_escape(part))
    return _neutralize(_BROADCAST, "".join(parts))


def _neutralize(opening: re.Pattern[str], text: str) -> str:
    return opening.sub(lambda found: found[0] + WORD_JOINER, text)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mention_of(user: str) -> str:
    return rf"<@{re.escape(user)}(?:\|[^<>]*)?>"


def _plain(found: re.Match[str]) -> str:
    """What an entity shows to people: `&amp;`, `<@U1|ada>`, `<#C1|name>`, `<!here>` or `<url|label>`."""
    if found[2]:
        return _CHARACTERS[found[2]]
    target, _, label = (_unescape(part) for part in found[1].partition("|"))
    if target.startswith(("@", "#")):
        return target[0] + (label or target[1:]).removeprefix(target[0])
    if target.startswith("!"):
        command, _, rest = target[1:].partition("^")
        # `<!date^1392734382^{date}|18 February>`: the label is the text for clients that cannot format it.
        return label or rest if command == "date" else "@" + (label or rest or command).removeprefix("@")
    address = target.removeprefix("mailto:").removeprefix("tel:")
    # Slack makes links of bare addresses: their label says nothing new.
    is_bare = not label or label in {address, target.partition("://")[2]}
    return address if is_bare else f"{label} ({address})"


def _unescape(text: str) -> str:
    return _ENTITY.sub(lambda found: _CHARACTERS[found[2]] if found[2] else found[0], text)
