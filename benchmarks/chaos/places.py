"""The two simulated workspaces as the soak uses them: what their threads show, found without searching everything."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from aion_bot.demo.discord import SimulatedDiscord
from aion_bot.demo.discord.model import Message as DiscordMessage
from aion_bot.demo.slack import SimulatedSlack, reading
from aion_bot.demo.slack.state import BOT
from aion_bot.demo.slack.state import Message as SlackMessage
from aion_bot.demo.workspace import Someone
from benchmarks.chaos.fates import Course, Fate, Way


@dataclass(frozen=True, slots=True)
class Seen:
    """A message of the bot's as everybody sees it; `buttons` are ids by label, `key` is what they carry."""

    id: str
    text: str
    buttons: dict[str, str]
    key: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Where a question was asked, and the message that asks it, or "" where it is none."""

    thread: str
    message: str


class Place(Protocol):
    """One workspace."""

    people: Sequence[Someone]

    async def ask(self, fate: Fate, text: str) -> Asked | None:
        """Ask in a way that begins a conversation; None where the platform itself said that nobody took it."""

    async def reply(self, person: Someone, thread: str, text: str) -> Asked | None:
        """Ask in a thread; None while it does not exist."""

    async def press(self, person: Someone, thread: str, message: str, button: str) -> None:
        """Press a button."""

    def shown(self, thread: str) -> list[Seen]:
        """The bot's messages in a thread that everybody sees, oldest first."""

    def threads(self) -> Iterable[str]:
        """Every thread."""

    def told(self) -> str:
        """All that the bot said privately, in whatever way."""

    def signs(self) -> list[tuple[str, str]]:
        """What still says that the bot is at work, or that a message waits, with its thread."""

    def delete(self, thread: str, message: str) -> None:
        """Delete a message of the bot's, as a moderator does."""

    def forbid(self, thread: str) -> None:
        """Let nobody write in a thread any more."""

    def forget(self, threads: set[str]) -> None:
        """Forget threads that are over."""


class _Threaded(list[SlackMessage]):
    """Messages that are also kept by thread."""

    def __init__(self, messages: Iterable[SlackMessage]) -> None:
        super().__init__()
        self.by_thread: dict[str, list[SlackMessage]] = {}
        for message in messages:
            self.append(message)

    def append(self, message: SlackMessage) -> None:
        super().append(message)
        self.by_thread.setdefault(message.thread_ts or message.ts, []).append(message)

    def remove(self, message: SlackMessage) -> None:
        super().remove(message)
        self.by_thread[message.thread_ts or message.ts].remove(message)


class SlackPlace:
    """Slack."""

    def __init__(self, slack: SimulatedSlack) -> None:
        self.slack = slack
        self.people = slack.people
        self._messages = _Threaded(slack.conversations.messages)
        slack.conversations.messages = self._messages

    async def ask(self, fate: Fate, text: str) -> Asked | None:
        person = self.people[fate.person]
        if fate.way is Way.DIRECT:
            ts = await self.slack.direct_message(person, text)
        elif fate.course is Course.FORBIDDEN:
            channel = self.slack.open_channel(f"closed{fate.number}")
            ts = self.slack.say(person, channel, f"<@{BOT.id}> {text}").ts
        else:
            ts = await self.slack.ask(person, text)
        return Asked(ts, ts)

    async def reply(self, person: Someone, thread: str, text: str) -> Asked | None:
        await self.slack.reply(person, thread, text)
        return Asked(thread, self._messages[-1].ts)

    async def press(self, person: Someone, thread: str, message: str, button: str) -> None:
        await self.slack.press(person, thread, message, button)

    def shown(self, thread: str) -> list[Seen]:
        names = self.slack.conversations.names()
        return [
            Seen(
                one.ts,
                reading.words(one.body, names),
                {button.label: button.id for button in reading.buttons(one.body)},
                next((button.value for button in reading.buttons(one.body)), ""),
            )
            for one in self._messages.by_thread.get(thread, ())
            if one.by_bot and one.only_for is None
        ]

    def threads(self) -> Iterable[str]:
        return list(self._messages.by_thread)

    def told(self) -> str:
        private = (m for m in self._messages if m.by_bot and (m.only_for or m.channel.startswith("D")))
        return "\n".join(str(one.body.get("text", "")) for one in private)

    def signs(self) -> list[tuple[str, str]]:
        marked = [(m.thread_ts or m.ts, f"a mark on {m.ts}") for m in self._messages if m.reactions]
        sessions = self.slack.conversations.sessions
        return marked + [(key[1], "at work") for key, now in sessions.items() if now == "processing"]

    def delete(self, thread: str, message: str) -> None:
        if any(one.ts == message for one in self._messages.by_thread.get(thread, ())):
            self.slack.delete(message)

    def forbid(self, thread: str) -> None:
        channel = self.slack.conversations.channels[self._messages.by_thread[thread][0].channel]
        (self.slack.archive if int(thread[-1]) % 2 else self.slack.remove_bot)(channel)

    def forget(self, threads: set[str]) -> None:
        kept = [one for one in self._messages if (one.thread_ts or one.ts) not in threads]
        self._messages = _Threaded(kept)
        conversations = self.slack.conversations
        conversations.messages = self._messages
        conversations.deleted.clear()
        conversations.sessions = {
            key: now for key, now in conversations.sessions.items() if key[1] not in threads
        }
        self.slack.api.bodies.clear()
        self.slack.sockets.deliveries.clear()


class DiscordPlace:
    """Discord."""

    def __init__(self, discord: SimulatedDiscord) -> None:
        self.discord = discord
        self.people = discord.people

    async def ask(self, fate: Fate, text: str) -> Asked | None:
        person = self.people[fate.person]
        if fate.way is Way.DIRECT:
            return await self.reply(person, self.discord.direct(person), text)
        if fate.way is not Way.COMMAND:
            message = await self.discord.mention(person, text)
            return Asked(message, message)
        try:
            return Asked(await self.discord.ask(person, text), "")
        except (TimeoutError, LookupError):
            return self._answered_late(text)

    async def reply(self, person: Someone, thread: str, text: str) -> Asked | None:
        if thread not in self.discord.world.channels:
            return None
        await self.discord.reply(person, thread, text)
        return Asked(thread, self.discord.world.messages[thread][-1].id)

    async def press(self, person: Someone, thread: str, message: str, button: str) -> None:
        await self.discord.press(person, thread, message, button)

    def shown(self, thread: str) -> list[Seen]:
        return [
            Seen(
                one.id, one.content, _buttons(one), next(iter(_buttons(one).values()), "").rpartition(":")[2]
            )
            for one in self.discord.world.messages.get(thread, ())
            if one.author == self.discord.world.bot and one.only_for is None
        ]

    def threads(self) -> Iterable[str]:
        return list(self.discord.world.messages)

    def told(self) -> str:
        world = self.discord.world
        return "\n".join(one.content for one in self._all() if one.author == world.bot)

    def signs(self) -> list[tuple[str, str]]:
        return [(one.channel, f"a mark on {one.id}") for one in self._all() if one.reactions]

    def delete(self, thread: str, message: str) -> None:
        for one in self.discord.world.messages.get(thread, ()):
            if one.id == message:
                self.discord.backend.delete(one)
                return

    def forbid(self, thread: str) -> None:
        self.discord.world.read_only.add(thread)

    def forget(self, threads: set[str]) -> None:
        world = self.discord.world
        for name, channel in list(world.channels.items()):
            if channel.parent is None:
                world.messages[name].clear()
            elif name in threads:
                del world.channels[name], world.messages[name]
        world.interactions.clear()
        world.typing.clear()
        self.discord.server.bodies.clear()

    def _answered_late(self, text: str) -> Asked | None:
        """The message that the bot posted where Discord took no answer to a command any more."""
        posted = (one for one in self._all() if one.author == self.discord.world.bot and text in one.content)
        return next((Asked(one.id, "") for one in posted), None)

    def _all(self) -> Iterator[DiscordMessage]:
        for inside in self.discord.world.messages.values():
            yield from inside


def _buttons(message: DiscordMessage) -> dict[str, str]:
    return {
        str(one.get("label", "")): str(one["custom_id"])
        for row in message.components
        for one in row["components"]
    }
