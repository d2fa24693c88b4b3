"""`/aion` and message shortcuts of the simulated Slack, and the addresses that take their answers.

https://docs.slack.dev/interactivity/implementing-slash-commands#app_command_handling
"""

import secrets
import time
from collections.abc import Callable, Sequence
from typing import Any

from aiohttp import web

from aion_bot.simulators.slack import payloads, reading
from aion_bot.simulators.slack.api import Api
from aion_bot.simulators.slack.socket_mode import Sockets
from aion_bot.simulators.slack.state import (
    APP,
    Channel,
    Conversations,
    Message,
    direct_channel,
    team_of,
)
from aion_bot.simulators.slack.uploads import Uploads
from aion_bot.simulators.workspace import Logged, Shown, SimulatedPerson

SHORTCUT, MENU = "aion_ask", "aion_manage"
RESPONSE_URL = "response_url"
"""Names the requests to an address that takes answers."""
_MOST_ANSWERS = 5


class CommandUse:
    """What people do in the workspace beside writing."""

    conversations: Conversations
    sockets: Sockets
    uploads: Uploads
    api: Api
    add: Callable[[Message], None]
    find_message: Callable[[str], Message]
    address: str

    def __init__(self) -> None:
        self.answer_tickets: dict[str, list[Any]] = {}
        """Channel, person, thread and number of answers so far, by the last part of the address."""

    @property
    def general(self) -> Channel:
        """The channel in which people ask."""
        return self.conversations.channels[self.conversations.team.general]

    @property
    def mention_of_bot(self) -> str:
        """What a message that mentions the bot has."""
        return f"<@{self.conversations.team.bot.id}>"

    async def command(self, person: SimulatedPerson, words: str, *, thread: str = "") -> None:
        """Use `/aion` in the channel of a thread, or in the general one: Slack tells the app the channel alone."""
        channel = (
            self.general if not thread else self.conversations.channels[self.find_message(thread).channel]
        )
        self.use_command(person, "/aion", words, channel)

    async def ask_privately(self, person: SimulatedPerson, text: str) -> None:
        """Use `/aion ask` in the general channel."""
        self.use_command(person, "/aion", f"ask {text}", self.general)

    def use_command(self, person: SimulatedPerson, name: str, words: str, channel: Channel) -> None:
        """Use any command in any channel, whether or not the bot is there."""
        direct = channel.kind == "im"
        payload = {
            "token": "legacy-token",
            "team_id": team_of(person.id, channel),
            "team_domain": self.conversations.team.domain,
            "channel_id": channel.id,
            "channel_name": "directmessage" if direct else channel.name,
            "user_id": person.id,
            "user_name": person.name.lower(),
            "command": name,
            "text": words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
            "api_app_id": APP,
            "is_enterprise_install": "true" if channel.home.organisation else "false",
            **({"enterprise_id": channel.home.organisation} if channel.home.organisation else {}),
            "response_url": self._address(channel, person, None),
            "trigger_id": payloads.trigger(person),
        }
        self.sockets.deliver("slash_commands", payload)

    def open_home(self, person: SimulatedPerson) -> None:
        """Open the app's Home tab: https://docs.slack.dev/reference/events/app_home_opened"""
        channel = self.conversations.channels[direct_channel(person.id)]
        inner = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": channel.id,
            "tab": "home",
            "event_ts": self.conversations.clock.ts(),
        }
        self.sockets.deliver("events_api", payloads.event(inner, channel))

    def invite_bot(self, person: SimulatedPerson, channel: Channel) -> None:
        """Add the bot to a channel: https://docs.slack.dev/reference/events/member_joined_channel"""
        inner = {
            "type": "member_joined_channel",
            "user": self.conversations.team.bot.id,
            "channel": channel.id,
            "channel_type": "C" if channel.kind == "channel" else "G",
            "team": self.conversations.team.id,
            "inviter": person.id,
            "event_ts": self.conversations.clock.ts(),
        }
        self.sockets.deliver("events_api", payloads.event(inner, channel))

    def leave(self, person: SimulatedPerson) -> None:
        """Close the account of a person; `come_back` opens it again."""
        self.conversations.deactivated.add(person.id)

    def come_back(self, person: SimulatedPerson) -> None:
        """Open the account of a person again."""
        self.conversations.deactivated.discard(person.id)

    def home(self, person: SimulatedPerson) -> str:
        """The texts of the Home tab that a person sees."""
        blocks = self.conversations.homes.get(person.id, {}).get("blocks", ())
        return "\n".join(block["text"]["text"] for block in blocks)

    def close_direct_messages(self, person: SimulatedPerson) -> None:
        """Refuse what the app posts in a person's direct messages: https://docs.slack.dev/reference/methods/chat.postMessage"""
        self.conversations.closed.add(direct_channel(person.id))

    def thread_of(self, message: str) -> str:
        """The `ts` of the first message of a message's thread."""
        return self.find_message(message).thread_ts or message

    def public_messages(self) -> Sequence[Shown]:
        """Everything in channels but for ephemeral messages, oldest first."""
        names, channels = self.conversations.names(), self.conversations.channels
        public = (one for one in self.conversations.messages if channels[one.channel].kind != "im")
        return [reading.shown(one, names, self.uploads) for one in public if one.only_for is None]

    def command_answers(self, person: SimulatedPerson) -> Sequence[Shown]:
        """All ephemeral messages for a person, oldest first."""
        names, inside = self.conversations.names(), self.conversations.messages
        return [reading.shown(one, names, self.uploads) for one in inside if one.only_for == person.id]

    def conversation_title(self, thread: str) -> str:
        """The title of the agent's session in a thread."""
        return self.conversations.session_titles.get((self.find_message(thread).channel, thread), "")

    def direct_messages(self, person: SimulatedPerson) -> Sequence[Shown]:
        """What the bot has written to a person in their direct messages, oldest first."""
        names, own = self.conversations.names(), direct_channel(person.id)
        return [
            reading.shown(one, names, self.uploads)
            for one in self.conversations.messages
            if one.channel == own and one.by_bot
        ]

    async def press_private(self, person: SimulatedPerson, message: str, button: str) -> None:
        """Press a button on a message that its person alone sees."""
        found = self.find_message(message)
        element = reading.button(found.body, button)
        if element is None or (found.only_for or person.id) != person.id:
            raise LookupError(f"no button {button} on {message} for {person.name}")
        channel, ts = self.conversations.channels[found.channel], self.conversations.clock.ts()
        self.sockets.deliver("interactive", payloads.pressed(found, person, element, channel, ts))

    async def ask_about(self, person: SimulatedPerson, message: str) -> str:
        """Use the bot's message shortcut; the answer comes in the message's thread."""
        await self.shortcut(person, message)
        return message

    async def shortcut(self, person: SimulatedPerson, message: str, callback: str = SHORTCUT) -> None:
        """Use a message shortcut of the bot's on the message with this `ts`."""
        found = self.find_message(message)
        channel, ts = self.conversations.channels[found.channel], self.conversations.clock.ts()
        address = self._address(channel, person, found.thread_ts)
        sent = {**payloads.shortcut(found, person, callback, channel, ts), "response_url": address}
        self.sockets.deliver("interactive", sent)

    def _address(self, channel: Channel, person: SimulatedPerson, thread: str | None) -> str:
        ticket = secrets.token_urlsafe(18)
        self.answer_tickets[ticket] = [channel.id, person, thread, 0]
        return f"{self.address}/commands/{self.conversations.team.id}/{ticket}"

    async def take_answer(self, request: web.Request) -> web.StreamResponse:
        """Take an answer to a command: five for each, in JSON."""
        body, ticket = await request.json(), self.answer_tickets.get(request.match_info["ticket"])
        self.api.calls[RESPONSE_URL] += 1
        self.api.bodies[RESPONSE_URL].append(body)
        answer: web.StreamResponse = await self.api.checked(RESPONSE_URL, body, request)
        if answer.status == 200 and (ticket is None or ticket[3] >= _MOST_ANSWERS):
            answer = web.Response(status=404, text="expired_url")
        if answer.status == 200 and ticket is not None:
            ticket[3] += 1
            channel, person, thread, _ = ticket
            ts, home = self.conversations.clock.ts(), self.conversations.team
            message = Message(ts, channel, home.bot, [body], thread_ts=thread, home=home)
            message.only_for = person.id if body.get("response_type", "ephemeral") == "ephemeral" else None
            self.add(message)
        self.api.log.append(Logged(time.monotonic(), RESPONSE_URL, "", answer.status))
        return answer
