"""The port's contents as arguments of `chat.postMessage` and `chat.update`. No I/O.

An answer is a `markdown` block, which shows the Markdown that models write. The bot's own words and everything on a
plan's card are mrkdwn or plain text. Block Kit and its sizes: https://docs.slack.dev/reference/block-kit/blocks
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from adapters.slack import mrkdwn
from adapters.slack.events import ACTIONS
from aion_bot.ports.markdown import blocks as markdown_blocks
from aion_bot.ports.markdown import plain_line_ends
from aion_bot.ports.messages import Action, Button, Content, Line, PlanCard, Reply, Step
from aion_bot.ports.text import clip, one_line

Block = dict[str, Any]

FALLBACK = 3_900  # chat.update refuses a `text` of more than 4,000 characters, whatever the blocks hold
HEADER = 150
SECTION = 3_000
BUTTON = 75
BUTTONS_IN_A_ROW = 25

_ACTION_IDS = {action: action_id for action_id, action in ACTIONS.items()}

# Slack turns one markdown block into several and refuses more than 50. Each of these begins one and ends another.
_OWN_BLOCK = frozenset({"fence", "heading", "underlined", "rule", "table"})
_MARKS = frozenset("#`~|_=:")
_RENDERED_BLOCKS = 40


def arguments(content: Content) -> dict[str, Any]:
    """Arguments that show `content`: `text` in notifications and to screen readers, `blocks` everywhere else."""
    text = _cut_escaped("\n".join(words for words in _words(content) if words.strip())).strip()
    return {"text": text or "…", "blocks": _blocks(content)}


def sentence(line: Line) -> dict[str, Any]:
    """Arguments that show a sentence of the bot's own, for a private reply."""
    text = mrkdwn.line_in_mrkdwn(line)
    return {"text": _cut_escaped(text), "blocks": list(_sections(text)) or [_markdown("…")]}


def measure(content: Content) -> int:
    """Characters of all texts in the blocks; more where headings, rules and the like make many of one block."""
    blocks = _blocks(content)
    characters = sum(len(text) for block in blocks for text in _texts(block))
    texts = [block["text"] for block in blocks if block["type"] == "markdown"]
    # Parsing takes a hundred times as long as counting lines, and hardly any text has so many blocks.
    if _weight(sum(map(_possible_blocks, texts))) <= characters:
        return characters
    return max(characters, _weight(sum(map(_own_blocks, texts))))


def _weight(own_blocks: int) -> int:
    return 2 * own_blocks * FALLBACK // _RENDERED_BLOCKS


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
    found = markdown_blocks(plain_line_ends(text))
    quotes = {one for block in found for one in block.containers[:1] if one.quote}
    return len(quotes) + sum(block.kind in _OWN_BLOCK for block in found)


def _blocks(content: Content) -> list[Block]:
    blocks = _reply(content) if isinstance(content, Reply) else _card(content)
    # Slack refuses a message without blocks or text.
    return blocks or [_markdown("…")]


def _reply(reply: Reply) -> list[Block]:
    text = mrkdwn.in_markdown(reply.text)
    return [
        *([_markdown(text)] if text.strip() else []),
        *_contexts(mrkdwn.in_mrkdwn(reply.note)),
        *_contexts(mrkdwn.line_in_mrkdwn(reply.byline)),
        *_actions(reply.buttons),
    ]


def _card(card: PlanCard) -> list[Block]:
    return [
        *_title(card.title),
        *_sections(mrkdwn.in_mrkdwn(card.description), quoted=True),
        *_sections(_steps(card.steps), quoted=True),
        *_contexts(_lines(card.facts)),
        *_sections(_lines(card.record)),
        *_sections(mrkdwn.in_mrkdwn(card.said), quoted=True),
        *_actions(card.buttons),
    ]


def _title(title: str) -> Iterator[Block]:
    shown = mrkdwn.in_markdown(one_line(title, len(title)))
    # A header is plain text of limited length: a longer title is shown as a section.
    if len(shown) > HEADER:
        yield from _sections(mrkdwn.in_mrkdwn(title))
    elif shown:
        yield {"type": "header", "text": _plain(shown)}


def _steps(steps: Sequence[Step]) -> str:
    return "\n".join(
        f"*{step.number or number}. {mrkdwn.in_mrkdwn(step.agent)}*\n{mrkdwn.in_mrkdwn(step.description)}"
        for number, step in enumerate(steps, start=1)
    )


def _lines(lines: Iterable[Line]) -> str:
    return "\n".join(mrkdwn.line_in_mrkdwn(line) for line in lines)


def _markdown(text: str) -> Block:
    return {"type": "markdown", "text": text}


def _sections(escaped: str, *, quoted: bool = False) -> Iterator[Block]:
    # With `expand` Slack does not fold a long section: nobody approves what is behind a fold.
    for piece in _pieces(_quote(escaped.strip()), SECTION - 1) if quoted else _pieces(escaped):
        # A line that is cut goes on in the next section, which is a quote as well. Text has no `>` of its own: it is escaped.
        mark = ">" if quoted and not piece.startswith(">") else ""
        yield {"type": "section", "text": _mrkdwn(f"{mark}{piece}"), "expand": True}


def _quote(escaped: str) -> str:
    return "\n".join(f">{line}" for line in escaped.split("\n")) if escaped else ""


def _contexts(escaped: str) -> Iterator[Block]:
    return ({"type": "context", "elements": [_mrkdwn(piece)]} for piece in _pieces(escaped))


def _actions(buttons: Sequence[Button]) -> Iterator[Block]:
    for start in range(0, len(buttons), BUTTONS_IN_A_ROW):
        row = buttons[start : start + BUTTONS_IN_A_ROW]
        # Slack asks for a new `block_id` where a message is updated. A row that stays as it is keeps its id, so that
        # equal contents have equal arguments.
        digest = hashlib.blake2s(repr((start, row)).encode(), digest_size=8).hexdigest()
        yield {
            "type": "actions",
            "block_id": f"aion-{digest}",
            "elements": [_button(button) for button in row],
        }


def _button(button: Button) -> Block:
    label = mrkdwn.in_markdown(one_line(button.label, BUTTON))
    element: Block = {
        "type": "button",
        "action_id": _ACTION_IDS[button.action],
        "text": _plain(clip(label, BUTTON) or "…"),
        "value": button.key,
    }
    return element | {"style": "primary"} if button.action is Action.APPROVE else element


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def _mrkdwn(text: str) -> Block:
    # Without `verbatim` Slack itself turns channel names and the like into links.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _pieces(escaped: str, limit: int = SECTION) -> Iterator[str]:
    """Cut text that is already escaped into pieces of one text object each, at the end of a line or word if possible."""
    rest = escaped.strip()
    while len(rest) > limit:
        piece = _cut_escaped(rest, limit)
        breaks = (piece.rfind("\n"), piece.rfind(" "))
        cut = next((place for place in breaks if place > limit // 2), len(piece))
        yield rest[:cut].rstrip()
        rest = rest[cut:].strip()
    if rest:
        yield rest


def _cut_escaped(escaped: str, limit: int = FALLBACK) -> str:
    """Cut escaped text to `limit` characters, and before an escape or a mention that would be cut in two."""
    if len(escaped) <= limit:
        return escaped
    return re.sub(r"(?:&[a-z]{0,3}|<[^<>]*)$", "", escaped[:limit])


def _words(content: Content) -> Iterator[str]:
    """Every text of `content`, escaped, in reading order: the fallback `text` for those who see no blocks."""
    if isinstance(content, Reply):
        yield mrkdwn.in_mrkdwn(content.text)
        yield mrkdwn.in_mrkdwn(content.note)
        yield mrkdwn.line_in_mrkdwn(content.byline)
        return
    yield mrkdwn.in_mrkdwn(content.title)
    yield _quote(mrkdwn.in_mrkdwn(content.description))
    yield _quote(_steps(content.steps))
    yield _lines(content.facts)
    yield _lines(content.record)
    yield _quote(mrkdwn.in_mrkdwn(content.said))


def _texts(block: Block) -> Iterator[str]:
    text = block.get("text", "")
    yield text if isinstance(text, str) else text["text"]
    for element in block.get("elements", ()):
        yield from _texts(element)
