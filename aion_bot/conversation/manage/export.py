"""A conversation as a file: in its thread, or for the person alone. Aion itself writes it.

Its markers become the names of what they refer to, but for JSON, which programs read.
"""

import asyncio
import secrets

import structlog

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.conversation.manage.use import Answer, Use
from aion_bot.conversation.private_reply import failed
from aion_bot.delivery.thread import Thread
from aion_bot.domain import error_messages, strings
from aion_bot.ports.errors import PlatformDown, PlatformError, UploadRefused
from aion_bot.ports.messages import Document, PrivateAnswer, Reply
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.references import cited_pieces

_log = structlog.get_logger(__name__)

FORMATS = {"markdown": "md", "json": "json", "text": "txt"}
"""The formats of Aion's contract (`GET sessions/{id}/export`), and how the name of the file ends."""

LARGEST = 8 * 1024 * 1024
"""Bytes of a file: Discord takes 10 MiB (Discord's documentation, *Uploading Files*)."""

_DATA = "json"
_PRIVATE, _METADATA = "private", "metadata"
_AGAIN = Backoff(0.5, attempts=4)


async def export(use: Use) -> Answer:
    """Export the session of the thread; its words come in any order.

    One that was begun in another thread is exported by whoever may change it alone: not everybody here has read it. One that
    its person began where nobody else reads it is exported by nobody else.
    """
    words = use.words.lower().split()
    formats = [one for one in words if one in FORMATS]
    if len(formats) > 1 or set(words) - {*FORMATS, _PRIVATE, _METADATA}:
        return strings.EXPORT_HOW
    if use.target is None or (session := await use.session()) is None:
        return strings.EXPORT_NOTHING
    begun = await use.begun(session)
    if begun is None or begun.thread != use.target.key:
        await use.check_may_change(begun)
    if begun is not None and begun.private and begun.owner.id != use.event.person.id:
        return strings.NOT_BEGUN_BY_YOU
    alone = use.private or _PRIVATE in words
    if not alone:
        await use.check_may_announce()
    kind = formats[0] if formats else "markdown"
    written = await use.services.aion.chats.export_session(
        session, format=kind, include_metadata=_METADATA in words
    )
    if len(written) > LARGEST:
        return strings.EXPORT_TOO_LARGE
    text = written.decode("utf-8", "replace")
    if kind != _DATA and "[[" in text:
        text = await _with_names(text)
    document = Document(f"{strings.EXPORT_FILE}.{FORMATS[kind]}", text)
    if alone:
        return PrivateAnswer(Reply(strings.EXPORTED_PRIVATELY), document)
    return await _post(use, use.target, document)


async def _with_names(text: str) -> str:
    """Return a text in which names stand for Aion's markers outside of code; others are served in between."""
    sources, pieces = Sources(), list[str]()
    sources.learn({})  # without Aion's data no marker is a citation
    for piece in cited_pieces(text, sources):
        pieces.append(piece)
        await asyncio.sleep(0)
    return "".join(pieces)


async def _post(use: Use, target: Thread, document: Document) -> str:
    """Post a file for everybody in a thread; returns what the person is told."""
    nonce, event = secrets.token_hex(8), use.event
    try:
        await retry(
            lambda: target.post_file(document, nonce=nonce),
            backoff=_AGAIN,
            on=lambda error: isinstance(error, PlatformDown),
        )
    except UploadRefused as error:
        return failed(target.platform, event, strings.no_private_file(error.reason))
    except PlatformError as error:
        _log.info("export not posted", platform=target.platform, reason=repr(error))
        return failed(target.platform, event, error_messages.not_shown(error))
    return strings.EXPORTED
