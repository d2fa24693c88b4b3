"""Slack's mentions and links: read in what people write, neutralised in what the bot writes. No I/O.

Slack sends and expects `<@U1>`, `<#C1|name>`, `<!here>`, `<!subteam^S1>` and `<url|label>`, with `&`, `<` and `>`
of ordinary text escaped: https://docs.slack.dev/messaging/formatting-message-text
"""

import html
import re

from aion_bot.ports.addressing import masked
from aion_bot.ports.messages import Line, Person
from aion_bot.ports.names import Find, no_name
from aion_bot.ports.text import visible_line

_ENTITY = re.compile(r"<([^<>]*)>|&(amp|lt|gt);")
_CHARACTERS = {"amp": "&", "lt": "<", "gt": ">"}
_MENTIONED = re.compile(r"<(@[^<>|]*|!subteam\^[^<>|]*|!(?:here|channel|everyone))(?:\|[^<>]*)?>")
"""What mentions a person, a group or everybody: `<@U1|ada>`, `<!subteam^S1>`, `<!here>`."""

WORD_JOINER = "\N{WORD JOINER}"
_NEUTRAL = rf"\g<0>{WORD_JOINER}"
"""Replaces the opening of a mention by itself and a character that nobody sees, so that it opens nothing."""
# A character reference or a backslash may become the character itself before Slack looks for mentions.
_OPENING = re.compile(r"(?:<|&lt;?|&#0*60;?|&#x0*3c;?)(?=\\*(?:[@#!]|&))", re.IGNORECASE)
_BROADCAST = re.compile(
    r"(?:@|&#0*64;?|&#x0*40;?|&commat;)(?=\\*(?:channel|here|everyone|group)(?:\b|https?:))", re.IGNORECASE
)
# In code `<#` and `<!` begin comments and declarations, and `@here` is a name: only what Slack reads as an entity is parted.
_ENTITY_IN_CODE = re.compile(
    r"(?:<|&lt;|&#60;|&#x3[cC];)(?=@[UWB][A-Z0-9]|#[CGD][A-Z0-9]|!(?:channel|here|everyone|group|subteam\^|date\^))"
)
_USER_ID = re.compile(r"[UW][A-Z0-9]+")
_MENTION = r"<@{}(?:\|[^<>]*)?>"
"""What mentions the user whose id is filled in, with or without a name: `<@U1|ada>`."""


def mentioned(text: str) -> frozenset[str]:
    """Return whom Slack's `text` mentions outside of code: `@U1`, `!subteam^S1`, `!here`."""
    return frozenset(match[1] for match in _MENTIONED.finditer(masked(text, _MENTIONED).text))


def to_plain_text(text: str, bot: str, find: Find = no_name) -> str:
    """Turn Slack's `text` into what its writer saw, without the mentions of the user `bot` outside of code.

    `find` names what is mentioned without a name, by the inside of the mention: `@U1`, `#C1`, `!subteam^S1`.
    """
    mention, code = _MENTION.format(re.escape(bot)), masked(text, _MENTIONED)
    # At the beginning a mention addresses the bot; the comma or colon behind it goes as well.
    text = re.sub(rf"^\s*{mention}[\s,:]*", "", code.text)
    # The lookbehind keeps this linear: without it each blank of a long run is tried as the beginning of a match.
    before = r"(?:(?<![ \t])[ \t]+)?"
    text = re.sub(rf"{before}{mention}(?=[,.;:!?)\n]|$)", "", text)
    # Anywhere else one blank stays between the words around it.
    text = re.sub(rf"{before}{mention}[ \t]*", " ", text)
    return _ENTITY.sub(lambda found: _plain(found, find), code.restored(text)).strip()


def in_markdown(text: str) -> str:
    """Make `text` unable to ping in a `markdown` block or as plain text; it looks the same.

    Whether markdown blocks expand `<!channel>` is not documented, so an invisible character is put between each
    opening and what follows it.
    """
    return _BROADCAST.sub(_NEUTRAL, _OPENING.sub(_NEUTRAL, text))


def in_code(text: str) -> str:
    """Make code unable to ping; nothing else of what people copy is changed."""
    return _ENTITY_IN_CODE.sub(_NEUTRAL, text)


def in_address(text: str) -> str:
    """Make an address, or a link, unable to ping, also by character references; a name in it such as `@here` stays."""
    return _OPENING.sub(_NEUTRAL, text)


def in_mrkdwn(text: str | Line) -> str:
    """Write a text, or a sentence of the bot's own, as mrkdwn: it mentions the sentence's persons and nobody else.

    In mrkdwn only `&`, `<` and `>` are escaped.
    """
    parts = []
    for part in (text,) if isinstance(text, str) else text:
        if isinstance(part, Person) and is_user(part.id):
            parts.append(f"<@{part.id}>")
        else:
            words = part if isinstance(part, str) else name(part)
            parts.append(html.escape(words, quote=False))
    return _BROADCAST.sub(_NEUTRAL, "".join(parts))


def is_user(person: str) -> bool:
    """Tell whether an id is a user's; any other one would be shown as text in angle brackets."""
    return _USER_ID.fullmatch(person) is not None


def name(part: str | Person) -> str:
    """Return words as they are, and a person's name as one line that hides nothing: an app chooses its own for each message."""
    return part if isinstance(part, str) else visible_line(part.name) or part.id


def _plain(found: re.Match[str], find: Find) -> str:
    """What an entity shows to people: `&amp;`, `<@U1|ada>`, `<#C1|name>`, `<!here>` or `<url|label>`."""
    if found[2]:
        return _CHARACTERS[found[2]]
    target, _, label = (_unescape(part) for part in found[1].partition("|"))
    if target.startswith(("@", "#")):
        return target[0] + (label or find(target) or target[1:]).removeprefix(target[0])
    if target.startswith("!"):
        command, _, rest = target[1:].partition("^")
        # `<!date^1392734382^{date}|18 February>`: the label is the text for clients that cannot format it.
        if command == "date":
            return label or rest
        name = label or (find(target) if command == "subteam" else None)
        return "@" + (name or rest or command).removeprefix("@")
    address = target.removeprefix("mailto:").removeprefix("tel:")
    # Slack also links bare addresses: then the label repeats the address.
    is_bare = not label or label in {address, target.partition("://")[2]}
    return address if is_bare else f"{label} ({address})"


def _unescape(text: str) -> str:
    return _ENTITY.sub(lambda found: _CHARACTERS[found[2]] if found[2] else found[0], text)
