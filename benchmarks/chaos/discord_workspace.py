"""The simulated Discord as the soak test uses it."""

import time
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import THREAD, Message
from aion_bot.simulators.discord.workspace import GENERAL
from aion_bot.simulators.workspace import SimulatedPerson
from benchmarks.chaos import scenes
from benchmarks.chaos.scenarios import AskMethod, Scenario
from benchmarks.chaos.workspaces import AskedQuestion, Ended, ShownMessage, carried_key, cut_short

DELIVERY_TIME = 2.0
"""Seconds after which an event that was sent is in the bot's database, if the connection did not break."""


class DiscordWorkspace:
    """A Discord server."""

    def __init__(self, discord: SimulatedDiscord) -> None:
        self.discord = discord
        self.people = discord.people
        self._delivered_at: dict[str, float] = {}
        self._commands: dict[str, tuple[str, float]] = {}
        """Interactions by the thread that their responses opened, and the time of that."""
        discord.gateway.written = self._written

    async def ask(self, scenario: Scenario, text: str) -> AskedQuestion | None:
        person = self.people[scenario.person]
        if scenario.method is AskMethod.DIRECT:
            return await self.reply(person, self.discord.direct(person), text)
        if scenario.method is not AskMethod.COMMAND:
            message = await self.discord.mention(person, text, files=scenes.files(scenario))
            return AskedQuestion(message, message)
        with suppress(TimeoutError, LookupError):
            await self.discord.ask(person, text)
        with suppress(TimeoutError):  # the message that reports a late bot may appear after the call returns
            await self.discord.until(lambda: self._begun(text) is not None, timeout=10.0)
        begun = self._begun(text)
        if begun is not None:
            self._commands[begun.thread] = self._interaction(text), time.monotonic()
        return begun

    async def reply(self, person: SimulatedPerson, thread: str, text: str) -> AskedQuestion | None:
        if thread not in self.discord.world.channels:
            return None
        await self.discord.reply(person, thread, text)
        return AskedQuestion(thread, self.discord.world.messages[thread][-1].id)

    async def press(self, person: SimulatedPerson, thread: str, message: str, button: str) -> None:
        await self.discord.press(person, thread, message, button)

    def shown(self, thread: str) -> list[ShownMessage]:
        return [
            ShownMessage(
                one.id, one.content, _buttons(one), carried_key(next(iter(_buttons(one).values()), ""))
            )
            for one in self.discord.world.messages.get(thread, ())
            if one.author == self.discord.world.bot and one.only_for is None
        ]

    def was_not_delivered(self, message: str, broken: Collection[float], ended: Collection[Ended]) -> bool:
        delivered = self._delivered_at.get(message)
        if delivered is None or cut_short(delivered, DELIVERY_TIME, ended):
            return True
        return any(0.0 <= at - delivered < DELIVERY_TIME for at in broken)

    def is_cut_off(self, thread: str, ended: Collection[Ended]) -> bool:
        interaction, answered = self._commands[thread]
        delivered = self._delivered_at.get(interaction, answered)
        return any(delivered <= over and begun < answered + DELIVERY_TIME for begun, over in ended)

    def threads(self) -> Iterable[str]:
        return list(self.discord.world.messages)

    def private_replies(self) -> str:
        world = self.discord.world
        return "\n".join(one.content for one in self._all() if one.author == world.bot)

    def indicators(self) -> list[tuple[str, str]]:
        return [(one.channel, f"a mark on {one.id}") for one in self._all() if one.reactions]

    def delete(self, thread: str, message: str) -> None:
        for one in self.discord.world.messages.get(thread, ()):
            if one.id == message:
                self.discord.backend.delete(one)
                return

    def forbid(self, thread: str) -> None:
        if int(thread[-1]) % 2:
            self.discord.world.read_only.add(thread)
        elif thread in self.discord.world.channels:
            locked = {"locked": True, "archived": True}
            self.discord.backend.update(self.discord.world.channel(thread), locked)

    def archive(self, thread: str) -> None:
        channel = self.discord.world.channels.get(thread)
        if channel is not None and channel.kind == THREAD:
            self.discord.backend.update(channel, {"archived": True})

    def rewrite(self, message: str, text: str) -> None:
        self.discord.rewrite(message, f"<@{self.discord.world.bot.id}> {text}")

    def withdraw(self, message: str) -> None:
        self.discord.withdraw(message)

    async def stop(self, person: SimulatedPerson, thread: str) -> bool:  # noqa: ARG002  # Discord has no Stop of its own
        return False

    def forget(self, threads: set[str]) -> None:
        world = self.discord.world
        for name, channel in list(world.channels.items()):
            if channel.parent is None:
                world.messages[name].clear()
            elif name in threads:
                del world.channels[name], world.messages[name]
        world.interactions.clear()
        world.typing.clear()
        self._delivered_at.clear()
        self._commands.clear()
        self.discord.server.bodies.clear()
        self.discord.backend.forget()

    def _written(self, event: Mapping[str, Any]) -> None:
        if event["t"] in {"MESSAGE_CREATE", "INTERACTION_CREATE"}:
            self._delivered_at[event["d"]["id"]] = time.monotonic()

    def _interaction(self, text: str) -> str:
        """The command with which a person asked this."""
        used = self.discord.world.interactions.values()
        return next(one.id for one in used if any(o["value"] == text for o in one.data.get("options", ())))

    def _begun(self, text: str) -> AskedQuestion | None:
        """The message in the channel with which the bot answered a command."""
        world = self.discord.world
        posted = (one for one in world.messages[world.named(GENERAL).id] if one.author == world.bot)
        return next((AskedQuestion(one.id, "") for one in posted if text in one.content), None)

    def _all(self) -> Iterator[Message]:
        for inside in self.discord.world.messages.values():
            yield from inside


def _buttons(message: Message) -> dict[str, str]:
    return {
        str(one.get("label", "")): str(one["custom_id"])
        for row in message.components
        for one in row["components"]
    }
