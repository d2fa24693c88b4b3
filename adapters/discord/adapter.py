"""Discord as the core sees it: what it asks for, as requests of the REST API."""

import logging
import time
from collections import OrderedDict, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import discord

from adapters.discord import config, ids, rate_limits, rendering, strings
from adapters.discord.backfill import MESSAGES, Backfill, read_messages
from adapters.discord.bot_status import GatewayStatus
from adapters.discord.channels import ADD_REACTIONS, CREATE_THREADS, MANAGE_MESSAGES
from adapters.discord.client import RestClient
from adapters.discord.config import ID_FORMS, TOKEN, Settings
from adapters.discord.diagnosis import DiscordDiagnosis
from adapters.discord.errors import FAILURES, UNKNOWN_EMOJI, Archived, Claimed, missing, translate
from adapters.discord.files import PICTURE_TYPES, AttachedFiles, post_files
from adapters.discord.gateway import HEARTBEAT_TIMEOUT, Gateway
from adapters.discord.handlers import EventDelivery
from adapters.discord.http import RequestReporter
from adapters.discord.interaction_tokens import InteractionTokens
from adapters.discord.interactions import Interactions
from adapters.discord.names import DiscordNames
from adapters.discord.other_process import POSTED, REMEMBERED, OtherProcess, own_message
from adapters.discord.private_answers import PrivateAnswers
from adapters.discord.standings import Standings
from adapters.discord.takeover import Listens, MakeGateway, listening_for
from adapters.discord.typing_indicator import Typing
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.diagnosis import Diagnosis, Subjects
from aion_bot.ports.errors import (
    CannotDraw,
    Forbidden,
    Hindrance,
    PlatformDown,
    TakenElsewhere,
    TokenRefused,
)
from aion_bot.ports.events import Click, InboundEvent, ManageCommand, Prompt
from aion_bot.ports.files import Attachment
from aion_bot.ports.host import Host
from aion_bot.ports.messages import (
    Content,
    Document,
    Gallery,
    Line,
    MessageRef,
    Person,
    PrivateAnswer,
    Reply,
    ThreadKey,
)
from aion_bot.ports.rate_limits import Limits, RequestObserver, Scope
from aion_bot.ports.settings import Problem

OWN_MESSAGES = 20
"""Messages that `own_messages` returns at most, as the port asks for."""
MAX_TRIED_THREADS = 1_000
_log = logging.getLogger(__name__)


class DiscordAdapter:
    """One bot account. A restart loses only the tokens for private answers.

    `heartbeat_timeout`: seconds of silence after which a gateway counts as dead, from the next `listen` on.
    """

    platform, secrets = ids.PLATFORM, (TOKEN,)
    listens = staticmethod(listening_for)
    limits: Limits = rate_limits.LIMITS
    measure = staticmethod(rendering.measure)
    fingerprint = staticmethod(rendering.fingerprint)
    id_forms = ID_FORMS
    picture_types = PICTURE_TYPES
    takes_reactions, reactions_at_once, opens_forms = False, False, True

    def __init__(self, settings: Settings) -> None:
        self._settings, self._listened, self.address = settings, settings, settings.api_url
        self.mentions_only = not settings.message_content
        """Whether Discord keeps back what does not mention the bot: without the privileged intent."""
        self._reporter = RequestReporter(settings.api_url)
        self._rest = RestClient(settings, self._reporter)
        standings = Standings(self._rest)
        self.member_roles, self.look_up_place = standings.member_roles, standings.look_up_place
        self.has_left, self.may_write = standings.has_left, standings.may_write
        self._tokens, self._other = InteractionTokens(), OtherProcess()
        self._private = PrivateAnswers(self._rest, self._tokens)
        self._names = DiscordNames(self._rest).names
        self._tried_threads: OrderedDict[int, None] = OrderedDict()
        """The threads that this process has tried to open last."""
        self._without_threads: set[int] = set()
        """Channels in which the bot may not open threads, as the last attempt in this process has shown."""
        self._attached = AttachedFiles(self._rest, self._reporter, settings)
        self.earlier_messages = self._attached.history.read
        self._typing, self._status = Typing(self._rest), GatewayStatus()
        self.show_status = self._status.show
        self._backfills = defaultdict[object, Backfill](Backfill)
        self._listening: Listens | None = None
        self.heartbeat_timeout = HEARTBEAT_TIMEOUT

    @property
    def ask_privately(self) -> str:
        """What a person writes to ask privately."""
        return strings.ASK_COMMAND

    async def diagnose(self, subjects: Subjects) -> Diagnosis:
        """Check the token, the application's flags, and `subjects`."""
        return await DiscordDiagnosis(self._rest, self._reporter, self._settings).whole(subjects)

    async def identity(self) -> str:
        """Return the id of the bot's account."""
        async with self._rest.call():  # logs in
            return str(self._rest.account)

    async def listen(self, host: Host) -> None:
        """Serve until cancelled, then close the connection within a second."""
        self._other.host = host
        try:
            address = await self._rest.gateway()
            delivery = EventDelivery(host, self._rest, self._names, self.reply_privately, self._other)
            self._listened = self._settings
            self._listening = self.listens(self._gateway, delivery, self._rest, self._settings.shards)
            await self._listening.serve(self._settings.token.get_secret_value(), address)
        except FAILURES as error:
            raise translate(error) from error
        finally:
            self._listening = None
        raise PlatformDown("Discord's gateway closed the connection")

    def _gateway(self, delivery: EventDelivery, kind: MakeGateway = Gateway, **shard: Any) -> Gateway:
        return self._status.noted(kind(
            delivery.host, delivery, Interactions(delivery, self._rest, self._tokens), self._backfills[shard.get("shard")], self._rest,
            http_trace=self._reporter.trace(), message_content=self._settings.message_content, reactions=self.takes_reactions,
            proxy=self._settings.proxy, heartbeat_timeout=self.heartbeat_timeout, **shard,
        ))  # fmt: skip

    async def take_secrets(self, env: Mapping[str, str]) -> tuple[Sequence[str], Sequence[Problem]]:
        """Use another token of the same bot: for requests at once, for events once another gateway listens."""
        found, problems = config.read(env)
        if found is None or found.token == self._listened.token:
            return (), problems
        new = self._settings.model_copy(update={"token": found.token})
        trial = RestClient(found, self._reporter)
        try:
            address = await trial.gateway()
            if self._rest.account not in {0, trial.account}:
                return (), [Problem(TOKEN, strings.OTHER_BOT)]
            # Discord has one token for a bot: as this one holds, the earlier one does not, and serves nothing any more.
            await self._rest.use(new)
            self._settings = new
            if self._listening is not None:
                await self._listening.take_over(new.token.get_secret_value(), address)
        except TokenRefused as error:
            return (), [Problem(error.variable, error.reason)]
        finally:
            await trial.close()
        self._listened = new
        return self.secrets, ()

    async def close(self) -> None:
        """Close every connection."""
        await self._typing.cancel()
        await self._names.close()
        await self._rest.close()

    def private_thread(self, prompt: Prompt) -> ThreadKey:
        """Name the thread of a private question until its person's direct messages are open."""
        return ids.private_thread(int(prompt.person.id), prompt.key)

    async def open_private(self, prompt: Prompt, question: Reply, *, nonce: str) -> ThreadKey:
        """Post the question in the direct messages of its person, which are one thread. Raises `Forbidden` where these are closed."""
        channel = await self._rest.direct_channel(int(prompt.person.id))
        await self._rest.send(channel, rendering.body(question), nonce=nonce)
        return ids.thread_key(channel)

    async def open_thread(self, prompt: Prompt, *, again: bool = False) -> None:
        """Open the thread of a message, unless it exists. Raises `TakenElsewhere` if another process opened it."""
        if prompt.opening is None:
            return
        channel, question = int(prompt.place.channel), ids.channel_of(prompt.thread)
        again = again or question in self._tried_threads
        # Before the request: its answer may be lost although it opened the thread, which is no other process's then.
        self._tried_threads[question] = None
        if len(self._tried_threads) > MAX_TRIED_THREADS:
            self._tried_threads.popitem(last=False)
        try:
            try:
                opened = await self._rest.open_thread(channel, question, prompt.opening)
            except CannotDraw:
                # The server's moderation rules refuse the title, which repeats words of the question.
                opened = await self._rest.open_thread(channel, question, strings.UNTITLED)
        except Forbidden as error:
            if error.hindrance is Hindrance.PERMISSION:
                self._without_threads.add(channel)
                error.permission = error.permission or CREATE_THREADS
            raise
        if opened:
            self._without_threads.discard(channel)
        # People open threads from questions, too: the answer then goes into their thread.
        if not opened and not again and await self._rest.owns_thread(question):
            await self._other.noticed(strings.THREAD_OPENED_ELSEWHERE)
            raise TakenElsewhere("the bot's account has opened this thread, and not in this process")

    def claim_of(self, prompt: Prompt) -> str:
        """Make a nonce of the id of the question."""
        return ids.claim_of(prompt.key)

    @property
    def contested(self) -> bool:
        """Whether another process was seen within the hour."""
        return time.monotonic() - self._other.seen_at < REMEMBERED

    async def post_reply(
        self, thread: ThreadKey, content: Content, *, to: MessageRef, nonce: str
    ) -> MessageRef:
        """Post a new message as a reply; Discord refers to messages of the same channel alone."""
        channel, message = ids.address_of(to)
        answering = message if channel == ids.channel_of(thread) else None
        return await self.post(thread, content, nonce=nonce, answering=answering)

    async def post(
        self, thread: ThreadKey, content: Content, *, nonce: str, answering: int | None = None
    ) -> MessageRef:
        """Post a new message, as a reply to the message `answering` if it is given.

        Discord takes an archived thread out of the archive for it.
        """
        channel, body = ids.channel_of(thread), rendering.body(content)
        if ids.claimed_by(nonce) in self._other.claims:
            raise TakenElsewhere("another process has claimed this question")
        try:
            message = await self._rest.send(channel, body, nonce=nonce, answering=answering)
        except Claimed as error:
            message = await self._other.older_message(channel, nonce, error)
        except Forbidden as error:
            needed = CREATE_THREADS if channel in self._without_threads else ""
            await self._rest.explain(error, channel, needed)
            raise
        return ids.message_ref(thread, channel, message)

    async def post_file(self, thread: ThreadKey, document: Document, *, nonce: str) -> MessageRef:
        """Post a file in a message without words; the nonce holds as for `post`."""
        return await post_files(self._rest, thread, [document], rendering.NO_WORDS, nonce)

    async def post_gallery(self, thread: ThreadKey, gallery: Gallery, *, nonce: str) -> MessageRef:
        """Post pictures as attachments, under their titles in small print; the nonce holds as for `post`."""
        body = rendering.body(gallery.in_words)
        return await post_files(self._rest, thread, gallery.pictures, body, nonce)

    def open_file(self, file: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Read a file that somebody attached; one of a command by the process that got the command alone."""
        return self._attached.open(file)

    async def recent_files(self, thread: ThreadKey, *, before: MessageRef | None) -> Sequence[Attachment]:
        """Return the files since the bot's last message; reads the thread only where events did not tell enough of it."""
        return await self._attached.recent(thread, before)

    async def edit(self, message: MessageRef, content: Content) -> None:
        """Replace a message. An archived thread is taken out of the archive first: three requests instead of one."""
        channel, message_id = ids.address_of(message)
        body = rendering.body(content)
        try:
            try:
                await self._rest.edit(channel, message_id, body)
            except Archived as archived:
                try:
                    async with self._rest.call() as client:
                        await client.http.edit_channel(channel, archived=False)
                except Forbidden:
                    raise archived from None  # a new message does it, too, or its refusal says what is wrong
                await self._rest.edit(channel, message_id, body)
        except Forbidden as error:
            await self._rest.explain(error, channel)
            raise

    async def delete(self, message: MessageRef) -> None:
        """Remove a message of the bot's own; an acknowledgement by its token where the bot has no access."""
        channel, message_id = ids.address_of(message)
        try:
            async with self._rest.call() as client:
                await client.get_partial_messageable(channel).get_partial_message(message_id).delete()
        except Forbidden as error:
            token = self._tokens.of_answer(message_id)
            if token is None:
                await self._rest.explain(error, channel, MANAGE_MESSAGES)
                raise
            await self._rest.delete_answer(token.application, token.token)

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """Return the bot's newest messages in a thread, of the newest hundred, newest first, without their nonces."""
        if not ids.is_open(thread):
            return ()
        channel = ids.channel_of(thread)
        async with self._rest.call() as client:
            listed = await read_messages(client, client.get_partial_messageable(channel), limit=MESSAGES)
            found = [
                own_message(thread, one)
                for one in reversed(listed)
                # The acknowledgement of a command has a type of its own, and is no answer.
                if client.user is not None and one.author.id == client.user.id and one.type in POSTED
            ]
        return found[:OWN_MESSAGES]

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        """Add a reaction to a message, or remove it; a second call of either changes nothing."""
        channel, message_id = ids.address_of(message)
        with missing(ADD_REACTIONS):
            async with self._rest.call() as client:
                if queued:
                    target = client.get_partial_messageable(channel).get_partial_message(message_id)
                    await target.add_reaction(strings.QUEUED_EMOJI)
                    return
                try:
                    # discord.py's public way needs the bot's user object for it.
                    await client.http.remove_own_reaction(channel, message_id, strings.QUEUED_EMOJI)
                except discord.NotFound as error:
                    if error.code != UNKNOWN_EMOJI:
                        raise

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool, title: str = "") -> bool:  # fmt: skip  # noqa: ARG002  # Discord shows it to everybody
        """Show that the bot is typing; False where Discord is known to have refused it.

        Discord ends that with the next post or after ten seconds, and not when told. A request that takes longer than
        `TYPING_WAIT` goes on by itself, so that no answer is held up; its report comes after the operation has ended.
        """
        return not active or not ids.is_open(thread) or await self._typing.show(ids.channel_of(thread))

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:
        """Answer an interaction visibly to its author alone, and a message by a direct message.

        Where neither can be done the answer is posted where the person wrote, unless it is to stay `hidden`: then a
        reaction to their message says that something could not be said to them, and the refusal is raised.
        """
        await self._private.reply(event, line, hidden=hidden)

    async def answer_privately(self, event: Click | ManageCommand, answer: PrivateAnswer) -> None:
        """Answer an interaction visibly to its author alone, or by a direct message once its token has expired."""
        await self._private.answer(event, answer)

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        """Name the channel where each has its own budget."""
        return rate_limits.scope_key(scope, thread.id)

    def observe_requests(self, observer: RequestObserver) -> None:
        """Report every request of both clients to `observer` from now on, and what answers say of a channel's messages."""
        self._reporter.observer = observer
