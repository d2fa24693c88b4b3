"""The simulated Slack as the page shows it."""

import html
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from aion_bot.demo.page import meter, slack_payload
from aion_bot.demo.page.elements import Button, Html, Picture
from aion_bot.demo.page.sides import Activity, Attached, Entry, Place, clipped, command_of
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.state import BOT, TEAM_NAME, Channel, Message, direct_channel
from aion_bot.simulators.workspace import Shown, SimulatedFile, SimulatedPerson

LIMIT = meter.Limit("chat.update", 50, 60.0, by_channel=False, words="edits in the last minute")
"""Tier 3, for the whole workspace: https://docs.slack.dev/apis/web-api/rate-limits"""


_EMOJI = {"hourglass_flowing_sand": "\N{HOURGLASS WITH FLOWING SAND}"}
_MENTION = f"<@{BOT.id}>"


class SlackSide:
    """Channels, threads and direct messages."""

    key = "slack"
    server = TEAM_NAME

    def __init__(self, workspace: SimulatedSlack) -> None:
        self.workspace = workspace
        self._held = workspace.conversations
        if "C0SITE7" not in self._held.channels:
            self._held.add(Channel("C0SITE7", "site-7"))
        self._opened: dict[str, float] = {}
        """When each person opened the Home tab last, in seconds since 1970."""

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
        if place.kind == "home":
            return list(self._home(person))
        found = {one.ts: one for one in self._held.messages}
        if place.kind == "thread":
            inside = [Entry(one, float(one.id)) for one in self.workspace.thread(place.id)]
        else:
            top = {one.ts for one in self._top(place.id)}
            shown = self.workspace.channel(self._held.channels[place.id])
            inside = [self._with_replies(one) for one in shown if one.id in top]
        mine = (one for one in inside if one.shown.only_for in {None, person.id})
        return [self._seen_by(person, one, found[one.shown.id]) for one in mine]

    def visit(self, place: Place, person: SimulatedPerson) -> None:
        """Slack tells of the Home tab alone."""
        if place.kind == "home":
            self._opened[person.id] = time.time()
            self.workspace.open_home(person)

    def draw(self, shown: Shown, button: Button, picture: Picture) -> Html:
        """Draw Block Kit."""

        def kept(file: str) -> str | None:
            return picture(self._content(file))

        return slack_payload.draw(shown.payload, self.names, button, kept)

    def prefix(self, place: Place) -> str:
        """A mention, in a channel alone."""
        return f"@{BOT.name}" if place.kind == "channel" else ""

    def activity(self, place: Place) -> Activity | None:
        """The status of an agent's session, which belongs to a thread, with Slack's own Stop."""
        if place.kind == "thread" and self.workspace.shows_lasting_activity(place.id):
            return Activity(f"{BOT.name} is thinking…", stoppable=True)
        return None

    async def say(
        self, person: SimulatedPerson, place: Place, words: str, files: Sequence[SimulatedFile] = ()
    ) -> str:
        """Mention the bot in a channel, reply in a thread, send it a direct message, or use `/aion`.

        Slack answers a command in the channel, whose threads take none. From the Home tab words go to the Messages beside it.
        """
        if place.kind == "home":
            place = Place(place.parent, place.name, "direct")
        if (command := command_of(words)) is not None:
            channel = place.parent or place.id
            self.workspace.use_command(person, "/aion", command, self._held.channels[channel])
            return channel
        if files:
            return self._say_with_files(person, place, words, files)
        if place.kind == "thread":
            await self.workspace.reply(person, place.id, words)
            return place.id
        if place.kind == "direct":
            return await self.workspace.direct_message(person, words)
        return await self.workspace.ask(person, words, channel=self._held.channels[place.id])

    async def ask_about(self, person: SimulatedPerson, place: Place, message: str) -> str:
        """Use the message shortcut; the answer comes in the message's thread."""
        thread = await self.workspace.ask_about(person, message)
        return place.id if place.kind == "thread" else thread

    def edit(self, message: str, words: str) -> None:
        """Edit a message as its writer."""
        mentions = any(one.ts == message and _MENTION in one.body["text"] for one in self._held.messages)
        (self.workspace.edit_into_question if mentions else self.workspace.edit_message)(message, words)

    async def stop(self, person: SimulatedPerson, place: Place) -> None:
        """Press Slack's own Stop."""
        await self.workspace.stop_session(person, place.id)

    def _say_with_files(
        self, person: SimulatedPerson, place: Place, words: str, files: Sequence[SimulatedFile]
    ) -> str:
        """Upload files with the words, as `say` would write them."""
        thread = place.id if place.kind == "thread" else None
        channel = self._held.channels[place.parent if thread else place.id]
        text = f"{_MENTION} " if place.kind == "channel" else ""
        text += html.escape(words, quote=False)
        said = self.workspace.say(person, channel, text, thread=thread, files=files)
        return thread or said.ts

    def _places(self, person: SimulatedPerson) -> Iterator[Place]:
        for channel in sorted(self._held.channels.values(), key=lambda one: one.kind == "im"):
            if channel.kind == "im" and channel.id != direct_channel(person.id):
                continue
            kind = "direct" if channel.kind == "im" else "channel"
            if kind == "direct":
                yield Place(f"home-{person.id}", "Home", "home", channel.id)
            yield Place(channel.id, BOT.name if kind == "direct" else channel.name, kind)
            for root in self._top(channel.id):
                if len(self._held.thread(root.ts)) > 1:
                    yield Place(root.ts, clipped(self._title(root)), "thread", channel.id)

    def _home(self, person: SimulatedPerson) -> Iterator[Entry]:
        view = self._held.homes.get(person.id)
        if view is not None:
            shown = Shown(f"home-{person.id}", BOT.name, [""], by_bot=True, payload=view)
            yield Entry(shown, self._opened.get(person.id, 0.0))

    def _top(self, channel: str) -> list[Message]:
        return [one for one in self._held.messages if one.channel == channel and one.thread_ts is None]

    def _title(self, root: Message) -> str:
        first = self.workspace.thread(root.ts)[0].text
        return first.removeprefix(f"@{BOT.name}").strip()

    def _with_replies(self, shown: Shown) -> Entry:
        replies = sum(one.thread_ts == shown.id for one in self._held.thread(shown.id) if not one.only_for)
        return Entry(shown, float(shown.id), thread=shown.id if replies else "", replies=replies)

    def _content(self, file: str) -> bytes:
        """The bytes of a file of the bot's or of a person's; none once it is deleted."""
        uploads = self.workspace.uploads
        if (upload := uploads.files.get(file)) is not None:
            return upload.raw or b""
        given = uploads.given.get(file)
        return b"" if given is None or given.deleted else given.file.content

    def _seen_by(self, person: SimulatedPerson, entry: Entry, message: Message) -> Entry:
        """Add what a person sees of a message: a stream grows for the one who asked, their own words can be edited."""
        own = entry.shown.text.removeprefix(f"@{BOT.name}").strip() if message.author == person else None
        return replace(
            entry,
            shown=replace(entry.shown, payload=message.shown_to(person.id)),
            marks=[_EMOJI.get(one, f":{one}:") for one in message.reactions],
            attached=[
                Attached(str(one.get("name", "")), self._content(str(one.get("id", ""))))
                for one in message.files
                if not message.by_bot
            ],
            own=own,
        )
