"""The simulated Slack workspace: its people, the Web API and Socket Mode."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aiohttp import web

from aion_bot.simulators.slack import payloads, reading
from aion_bot.simulators.slack.api import FAILURES, Api, Fault
from aion_bot.simulators.slack.app_configuration import BOT_TOKEN, EVENTS, TOKENS, AppConfiguration
from aion_bot.simulators.slack.display import Display
from aion_bot.simulators.slack.forms import FormUse
from aion_bot.simulators.slack.http_delivery import HttpDelivery, free_port
from aion_bot.simulators.slack.messages import Files, Messages, escaped
from aion_bot.simulators.slack.rates import Rates
from aion_bot.simulators.slack.socket_mode import Sockets
from aion_bot.simulators.slack.state import HOME, Channel, Conversations, Team, direct_channel
from aion_bot.simulators.slack.stream import Streams
from aion_bot.simulators.slack.uploads import Uploads
from aion_bot.simulators.visible_changes import ChangeListener
from aion_bot.simulators.waiting import PATIENCE, wait_until
from aion_bot.simulators.workspace import (
    Failure,
    Inspector,
    Logged,
    Operation,
    Shown,
    ShownButton,
    SimulatedPerson,
)

ADA = SimulatedPerson("U0ADA", "Ada")
BEN = SimulatedPerson("U0BEN", "Ben")
CY = SimulatedPerson("U0CY", "Cy")

APP_TOKEN = TOKENS["apps.connections.open"]

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of a file that is taken; Slack takes a gigabyte (its page *Working with files*)."""


class SimulatedSlack(Messages, FormUse):
    """One workspace with a bot. `people` are those of `team`, by default Ada, Ben and Cy.

    `events` are the app's subscriptions. An event that is not acknowledged within `ack_timeout` seconds is sent again
    after the pauses in `resend_delays`; the defaults are Slack's own. `clock` returns the seconds of the rate limits
    (`rates`, off without `rates.limits`) and of `streams`. `mentions_without_files`: `app_mention` names none.
    """

    name = "Slack"
    people: Sequence[SimulatedPerson] = (ADA, BEN, CY)
    repeats_events = True
    secrets: Sequence[str] = ()
    requests: Mapping[Operation, Sequence[str]] = {
        Operation.POST: ("chat.postMessage",),
        Operation.POST_FILE: ("files.completeUploadExternal",),
        Operation.READ_FILE: ("url_private_download",),
        Operation.EDIT: ("chat.update",),
        Operation.DELETE: ("chat.delete",),
        Operation.LIST_MESSAGES: ("conversations.replies",),
        Operation.MARK_QUEUED: ("reactions.add",),
        Operation.UNMARK_QUEUED: ("reactions.remove",),
        Operation.REPLY_PRIVATELY: ("chat.postEphemeral",),
        Operation.LOOK_UP_PERSON: ("users.info",),
        Operation.OPEN_FORM: ("views.open",),
    }

    def __init__(
        self,
        inspector: Inspector | None = None,
        *,
        team: Team = HOME,
        people: Sequence[SimulatedPerson] | None = None,
        events: Collection[str] = EVENTS,
        ack_timeout: float = 3.0,
        resend_delays: Sequence[float] = (0.0, 60.0, 300.0),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.people = self.people if people is None else people
        self.conversations = Conversations(self.people, team)
        self.sockets = Sockets(self._send_event, ack_timeout=ack_timeout, resend_delays=resend_delays)
        self.rates = Rates(clock)
        self.streams = Streams(clock)
        self.uploads, self.configuration = Uploads(), AppConfiguration()
        self.mentions_without_files = False
        self.display = Display(self.conversations, self.streams, self._send_event)
        self.api = Api(self, inspector, self._send_event, self.rates)
        self._events = events
        self._happened = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._port = 0
        self.address = ""
        """The address that its own ones are below; known once it is served."""

    @property
    def env(self) -> Mapping[str, str]:
        """The settings that connect a bot to this workspace."""
        way = {"SLACK_APP_TOKEN": APP_TOKEN} if self.sockets.http is None else self.sockets.http.env
        return {
            "SLACK_BOT_TOKEN": BOT_TOKEN,
            **way,
            "SLACK_API_URL": f"{self.address}/api/",
        }

    def use_http(self, port: int = 0) -> HttpDelivery:
        """Let Slack send over HTTP instead of Socket Mode, to a bot that listens on this port, or on a free one."""
        self.sockets.http = HttpDelivery(port or free_port())
        self.configuration.socket_mode, self.configuration.request_url = False, self.sockets.http.address
        return self.sockets.http

    @property
    def violations(self) -> list[str]:
        """The errors of the inspector."""
        return self.api.violations

    @property
    def log(self) -> Sequence[Logged]:
        """The newest calls of the Web API, oldest first."""
        return tuple(self.api.log)

    async def start(self) -> None:
        """Serve on a free loopback port."""
        app = web.Application(client_max_size=LARGEST_FILE)
        app.router.add_route("*", "/api/{method}", self.api.serve)
        app.router.add_get("/link/{ticket}", self.sockets.connect)
        self.add_addresses(app.router)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = self._runner.addresses[0][1]
        self.address = f"http://127.0.0.1:{self._port}"

    def add_addresses(self, router: web.UrlDispatcher, below: str = "") -> None:
        """Serve what lies beside the Web API below a path of a server."""
        router.add_post(below + "/upload/{ticket}", self.api.upload)
        router.add_get(below + "/files-pri/{file}", self.api.download)
        router.add_post(below + "/commands/{team}/{ticket}", self.take_answer)

    async def stop(self) -> None:
        """Close every connection and stop serving."""
        await self.sockets.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    async def ask(self, person: SimulatedPerson, text: str, *, channel: Channel | None = None) -> str:
        """Mention the bot in a channel; returns the `ts` of the message, which names its thread."""
        return self.say(person, channel or self.general, f"{self.mention_of_bot} {escaped(text)}").ts

    async def reply(self, person: SimulatedPerson, thread: str, text: str) -> None:
        """Write in a thread without a mention."""
        root = self.find_message(thread)
        self.say(person, self.conversations.channels[root.channel], escaped(text), thread=thread)

    async def mention(self, person: SimulatedPerson, text: str, *, files: Files = ()) -> str:
        """Mention the bot in the general channel."""
        return self.say(person, self.general, f"{self.mention_of_bot} {escaped(text)}", files=files).ts

    def remark(self, person: SimulatedPerson, text: str, *, files: Files = ()) -> str:
        """Write in the general channel without a mention; returns the `ts` of the message."""
        return self.say(person, self.general, escaped(text), files=files).ts

    async def direct_message(self, person: SimulatedPerson, text: str, *, files: Files = ()) -> str:
        """Send the bot a direct message; returns the `ts` of the message, which names its thread."""
        channel = self.conversations.channels[direct_channel(person.id)]
        return self.say(person, channel, escaped(text), files=files).ts

    def drop(self, person: SimulatedPerson, thread: str, files: Files) -> str:
        """Post files in a thread, without words; returns the `ts` of the message."""
        root = self.find_message(thread)
        return self.say(person, self.conversations.channels[root.channel], "", thread=thread, files=files).ts

    async def forward(self, person: SimulatedPerson, message: str, comment: str = "") -> str:
        """Forward the message with this `ts` to the bot as a direct message."""
        channel = self.conversations.channels[direct_channel(person.id)]
        shared = {"attachments": [payloads.shared(self.find_message(message))]}
        return self.say(person, channel, escaped(comment), beside=shared).ts

    async def press(self, person: SimulatedPerson, thread: str, message: str, button: str) -> None:
        """Press the button with this `action_id` on a message of the thread. Raises LookupError if it is not there."""
        found = self.find_message(message)
        element = reading.button(found.body, button)
        if element is None or (thread != found.channel and found not in self.conversations.thread(thread)):
            raise LookupError(f"no button {button} on {message} in {thread}")
        channel, ts = self.conversations.channels[found.channel], self.conversations.clock.ts()
        self.sockets.deliver("interactive", payloads.pressed(found, person, element, channel, ts))

    async def press_forged(
        self, person: SimulatedPerson, thread: str, message: str, button: ShownButton
    ) -> None:
        """Send what a client sends for a button that the message does not have."""
        found = next(one for one in self.conversations.thread(thread) if one.ts == message)
        text = {"type": "plain_text", "text": button.label}
        forged = {
            "type": "button",
            "action_id": button.id,
            "value": button.value,
            "block_id": "b",
            "text": text,
        }
        channel, ts = self.conversations.channels[found.channel], self.conversations.clock.ts()
        self.sockets.deliver("interactive", payloads.pressed(found, person, forged, channel, ts))

    async def stop_session(self, person: SimulatedPerson, thread: str, pressed_at: str = "") -> None:
        """Press Slack's own Stop in a thread. Raises LookupError if Slack shows none because the bot does not work there.

        `pressed_at`: the `ts` of a press that Slack delivers only now.
        """
        channel = self.conversations.channels[self.find_message(thread).channel]
        if self.status(thread) != "processing" or "agent_session_stopped" not in self._events:
            raise LookupError(f"no Stop in {thread}")
        cut = self.display.cut(thread)
        inner = payloads.stopped(person, channel, thread, pressed_at or self.conversations.clock.ts(), cut)
        self._send("agent_session_stopped", inner, channel)

    def status(self, thread: str) -> str:
        """The bot's status in a thread: `processing`, `active`, or nothing."""
        return self.conversations.sessions.get((self.find_message(thread).channel, thread), "")

    def reactions(self, message: str) -> Sequence[str]:
        """The bot's reactions on the message with this `ts`."""
        return tuple(self.find_message(message).reactions)

    def is_marked(self, message: str) -> bool:
        """Whether the bot reacted to the message with this `ts`."""
        return bool(self.reactions(message))

    def shows_lasting_activity(self, thread: str) -> bool:
        """Whether Slack shows activity of the bot in a thread."""
        return self.status(thread) == "processing"

    def react(self, person: SimulatedPerson, message: str, emoji: str) -> None:
        """Put a reaction on the message with this `ts`; an app that subscribed to it and may read reactions is told."""
        found = self.find_message(message)
        channel, ts = self.conversations.channels[found.channel], self.conversations.clock.ts()
        if payloads.REACTIONS_SCOPE in self.configuration.scopes:
            self._send("reaction_added", payloads.reacted(found, person, emoji, ts), channel)

    def subscribe(self, event: str, scope: str) -> None:
        """Let the app have another event and the scope that it needs, as a new installation does."""
        self._events = (*self._events, event)
        self.configuration.scopes.append(scope)
        self.configuration.requested.append(scope)
        self.configuration.events.append(event)

    def archive(self, channel: Channel) -> None:
        """Archive a channel."""
        self.conversations.add(replace(channel, archived=True))

    def remove_bot(self, channel: Channel) -> None:
        """Remove the bot from a channel."""
        self.conversations.add(replace(channel, member=False))

    def open_channel(
        self,
        name: str,
        *,
        kind: str = "channel",
        member: bool = True,
        shared: bool = False,
        guests: Sequence[str] = (),
    ) -> Channel:
        """Open a channel, a private one (`group`), a group conversation (`mpim`) or other people's direct one (`im`)."""
        prefix, mark = {"channel": "C", "im": "D"}.get(kind, "G"), self.conversations.team.mark
        return self.conversations.add(
            Channel(f"{prefix}{mark}{name.upper()}", name, kind, member, shared, guests=frozenset(guests))
        )

    def fail_next(self, method: str, *, times: int = 1, **how: Any) -> None:
        """Fail the next calls of `method`; `how` as for `Fault`."""
        self.api.fail_next(method, Fault(**how), times)

    def refuse(
        self, operation: Operation, failure: Failure, *, retry_after: float = 0.2, times: int = 1
    ) -> None:
        """Fail the next calls of an operation's methods."""
        how = FAILURES.get(failure) or {"retry_after": retry_after}
        for method in self.requests[operation]:
            self.fail_next(method, times=times, **how)

    def thread(self, thread: str) -> Sequence[Shown]:
        """Everything in the thread, oldest first, ephemeral messages included."""
        names = self.conversations.names()
        return [reading.shown(message, names, self.uploads) for message in self.conversations.thread(thread)]

    def private_messages(self, thread: str, person: SimulatedPerson) -> Sequence[Shown]:
        """The ephemeral messages of a thread for this person."""
        return [one for one in self.thread(thread) if one.by_bot and one.only_for == person.id]

    def channel(self, channel: Channel) -> Sequence[Shown]:
        """Everything in a channel, oldest first, threads included."""
        names, inside = self.conversations.names(), self.conversations.messages
        return [
            reading.shown(message, names, self.uploads) for message in inside if message.channel == channel.id
        ]

    def seen(self, message: str, person: SimulatedPerson) -> str:
        """The text that a person reads on the message with this `ts`: a stream grows for one person only."""
        return self.display.words(self.find_message(message), person.id)

    def watch(self, listener: ChangeListener) -> Callable[[], None]:
        """Report every visible change of the bot's messages to `listener`; returns the function that ends that."""
        return self.display.listeners.add(listener)

    async def until(self, condition: Callable[[], bool], *, timeout: float = PATIENCE) -> None:
        """Wait until `condition` holds, looking again after every change. Raises TimeoutError."""
        await wait_until(self._happened, condition, timeout=timeout)

    async def connected(self, *, timeout: float = PATIENCE) -> None:
        """Wait until a bot listens. Raises TimeoutError."""
        if self.sockets.http is not None:
            await self.sockets.http.until_taken(timeout)
            return
        await self.until(lambda: self.sockets.open > 0, timeout=timeout)

    def authorized(self, method: str, token: str) -> bool:
        """Whether `method` accepts `token`."""
        return self.configuration.authorized(method, token)

    def socket_address(self) -> str:
        """A new URL of Socket Mode."""
        return f"ws://127.0.0.1:{self._port}/link/{self.sockets.ticket()}"

    def upload_address(self, ticket: str) -> str:
        """The address that takes the bytes of a file."""
        return f"{self.address}/upload/{ticket}"

    def _send_event(self) -> None:
        self._happened.set()
