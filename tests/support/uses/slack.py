"""Slack, as `tests.support.uses` has it used."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.rates import SlackLimits
from aion_bot.simulators.slack.state import BOT
from aion_bot.simulators.workspace import SimulatedFile, SimulatedPerson


class Use:
    """A workspace of Slack."""

    mention = f"<@{BOT.id}>"
    reads = ("conversations.replies", "conversations.history")
    blanks = 39_000
    most_messages, most_posts = 12, 15
    refers_to_replies = False

    def __init__(self, slack: SimulatedSlack) -> None:
        self._slack = slack
        self.general = slack.general.id

    def show_every_message(self) -> Mapping[str, str]:
        return {}

    def begin_thread(self, person: SimulatedPerson, text: str) -> tuple[str, str]:
        first = self._slack.remark(person, text)
        return first, first

    def say(
        self, person: SimulatedPerson, thread: str, text: str, files: Sequence[SimulatedFile] = ()
    ) -> str:
        channel = self._slack.conversations.channels[self._slack.find_message(thread).channel]
        return self._slack.say(person, channel, text, thread=thread, files=files).ts

    def reply_to(self, person: SimulatedPerson, message: str, text: str) -> str:
        self.say(person, message, f"{self.mention} {text}".strip())
        return message

    def place_of(self, question: str) -> str:
        return question

    def referring(self, thread: str) -> Sequence[str]:  # noqa: ARG002  # no message does
        return ()

    def shown_in_general(self, person: SimulatedPerson, thread: str) -> Sequence[str]:  # noqa: ARG002  # the channel has them
        seen = self._slack.channel(self._slack.general)
        return [one.text for one in seen if one.only_for == person.id]

    def rename(self, thread: str, title: str) -> None:
        titles = self._slack.conversations.session_titles
        titles[next(key for key in titles if thread in key)] = title

    def silence(self, person: SimulatedPerson) -> None:
        channels = self._slack.conversations.channels
        channels[self.general] = replace(channels[self.general], kind="group")
        self._slack.conversations.removed.add((self.general, person.id))

    def withhold_rights(self) -> None:
        self._slack.fail_next("conversations.info", error="internal_error", times=99)

    def allow_reactions(self) -> None:
        self._slack.subscribe("reaction_added", "reactions:read")

    def react_as_bot(self, message: str, emoji: str) -> None:
        """Do nothing: the simulator tells an app of people alone."""

    def hears_reactions(self) -> bool:
        return False

    async def stop_session(self, person: SimulatedPerson, thread: str) -> None:
        await self._slack.stop_session(person, thread)

    async def ask_for_status(self, person: SimulatedPerson, thread: str) -> None:  # noqa: ARG002  # the newest message leads to it
        await self._slack.shortcut(person, self._slack.direct_messages(person)[-1].id, "aion_manage")

    def rotate(self, number: int) -> Mapping[str, str]:
        bot, app = f"xoxb-rotated-{number}", f"xapp-1-A0AION-rotated-{number}"
        self._slack.configuration.bot_tokens = {bot}
        self._slack.configuration.app_tokens = {app}
        return {"SLACK_BOT_TOKEN": bot, "SLACK_APP_TOKEN": app}

    async def end_connections(self) -> None:
        await self._slack.sockets.close()

    def limit(self) -> None:
        self._slack.rates.limits = SlackLimits()

    def strangers(self, count: int) -> Sequence[SimulatedPerson]:
        self._slack.conversations.page = 999  # as to an app of one's own
        return [SimulatedPerson(f"U{number:017}", f"Person {number}") for number in range(count)]
