"""The text that a person reads of a message's body, and whom it would notify. No I/O."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markdown_it import MarkdownIt

from aion_bot.simulators.slack.state import Message
from aion_bot.simulators.slack.uploads import Uploads
from aion_bot.simulators.workspace import Shown, ShownButton

Body = Mapping[str, Any]

_ENTITY = re.compile(r"<([@#!])([^<>|]+)(?:\|([^<>]*))?>")
_LINK = re.compile(r"<([^<>|]+)\|([^<>]*)>")
_PINGS = re.compile(
    r"<(?:@([UWB][A-Z0-9]+)|!(subteam\^[^<>|]+|here|channel|everyone|group))(?:\|[^<>]*)?>", re.IGNORECASE
)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_ADDRESS = re.compile(r"https?://\S+")
_PLAIN_BROADCAST = re.compile(r"@(?:channel|here|everyone|group)\b", re.IGNORECASE)
_MARKDOWN = MarkdownIt("commonmark").disable("html_block").enable("table")
_INVISIBLE = dict.fromkeys(map(ord, "\N{WORD JOINER}\N{ZERO WIDTH SPACE}"))


def shown(message: Message, names: Mapping[str, str], uploads: Uploads) -> Shown:
    """A message with its history; of one that is streamed, as the person sees it whom it answers."""
    return Shown(
        id=message.ts,
        author=message.author.name,
        versions=[words(body, names) for body in message.versions],
        by_bot=message.by_bot,
        buttons=buttons(message.body),
        only_for=message.only_for,
        pings=list(message.pings),
        payload=message.body,
        files={one["name"]: uploads.text(one["id"]) for one in message.files if message.by_bot},
        pictures=tuple(
            uploads.picture(block)
            for block in message.body.get("blocks") or ()
            if block["type"] == "image" and uploads.has(block.get("slack_file", {}).get("id", ""))
        ),
    )


def words(body: Body, names: Mapping[str, str]) -> str:
    """The text of a message: of its blocks, or of `text` where there are none."""
    if not body.get("blocks"):
        return _read(body.get("text") or "", names)
    return "\n".join(text for block in body["blocks"] for text in _block(block, names) if text)


def buttons(body: Body) -> tuple[ShownButton, ...]:
    """The buttons under a message."""
    return tuple(
        ShownButton(
            element["text"]["text"],
            # Both buttons that rate have one action: their values differ.
            element["value" if element["type"] == "feedback_buttons" else "action_id"],
            element.get("value", ""),
        )
        for element in _button_elements(body)
    )


def button(body: Body, action_id: str) -> Body | None:
    """The button with this `action_id` or value, as the payload of a press has it; both that rate share the first."""
    return next(
        (one for one in _button_elements(body) if action_id in {one.get("action_id"), one.get("value")}), None
    )


def _button_elements(body: Body) -> Iterator[Body]:
    for block in body.get("blocks") or ():
        if block["type"] == "actions":
            for element in block["elements"]:
                yield {**element, "block_id": block.get("block_id", "generated")}
        if block["type"] == "context_actions":
            for element in block["elements"]:
                for side in ("positive_button", "negative_button"):
                    shared = {"type": element["type"], "action_id": element["action_id"]}
                    one = {name: element[side][name] for name in ("text", "value")}
                    yield {**shared, **one, "block_id": block.get("block_id", "generated")}


def pinged(body: Body) -> list[str]:
    """Whom a body could notify, by id or as "@everyone".

    Stricter than Slack is known to be: entities in `markdown` blocks and code count, and outside of code so does what becomes
    one after character references and backslashes are resolved, and `@here` as words, because no documentation excludes them.
    """
    found = [who for text, in_code in _parsed(body) for who in _addressed(text, in_code=in_code)]
    found += [
        one["user_id"]
        for block in body.get("blocks") or ()
        for one in _rich_elements(block)
        if "user_id" in one
    ]
    return list(dict.fromkeys(found))


def _rich_elements(block: Body) -> Iterator[Body]:
    for part in block.get("elements", ()):
        if block.get("type") == "rich_text":
            yield from part["elements"]


def _block(block: Body, names: Mapping[str, str]) -> Iterator[str]:
    if block["type"] == "markdown":
        yield block["text"].translate(_INVISIBLE)
    elif block["type"] in {"section", "header"}:
        yield _text_object(block["text"], names)
    elif block["type"] == "rich_text":
        for part in block["elements"]:
            said = "".join(_element(one, names) for one in part["elements"])
            yield said.replace("\n", "\n>").join((">", "")) if part["type"] == "rich_text_quote" else said
    elif block["type"] == "table":
        for row in block["rows"]:
            yield f"| {' | '.join(''.join(cell_texts(cell)) for cell in row)} |"
    elif block["type"] == "image" and "title" in block:
        yield _text_object(block["title"], names)
    elif block["type"] == "context":
        for element in block["elements"]:
            yield _text_object(element, names)


def _element(shown: Body, names: Mapping[str, str]) -> str:
    """Return the words of an element of rich text, bold ones between stars."""
    if shown["type"] == "user":
        return f"@{names.get(shown['user_id'], shown['user_id'])}"
    words = str(shown["text"]).translate(_INVISIBLE)
    return f"*{words}*" if shown.get("style", {}).get("bold") else words


def cell_texts(cell: Body) -> Iterator[str]:
    """Return the words of a table's cell."""
    yield cell.get("text", "")
    for element in cell.get("elements", ()):
        yield from cell_texts(element)


def _text_object(text: Body, names: Mapping[str, str]) -> str:
    if text["type"] == "mrkdwn":
        return _read(text["text"], names)
    return str(text["text"]).translate(_INVISIBLE)


def _read(mrkdwn: str, names: Mapping[str, str]) -> str:
    def shown(found: re.Match[str]) -> str:
        sign, target, label = found.groups()
        if target.startswith("date^"):
            return str(label or "")
        return ("#" if sign == "#" else "@") + (label or names.get(target, target)).removeprefix("@")

    text = _LINK.sub(r"\2", _ENTITY.sub(shown, mrkdwn))
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").translate(_INVISIBLE)


def _parsed(body: Body) -> Iterator[tuple[str, bool]]:
    """Return each text that Slack parses, and whether it is code."""
    yield body.get("text") or "", False
    for block in body.get("blocks") or ():
        texts: Sequence[Any] = [block.get("text"), *block.get("elements", ())]
        for text in texts:
            if isinstance(text, str):
                yield from _parts(text)
            elif isinstance(text, Mapping) and text.get("type") == "mrkdwn":
                yield text["text"], False


def _parts(markdown: str) -> Iterator[tuple[str, bool]]:
    """Return the words of a `markdown` block, as they are and resolved, and all of it as code."""
    yield markdown, True
    for token in _MARKDOWN.parse(markdown):
        if token.type == "inline":
            words = _CODE.sub(" ", token.content)
            yield words, False
            yield re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(words)), False


def _addressed(text: str, *, in_code: bool) -> Iterator[str]:
    for person, others in _PINGS.findall(text):
        yield person or others.partition("^")[2] or "@everyone"
    if not in_code and _PLAIN_BROADCAST.search(_ADDRESS.sub(" ", text)):
        yield "@everyone"
