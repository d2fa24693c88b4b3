"""Private questions: answered in the direct messages of whoever asked, as an ephemeral message can hardly be edited.

Slack lets an ephemeral message be replaced by its `response_url` alone, five times in half an hour, shows no file in it, and
forgets it when the person's client starts anew: https://docs.slack.dev/reference/methods/chat.postEphemeral
"""

import logging
from typing import Any

from adapters.slack import ids, rendering, strings
from adapters.slack.client import WebApi, field
from adapters.slack.message_metadata import private_metadata
from adapters.slack.methods import Method
from adapters.slack.private_answers import NO_NAMES, PrivateAnswers
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import Reply, ThreadKey

_log = logging.getLogger(__name__)


class PrivateThreads:
    """Threads in people's direct messages, by one workspace's bot token."""

    def __init__(self, web: WebApi, answers: PrivateAnswers) -> None:
        self._web = web
        self._answers = answers

    async def open(self, prompt: Prompt, question: Reply) -> ThreadKey:
        """Begin a thread with `question`, and say to whoever asked privately, where they asked, that the answer comes there.

        A second attempt posts the question once more: Slack has no nonce, and tells the channel's id in the answer alone.
        """
        team, person = ids.thread(prompt.thread).team, prompt.person.id
        shown: dict[str, Any] = {
            **NO_NAMES,
            **rendering.arguments(question),
            "metadata": private_metadata(person),
        }
        method = Method.CHAT_POST_MESSAGE
        posted = await self._web.call(
            method, team, channel=person, unfurl_links=False, unfurl_media=False, **shown
        )
        channel = field(posted, "channel", method)
        if prompt.private and channel != prompt.place.channel:
            try:
                await self._answers.reply(prompt, (strings.ANSWERED_DIRECTLY,))
            except PlatformError as error:  # the direct message notifies the person all the same
                _log.info("private reply failed", extra={"reason": str(error)})
        return ids.thread_key(team, channel, field(posted, "ts", method))
