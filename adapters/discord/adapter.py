"""Discord as the core sees it."""

from collections.abc import Sequence

from adapters.discord import ids, rate_limits, rendering
from adapters.discord.activity import TypingIndicator
from adapters.discord.backfill import Backfill
from adapters.discord.client import RestClient
from adapters.discord.config import ID_FORMS, Settings
from adapters.discord.errors import Archived, translated
from adapters.discord.gateway import HEARTBEAT_TIMEOUT, Gateway
from adapters.discord.handlers import EventDelivery
from adapters.discord.interaction_tokens import InteractionTokens
from adapters.discord.interactions import Interactions
from adapters.discord.request_trace import RequestReporter
from adapters.discord.strings import QUEUED_EMOJI
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformDown
from aion_bot.ports.events import InboundEvent, MessageChange, Prompt
from aion_bot.ports.host import Host
from aion_bot.ports.messages import Content, Line, MessageRef, Person, ThreadKey
from aion_bot.ports.rate_limits import Limits, RequestObserver, Scope

OWN_MESSAGES = 20
"""Messages that `own_messages` returns at most, as the port asks for."""


class DiscordAdapter:
    """One bot account. Keeps nothing that a restart would miss but the tokens for private answers.

    `heartbeat_timeout`: seconds of silence after which a gateway counts as dead, from the next `listen` on.
    """

    platform = ids.PLATFORM
    limits: Limits = rate_limits.LIMITS
    id_forms = ID_FORMS

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reporter = RequestReporter(settings.api_url)
        self._rest = RestClient(settings, self._reporter)
        self._tokens = InteractionTokens()
        self._typing = TypingIndicator(self._rest)
        self._backfill = Backfill()
        self.heartbeat_timeout = HEARTBEAT_TIMEOUT

    async def listen(self, host: Host) -> None:
        """Serve until cancelled, then close the connection within a second."""
        with translated():
            address = await self._rest.gateway()
            delivery = EventDelivery(host, self._rest, self.reply_privately)
            gateway = Gateway(
                host,
                delivery,
                Interactions(delivery, self._rest, self._tokens),
                self._backfill,
                http_trace=self._reporter.trace(),
                message_content=self._settings.message_content,
                heartbeat_timeout=self.heartbeat_timeout,
            )
            try:
                await gateway.serve(self._settings.token, address)
            finally:
                await gateway.shut()
        raise PlatformDown("Discord's gateway closed the connection")

    async def close(self) -> None:
        """Close every connection."""
        await self._typing.close()
        await self._rest.close()

    async def open_thread(self, prompt: Prompt) -> None:
        """Open the thread of a message; one that exists is fine."""
        if prompt.opening is None:
            return
        await self._rest.open_thread(int(prompt.place.channel), ids.channel_of(prompt.thread), prompt.opening)

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        """Post a new message; Discord takes an archived thread out of the archive for it."""
        channel = ids.channel_of(thread)
        message = await self._rest.send(channel, rendering.body(content), nonce=nonce)
        return ids.message_ref(thread, channel, message)

    async def edit(self, message: MessageRef, content: Content) -> None:
        """Replace a message. An archived thread is taken out of the archive first: three requests instead of one."""
        channel, message_id = ids.address_of(message)
        body = rendering.body(content)
        try:
            await self._rest.edit(channel, message_id, body)
        except Archived:
            await self._rest.unarchive(channel)
            await self._rest.edit(channel, message_id, body)

    async def delete(self, message: MessageRef) -> None:
        """Remove a message of the bot's own."""
        await self._rest.delete(*ids.address_of(message))

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """Return the bot's newest messages in a thread. Discord tells a nonce only when the message is posted."""
        channel = ids.channel_of(thread)
        found = await self._rest.own_messages(channel, OWN_MESSAGES)
        return [OwnMessage(ids.message_ref(thread, channel, message), None) for message in found]

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        """Add a reaction to a message, or remove it."""
        channel, message_id = ids.address_of(message)
        if queued:
            await self._rest.react(channel, message_id, QUEUED_EMOJI)
        else:
            await self._rest.unreact(channel, message_id, QUEUED_EMOJI)

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool) -> bool:  # noqa: ARG002  Discord shows it to everybody
        """Show that the bot is typing. Discord ends that with the next post or after ten seconds, and not when told."""
        if active:
            await self._typing.show(ids.channel_of(thread))
        return True

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:
        """Answer an interaction visibly to its author alone, and a message by a direct message.

        Where neither can be done the answer is posted where the person wrote, unless it is to stay `hidden`.
        """
        text = rendering.sentence(line)
        token = None if isinstance(event, MessageChange) else self._tokens.find(event.reply_token)
        if token is not None:
            try:
                return await self._rest.follow_up(token.application, token.token, text)
            except (Forbidden, MessageGone):
                pass  # the token expired: a direct message takes its place
        body = rendering.Body(content=text, components=[])
        try:
            await self._rest.send(await self._rest.direct_channel(int(event.person.id)), body)
        except (Forbidden, MessageGone):
            if hidden:
                raise
            await self._reply_publicly(event, body)

    async def _reply_publicly(self, event: InboundEvent, body: rendering.Body) -> None:
        """Post where the person wrote: as a reply to the question where its thread may not exist yet."""
        if isinstance(event, Prompt) and event.opening is not None:
            channel, question = int(event.place.channel), ids.channel_of(event.thread)
            await self._rest.send(channel, body, answering=question)
        else:
            await self._rest.send(ids.channel_of(event.thread), body)

    def measure(self, content: Content) -> int:
        """Count the characters of a message."""
        return rendering.measure(content)

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        """Name the channel where each has its own budget."""
        return rate_limits.scope_key(scope, str(ids.channel_of(thread)))

    def observe_requests(self, observer: RequestObserver) -> None:
        """Report every request of both clients to `observer` from now on, and what answers say of a channel's messages."""
        self._reporter.observer = observer
