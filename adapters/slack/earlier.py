"""What people wrote before a question, read by one request: of its thread, or of its channel.

`conversations.replies` lists a thread from its beginning, `conversations.history` a channel from its end:
https://docs.slack.dev/reference/methods/conversations.replies and https://docs.slack.dev/reference/methods/conversations.history
Apps that others install and that are not in Slack's Marketplace may call each of them once a minute, for 15 messages:
https://docs.slack.dev/changelog/2025/05/29/rate-limit-changes-for-non-marketplace-apps
For those there is `assistant.search.context`, which takes the token of the event that asked, and finds what is said in public
channels: https://docs.slack.dev/reference/methods/assistant.search.context
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from adapters.slack import content, ids, mrkdwn
from adapters.slack.client import WebApi
from adapters.slack.content import items
from adapters.slack.errors import UNAVAILABLE
from adapters.slack.identity import BotIdentity
from adapters.slack.methods import Method
from adapters.slack.names import SlackNames
from adapters.slack.writers import writer
from aion_bot.ports.earlier import WITHIN, EarlierMessage, Since
from aion_bot.ports.errors import Unsupported
from aion_bot.ports.events import Prompt
from aion_bot.ports.messages import MessageRef, Person, ThreadKey
from aion_bot.ports.names import Find, in_words
from aion_bot.ports.text import one_line
from aion_bot.ports.thread_files import ThreadFiles

Payload = Mapping[str, Any]

LARGEST_PAGE = 999
"""Messages of the largest page (Slack's documentation of both methods: less than 1,000)."""
LOOK_BACK = 30 * 86_400.0
"""Seconds before a question in which a thread is read, by one request."""
_OF_CHANNEL = 100
"""Messages of a channel that are read: most of them may be an app's, or notices."""
_KEPT = 100
"""Threads that were read for the files of a question, and event tokens, that are remembered."""
_MOST_FOUND = 20
"""Messages that a search gives at once (the method's page)."""
_QUERY = 300
"""Characters of a question that are searched for."""


class Threads:
    """Reads threads for questions, each once, whatever is looked for in it."""

    def __init__(self, web: WebApi) -> None:
        self._web = web
        self._read: OrderedDict[str, Payload] = OrderedDict()

    async def page(self, thread: ThreadKey, before: MessageRef | None, oldest: float) -> Payload:
        """Return the first page of a thread's messages since `oldest`, in seconds since the epoch, by one request.

        What was read for the question `before` is returned once more without one. `has_more` says that the newest are missing.
        """
        if before is not None and (known := self._read.pop(before.id, None)) is not None:
            return known
        place = ids.thread(thread)
        page = await self._web.call(
            Method.CONVERSATIONS_REPLIES,
            place.team,
            channel=place.channel,
            ts=place.ts,
            oldest=f"{oldest:.6f}",
            limit=LARGEST_PAGE,
        )
        if before is not None:
            self._read[before.id] = page
            if len(self._read) > _KEPT:
                self._read.popitem(last=False)
        return page


class History:
    """What people wrote before a question, by one workspace's bot token. `seen` is what events told of threads."""

    def __init__(self, web: WebApi, threads: Threads, seen: ThreadFiles, names: SlackNames) -> None:
        self._web = web
        self._threads = threads
        self._seen = seen
        self._names = names
        self._tokens: OrderedDict[str, str] = OrderedDict()
        """The tokens by which events let the bot search, by the key of the prompt; kept nowhere else."""

    def note(self, me: BotIdentity, event: Payload, *, asks: bool) -> None:
        """Remember the token of an event that may ask something, and learn the names of those who write what asks nothing.

        It may be read before a question, and whoever asks does not wait for names.
        """
        person = writer(event, me.user, me.bot) if event.get("type") == "message" and not asks else None
        if person is not None and self._names.names.known(f"@{person.id}") is None:
            self._names.list_people()
        about = event.get("assistant_thread")
        token = event.get("action_token") or (isinstance(about, Mapping) and about.get("action_token"))
        if isinstance(token, str) and token and event.get("channel") and event.get("ts"):
            self._tokens[ids.prompt_key(me.team, str(event["channel"]), str(event["ts"]))] = token
            if len(self._tokens) > _KEPT:
                self._tokens.popitem(last=False)

    async def read(self, prompt: Prompt, since: Since) -> Sequence[EarlierMessage]:
        """Return what the port's `earlier_messages` does."""
        if prompt.source is None:
            return ()
        team, channel, ts = ids.message(prompt.source)
        root, after = ids.thread(prompt.thread).ts, _begin(since)
        if root == ts:  # it begins its thread
            after = max(after, ids.number(ts) - int(WITHIN * 1e6))
            page = await self._web.call(
                Method.CONVERSATIONS_HISTORY,
                team,
                channel=channel,
                oldest=f"{after // 1_000_000}.{after % 1_000_000:06d}",
                latest=ts,
                limit=_OF_CHANNEL,
            )
            listed = items(page, "messages")[::-1]
        elif after and self._seen.only_own(prompt.thread, after, ids.number(ts)):
            return ()
        else:
            oldest = after / 1e6 or float(ts) - LOOK_BACK
            listed = items(await self._threads.page(prompt.thread, prompt.source, oldest), "messages")
        at = ids.number(ts)
        told = [one for one in listed if after < _number(one) < at]
        if not told:
            return ()
        me = await self._web.me()
        # A look-up would be a request more for the question: ids keep apart those whose names are not known.
        find = self._names.names.known
        return [said for one in told if (said := _said(one, me, channel, root, find))]

    async def search(self, prompt: Prompt, since: Since) -> Sequence[EarlierMessage]:
        """Return what the port's `search_earlier` does: what Slack finds in the question's channel.

        Raises Unsupported where the event brought no token, in another process included, or the app may not search.
        """
        token, method = self._tokens.get(prompt.key), Method.ASSISTANT_SEARCH_CONTEXT
        if prompt.source is None or token is None:
            raise Unsupported(f"{method}: no token")
        team, channel, ts = ids.message(prompt.source)
        root = ids.thread(prompt.thread).ts
        oldest = _begin(since) / 1e6 or float(ts) - (WITHIN if root == ts else LOOK_BACK)
        answer = await self._web.call(
            method,
            team,
            tolerated=UNAVAILABLE | {"invalid_action_token"},
            action_token=token,
            query=one_line(prompt.text, _QUERY),
            context_channel_id=channel,
            after=int(oldest),
            # In whole seconds: the exact times are compared below.
            before=int(float(ts)) + 1,
            limit=_MOST_FOUND,
            include_bots=False,
        )
        if error := answer.get("error"):
            raise Unsupported(f"{method}: {error}")
        me, results = await self._web.me(), answer.get("results")
        found = items(results, "messages") if isinstance(results, Mapping) else ()
        # It searches all public channels: what is said elsewhere is none of this channel's business.
        here = [
            one
            for one in found
            if one.get("channel_id") == channel
            and not one.get("is_author_bot")
            and round(oldest * 1e6) < _number(one, "message_ts") < ids.number(ts)
        ]
        here.sort(key=lambda one: _number(one, "message_ts"))
        return [_found(one, me, channel) for one in here]


def _begin(since: Since) -> int:
    """Return the number of the message behind which others count, or of a time."""
    return round(since * 1e6) if isinstance(since, float) else ids.number(ids.message(since).ts)


def _number(message: Payload, name: str = "ts") -> int:
    """Return when a message was written, as a number; 0 for one that does not say so."""
    try:
        return ids.number(str(message.get(name)))
    except ValueError:
        return 0


def _said(message: Payload, me: BotIdentity, channel: str, root: str, find: Find) -> EarlierMessage | None:
    """Read a message of a list; None for what no person said, deleted messages with replies included."""
    person = writer(message, me.user, me.bot)
    if person is None:
        return None
    plain = partial(mrkdwn.to_plain_text, bot=me.user, find=find)
    ts, name = str(message["ts"]), person.name or find(f"@{person.id}") or f"@{person.id}"
    return EarlierMessage(
        ids.prompt_key(me.team, channel, ts),
        Person(person.id, name),
        "\n".join(one.text for one in content.quotes(message, plain, about=name)),
        content.file_count(message),
        first=ts == root,
    )


def _found(message: Payload, me: BotIdentity, channel: str) -> EarlierMessage:
    """Read a message that a search found; it says its author's name."""
    ts, user = str(message["message_ts"]), str(message.get("author_user_id") or "")
    name = in_words(str(message.get("author_name") or "")) or ""
    text = mrkdwn.to_plain_text(str(message.get("content") or ""), me.user)
    return EarlierMessage(ids.prompt_key(me.team, channel, ts), Person(user, name), text)
