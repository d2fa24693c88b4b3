"""Discord as the core sees it."""

from collections.abc import Sequence

from adapters.discord import ids, rate_limits, rendering
from adapters.discord.activity import TypingIndicator
from adapters.discord.backfill import Missed
from adapters.discord.client import RestClient
from adapters.discord.config import Settings
from adapters.discord.errors import Archived, translated
from adapters.discord.gateway import SILENCE, Gateway
from adapters.discord.handlers import Intake
from adapters.discord.interaction_tokens import PrivateReplies
from adapters.discord.interactions import Interactions
from adapters.discord.request_trace import RequestReporter
from adapters.discord.strings import WAITING
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformDown
from aion_bot.ports.events import InboundEvent, MessageChange, Prompt
from aion_bot.ports.host import Host
from aion_bot.ports.messages import Content, Line, MessageRef, Person, ThreadKey
from aion_bot.ports.rate_limits import Limits, RequestObserver, Scope

OWN_MESSAGES = 20


class DiscordAdapter:
    """One bot account. Keeps nothing that a restart would miss but the tokens for private answers.

    `silence`: seconds after which a gateway that says nothing counts as dead, from the next `listen` on.
    """

    platform = ids.PLATFORM
    limits: Limits = rate_limits.LIMITS

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._reporter = RequestReporter(settings.api_url)
        self._rest = RestClient(settings, self._reporter)
        self._replies = PrivateReplies()
        self._typing = TypingIndicator(self._rest)
        self._missed = Missed()
        self.silence = SILENCE

    async def listen(self, host: Host) -> None:
        """Serve until cancelled, then hang up within a second."""
        with translated():
            address = await self._rest.gateway()
            gateway = self._connection(host)
            try:
                await gateway.serve(self._settings.token, address)
            finally:
                await gateway.shut()
        raise PlatformDown("Discord's gateway hung up")

    async def close(self) -> None:
        """Let go of every connection."""
        await self._typing.close()
        await self._rest.close()

    async def open_thread(self, prompt: Prompt) -> None:
        """Open the thread of a message. One that is there already is fine."""
        if prompt.opening is None:
            return
        await self._rest.open_thread(int(prompt.place.channel), ids.channel_of(prompt.thread), prompt.opening)

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        """Post a new message; an archived thread comes back by that."""
        channel = ids.channel_of(thread)
        message = await self._rest.send(channel, rendering.body(content), nonce=nonce)
        return ids.message_ref(thread, channel, message)

    async def edit(self, message: MessageRef, content: Content) -> None:
        """Replace a message; one in an archived thread after taking the thread out of the archive."""
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
        """Return the bot's newest messages in a thread. Discord tells a nonce only when it is posted."""
        channel = ids.channel_of(thread)
        found = await self._rest.own_messages(channel, OWN_MESSAGES)
        return [OwnMessage(ids.message_ref(thread, channel, message), None) for message in found]

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        """Show an hourglass under a message, or take it away."""
        channel, message_id = ids.address_of(message)
        await (self._rest.react if queued else self._rest.unreact)(channel, message_id, WAITING)

    async def show_activity(self, thread: ThreadKey, person: Person, *, active: bool) -> bool:  # noqa: ARG002
        """Show that the bot is typing. Discord ends that with the next post or after ten seconds, and not when told."""
        if active:
            await self._typing.show(ids.channel_of(thread))
        return True

    async def reply_privately(self, inbound: InboundEvent, line: Line) -> None:
        """Answer an interaction visibly to its author alone, and a message by a direct one.

        Where neither can be done the answer goes where the person spoke: better seen by others than not at all.
        """
        text = rendering.sentence(line)
        reply = None if isinstance(inbound, MessageChange) else self._replies.find(inbound.reply_token)
        try:
            if reply is not None:
                await self._rest.follow_up(reply.application, reply.token, text)
                return
        except (Forbidden, MessageGone):
            pass
        await self._answer_beside(inbound, rendering.Body(content=text, components=[]))

    def _connection(self, host: Host) -> Gateway:
        intake = Intake(host, self._rest, self.reply_privately)
        interactions = Interactions(intake, self._rest, self._replies)
        content = self._settings.message_content
        return Gateway(
            host,
            intake,
            interactions,
            self._missed,
            http_trace=self._reporter.trace(),
            message_content=content,
            silence=self.silence,
        )

    async def _answer_beside(self, inbound: InboundEvent, body: rendering.Body) -> None:
        try:
            await self._rest.send(await self._rest.direct_channel(int(inbound.person.id)), body)
        except (Forbidden, MessageGone):
            await self._answer_openly(inbound, body)

    async def _answer_openly(self, inbound: InboundEvent, body: rendering.Body) -> None:
        if isinstance(inbound, Prompt) and inbound.opening is not None:
            channel, answering = int(inbound.place.channel), ids.channel_of(inbound.thread)
            await self._rest.send(channel, body, answering=answering)
            return
        await self._rest.send(ids.channel_of(inbound.thread), body)

    def measure(self, content: Content) -> int:
        """Count the characters of a message."""
        return rendering.measure(content)

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        """Name the channel where each has its own budget."""
        return rate_limits.scope_key(scope, str(ids.channel_of(thread)))

    def observe_requests(self, observer: RequestObserver) -> None:
        """Report every request of both clients to `observer` from now on, and what answers say of a channel's messages."""
        self._reporter.observer = observer
