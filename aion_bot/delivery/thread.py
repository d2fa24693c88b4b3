"""A thread of a platform, bound to its adapter and to the limiter that its operations wait at.

What a platform is asked to show has no secret that the bot knows.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import cast
from weakref import WeakKeyDictionary

from aion_bot.ports.adapter import OwnMessage, PlatformAdapter
from aion_bot.ports.capabilities import (
    ActivityIndicator,
    ClaimedQuestions,
    Files,
    Fingerprints,
    Galleries,
    MentionsOnly,
    NativeStreaming,
    PrivateAnswers,
    QueuedMarker,
    ReplyReferences,
    SeldomReading,
)
from aion_bot.ports.earlier import EarlierMessage, EarlierMessages, EarlierSearch, Since
from aion_bot.ports.errors import RateLimited, Unsupported, UploadRefused
from aion_bot.ports.events import Click, InboundEvent, ManageCommand, Prompt
from aion_bot.ports.messages import (
    Button,
    Content,
    Document,
    Gallery,
    Line,
    MessageRef,
    Person,
    PostedOnce,
    PrivateAnswer,
    Reply,
    ThreadKey,
)
from aion_bot.ports.plain_words import plain_words
from aion_bot.ports.private_threads import PrivateThreads
from aion_bot.ports.rate_limits import Operation
from aion_bot.ports.secrets import KNOWN
from aion_bot.ratelimit.fair_share import SharedLimits
from aion_bot.ratelimit.limiter import Limiter
from aion_bot.ratelimit.permit import Priority
from aion_bot.rendering.screen import PageFormat, Screen

_OPTIONAL = (
    NativeStreaming, ActivityIndicator, ReplyReferences, Files, Galleries, Fingerprints, ClaimedQuestions, QueuedMarker, MentionsOnly, SeldomReading,
)  # fmt: skip
_known: WeakKeyDictionary[PlatformAdapter, frozenset[type]] = WeakKeyDictionary()
"""What each adapter can do. To ask a protocol takes some 20 µs, and a question has several threads."""


def _capabilities(adapter: PlatformAdapter) -> frozenset[type]:
    """Return the optional protocols that an adapter has."""
    found = _known.get(adapter)
    if found is None:
        found = _known[adapter] = frozenset(one for one in _OPTIONAL if isinstance(adapter, one))
    return found


class Thread:
    """What the core does in one thread. Every operation waits for a permit of the limiter and then runs once.

    Every method may raise the errors of `ports.errors`. `page_format` says how large a message may be. `streaming`, `activity`,
    `replies`, `files`, `galleries`, `fingerprints`, `claims` and `queued_marker` are the optional capabilities of the adapter,
    or None. `mentions_only`: people have to mention the bot in their replies. `reads_seldom`: its messages can hardly be read.
    """

    def __init__(self, adapter: PlatformAdapter, limiter: Limiter, key: ThreadKey) -> None:
        self.adapter = adapter
        self.limiter = limiter
        self.key = key
        self.platform = adapter.platform
        self.page_format = PageFormat(adapter.measure, adapter.limits.page)
        has = _capabilities(adapter)
        self.streaming = cast("NativeStreaming", adapter) if NativeStreaming in has else None
        self.activity = cast("ActivityIndicator", adapter) if ActivityIndicator in has else None
        self.replies = cast("ReplyReferences", adapter) if ReplyReferences in has else None
        self.files = cast("Files", adapter) if Files in has else None
        self.galleries = cast("Galleries", adapter) if Galleries in has else None
        self.fingerprints = cast("Fingerprints", adapter) if Fingerprints in has else None
        self.claims = cast("ClaimedQuestions", adapter) if ClaimedQuestions in has else None
        self.queued_marker = cast("QueuedMarker", adapter) if QueuedMarker in has else None
        self.mentions_only = MentionsOnly in has and cast("MentionsOnly", adapter).mentions_only
        self.reads_seldom = SeldomReading in has and cast("SeldomReading", adapter).reads_seldom

    def runs_now(self, operation: Operation) -> bool:
        """Tell whether an operation here would run at once, behind those that wait for their permits."""
        return self.limiter.runs_now(operation, self.key)

    def limits(self, operation: Operation) -> SharedLimits:
        """Return the limits that an operation here counts against, as `Limiter.limits`."""
        return self.limiter.limits(operation, self.key)

    async def open(self, prompt: Prompt, *, again: bool = False) -> None:
        """Make the thread of a prompt exist; `again` as for `PlatformAdapter.open_thread`."""
        async with self.limiter.permit(Operation.OPEN_THREAD, self.key, Priority.FIRST_MESSAGE):
            await self.adapter.open_thread(struck_prompt(prompt), again=again)

    async def open_private(self, prompt: Prompt, question: Reply, *, nonce: str) -> ThreadKey:
        """Begin a thread that its person alone sees, as `PrivateThreads.open_private`."""
        if not isinstance(self.adapter, PrivateThreads):
            raise Unsupported(f"{self.platform} has no private threads")
        async with self.limiter.permit(Operation.POST, self.key, Priority.FIRST_MESSAGE):
            shown = cast("Reply", _struck(question, KNOWN.version))
            return await self.adapter.open_private(prompt, shown, nonce=nonce)

    async def delete(self, message: MessageRef) -> None:
        """Remove a message of the bot's own."""
        async with self.limiter.permit(Operation.DELETE, self.key, Priority.FINAL):
            await self.adapter.delete(message)

    async def own_messages(self) -> Sequence[OwnMessage]:
        """Return the bot's newest messages, at most twenty, newest first."""
        async with self.limiter.permit(Operation.LIST_MESSAGES, self.key, Priority.FINAL):
            return await self.adapter.own_messages(self.key)

    async def earlier_messages(self, prompt: Prompt, *, since: Since) -> Sequence[EarlierMessage]:
        """Return what `EarlierMessages` does, or what a search finds where that has to wait; nothing without the capability.

        Raises `RateLimited` where neither has room.
        """
        adapter, limiter = self.adapter, self.limiter
        if not isinstance(adapter, EarlierMessages):
            return ()
        try:
            async with limiter.permit(Operation.READ_EARLIER, self.key, Priority.BEST_EFFORT) as issued:
                if issued:
                    return await adapter.earlier_messages(prompt, since=since)
        except RateLimited:
            # A search has a limit of its own; Slack lets apps without a listing read one page a minute.
            if not isinstance(adapter, EarlierSearch):
                raise
        if isinstance(adapter, EarlierSearch):
            async with limiter.permit(Operation.SEARCH_EARLIER, self.key, Priority.BEST_EFFORT) as issued:
                if issued:
                    return await adapter.search_earlier(prompt, since=since)
        raise RateLimited(0.0)

    async def reply_privately(self, event: InboundEvent, line: Line, *, hidden: bool = False) -> None:
        """Answer the person behind `event` alone; `hidden` as for `PlatformAdapter.reply_privately`.

        What belongs to a private question is always hidden: nobody else may learn that it was asked.
        """
        hidden = hidden or event.place.private
        async with self.limiter.permit(private_reply(event), self.key, Priority.FINAL):
            await self.adapter.reply_privately(event, struck_line(line), hidden=hidden)

    async def answer_privately(self, event: Click | ManageCommand, answer: PrivateAnswer) -> None:
        """Show an answer to the person behind `event` alone; its words alone where the platform can do no more."""
        adapter = self.adapter
        if not isinstance(adapter, PrivateAnswers):
            await self.reply_privately(event, (plain_words(answer.content.text),), hidden=True)
            return
        async with self.limiter.permit(private_reply(event), self.key, Priority.FINAL):
            await adapter.answer_privately(event, _struck_answer(answer))

    async def post_file(self, document: Document, *, nonce: str) -> None:
        """Post a file. Raises `UploadRefused` also where the platform has none."""
        if self.files is None:
            raise UploadRefused
        async with self.limiter.permit(Operation.POST_FILE, self.key, Priority.FINAL):
            await self.files.post_file(self.key, _struck_document(document), nonce=nonce)

    async def mark_queued(self, message: MessageRef, *, queued: bool) -> None:
        """Show on a message that it waits, or no more; the caller holds the permit. Nothing without the capability."""
        if self.queued_marker is not None:
            await self.queued_marker.mark_queued(message, queued=queued)

    async def show_activity(self, person: Person, *, active: bool, title: str = "") -> bool:
        """Show that the bot works, or no more; the caller holds the permit. False without the capability."""
        if self.activity is None:
            return not active
        return await self.activity.show_activity(self.key, person, active=active, title=KNOWN.strike(title))


def private_reply(event: InboundEvent) -> Operation:
    """Name the operation that a private reply is: to a direct message it is a post like any other there.

    Not to a command or a press, which Discord lets be answered whatever its limits say.
    """
    is_message = isinstance(event, Prompt) and event.source is not None
    return Operation.POST if event.place.direct and is_message else Operation.REPLY_PRIVATELY


def struck_screen(screen: Screen) -> Screen:
    """Return a screen without secrets; text that is cut into pages was struck before, as a page may end in one."""
    contents: list[Content | PostedOnce | None] = []
    for content in screen:
        if isinstance(content, Document):
            contents.append(_struck_document(content))
        elif isinstance(content, Gallery):
            contents.append(_struck_gallery(content))
        else:
            contents.append(None if content is None else _struck(content, KNOWN.version))
    return tuple(contents)


def struck_line(line: Line) -> Line:
    """Return a sentence without secrets."""
    return tuple(
        replace(part, name=KNOWN.strike(part.name)) if isinstance(part, Person) else KNOWN.strike(part)
        for part in line
    )


def struck_prompt(prompt: Prompt) -> Prompt:
    """Return a prompt whose thread's title has no secret."""
    return prompt if prompt.opening is None else replace(prompt, opening=KNOWN.strike(prompt.opening))


def _struck_document(document: Document) -> Document:
    return replace(document, name=KNOWN.strike(document.name), text=KNOWN.strike(document.text))


def _struck_answer(answer: PrivateAnswer) -> PrivateAnswer:
    content, document = _struck(answer.content, KNOWN.version), answer.document
    return PrivateAnswer(
        cast("Reply", content),
        None if document is None else _struck_document(document),
        _struck_gallery(Gallery(answer.pictures)).pictures,
    )


def _struck_gallery(gallery: Gallery) -> Gallery:
    strike = KNOWN.strike
    pictures = (
        replace(one, name=strike(one.name), title=strike(one.title), description=strike(one.description))
        for one in gallery.pictures
    )
    return Gallery(tuple(pictures), strike(gallery.note), _struck_buttons(gallery.buttons))


def _struck_buttons(buttons: Sequence[Button]) -> tuple[Button, ...]:
    return tuple(
        replace(button, label=KNOWN.strike(button.label), caution=KNOWN.strike(button.caution))
        for button in buttons
    )


@lru_cache(maxsize=256)  # every screen has all pages of an answer
def _struck(content: Content, version: int) -> Content:
    # Only a part of the key of the cache: what became a secret meanwhile has to be struck out of the same content.
    del version
    buttons = _struck_buttons(content.buttons)
    if isinstance(content, Reply):
        text = KNOWN.strike(content.text)
        # `closing` counts characters at the end: it is right only if nothing was struck.
        closing = content.closing if text == content.text else 0
        note, byline = KNOWN.strike(content.note), content.byline and struck_line(content.byline)
        return replace(content, text=text, closing=closing, note=note, byline=byline, buttons=buttons)
    return replace(
        content,
        title=KNOWN.strike(content.title),
        headline=KNOWN.strike(content.headline),
        description=KNOWN.strike(content.description),
        steps=tuple(
            replace(step, agent=KNOWN.strike(step.agent), description=KNOWN.strike(step.description))
            for step in content.steps
        ),
        facts=tuple(map(struck_line, content.facts)),
        record=tuple(map(struck_line, content.record)),
        buttons=buttons,
        said=KNOWN.strike(content.said),
    )
