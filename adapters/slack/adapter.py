"""Slack as a platform of the port: what the core asks for, as requests of the Web API."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress

from adapters.slack import home, http_mode, ids, markdown, new_tokens, rate_limits, rendering, strings
from adapters.slack.client import WebApi
from adapters.slack.config import ID_FORMS, SlackSettings
from adapters.slack.diagnosis import SlackDiagnosis
from adapters.slack.earlier import History
from adapters.slack.events import is_direct
from adapters.slack.galleries import TYPES, Galleries
from adapters.slack.greeting import Greeting, presence_of
from adapters.slack.handlers import EventHandlers
from adapters.slack.http_mode import HttpMode
from adapters.slack.identity import BotIdentity
from adapters.slack.messages import Messages
from adapters.slack.methods import Method
from adapters.slack.names import SlackNames
from adapters.slack.private_answers import NO_NAMES, PrivateAnswers
from adapters.slack.private_threads import PrivateThreads
from adapters.slack.reactions import Reactors
from adapters.slack.session_status import SessionStatus
from adapters.slack.socket_mode import SocketMode
from adapters.slack.standings import Standings
from adapters.slack.timeouts import Timeouts
from aion_bot.ports.adapter import OwnMessage
from aion_bot.ports.capabilities import StreamingMode
from aion_bot.ports.diagnosis import Diagnosis, Subjects
from aion_bot.ports.earlier import EarlierMessage, Since
from aion_bot.ports.errors import Forbidden, MessageGone
from aion_bot.ports.events import Click, HomeOpened, InboundEvent, ManageCommand, Prompt
from aion_bot.ports.files import Attachment
from aion_bot.ports.host import Host
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.messages import (
    Content,
    Document,
    Gallery,
    HomeSection,
    Line,
    MessageRef,
    Person,
    PrivateAnswer,
    Reply,
    ThreadKey,
)
from aion_bot.ports.rate_limits import Limits, RequestObserver, Scope
from aion_bot.ports.settings import Problem

_HOURGLASS = "hourglass_flowing_sand"
_MUTE = "mute"
"""Marks a message to whose writer nothing can be said."""


class SlackAdapter:
    """One workspace, over Socket Mode or HTTP. `timeouts` apply to the connections from the next `listen` on."""

    platform = ids.PLATFORM
    limits: Limits = rate_limits.LIMITS
    measure = staticmethod(rendering.measure)
    id_forms = ID_FORMS
    direct_threads = opens_forms = reactions_at_once = True
    picture_types = TYPES
    reads_seldom = False

    def __init__(self, settings: SlackSettings, timeouts: Timeouts = Timeouts()) -> None:  # noqa: B008  # frozen
        self.timeouts = timeouts
        self.address = settings.api_url
        self._settings = settings
        # `limits` is read at each request, because it may be replaced on the instance later.
        self._web = WebApi(settings, lambda: self.limits, timeout=timeouts.request)
        self._messages = Messages(self._web)
        self._galleries = Galleries(self._web, self._messages)
        self._private = PrivateAnswers(self._web, self._messages, self._galleries)
        self._private_threads = PrivateThreads(self._web, self._private)
        standings = Standings(self._web)
        self.group_members, self.is_guest = standings.group_members, standings.is_guest
        self.look_up_place, self.has_left = standings.look_up_place, standings.has_left
        self.may_write = standings.may_write
        names = SlackNames(self._web, timeout=timeouts.names)
        self._names, self._list_people = names.names, names.list_people
        self._history = History(self._web, self._messages.threads, self._messages.attached.seen, names)
        self._reactors = Reactors(self._web)
        self._status = SessionStatus(self._web, timeouts.indicator)
        self.show_activity = self._status.show
        self._sockets: SocketMode | None = None
        secret = settings.signing_secret
        self._http = None if secret is None else HttpMode(secret.get_secret_value())
        self.http_paths = () if self._http is None else http_mode.paths(settings.public_url or "")
        self.secrets = new_tokens.secrets_of(settings)

    @property
    def ask_privately(self) -> str:
        """What a person writes to ask privately."""
        return strings.ASK_COMMAND

    @property
    def takes_reactions(self) -> bool:
        """Whether reactions on the bot's messages are read, from the next event on."""
        return self._reactors.wanted

    @takes_reactions.setter
    def takes_reactions(self, wanted: bool) -> None:
        self._reactors.wanted = wanted

    async def identity(self) -> str:
        """Return the ids of the workspace and the bot's own member there."""
        me = await self._web.me()
        return f"{me.team}/{me.user}"

    async def listen(self, host: Host) -> None:
        """Serve until cancelled. Raises TokenRefused with the variable's name, or PlatformDown."""
        me = await self._web.identify()
        # `auth.test` has told it: a mention of the bot itself costs no look-up.
        self._names.remember({f"@{me.user}": me.name})
        # Nobody has told what happened since the last connection was lost.
        self._messages.attached.seen.forget()
        self._messages.attached.listening = True
        handlers = EventHandlers(
            me,
            host,
            self._web,
            self._names,
            self._messages.attached,
            reactors=self._reactors,
            note=self._history.note,
            retries=self.timeouts.accept_retries,
            lookups=self.timeouts.lookups,
        )
        loop = asyncio.get_running_loop()
        later = loop.call_later(self.timeouts.people, self._list_people)
        try:
            await self._deliver(host, me, handlers)
        finally:
            later.cancel()

    async def _deliver(self, host: Host, me: BotIdentity, handlers: EventHandlers) -> None:
        """Let Slack deliver to `handlers` in the way that the settings name, until cancelled."""
        if self._http is not None:
            await self._http.serve(self._web, handlers, host, presence_of(me), self.timeouts)
            return
        greeting = Greeting(host, presence_of(me))
        self._sockets = SocketMode(self._web, self.timeouts, handlers, greeting.hello, host.heard)
        try:
            await self._sockets.serve()
        finally:
            # `take_secrets` must open no spare sockets that nobody would serve.
            self._sockets = None

    async def receive(self, request: HttpRequest) -> HttpAnswer:
        """Take what Slack sends over HTTP; it does where the settings have a signing secret."""
        return HttpAnswer(404) if self._http is None else await self._http.receive(request)

    async def take_secrets(self, env: Mapping[str, str]) -> tuple[Sequence[str], Sequence[Problem]]:
        """Use other tokens of the same bot: for requests from the next one on, for events once new sockets are open."""
        changed, problems = new_tokens.read(env, self._settings)
        if changed is not None and not problems:
            problems = await new_tokens.adopt(changed, self._web, self._sockets, self._http)
        if changed is None or problems:
            return (), problems
        names, self._settings = new_tokens.names(self._settings, changed), changed
        return names, ()

    async def close(self) -> None:
        """Close the pool of Web API connections; the sockets end with `listen`."""
        # The look-ups first: they use the pool.
        await self._names.close()
        await self._web.close()

    def private_thread(self, prompt: Prompt) -> ThreadKey:
        """Name the thread of a private question until it is opened."""
        return ids.private_thread(ids.thread(prompt.thread).team, prompt.person.id, prompt.key)

    async def open_private(self, prompt: Prompt, question: Reply, *, nonce: str) -> ThreadKey:  # noqa: ARG002  # Slack has none
        """Begin a thread in a person's direct messages with their question, and tell them where they asked it."""
        return await self._private_threads.open(prompt, question)

    async def open_thread(self, prompt: Prompt, *, again: bool = False) -> None:
        """Do nothing: a Slack thread begins with its first reply."""

    async def post(self, thread: ThreadKey, content: Content, *, nonce: str) -> MessageRef:
        """Post a reply by one request; searches the thread first where an earlier outcome with this nonce is unknown.

        Which outcomes are unknown is known to this process alone.
        """
        return await self._messages.post(thread, nonce, {**NO_NAMES, **rendering.arguments(content)})

    async def post_file(self, thread: ThreadKey, document: Document, *, nonce: str) -> MessageRef:
        """Post a file by three requests; searches the thread first as `post` does."""
        return await self._messages.files.post(thread, document, nonce)

    async def post_gallery(self, thread: ThreadKey, gallery: Gallery, *, nonce: str) -> MessageRef:
        """Post pictures by one request, after three for each of them that upload it; searches the thread first as `post` does.

        A picture that Slack refuses is named. Raises UploadRefused where it refuses all of them.
        """
        return await self._galleries.post(thread, gallery, nonce, NO_NAMES)

    def open_file(self, file: Attachment) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Read a file that somebody attached, by two requests: its address is asked for each time."""
        return self._messages.attached.open(file)

    async def recent_files(self, thread: ThreadKey, *, before: MessageRef | None) -> Sequence[Attachment]:
        """Return the files since the bot's last message; reads the thread only where events did not tell enough of it."""
        return await self._messages.attached.recent(thread, before)

    async def earlier_messages(self, prompt: Prompt, *, since: Since) -> Sequence[EarlierMessage]:
        """Return what people wrote before, by one request, and once a day one for the names of people."""
        return await self._history.read(prompt, since)

    async def search_earlier(self, prompt: Prompt, *, since: Since) -> Sequence[EarlierMessage]:
        """Return what Slack's search finds of that in the question's channel, by one request."""
        return await self._history.search(prompt, since)

    async def edit(self, message: MessageRef, content: Content) -> None:
        """Replace a message by one request. One that is still a stream takes two to four: Slack edits no stream."""
        await self._messages.edit(message, {**NO_NAMES, **rendering.arguments(content)})

    async def start_stream(
        self, thread: ThreadKey, person: Person, content: Reply, *, nonce: str
    ) -> MessageRef:
        """Post a reply that grows, as `post` does. Raises Unsupported, once for a channel or a workspace."""
        return await self._messages.start_stream(thread, person, content, nonce)

    async def append_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """Let a stream of this process grow. Raises Unsupported where it has ended."""
        await self._messages.append_stream(message, shown, content)

    async def stop_stream(self, message: MessageRef, shown: Reply, content: Reply) -> None:
        """End a stream of this process. Raises Unsupported where it had ended."""
        await self._messages.stop_stream(message, shown, content)

    def stream_delta(self, shown: Reply | None, content: Reply, last: bool) -> str | None:
        """What has to be appended to a stream."""
        return markdown.delta(shown, content, last=last)

    def streaming_mode(self, thread: ThreadKey) -> StreamingMode:
        """Prefer streams in direct messages, where nobody else reads and the indicator comes before their first words."""
        team, channel, _ = ids.thread(thread)
        if not self._messages.streams_refused.isdisjoint({team, channel}):
            return StreamingMode.NEVER
        # A stream has no button: it needs Slack's own Stop, which comes with the status.
        preferred = is_direct(channel) and self._status.offers_stop(thread)
        return StreamingMode.PREFERRED if preferred else StreamingMode.WHEN_CROWDED

    async def delete(self, message: MessageRef) -> None:
        """Remove a message of the bot's own."""
        team, channel, ts = ids.message(message)
        if ids.is_file(ts):
            await self._web.call(Method.FILES_DELETE, team, file=ts)
        else:
            await self._web.call(Method.CHAT_DELETE, team, channel=channel, ts=ts)

    async def own_messages(self, thread: ThreadKey) -> Sequence[OwnMessage]:
        """Return the bot's newest twenty in a thread, newest first, also those of earlier processes.

        Slack lists a thread from its beginning: this takes one request for each page of it.
        """
        return await self._messages.newest(thread)

    def line_channel(self, prompt: Prompt) -> ThreadKey | None:
        """Name the channel of a question that begins its thread there."""
        place = ids.thread(prompt.thread)
        begins = prompt.source is not None and ids.message(prompt.source).ts == place.ts
        return (
            ids.thread_key(place.team, place.channel, "") if begins and not is_direct(place.channel) else None
        )

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        """Put an hourglass on a person's message, or take it away. Forbidden without the scope `reactions:write`."""
        if queued:
            await self._react(message, _HOURGLASS)
            return
        team, channel, ts = ids.message(message)
        where = {"channel": channel, "timestamp": ts}
        method = Method.REACTIONS_REMOVE
        await self._web.call(method, team, tolerated={"no_reaction"}, name=_HOURGLASS, **where)

    async def _react(self, message: MessageRef, emoji: str) -> None:
        team, channel, ts = ids.message(message)
        where = {"channel": channel, "timestamp": ts}
        await self._web.call(Method.REACTIONS_ADD, team, tolerated={"already_reacted"}, name=emoji, **where)

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:  # noqa: ARG002  # always hidden here
        """Show `line` to one person where they read; by a direct message where the bot may not write there.

        In a channel that is `chat.postEphemeral`, and in a direct message `chat.postMessage`. Where Slack takes neither, a
        reaction to the person's message says that something could not be said to them, and the refusal is raised.
        """
        try:
            await self._private.reply(event, line)
        except (Forbidden, MessageGone):
            if isinstance(event, Prompt) and event.source is not None:
                # That permission is optional: without it the refusal of the words still tells more.
                with suppress(Forbidden, MessageGone):
                    await self._react(event.source, _MUTE)
            raise

    async def answer_privately(self, event: Click | ManageCommand, answer: PrivateAnswer) -> None:
        """Show an answer to one person where they read; its files come in a direct message, as nothing else is private."""
        await self._private.answer(event, answer)

    async def publish_home(self, event: HomeOpened, sections: Sequence[HomeSection]) -> None:
        """Show a person the app's Home tab."""
        team, shown = ids.thread(event.thread).team, home.view(sections)
        await self._web.call(Method.VIEWS_PUBLISH, team, user_id=event.person.id, view=shown)

    async def diagnose(self, subjects: Subjects) -> Diagnosis:
        """Check the tokens, the scopes, the app's configuration, and `subjects`."""
        return await SlackDiagnosis(self._web, self._settings).whole(subjects)

    async def check(self, variable: str) -> Diagnosis:
        """Check one of the two tokens."""
        return await SlackDiagnosis(self._web, self._settings).one(variable)

    def scope_key(self, thread: ThreadKey, scope: Scope) -> str:
        """The channel or the workspace of a thread."""
        place = ids.thread(thread)
        return rate_limits.scope_key(scope, place.team, place.channel)

    def observe_requests(self, observer: RequestObserver) -> None:
        """Report every request to `observer` from now on, and to no earlier one any more."""
        self._web.observer = observer
