"""Messages of the simulated Slack: people write, edit and delete them, and the app gets the events."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from aion_bot.simulators.slack import payloads, reading, upload_methods
from aion_bot.simulators.slack.commands import CommandUse
from aion_bot.simulators.slack.display import Display
from aion_bot.simulators.slack.state import KINDS, Channel, Message, team_of
from aion_bot.simulators.workspace import SimulatedFile, SimulatedPerson

Files = Sequence[SimulatedFile]


def escaped(text: str) -> str:
    """Write words as Slack's clients send them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Messages(CommandUse):
    """What happens to messages in the workspace."""

    display: Display
    mentions_without_files: bool
    _events: Collection[str]

    def say(
        self,
        person: SimulatedPerson,
        channel: Channel,
        text: str,
        *,
        thread: str | None = None,
        files: Files = (),
        beside: Mapping[str, Any] | None = None,
    ) -> Message:
        """Write Slack's own mrkdwn anywhere; `person` may be one of another organisation, whose files come as stubs.

        `beside` are other fields of the message, such as `blocks` and `attachments`.
        """
        ts = self.conversations.clock.ts()
        team, home = team_of(person.id, channel), self.conversations.team
        body = {"text": text, **(beside or {})}
        message = Message(ts, channel.id, person, [body], thread_ts=thread, team=team, home=home)
        upload_methods.attach(self, message, files, stubs=team != home.id)
        self.add(message)
        return message

    def post_as_bot(self, channel: Channel, text: str, *, thread: str | None = None) -> Message:
        """Post as the bot from outside, as another process with the same token does."""
        return self.say(self.conversations.team.bot, channel, text, thread=thread)

    def edit(self, message: str, text: str) -> None:
        """Edit the message with this `ts` as its author."""
        self.change(self.find_message(message), {"text": text})

    def edit_message(self, message: str, text: str) -> None:
        """Edit the message with this `ts` as its author."""
        self.edit(message, escaped(text))

    def edit_into_question(self, message: str, text: str) -> None:
        """Edit the message with this `ts` as its author, with a mention of the bot."""
        self.edit(message, f"{self.mention_of_bot} {escaped(text)}")

    def delete_message(self, message: str) -> None:
        """Delete the message with this `ts` as its author."""
        self.delete(message)

    def unfurl(self, message: str) -> None:
        """Add a preview to the message with this `ts`."""
        found, ts = self.find_message(message), self.conversations.clock.ts()
        channel = self.conversations.channels[found.channel]
        self._send(KINDS[channel.kind], payloads.unfurled(found, channel, ts), channel)

    def delete_files(self, message: str) -> None:
        """Delete the files of the message with this `ts`, which stays: it shows where they were."""
        upload_methods.remove(self, self.find_message(message))

    def add(self, message: Message) -> None:
        """Add a message to its channel and send the app its event."""
        message.pings = reading.pinged(message.body) if message.by_bot else []
        self.conversations.messages.append(message)
        self.display.changed(message)
        channel = self.conversations.channels[message.channel]
        if message.only_for is not None:
            return
        if self.mention_of_bot in message.body["text"] and channel.kind != "im" and not message.by_bot:
            inner = payloads.mention(message, with_files=not self.mentions_without_files)
            self._send("app_mention", inner, channel)
        self._send(KINDS[channel.kind], payloads.said(message, channel), channel)

    def change(self, message: Message, body: Mapping[str, Any]) -> None:
        """Replace what a message shows and send the app its event."""
        before = payloads.record(message)
        self.display.show(message, body)
        channel = self.conversations.channels[message.channel]
        ts = self.conversations.clock.ts()
        if (
            self.mention_of_bot in message.body.get("text", "")
            and channel.kind != "im"
            and not message.by_bot
        ):
            edited = {"edited": {"user": message.author.id, "ts": ts}}
            self._send("app_mention", payloads.mention(message) | edited, channel)
        self._send(KINDS[channel.kind], payloads.changed(message, channel, before, ts), channel)

    def delete(self, message: Message | str) -> None:
        """Delete a message and send the app its event."""
        gone = self.find_message(message) if isinstance(message, str) else message
        before = payloads.record(gone)
        channel = self.conversations.channels[gone.channel]
        ts = self.conversations.clock.ts()
        self.display.changed(gone, gone=True)
        self.conversations.remove(gone)
        event = (
            payloads.changed(gone, channel, before, ts)
            if gone.buried
            else payloads.deleted(gone, channel, ts)
        )
        self._send(KINDS[channel.kind], event, channel)

    def _send(self, name: str, inner: dict[str, Any], channel: Channel) -> None:
        if name in self._events and channel.member:
            self.sockets.deliver("events_api", payloads.event(inner, channel))

    def find_message(self, ts: str) -> Message:
        """Find the message with this `ts`. Raises LookupError."""
        for message in self.conversations.messages:
            if message.ts == ts:
                return message
        raise LookupError(f"no message {ts}")

    def file_address(self, file: str) -> str:
        """The address of the bytes of a file that a person attached."""
        return f"{self.address}/files-pri/{file}"
