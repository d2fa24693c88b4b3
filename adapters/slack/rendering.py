"""The port's contents as arguments of `chat.postMessage` and `chat.update`. No I/O.

An answer is a `markdown` block, which shows the Markdown that models write. The words of a plan and its record are rich
text, which shows them as they are; the bot's own words are mrkdwn or plain text. Block Kit and its sizes:
https://docs.slack.dev/reference/block-kit/blocks
"""

import hashlib
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal

from adapters.slack import mrkdwn, rich_text, strings
from adapters.slack.events import ACTIONS, FEEDBACK
from adapters.slack.markdown import in_markdown_block
from adapters.slack.tables import around_table, has_two
from adapters.slack.tables import characters as table_characters
from aion_bot.ports.markdown import blocks as markdown_blocks
from aion_bot.ports.markdown import plain_line_ends
from aion_bot.ports.messages import Action, Button, Content, Gallery, Line, Picture, Reply, Step
from aion_bot.ports.plain_words import plain_words
from aion_bot.ports.text import clip, one_line

Block = dict[str, Any]

FALLBACK = 3_900  # chat.update refuses a `text` of more than 4,000 characters, whatever the blocks hold
_MOST_WRITTEN = 2 * FALLBACK
"""Characters of an answer that are read for its notification."""
HEADER = 150
SECTION = 3_000
BUTTON = 75
ALTERNATIVE_TEXT = 2_000  # and of an image's title
BUTTONS_IN_A_ROW = 25
CONFIRMATION = (100, 300, 30, 30)
"""Characters of a dialog's title, text and two buttons: https://docs.slack.dev/reference/block-kit/composition-objects"""

_RATINGS = {Action.GOOD: "positive_button", Action.BAD: "negative_button"}

_ACTION_IDS = {action: action_id for action_id, action in ACTIONS.items()}

# Slack turns one markdown block into several and refuses more than 50. Each of these begins one and ends another.
_OWN_BLOCK = frozenset({"fence", "heading", "underlined", "rule", "table"})
_MARKS = frozenset("#`~|_=:")
_RENDERED_BLOCKS = 40
_MOST_OWN_BLOCKS = _RENDERED_BLOCKS // 2
"""Of these a page holds so many, whatever its size is: they make at most `_RENDERED_BLOCKS`."""
_OWN_BLOCK_SIZE = FALLBACK // _MOST_OWN_BLOCKS
"""Characters that one of them counts as where there are more: then they are larger than any page."""

_NOTHING: Block = {"type": "markdown", "text": "…"}
"""Shown where there is nothing to show yet: Slack refuses a message without blocks or text."""


def arguments(content: Content) -> dict[str, Any]:
    """Arguments that show `content`: `text` in notifications and to screen readers, `blocks` everywhere else."""
    if isinstance(content, Reply):
        shown = content.text[:_MOST_WRITTEN]
        words = [
            mrkdwn.in_mrkdwn(shown if content.plain else plain_words(shown)),
            mrkdwn.in_mrkdwn(content.note),
            mrkdwn.in_mrkdwn(content.byline),
        ]
    else:
        words = [
            mrkdwn.in_mrkdwn(content.heading),
            _quote(_plan_words(content.rest)),
            _quote("".join(one["text"] for one in _steps(content.steps)).rstrip()),
            _lines(content.facts),
            _lines(content.record),
            _quote(_plan_words(content.said)),
        ]
    text = _cut_escaped("\n".join(one for one in words if one.strip())).strip()
    return {"text": text or "…", "blocks": _blocks(content)}


def gallery_arguments(gallery: Gallery, files: Sequence[str]) -> dict[str, Any]:
    """Arguments that show pictures, whose files Slack has by these ids, with their titles and alternative texts."""
    said = mrkdwn.in_mrkdwn("\n".join(filter(None, (*(one.title for one in gallery.pictures), gallery.note))))
    return {
        "text": _cut_escaped(said) or "…",
        "blocks": [
            *(_image(one, file) for one, file in zip(gallery.pictures, files, strict=True)),
            *_note(gallery.note),
            *_actions(gallery.buttons),
        ],
    }


def _image(picture: Picture, file: str) -> Block:
    title = clip(mrkdwn.in_markdown(one_line(picture.title, ALTERNATIVE_TEXT)), ALTERNATIVE_TEXT)
    said = clip(mrkdwn.in_markdown(one_line(picture.description, ALTERNATIVE_TEXT)), ALTERNATIVE_TEXT)
    shown = {"type": "plain_text", "text": title or "…", "emoji": False}
    return {"type": "image", "slack_file": {"id": file}, "alt_text": said or title or "…", "title": shown}


def sentence(line: Line) -> dict[str, Any]:
    """Arguments that show a sentence of the bot's own, for a private reply."""
    text = mrkdwn.in_mrkdwn(line)
    return {"text": _cut_escaped(text), "blocks": list(_texts("section", text)) or [_NOTHING]}


def measure(content: Content) -> int:
    """Characters of all texts in the blocks; more than any page where headings, rules and the like make too many of one block.

    An answer with two tables is larger than any page, as Slack takes one table a message.
    """
    if isinstance(content, Reply) and not content.plain and "|" in content.text and has_two(content.text):
        return 2 * FALLBACK
    blocks = _blocks(content)
    holders = [one for block in blocks for one in (block, *block.get("elements", ()))]
    texts = [one["text"] for one in holders if "text" in one]
    characters = sum(len(text if isinstance(text, str) else text["text"]) for text in texts)
    characters += sum(table_characters(block) for block in blocks if block["type"] == "table")
    characters += sum(rich_text.characters(block) for block in blocks if block["type"] == "rich_text")
    markdown = [block["text"] for block in blocks if block["type"] == "markdown"]
    # Parsing takes a hundred times as long as counting lines.
    if sum(map(_possible_blocks, markdown)) <= _MOST_OWN_BLOCKS:
        return characters
    own = sum(map(_own_blocks, markdown))
    return characters if own <= _MOST_OWN_BLOCKS else max(characters, _OWN_BLOCK_SIZE * own)


def _possible_blocks(text: str) -> int:
    """Count what may be a block of its own by the first marks of each line; never less than `_own_blocks`."""
    count = 0
    for line in plain_line_ends(text).split("\n"):
        # The marker of a list item may stand before any other mark; a quote may begin with another block.
        marked = line.lstrip(" \t-*+0123456789.)")
        count += 2 if marked[:1] == ">" else marked[:1] in _MARKS or (not marked and bool(line.strip()))
    return count


def _own_blocks(text: str) -> int:
    """Count the blocks that Slack makes of a markdown block beside its paragraphs and lists."""
    found = markdown_blocks(plain_line_ends(text), is_plain=lambda lines: not _possible_blocks(lines))
    quotes = {one for block in found for one in block.containers[:1] if one.quote}
    return len(quotes) + sum(block.kind in _OWN_BLOCK for block in found)


def _blocks(content: Content) -> list[Block]:
    if content.plain and not isinstance(content, Reply):
        words = [
            content.rest,
            *(f"{one.numbered(at)}{one.agent}: {one.description}" for at, one in enumerate(content.steps, 1)),
        ]
        when = [(_utc(content.decided_at),)] if content.decided_at else []
        mine = map(_plain_line, (*content.facts, *content.record, *when))
        text = "\n".join([content.heading, _plain_quote("\n".join(words)), *mine, _plain_quote(content.said)])
        blocks = [*_plain_sections(text), *_actions(content.buttons)]
    elif isinstance(content, Reply):
        blocks = [
            *(_plain_sections(content.text) if content.plain else _answer(content.text)),
            *below_words(content),
        ]
    else:
        blocks = [
            *_title(content.heading),
            *rich_text.quoted([rich_text.words(_plan_words(content.rest))]),
            *rich_text.quoted(_steps(content.steps)),
            *_texts("context", _lines(content.facts)),
            *rich_text.own(
                one for line in content.record for one in (*rich_text.line(line), rich_text.words("\n"))
            ),
            *_texts("context", _moment(content.decided_at)),
            *rich_text.quoted([rich_text.words(_plan_words(content.said))]),
            *_actions(content.buttons),
        ]
    return blocks or [_NOTHING]


def below_words(content: Reply) -> Iterator[Block]:
    """Draw what stands below a reply's words: the note, the byline and the buttons. A stream takes it with its end."""
    yield from _note(content.note)
    yield from _texts("section" if content.notifies else "context", mrkdwn.in_mrkdwn(content.byline))
    yield from _actions(content.buttons)


def _answer(text: str) -> list[Block]:
    before, table, behind = ("|" in text and around_table(text)) or (text, {}, "")
    shown = [{"type": "markdown", "text": in_markdown_block(part)} for part in (before, behind)]
    # Slack refuses a block of blanks, which is all that is left of tags alone.
    return [one for one in (shown[0], table, shown[1]) if "rows" in one or one.get("text", "").strip()]


def _plain_sections(text: str) -> Iterator[Block]:
    """Show text as it is: plain text mentions nobody, and needs no escapes."""
    for start in range(0, len(text), SECTION):
        piece = text[start : start + SECTION]
        if piece.strip():
            shown = {"type": "plain_text", "text": piece, "emoji": False}
            yield {"type": "section", "text": shown, "expand": True}


def _note(note: str) -> Iterator[Block]:
    """Draw the bot's own small words: names of files stand in code, and where there is none no sign is a mark."""
    if "`" in note:
        yield from _texts("context", mrkdwn.in_mrkdwn(note))
    else:
        yield from ({"type": "context", "elements": [one["text"]]} for one in _plain_sections(note.strip()))


def _plain_quote(text: str) -> str:
    """Mark every line as somebody else's words; nothing where there are none."""
    # `splitlines` knows every kind of line end, so that no line stands without its mark.
    return "\n".join(f"> {line}" for line in text.splitlines() if line.strip())


def _plain_line(line: Line) -> str:
    return "".join(part if isinstance(part, str) else part.name or part.id for part in line)


def _title(title: str) -> Iterator[Block]:
    shown = mrkdwn.in_markdown(one_line(title, len(title)))
    # A header is plain text of limited length: a longer title is shown as a section.
    if len(shown) > HEADER:
        yield from _plain_sections(title.strip())
    elif shown:
        yield {"type": "header", "text": {"type": "plain_text", "text": shown, "emoji": False}}


def _steps(steps: Sequence[Step]) -> Iterator[Block]:
    for number, step in enumerate(steps, start=1):
        name = one_line(_plan_words(step.agent), len(step.agent))
        yield rich_text.words(f"{step.numbered(number)}{name}".strip(), bold=True)
        yield rich_text.words(f"\n{_plan_words(step.description)}\n")


def _plan_words(text: str) -> str:
    """Return the model's words on a card: without marks of Markdown, and with each link's address."""
    return plain_words(text, addresses=True)


def _lines(lines: Iterable[Line]) -> str:
    return "\n".join(map(mrkdwn.in_mrkdwn, lines))


def _moment(at: int) -> str:
    """Write a time that Slack shows in the reader's time zone: https://docs.slack.dev/messaging/formatting-message-text"""
    return f"<!date^{at}^{{date_short_pretty}}, {{time}}|{_utc(at)}>" if at else ""


def _utc(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(at))


def _texts(kind: Literal["section", "context"], escaped: str) -> Iterator[Block]:
    """Blocks for text that is already escaped; longer text is cut, at the end of a line or word if possible."""
    rest, start = escaped.strip(), 0
    while start < len(rest):
        # One more than a section: a copy of the whole rest for each piece would take quadratic time.
        piece = _cut_escaped(rest[start : start + SECTION + 1], SECTION)
        if len(rest) - start > SECTION:
            breaks = (piece.rfind("\n"), piece.rfind(" "))
            piece = piece[: next((place for place in breaks if place > SECTION // 2), len(piece))]
        start += len(piece)
        if shown := piece.strip():
            # Without `verbatim` Slack itself turns channel names and the like into links.
            text = {"type": "mrkdwn", "text": shown, "verbatim": True}
            # With `expand` Slack does not fold a long section.
            section = {"type": kind, "text": text, "expand": True}
            yield section if kind == "section" else {"type": kind, "elements": [text]}


def _quote(words: str) -> str:
    """Write somebody else's words as mrkdwn that quotes them in every line."""
    return "\n".join(f">{line}" for line in mrkdwn.in_mrkdwn(words).split("\n")) if words else ""


def _actions(buttons: Sequence[Button]) -> Iterator[Block]:
    rating = tuple(one for one in buttons if one.action in _RATINGS)
    # Slack's own element takes both or none.
    rating = rating if [one.action for one in rating] == list(_RATINGS) else ()
    pressed = [one for one in buttons if one.action not in _RATINGS]
    for start in range(0, len(pressed), BUTTONS_IN_A_ROW):
        row = pressed[start : start + BUTTONS_IN_A_ROW]
        elements: list[Block] = []
        for place, button in enumerate(row):
            alike = sum(one.action is button.action for one in row[:place])
            label = clip(mrkdwn.in_markdown(one_line(button.label, BUTTON)), BUTTON)
            element: Block = {
                "type": "button",
                "action_id": _ACTION_IDS[button.action] + (f"_{alike + 1}" if alike else ""),
                "text": {"type": "plain_text", "text": label or "…", "emoji": False},
                "value": button.key,
            }
            if button.action is Action.APPROVE:
                element["style"] = "primary"
            if button.caution:
                element["confirm"] = _confirmation(button, label)
            elements.append(element)
        yield {"type": "actions", "block_id": _block_id((start, row)), "elements": elements}
    if rating:
        yield {"type": "context_actions", "block_id": _block_id(rating), "elements": [_feedback(rating)]}


def _block_id(shown: object) -> str:
    """Name a row of buttons by its content.

    Slack asks for a new `block_id` where a message is updated. A row that stays as it is keeps its id, so that equal contents
    have equal arguments.
    """
    return f"aion-{hashlib.blake2s(repr(shown).encode(), digest_size=8).hexdigest()}"


def _feedback(rating: Sequence[Button]) -> Block:
    """Draw the two buttons that rate an answer as Slack's own: https://docs.slack.dev/reference/block-kit/block-elements/feedback-buttons-element"""
    sides = {
        _RATINGS[button.action]: {
            "text": {"type": "plain_text", "text": one_line(button.label, BUTTON) or "…", "emoji": True},
            "accessibility_label": strings.RATINGS[button.action],
            "value": f"{button.action}:{button.key}",
        }
        for button in rating
    }
    return {"type": "feedback_buttons", "action_id": FEEDBACK, **sides}


def _confirmation(button: Button, label: str) -> Block:
    """Draw the dialog that Slack shows before a press counts; its first button repeats the label of the pressed one."""
    words = (f"{label}?", button.caution, label, strings.GO_BACK)
    title, text, confirm, deny = (
        {"type": "plain_text", "text": clip(mrkdwn.in_markdown(one), size), "emoji": False}
        for one, size in zip(words, CONFIRMATION, strict=True)
    )
    return {"title": title, "text": text, "confirm": confirm, "deny": deny, "style": "danger"}


def _cut_escaped(escaped: str, limit: int = FALLBACK) -> str:
    """Cut escaped text to `limit` characters, and before an escape or a mention that would be cut in two."""
    if len(escaped) <= limit:
        return escaped
    return re.sub(r"(?:&[a-z]{0,3}|<[^<>]*)$", "", escaped[:limit])
