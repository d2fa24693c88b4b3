"""The core's content as Discord messages. No I/O.

Replies and cards are plain content: a message of embeds or of component layouts has an empty notification, and only
content can grow by edits without changing its looks.
"""

import hashlib
import re
from typing import Any, NotRequired, TypedDict

from adapters.discord import strings
from adapters.discord.ids import custom_id
from adapters.discord.inline import inline, unfenced, unlinked
from adapters.discord.markdown import convert, in_own_size, plain, quoted
from aion_bot.ports.messages import Action, Content, Line, Person, PlanCard, Reply, Step
from aion_bot.ports.text import clip, one_line

ROW_LENGTH = 5
"""Buttons in a row (Discord's documentation, *Component Reference*)."""
LABEL_LENGTH = 80
"""Characters on a button (ibid.)."""
EMPTY = "…"
"""Shown where there is nothing to show yet: Discord refuses an empty message."""
# Button styles: 1 primary, 2 secondary, 3 success, 4 danger (Discord's documentation, *Component Reference*).
_STYLES = {
    Action.APPROVE: 1,
    Action.CANCEL: 2,
    Action.RETRY: 1,
    Action.STOP: 2,
    Action.UPLOAD: 1,
    Action.SUGGEST: 2,
    Action.WITHDRAW: 2,
    Action.ONLY_THESE: 2,
    Action.ANOTHER_PLAN: 2,
    Action.CLOSER: 2,
    Action.GOOD: 2,
    Action.BAD: 2,
    Action.REASON: 2,
    Action.WHY: 2,
    Action.MANAGE: 2,
    Action.OPEN: 2,
    Action.PAGE: 2,
    Action.THESE: 1,
    Action.PICK: 2,
    Action.SHARE: 2,
}
_SPECIAL = re.compile(r"([\\*_~`|\[])")
_NOTE = 150
"""Characters of a line of small print: what the core leaves room for."""
_MARK = 4
"""Characters that make a line one of small print, with the end of the line before it."""


class Body(TypedDict):
    """The part of a message that its content decides, as Discord's API takes it."""

    content: str
    components: list[dict[str, Any]]
    notified: NotRequired[list[int]]
    """The ids of those whom it notifies when it is posted; nobody where it is missing."""


NO_WORDS = Body(content="", components=[])
"""The body of a message that only has a file."""


def body(content: Content) -> Body:
    """Render `content`: its text, and its buttons as action rows. 1 is the type of a row, 2 that of a button."""
    buttons = [
        {
            "type": 2,
            "style": _STYLES[button.action],
            "label": one_line(button.label, LABEL_LENGTH),
            "custom_id": custom_id(button),
        }
        for button in content.buttons
    ]
    rows = [buttons[at : at + ROW_LENGTH] for at in range(0, len(buttons), ROW_LENGTH)]
    body = Body(content=_text(content), components=[{"type": 1, "components": row} for row in rows])
    if isinstance(content, Reply) and content.notifies:
        people = [one for one in content.byline if isinstance(one, Person)]
        body["notified"] = [int(one.id) for one in people if _mention(one).startswith("<@")]
    return body


def fingerprint(content: Content | str) -> str:
    """Return the fingerprint of a message's text, or of a content as text; Discord takes off the white space around it."""
    text = content if isinstance(content, str) else _text(content)
    return hashlib.sha256(text.strip().encode(errors="replace")).hexdigest()[:32]


def measure(content: Content) -> int:
    """Count characters as Discord does: in code points (Discord staff in discord/discord-api-docs#1315)."""
    return len(_text(content))


def sentence(line: Line) -> str:
    """Render a line, its persons as mentions; whether these notify is decided where it is sent."""
    words = (_mention(part) if isinstance(part, Person) else unlinked(part) for part in line)
    return unfenced(" ".join("".join(words).split()))


def _text(content: Content) -> str:
    if isinstance(content, Reply):
        # What Aion says about its work stands in the bot's own small print: it is words, and nothing that can be drawn.
        lines = content.note.splitlines()
        small = [clip(_plain(line), _NOTE) for line in lines]
        is_gallery = len(lines) > 1 or any(one.action is Action.ONLY_THESE for one in content.buttons)
        if lines and is_gallery and not content.text.strip() and not content.byline:
            # Nothing else needs the room: the last line under the titles of pictures ends with names.
            taken = (_NOTE + _MARK) * (len(lines) - 1) + _MARK
            small[-1] = clip(_plain(lines[-1]), max(_NOTE, strings.MESSAGE_LENGTH - taken))
        small.append(sentence(content.byline) if content.byline else "")
        size = "" if content.notifies else "-# "
        notes = [f"{size}{line}" for line in small if line.strip()]
        words = plain(content.text) if content.plain else convert(content.text)
        text = "\n".join([words, *notes] if content.text.strip() else notes)
    else:
        text = _plain_card(content) if content.plain else _card(content)
    return text if text.strip() else EMPTY


def _card(card: PlanCard) -> str:
    parts = [
        f"### {_plain(card.heading)}" if card.heading.strip() else "",
        quoted(card.rest),
        "\n".join(_step(number, step) for number, step in enumerate(card.steps, 1)),
        "\n".join(f"-# {sentence(fact)}" for fact in card.facts),
        "\n".join(sentence(line) for line in card.record),
        _moment(card),
        quoted(card.said),
    ]
    return "\n".join(part for part in parts if part.strip())


def _plain_card(card: PlanCard) -> str:
    """Draw a card without any formatting but the quotes that tell whose words they are."""
    words = [
        card.rest,
        *(f"{one.numbered(at)}{one.agent}: {one.description}" for at, one in enumerate(card.steps, 1)),
    ]
    mine = map(sentence, (*card.facts, *card.record))
    parts = [
        *in_own_size([_plain(card.heading)]),
        _plain_quote(words),
        *mine,
        _moment(card),
        _plain_quote([card.said]),
    ]
    return "\n".join(part for part in parts if part.strip())


def _moment(card: PlanCard) -> str:
    """Write when a plan was decided; Discord shows it in the reader's time zone (Discord's documentation, *Message Formatting*)."""
    return f"-# <t:{card.decided_at}:f>" if card.decided_at else ""


def _plain_quote(words: list[str]) -> str:
    lines = [line for one in words for line in one.splitlines() if line.strip()]
    return "\n".join(in_own_size(f"> {_plain(line)}" for line in lines))


def _step(number: int, step: Step) -> str:
    words = inline(unfenced(" ".join(step.description.split())))
    named = f"**{_plain(step.agent)}**: {words}" if step.agent.strip() else words
    return "".join(in_own_size([f"> {step.numbered(number)}{named}"]))


def _plain(text: str) -> str:
    return unlinked(_SPECIAL.sub(r"\\\1", " ".join(text.split())))


def _mention(person: Person) -> str:
    return f"<@{person.id}>" if person.id.isascii() and person.id.isdecimal() else _plain(person.name)
