"""The simulated Slack as the page shows it."""

import time
from collections.abc import Iterator, Mapping, Sequence

from aion_bot.demo.page import meter, slack_payload
from aion_bot.demo.page.elements import Button, Html
from aion_bot.demo.page.sides import Entry, Place, clipped
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.state import BOT, TEAM_NAME, Channel, Message, direct_channel
from aion_bot.simulators.workspace import Shown, SimulatedPerson

LIMIT = meter.Limit("chat.update", 50, 60.0, by_channel=False, words="edits in the last minute")
"""Tier 3, for the whole workspace: https://docs.slack.dev/apis/web-api/rate-limits"""


class SlackSide:
    """Channels, threads and direct messages."""

    key = "slack"
    server = TEAM_NAME
    prefix = "@aion"

    def __init__(self, workspace: SimulatedSlack) -> None:
        self.workspace = workspace
        self._held = workspace.conversations
        if "C0SITE7" not in self._held.channels:
            self._held.add(Channel("C0SITE7", "site-7"))

    @property
    def online(self) -> bool:
        """Whether a Socket Mode connection is open."""
        return self.workspace.sockets.open > 0

    @property
    def reading(self) -> meter.Reading:
        """Edits against Slack's limit."""
        return meter.read(LIMIT, self.workspace.api.log, time.monotonic())

    @property
    def names(self) -> Mapping[str, str]:
        """People, the bot and channels."""
        return self._held.names()

    def places(self, person: SimulatedPerson) -> Sequence[Place]:
        """Channels and this person's direct messages, each followed by its threads."""
        return list(self._places(person))

    def entries(self, place: Place, person: SimulatedPerson) -> Sequence[Entry]:
        """Messages of a thread, or those of a channel that are in no thread."""
        if place.kind == "thread":
            shown = self.workspace.thread(place.id)
            return [Entry(one, float(one.id)) for one in shown if one.only_for in {None, person.id}]
        inside = self.workspace.channel(self._held.channels[place.id])
        top = {one.ts for one in self._top(place.id)}
        return [self._entry(one) for one in inside if one.id in top and one.only_for in {None, person.id}]

    def draw(self, shown: Shown, button: Button) -> Html:
        """Draw Block Kit."""
        return slack_payload.draw(shown.payload, self.names, button)

    async def say(self, person: SimulatedPerson, place: Place, words: str) -> str:
        """Mention the bot in a channel, reply in a thread, or send it a direct message."""
        if place.kind == "thread":
            await self.workspace.reply(person, place.id, words)
            return place.id
        if place.kind == "direct":
            return await self.workspace.direct_message(person, words)
        return await self.workspace.ask(person, words, channel=self._held.channels[place.id])

    def _places(self, person: SimulatedPerson) -> Iterator[Place]:
        for channel in sorted(self._held.channels.values(), key=lambda one: one.kind == "im"):
            if channel.kind == "im" and channel.id != direct_channel(person.id):
                continue
            kind = "direct" if channel.kind == "im" else "channel"
            yield Place(channel.id, BOT.name if kind == "direct" else channel.name, kind)
            for root in self._top(channel.id):
                if len(self._held.thread(root.ts)) > 1:
                    yield Place(root.ts, clipped(self._title(root)), "thread", channel.id)

    def _top(self, channel: str) -> list[Message]:
        return [one for one in self._held.messages if one.channel == channel and one.thread_ts is None]

    def _title(self, root: Message) -> str:
        first = self.workspace.thread(root.ts)[0].text
        return first.removeprefix(f"@{BOT.name}").strip()

    def _entry(self, shown: Shown) -> Entry:
        replies = sum(one.thread_ts == shown.id for one in self._held.thread(shown.id) if not one.only_for)
        return Entry(shown, float(shown.id), thread=shown.id if replies else "", replies=replies)
