"""The text that a person reads of a message's body, and whom it would notify. No I/O."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aion_bot.simulators.slack.state import Message
from aion_bot.simulators.slack.uploads import Uploads
from aion_bot.simulators.workspace import Shown, ShownButton

Body = Mapping[str, Any]

_ENTITY = re.compile(r"<([@#!])([^<>|]+)(?:\|([^<>]*))?>")
_LINK = re.compile(r"<([^<>|]+)\|([^<>]*)>")
_PLAIN_BROADCAST = re.compile(r"@(?:channel|here|everyone|group)\b", re.IGNORECASE)
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
    )


def words(body: Body, names: Mapping[str, str]) -> str:
    """The text of a message: of its blocks, or of `text` where there are none."""
    if not body.get("blocks"):
        return _read(body.get("text") or "", names)
    return "\n".join(text for block in body["blocks"] for text in _block(block, names) if text)


def buttons(body: Body) -> tuple[ShownButton, ...]:
    """The buttons under a message."""
    return tuple(
        ShownButton(element["text"]["text"], element.get("action_id", ""), element.get("value", ""))
        for element in _button_elements(body)
    )


def button(body: Body, action_id: str) -> Body | None:
    """The button with this `action_id`, as the payload of a press has it."""
    return next(
        (element for element in _button_elements(body) if element.get("action_id") == action_id), None
    )


def _button_elements(body: Body) -> Iterator[Body]:
    for block in body.get("blocks") or ():
        if block["type"] == "actions":
            for element in block["elements"]:
                yield {**element, "block_id": block.get("block_id", "generated")}


def pinged(body: Body) -> list[str]:
    """Whom a body could notify, by id or as "@everyone".

    Stricter than Slack is known to be: `markdown` blocks and code count, and so does what becomes an entity after
    character references and backslashes are resolved, because no documentation excludes them.
    """
    found = [who for text in _parsed(body) for who in _addressed(text)]
    return list(dict.fromkeys(found))


def _block(block: Body, names: Mapping[str, str]) -> Iterator[str]:
    if block["type"] == "markdown":
        yield block["text"].translate(_INVISIBLE)
    elif block["type"] in {"section", "header"}:
        yield _text_object(block["text"], names)
    elif block["type"] == "context":
        for element in block["elements"]:
            yield _text_object(element, names)


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


def _parsed(body: Body) -> Iterator[str]:
    yield body.get("text") or ""
    for block in body.get("blocks") or ():
        yield from _block_texts(block)


def _block_texts(block: Body) -> Iterator[str]:
    texts: Sequence[Any] = [block.get("text"), *block.get("elements", ())]
    for text in texts:
        if isinstance(text, str):
            yield text
            yield re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", html.unescape(text))
        elif isinstance(text, Mapping) and text.get("type") == "mrkdwn":
            yield text["text"]


def _addressed(text: str) -> Iterator[str]:
    for sign, target, _ in _ENTITY.findall(text):
        if sign == "@":
            yield target
        elif sign == "!" and not target.startswith("date^"):
            yield target.partition("^")[2] if target.startswith("subteam^") else "@everyone"
    if _PLAIN_BROADCAST.search(text):
        yield "@everyone"
