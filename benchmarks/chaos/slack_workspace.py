"""The simulated Slack as the soak test uses it."""

from collections.abc import Collection, Iterable

from aion_bot.simulators.slack import SimulatedSlack, reading
from aion_bot.simulators.slack.state import Message
from aion_bot.simulators.workspace import SimulatedPerson
from benchmarks.chaos import scenes
from benchmarks.chaos.scenarios import AskMethod, Behaviour, Scenario
from benchmarks.chaos.workspaces import (
    ACKNOWLEDGEMENT_TIMEOUT,
    AskedQuestion,
    Ended,
    ShownMessage,
    carried_key,
    cut_short,
)


class _Threaded(list[Message]):
    """Messages with an index by thread."""

    def __init__(self, messages: Iterable[Message]) -> None:
        super().__init__()
        self.by_thread: dict[str, list[Message]] = {}
        for message in messages:
            self.append(message)

    def append(self, message: Message) -> None:
        super().append(message)
        self.by_thread.setdefault(message.thread_ts or message.ts, []).append(message)

    def remove(self, message: Message) -> None:
        super().remove(message)
        self.by_thread[message.thread_ts or message.ts].remove(message)


class SlackWorkspace:
    """A Slack workspace."""

    def __init__(self, slack: SimulatedSlack) -> None:
        self.slack = slack
        self.people = slack.people
        self._messages = _Threaded(slack.conversations.messages)
        slack.conversations.messages = self._messages

    async def ask(self, scenario: Scenario, text: str) -> AskedQuestion | None:
        person = self.people[scenario.person]
        if scenario.method is AskMethod.DIRECT:
            ts = await self.slack.direct_message(person, text)
        elif scenario.behaviour is Behaviour.FORBIDDEN:
            channel = self.slack.open_channel(f"closed{scenario.number}")
            ts = self.slack.say(person, channel, f"{self.slack.mention_of_bot} {text}").ts
        else:
            ts = await self.slack.mention(person, text, files=scenes.files(scenario))
        return AskedQuestion(ts, ts)

    async def reply(self, person: SimulatedPerson, thread: str, text: str) -> AskedQuestion | None:
        await self.slack.reply(person, thread, text)
        return AskedQuestion(thread, self._messages[-1].ts)

    async def press(self, person: SimulatedPerson, thread: str, message: str, button: str) -> None:
        await self.slack.press(person, thread, message, button)

    def shown(self, thread: str) -> list[ShownMessage]:
        names = self.slack.conversations.names()
        return [
            ShownMessage(
                one.ts,
                reading.words(one.body, names),
                {button.label: button.id for button in reading.buttons(one.body)},
                carried_key(next((button.value for button in reading.buttons(one.body)), "")),
            )
            for one in self._messages.by_thread.get(thread, ())
            if one.by_bot and one.only_for is None
        ]

    def was_not_delivered(self, message: str, broken: Collection[float], ended: Collection[Ended]) -> bool:  # noqa: ARG002  # Slack sends events again, whichever connections broke
        about = [
            one for one in self.slack.sockets.deliveries if one.payload.get("event", {}).get("ts") == message
        ]
        return all(
            one.over and all(cut_short(sent, ACKNOWLEDGEMENT_TIMEOUT, ended) for sent in one.sent)
            for one in about
        )

    def deliveries(self, message: str) -> list[tuple[list[float], bool]]:
        """When an event about a message was sent, and whether Slack sends it no more."""
        about = self.slack.sockets.deliveries
        return [(one.sent, one.over) for one in about if one.payload.get("event", {}).get("ts") == message]

    def is_cut_off(self, thread: str, ended: Collection[Ended]) -> bool:  # noqa: ARG002  # the bot has no commands on Slack
        return False

    def threads(self) -> Iterable[str]:
        return list(self._messages.by_thread)

    def private_replies(self) -> str:
        private = (m for m in self._messages if m.by_bot and (m.only_for or m.channel.startswith("D")))
        return "\n".join(str(one.body.get("text", "")) for one in private)

    def indicators(self) -> list[tuple[str, str]]:
        marked = [(m.thread_ts or m.ts, f"a mark on {m.ts}") for m in self._messages if m.reactions]
        sessions = self.slack.conversations.sessions
        return marked + [(key[1], "activity") for key, now in sessions.items() if now == "processing"]

    def delete(self, thread: str, message: str) -> None:
        if any(one.ts == message for one in self._messages.by_thread.get(thread, ())):
            self.slack.delete(message)

    def forbid(self, thread: str) -> None:
        channel = self.slack.conversations.channels[self._messages.by_thread[thread][0].channel]
        (self.slack.archive if int(thread[-1]) % 2 else self.slack.remove_bot)(channel)

    def archive(self, thread: str) -> None:
        pass

    def rewrite(self, message: str, text: str) -> None:
        self.slack.edit(message, text)

    def withdraw(self, message: str) -> None:
        self.slack.delete(message)

    async def stop(self, person: SimulatedPerson, thread: str) -> bool:
        try:
            await self.slack.stop_session(person, thread)
        except LookupError:
            return False
        return True

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
