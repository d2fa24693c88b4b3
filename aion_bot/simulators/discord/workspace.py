"""The simulated Discord as people use it: they write, use commands, press buttons, and read."""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aion_bot.simulators.discord import payloads
from aion_bot.simulators.discord.backend import Backend
from aion_bot.simulators.discord.commands import COMMAND, COMPONENT, IN_CHAT, CommandUse
from aion_bot.simulators.discord.faults import ANY, FAILURES, Fault
from aion_bot.simulators.discord.forms import FormUse
from aion_bot.simulators.discord.gateway import (
    ALWAYS,
    DIRECT_REACTIONS,
    GUILD_REACTIONS,
    MESSAGE_CONTENT,
    Gateway,
)
from aion_bot.simulators.discord.model import DIRECT, TEXT, Channel, Interaction, Message, World, attached
from aion_bot.simulators.discord.rates import Rates
from aion_bot.simulators.discord.reactions import reacted
from aion_bot.simulators.discord.reading import seen_in, shown
from aion_bot.simulators.discord.server import READ_FILE, Server
from aion_bot.simulators.visible_changes import ChangeListener
from aion_bot.simulators.waiting import PATIENCE, wait_until
from aion_bot.simulators.workspace import (
    Failure,
    Inspector,
    Logged,
    Operation,
    Shown,
    ShownButton,
    SimulatedFile,
    SimulatedPerson,
)

Files = Sequence[SimulatedFile]

ON_MESSAGE = 3
GENERAL = "general"

_MESSAGES = "/channels/{channel_id}/messages"
_MESSAGE = f"{_MESSAGES}/{{message_id}}"
_REACTION = f"{_MESSAGE}/reactions/{{emoji_name}}/@me"


class SimulatedDiscord(CommandUse, FormUse):
    """The server "Northwind" with #general and #site-7, its people, and a bot account.

    `message_content` is the switch of the privileged intent in the developer portal. `clock` returns the seconds of the
    rate limits (`rates`, off without `rates.limits`) and of visible changes.
    """

    name = "Discord"
    repeats_events = False
    requests: Mapping[Operation, Sequence[str]] = {
        Operation.OPEN_THREAD: (f"POST {_MESSAGE}/threads",),
        Operation.POST: (f"POST {_MESSAGES}",),
        Operation.POST_FILE: (f"POST {_MESSAGES}",),
        Operation.READ_FILE: (READ_FILE,),
        Operation.EDIT: (f"PATCH {_MESSAGE}",),
        Operation.DELETE: (f"DELETE {_MESSAGE}",),
        Operation.LIST_MESSAGES: (f"GET {_MESSAGES}",),
        Operation.MARK_QUEUED: (f"PUT {_REACTION}",),
        Operation.UNMARK_QUEUED: (f"DELETE {_REACTION}",),
        Operation.REPLY_PRIVATELY: (
            "POST /webhooks/{webhook_id}/{webhook_token}",
            "POST /users/@me/channels",
        ),
        Operation.LOOK_UP_PERSON: ("GET /guilds/{guild_id}/members/{user_id}",),
        Operation.OPEN_FORM: ("POST /interactions/{interaction_id}/{interaction_token}/callback",),
    }

    def __init__(
        self,
        inspector: Inspector | None = None,
        *,
        message_content: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        token = f"MTIzNDU2Nzg5.{secrets.token_hex(16)}"
        self.world = World("Northwind", "Aion", ("Ada", "Ben", "Cy"), (GENERAL, "site-7"))
        self.gateway = Gateway(self.world, token, message_content=message_content)
        self.backend = Backend(self.world, self.gateway, clock)
        self.rates = Rates(clock)
        self.server = Server(self.backend, inspector, self.rates)
        self.people: Sequence[SimulatedPerson] = self.world.people
        self.late_acknowledgement = False
        self._token = token
        self._message_content = message_content

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a bot."""
        switch = {"AION_BOT_DISCORD_MESSAGE_CONTENT": "true"} if self._message_content else {}
        return {"DISCORD_TOKEN": self._token, "DISCORD_API_URL": self.server.address, **switch}

    @property
    def violations(self) -> list[str]:
        """The errors of the inspector, and requests that no route takes."""
        return self.server.violations

    @property
    def log(self) -> Sequence[Logged]:
        """The newest requests of the REST API, oldest first."""
        return tuple(self.server.log)

    @property
    def secrets(self) -> Sequence[str]:
        """The tokens of all interactions."""
        return tuple(self.world.interactions)

    async def ask(
        self,
        person: SimulatedPerson,
        text: str,
        *,
        channel: str = GENERAL,
        file: SimulatedFile | None = None,
    ) -> str:
        """Use `/ask`; returns the id of the new thread, or of the channel where no thread can be opened."""
        return await self.use(person, "ask", text, channel, file)

    async def use(
        self,
        person: SimulatedPerson,
        command: str,
        text: str,
        channel: str = GENERAL,
        file: SimulatedFile | None = None,
    ) -> str:
        """Use a command with a prompt and a file. Raises LookupError if Discord does not show the command."""
        data = payloads.command(self.world.command(command, IN_CHAT), text, file, self.world)
        return await self._command(person, self.world.named(channel), data)

    async def ask_about(self, person: SimulatedPerson, message: str) -> str:
        """Use `Ask Aion` on a message; returns the thread's id."""
        known = self.world.command("Ask Aion", ON_MESSAGE)
        target = self.world.anywhere(message)
        resolved = {"messages": {target.id: payloads.message(target, self.world)}}
        data = {"id": known["id"], "name": "Ask Aion", "type": ON_MESSAGE, "target_id": target.id}
        return await self._command(person, self.world.named(target.channel), data | {"resolved": resolved})

    async def mention(
        self, person: SimulatedPerson, text: str, channel: str = GENERAL, *, files: Files = ()
    ) -> str:
        """Mention the bot in a channel; returns the message's id, which is the id of its thread too."""
        return self.say(person, f"<@{self.world.bot.id}> {text}", channel, **attached(files)).id

    async def reply(self, person: SimulatedPerson, thread: str, text: str) -> None:
        """Write in a thread: with a mention, unless the bot reads what does not mention it."""
        reads_all = any(session.intents & MESSAGE_CONTENT for session in self.gateway.listening)
        direct = self.world.named(thread).person is not None
        self.say(person, text if reads_all or direct else f"<@{self.world.bot.id}> {text}", thread)

    async def direct_message(self, person: SimulatedPerson, text: str, *, files: Files = ()) -> str:
        """Send the bot a direct message; returns the channel's id."""
        return self.say(person, text, self.direct(person), **attached(files)).channel

    def drop(self, person: SimulatedPerson, thread: str, files: Files) -> str:
        """Post files in a thread, without words; returns the message's id."""
        return self.say(person, "", thread, **attached(files)).id

    async def forward(self, person: SimulatedPerson, message: str, comment: str = "") -> str:
        """Forward a message to the bot as a direct message."""
        return self.say(person, comment, self.direct(person), forwarded=self.world.anywhere(message)).channel

    def direct(self, person: SimulatedPerson) -> str:
        """The channel of the direct messages between a person and the bot."""
        return self.world.direct(person).id

    def remark(self, person: SimulatedPerson, text: str, *, files: Files = ()) -> str:
        """Write in the general channel without a mention; returns the message's id."""
        return self.say(person, text, **attached(files)).id

    def say(self, person: SimulatedPerson, text: str, channel: str = GENERAL, **about: Any) -> Message:
        """Write any text in any channel; `about` as for `Message`."""
        return self.backend.say(person, self.world.named(channel), text, **about)

    def invite(self, server: str, channel: str, *, shard: tuple[int, int] | None = None) -> str:
        """Let somebody add the bot to another server, which has one channel; returns that channel's id.

        `shard`: the number of the server's shard, and how many there are.
        """
        return self.backend.invite(server, channel, shard).id

    def edit_message(self, message: str, text: str) -> None:
        """Edit a question as its author, with a mention of the bot, without which it receives no event."""
        self.rewrite(message, f"<@{self.world.bot.id}> {text}")

    def edit_into_question(self, message: str, text: str) -> None:
        """Edit a message as its author, with a mention of the bot."""
        self.edit_message(message, text)

    def delete_message(self, message: str) -> None:
        """Delete a message as its author."""
        self.withdraw(message)

    def rewrite(self, message: str, text: str) -> None:
        """Edit a message as its author."""
        self.backend.rewrite(self.world.anywhere(message), text)

    def withdraw(self, message: str) -> None:
        """Delete a message as its author."""
        self.backend.delete(self.world.anywhere(message))

    def is_marked(self, message: str) -> bool:
        """Whether the bot reacted to a message."""
        return bool(self.world.anywhere(message).reactions)

    def react(self, person: SimulatedPerson, message: str, emoji: str, *, by_bot: bool = False) -> None:
        """Put a reaction on a message; a session that asked for reactions is told."""
        found = self.world.anywhere(message)
        direct = self.world.channel(found.channel).kind == DIRECT
        told = reacted(found, person, emoji, self.world, bot=by_bot)
        self.gateway.dispatch("MESSAGE_REACTION_ADD", told, DIRECT_REACTIONS if direct else GUILD_REACTIONS)

    def shows_lasting_activity(self, thread: str) -> bool:  # noqa: ARG002  # the signature of `FullWorkspace`
        """Never: Discord ends "is typing" by itself."""
        return False

    async def press(self, person: SimulatedPerson, thread: str, message: str, button: str) -> None:
        """Press a button that the message shows or showed before, as an outdated client does."""
        found = next((one for one in seen_in(thread, self.world) if one.id == message), None)
        if found is None or button not in found.buttons:
            raise LookupError(f"no message {message!r} with a button {button!r} was seen in {thread!r}")
        data = {"custom_id": button, "component_type": 2}
        self.interact(COMPONENT, person, self.world.channel(found.channel), data, found)

    async def press_forged(
        self, person: SimulatedPerson, thread: str, message: str, button: ShownButton
    ) -> None:
        """Send what a client sends for a button that the message does not have."""
        found = next(one for one in seen_in(thread, self.world) if one.id == message)
        data = {"custom_id": button.id, "component_type": 2}
        self.interact(COMPONENT, person, self.world.channel(found.channel), data, found)

    def interact(
        self,
        kind: int,
        person: SimulatedPerson,
        channel: Channel,
        data: Mapping[str, Any],
        message: Message | None = None,
    ) -> Interaction:
        """Use a command (`kind` 2), press a button (3) or send a form (5), whether or not Discord would show it."""
        interaction = Interaction(
            self.world.new_id(),
            f"aW50ZXJhY3Rpb24{secrets.token_hex(16)}",
            kind,
            person,
            channel.id,
            data,
            message,
        )
        interaction.late, self.late_acknowledgement = self.late_acknowledgement, False
        self.world.interactions[interaction.token] = interaction
        self.gateway.dispatch("INTERACTION_CREATE", payloads.interaction(interaction, self.world), ALWAYS)
        return interaction

    def thread(self, thread: str) -> Sequence[Shown]:
        """Everything that people see in a thread, channel or direct messages, the message of the thread first."""
        return [shown(message, self.world) for message in seen_in(thread, self.world)]

    def private_messages(self, thread: str, person: SimulatedPerson) -> Sequence[Shown]:
        """The private replies to a person: to interactions, or as direct messages."""
        there = [one for one in self.thread(thread) if one.only_for == person.id]
        return there + [one for one in self.thread(self.direct(person)) if one.by_bot]

    def watch(self, listener: ChangeListener) -> Callable[[], None]:
        """Report every visible change of the bot's messages to `listener`; returns the function that ends that."""
        return self.backend.listeners.add(listener)

    def title(self, thread: str) -> str:
        """The name of a thread."""
        return self.world.channel(thread).name

    def fail_next(self, route: str, *, times: int = 1, retry_after: float | None = None, **how: Any) -> None:
        """Fail the next requests of a route, such as "PATCH /channels/{channel_id}/messages/{message_id}".

        `how` as for `Fault`. The route may be "*" for any request. Raises LookupError if there is no such route.
        """
        if route not in {ANY, *self.server.routes}:
            raise LookupError(f"no route {route!r}")
        self.server.faults.order(route, Fault(pause=retry_after, **how), times)

    def refuse(
        self, operation: Operation, failure: Failure, *, retry_after: float = 0.2, times: int = 1
    ) -> None:
        """Fail the next requests of an operation's routes."""
        how = FAILURES.get(failure) or {"status": 429, "retry_after": retry_after}
        for route in self.requests[operation]:
            self.fail_next(route, times=times, **how)

    async def until(self, condition: Callable[[], bool], *, timeout: float = PATIENCE) -> None:
        """Wait until `condition` holds, looking again after every change. Raises TimeoutError."""
        await wait_until(self.gateway.changed, condition, timeout=timeout)

    async def connected(self, *, timeout: float = PATIENCE) -> None:
        """Wait until a bot listens. Raises TimeoutError."""
        await self.until(lambda: bool(self.gateway.listening), timeout=timeout)

    async def start(self) -> None:
        """Serve on a free loopback port."""
        await self.server.start()

    async def stop(self) -> None:
        """Close every connection and stop serving."""
        await self.server.stop()

    async def _command(self, person: SimulatedPerson, channel: Channel, data: Mapping[str, Any]) -> str:
        interaction = self.interact(COMMAND, person, channel, data)
        await self.until(lambda: self._answer(interaction) is not None)
        return str(self._answer(interaction)) if channel.kind == TEXT else channel.id

    def _answer(self, interaction: Interaction) -> str | None:
        """The message that answers a command: the acknowledgement, or whatever the bot posted since."""
        if interaction.answer is not None:
            return interaction.answer.id
        since = (
            message.id
            for message in self.world.messages[interaction.channel]
            if message.author == self.world.bot and int(message.id) > int(interaction.id)
        )
        return next(since, None) if interaction.late else None

    def shown(self, message: Message) -> Shown:
        """A message as a person sees it."""
        return shown(message, self.world)
