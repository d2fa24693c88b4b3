"""Files that people attach: read from Discord's file hosts, which want no token but a signed address."""

import io
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, closing

import aiohttp
import discord

from adapters.discord import channels, content, ids, rate_limits, strings
from adapters.discord.channels import ChannelKind
from adapters.discord.client import RestClient
from adapters.discord.config import Settings
from adapters.discord.earlier import History
from adapters.discord.errors import FAILURES, retry_after, translate
from adapters.discord.file_addresses import FileAddress, is_files_host
from adapters.discord.handlers import UNREADABLE
from adapters.discord.http import RequestReporter
from adapters.discord.rendering import Body
from adapters.discord.writers import is_by_person, replied_to
from aion_bot.ports.errors import (
    CannotDraw,
    FileProblem,
    FileUnavailable,
    Forbidden,
    MessageGone,
    PlatformDown,
    PlatformError,
    RateLimited,
    TooLong,
    UploadRefused,
)
from aion_bot.ports.files import PIECE, Attachment, sent_once, whole
from aion_bot.ports.messages import Document, MessageRef, Picture, ThreadKey
from aion_bot.ports.rate_limits import PlatformRequest, RequestStatus
from aion_bot.ports.thread_files import LOOK_BACK, ThreadFiles

CONNECT_TIMEOUT = 15.0
"""Seconds to connect, and to wait for the next bytes of a file."""
_KEPT = 1_000
_ANSWERS = {discord.MessageType.default, discord.MessageType.reply}
"""Types of the bot's own messages that answer something; the acknowledgement of a command has one of its own."""
_CONVERSATIONS = {ChannelKind.THREAD, ChannelKind.DIRECT}

_log = logging.getLogger(__name__)


_DESCRIPTION = 1_024
"""Characters of an attachment's description (Discord's documentation, *Attachment Object*)."""
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""Types of the attachments that Discord draws (Discord's documentation, *Image Formatting*)."""
_SPOILER = "SPOILER_"
"""A name that begins like this hides the picture (Discord's documentation, *Uploading Files*)."""


async def post_files(
    rest: RestClient, thread: ThreadKey, files: Sequence[Document | Picture], body: Body, nonce: str
) -> MessageRef:
    """Post files in one message. Raises `UploadRefused` where Discord takes none here, or not these."""
    channel = ids.channel_of(thread)
    try:
        message = await rest.send(channel, body, nonce=nonce, files=[as_upload(one) for one in files])
    except Forbidden as error:
        raise UploadRefused(strings.NO_ATTACHMENTS) from error
    except TooLong as error:
        raise UploadRefused("" if isinstance(error, CannotDraw) else strings.FILE_TOO_LARGE) from error
    return ids.message_ref(thread, channel, message)


def as_upload(file: Document | Picture) -> discord.File:
    """Return a file as discord.py sends it."""
    if isinstance(file, Document):
        return discord.File(io.BytesIO(file.text.encode("utf-8", "replace")), file.name)
    # Put before it, not taken away: the rest could be another picture's name.
    name = f"_{file.name}" if file.name.startswith(_SPOILER) else file.name
    return discord.File(io.BytesIO(file.data), name, description=file.description[:_DESCRIPTION])


class AttachedFiles:
    """Files by one bot account."""

    def __init__(self, rest: RestClient, reporter: RequestReporter, settings: Settings) -> None:
        self._rest = rest
        self.history = History(rest)
        self._reporter = reporter
        self._settings = settings
        self._kinds: OrderedDict[int, bool] = OrderedDict()
        """Whether channels of which no event was noted are threads or direct conversations."""

    @asynccontextmanager
    async def open(self, file: Attachment) -> AsyncIterator[AsyncIterator[bytes]]:
        """Read a file as the port's `open_file`: by one request, and one more where its message must be read for its address.

        A file of a command can be read for a day by the process that got the command, and by no other one.
        """
        channel, message, number = ids.file(file.id)
        addresses = self._rest.file_addresses
        async with AsyncExitStack() as stack:
            known = addresses.find(number)
            if known is not None:
                try:
                    answer = await stack.enter_async_context(self._get(known, file.media_type))
                except FileUnavailable:
                    addresses.forget(number)
                    if not message:
                        raise
                    known = None
            if known is None:
                known = await self._read_again(channel, message, number)
                answer = await stack.enter_async_context(self._get(known, file.media_type))
            # aiohttp stops reading from the connection while its buffer of two pieces is full.
            pieces = whole(answer.content.iter_chunked(PIECE), known.size, FAILURES, translate)
            yield await stack.enter_async_context(aclosing(pieces))

    async def _read_again(self, channel: int, message: int, number: int) -> FileAddress:
        """Read the message of a file for its address. Raises `FileUnavailable` where that is not there any more."""
        text = rate_limits.Method.GET_MESSAGE
        if not message:
            raise FileUnavailable("an attachment of a command, in no message")
        try:
            async with self._rest.call() as client:
                # discord.py's own object would lack what it cannot read.
                read: object = await client.http.get_message(channel, message)
        except MessageGone as error:
            raise FileUnavailable(text) from error
        except Forbidden as error:
            raise FileUnavailable(text, FileProblem.WITHHELD, permission=error.permission) from error
        if not isinstance(read, dict):
            raise PlatformDown("Discord's answer is no message")
        self._rest.file_addresses.learn_from(read)
        found = self._rest.file_addresses.find(number)
        if found is None:
            # Without the privileged intent a message that does not mention the bot arrives empty.
            empty = not read.get("content") and not read.get("attachments")
            raise FileUnavailable(text, FileProblem.WITHHELD if empty else FileProblem.GONE)
        return found

    @asynccontextmanager
    async def _get(self, address: FileAddress, media_type: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """Ask for a file, without a token; yields a good answer, whose body is the file's."""
        # What Discord sends is not trusted to be harmless: without this look an address could make the bot ask any host.
        if not is_files_host(address.url, self._settings.api_url):
            raise FileUnavailable("an address that is not Discord's", FileProblem.WITHHELD)
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=CONNECT_TIMEOUT)
        once = sent_once(FAILURES, translate)
        # Not unpacked: a small answer could become a large piece.
        async with aiohttp.ClientSession(
            timeout=timeout, auto_decompress=False, middlewares=(once,)
        ) as session:
            with closing(await self._send(session, address.url, media_type)) as answer:
                yield answer

    async def _send(
        self, session: aiohttp.ClientSession, url: str, media_type: str
    ) -> aiohttp.ClientResponse:
        """Send one request, and report it from the headers of its answer on. Raises what a bad answer means."""
        observer, request = self._reporter.observer, PlatformRequest(rate_limits.GET_ATTACHMENT)
        status, pause = RequestStatus.ERROR, 0.0
        headers = {"Accept-Encoding": "identity"}
        if observer is not None:
            observer.sent(request)
        try:
            # No redirects: one could lead away from the hosts that `is_files_host` knows.
            answer = await session.get(
                url, headers=headers, proxy=self._settings.proxy, allow_redirects=False
            )
            try:
                _check(answer, media_type)
            except PlatformError:
                answer.close()
                raise
            status = RequestStatus.OK
        except RateLimited as error:
            status, pause = RequestStatus.RATE_LIMITED, error.retry_after
            raise
        except FileUnavailable:
            status = RequestStatus.REFUSED
            raise
        except FAILURES as error:
            raise translate(error) from None
        finally:
            if observer is not None:
                observer.answered(request, status, pause)
        return answer

    async def recent(self, thread: ThreadKey, before: MessageRef | None) -> Sequence[Attachment]:
        """Return what the port's `recent_files` does, without a request where events told enough.

        In a channel in which no thread can be opened people talk about other things: nothing of it belongs to a question.
        """
        channel, number = ids.channel_of(thread), None
        if before is not None:
            where, number = ids.address_of(before)
            if where != channel:
                return ()  # the thread begins with the question
        seen = self._rest.thread_files
        found = seen.recent(thread, number)
        # Events are noted of conversations alone.
        told = number is not None and seen.of_message(thread, number) is not None
        if found is None and (told or await self._is_conversation(channel)):
            listed = await self.history.up_to(channel, number)
            async with self._rest.call() as client:
                bot = client.user.id if client.user is not None else 0
            for at, message in enumerate(listed[-LOOK_BACK - 1 :]):
                # The first of these begins the thread only where the list has no more of it.
                note_files(seen, message, bot, first=at == 0 and len(listed) <= LOOK_BACK)
            found = seen.recent(thread, number)
        return found or ()

    async def _is_conversation(self, channel: int) -> bool:
        """Tell whether a channel is a thread or a direct conversation; asks Discord once."""
        if channel not in self._kinds:
            info = channels.channel_info(await self._rest.channel(channel), None)
            self._kinds[channel] = info is not None and info.kind in _CONVERSATIONS
            if len(self._kinds) > _KEPT:
                self._kinds.popitem(last=False)
        return self._kinds[channel]


def note_files(seen: ThreadFiles, message: discord.Message, bot: int, *, first: bool = False) -> None:
    """Note the files of a message. Those of apps are no files that somebody attached.

    At the top of a thread that was opened from a message Discord shows that message in a notice.
    """
    begins = message.type is discord.MessageType.thread_starter_message
    replied = replied_to(message) if begins else None
    files = content.files(message, replied) if is_by_person(replied or message) else ()
    own = message.author.id == bot and message.type in _ANSWERS
    seen.note(ids.thread_key(message.channel.id), message.id, files, own=own, first=first or begins)


def note_event(seen: ThreadFiles, message: discord.Message, bot: int) -> None:
    """Note the files of a message in a thread or a direct conversation, as far as the event says that it is in one."""
    try:
        info = channels.channel_info(message.channel, None)
        if info is not None and info.kind in _CONVERSATIONS:
            note_files(seen, message, bot)
    except UNREADABLE as error:
        # discord.py reads some parts of a message only when they are looked at.
        _log.warning("files skipped, not readable", extra={"reason": type(error).__name__})


def _check(answer: aiohttp.ClientResponse, media_type: str) -> None:
    """Raise what an answer means unless it is the file: a page of HTML is a proxy's."""
    status, text = answer.status, f"file host: status {answer.status}"
    if status == 429:
        raise RateLimited(retry_after(answer.headers))
    if status >= 500:
        raise PlatformDown(text)
    if status != 200:
        raise FileUnavailable(text, FileProblem.GONE if status in {403, 404, 410} else FileProblem.WITHHELD)
    if answer.content_type == "text/html" and not media_type.startswith("text/html"):
        raise FileUnavailable(f"{text} with a page", FileProblem.WITHHELD)
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise FileUnavailable(f"{text}, packed", FileProblem.INCOMPLETE)
