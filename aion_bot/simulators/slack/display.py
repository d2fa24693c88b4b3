"""What the people of a simulated workspace see: bodies, streams that grow and end, and listeners."""

from collections.abc import Callable, Mapping
from typing import Any

from aion_bot.simulators.slack import reading
from aion_bot.simulators.slack.state import Conversations, Message
from aion_bot.simulators.slack.stream import State, Streams
from aion_bot.simulators.visible_changes import ChangeListeners, VisibleChange


class Display:
    """Shows messages, and reports every change to `listeners` and to waiting tests (`woken`)."""

    def __init__(self, conversations: Conversations, streams: Streams, woken: Callable[[], None]) -> None:
        self.listeners = ChangeListeners()
        self._conversations = conversations
        self._streams = streams
        self._woken = woken

    def show(self, message: Message, body: Mapping[str, Any]) -> None:
        """Replace what a message shows without an event to the app."""
        message.versions.append(dict(body))
        if message.by_bot:
            message.pings += [who for who in reading.pinged(body) if who not in message.pings]
        self.changed(message)

    def end_if_expired(self, message: Message) -> None:
        """End the stream of a message if its time is over; everybody sees all of it from that moment on."""
        if message.stream is not None and (ended := self._streams.end_of(message.stream)) is not None:
            message.stream.state = State.OVER
            self.changed(message, ended)

    def cut(self, thread: str) -> list[str]:
        """End the streams of a thread because a person pressed Slack's own Stop; returns them."""
        cut = []
        for message in self._conversations.thread(thread):
            self.end_if_expired(message)
            if message.stream is not None and message.stream.state is State.LIVE:
                message.stream.state = State.CUT
                cut.append(message.ts)
                self.changed(message)
        return cut

    def words(self, message: Message, person: str) -> str:
        """The text that a person, by id, reads on a message now."""
        self.end_if_expired(message)
        return reading.words(message.shown_to(person), self._conversations.names())

    def changed(self, message: Message, at: float | None = None, *, gone: bool = False) -> None:
        """Wake waiting tests, and report the message to listeners."""
        self._woken()
        if self.listeners and message.by_bot:
            now = self._streams.clock() if at is None else at
            self.listeners.notify(self._visible_change(message, now, {} if gone else message.body))

    def _visible_change(self, message: Message, at: float, body: Mapping[str, Any]) -> VisibleChange:
        names = self._conversations.names()
        asker = reading.words(body, names)
        others = message.shown_to(None) if body and not message.only_for else {}
        bystanders = asker if others is body else reading.words(others, names)
        return VisibleChange(
            at, message.channel, message.thread_ts or message.ts, message.ts, asker, bystanders
        )
