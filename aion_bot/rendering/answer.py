"""An answer as it arrives: events in, the wanted screen out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aion_bot.aion.events import ChatToken, ChatTokenType
from aion_bot.aion.references import resolve_content
from aion_bot.domain import strings
from aion_bot.ports.messages import Button, Content, Line, PlanCard, Reply
from aion_bot.ports.text import one_line
from aion_bot.rendering.pagination import Measure, Pages
from aion_bot.rendering.plain_pages import PlainPages
from aion_bot.rendering.references import Growing
from aion_bot.rendering.screen import PageFormat, Screen
from aion_bot.rendering.time_limit import time_limit, where

_NOTE = 100
"""Characters of a status line at most."""

ROOM = 160
"""What a page leaves free, in the platform's measure, for the note and the buttons under its last one."""

_SMALLEST_PAGE = 400

_T = TypeVar("_T")


@dataclass(slots=True)
class _Segment:
    """The text between two plan cards, in pages.

    Attributes:
        raw: What came as tokens, with the markers of references.
        growing: What makes `raw` readable; None where it is shown as it came.
        final: What replaces `raw` once it is known; None until then.
        card: The plan's card under the text.
        tail: What stands under the text, before the card.
        slots: How many messages were taken before the card.
        shown: What shows each full page; made once, as every screen has all of them.
        version: Equal to what it was before where `pages` were given a text that has only grown since.
    """

    pages: Pages | PlainPages
    growing: Growing | None
    raw: str = ""
    final: str | None = None
    card: PlanCard | None = None
    tail: str = ""
    slots: int = 0
    shown: dict[str, Reply] = field(default_factory=dict)
    version: object = None

    def text(self) -> str:
        """Return what may be shown of the text so far."""
        if self.final is not None:
            return self.final
        return self.growing.update(self.raw) if self.growing else self.raw

    def lead(self) -> str:
        """Return what stands above the card."""
        text = self.text()
        return _joined(text if text.strip() else strings.PLAN_LEAD, self.tail)


@dataclass(slots=True)
class _End:
    """How an answer ended: a sentence under it where it is not whole, and what can be pressed."""

    sentence: str = ""
    byline: Line = ()
    buttons: tuple[Button, ...] = ()


@dataclass(slots=True)
class Facts:
    """What the stream said about the answer besides its text."""

    answer_id: str | None = None
    complete: bool = False
    error: dict[str, Any] | None = None


class AnswerView:
    """One answer. Fold events into it; ask it for the screen when there is time to show one.

    A plan's card stands between the text before it and the text after it and never moves: what the final text
    needs more room for than was taken before the card goes on behind it. `while_growing` are the buttons under the
    newest message until the answer has ended.
    """

    def __init__(self, page_format: PageFormat, *, while_growing: tuple[Button, ...] = ()) -> None:
        self.facts = Facts()
        self.ended = False
        """Whether no other screen will follow."""
        self.has_plan = False
        """Whether a plan's card belongs to this answer."""
        self.parked = False
        """Whether a plan's card is the last thing that was shown."""
        self._measure: Measure = lambda text: page_format.measure(Reply(text))
        self._limit = page_format.limit - ROOM
        self._heading = ""
        self._while_growing = while_growing
        self._status = strings.THINKING
        self._status_shown = True
        self.trouble = ""
        """Why the answer is shown as plain text: what rendering raised, and where; "" where it is Markdown."""
        self._segments = [self._new_segment()]
        self._before = ""
        self._end = _End()

    @property
    def empty(self) -> bool:
        """Whether Aion has said nothing yet."""
        return not any(segment.text().strip() or segment.card for segment in self._segments)

    @property
    def progress(self) -> object:
        """Equal to what it was before as long as people can see nothing new; costs next to nothing."""
        segment = self._segments[-1]
        return len(self._segments), len(segment.raw), segment.final is None, self._status

    def notice(self, sentence: str) -> None:
        """Put a sentence of the bot's own before the answer."""
        self._heading = _joined(self._heading, f"_{sentence}_")

    def retract(self) -> None:
        """Say nothing of the bot's own before the answer."""
        self._heading = ""

    def fold(self, token: ChatToken) -> None:
        """Take the next event; a plan is taken by `show_plan` instead."""
        self._in_plain_text_if_it_fails(lambda: self._fold(token))

    def fall_back(self, error: Exception) -> bool:
        """Show plain text from now on, because of what rendering raised; False if that is shown already."""
        if self.trouble:
            return False
        self.trouble = where(error)
        if self.ended:
            self._end.sentence = self._end.sentence or strings.PLAIN_TEXT
        for segment in self._segments:
            segment.growing, segment.shown, segment.pages = None, {}, self._new_pages()
        return True

    def _in_plain_text_if_it_fails(self, render: Callable[[], _T]) -> _T:
        """Render within the time limit; after a failure once more, as plain text."""
        try:
            with time_limit():
                return render()
        except Exception as error:  # whatever a text does to rendering, its plain text is shown
            if not self.fall_back(error):
                raise
        with time_limit():
            return render()

    def _fold(self, token: ChatToken) -> None:
        data = token.data or {}
        segment = self._segments[-1]
        match token.type:
            case ChatTokenType.TOKEN:
                segment.final = None
                if accumulated := str(data.get("accumulated") or ""):
                    # Most events repeat the whole text so far: what is before the last card belongs above it.
                    segment.raw = accumulated.removeprefix(self._before)
                else:
                    segment.raw += token.content or ""
                self._status, self._status_shown = "", True
                self.parked &= not segment.raw
            case ChatTokenType.COMPLETE:
                self.facts.complete = True
                self.facts.answer_id = str(data.get("message_id") or "") or self.facts.answer_id
                content = str(data.get("content") or "")
                # The text that the server resolved is one; it does not say where a card stands in it.
                resolved = content if self.trouble else token.resolved_content
                if resolved and not self.has_plan:
                    segment.final = resolved
                elif content:
                    context = {"image_context": data.get("image_context")}
                    self._settle(content, dict(data.get("metadata") or {}) | context)
            case ChatTokenType.ERROR | ChatTokenType.AUTH_ERROR:
                self.facts.error = data
            case ChatTokenType.CONNECTION:
                self.facts.answer_id = str(data.get("message_id") or "") or self.facts.answer_id
            case _:
                self.say(_status(token.type, data))

    def show_plan(self, card: PlanCard, in_full: str) -> None:
        """Put a plan's card under the text so far; `in_full` is the plan as text where no card could hold it."""
        self._in_plain_text_if_it_fails(lambda: self._put_plan(card, in_full))

    def _put_plan(self, card: PlanCard, in_full: str) -> None:
        segment = self._segments[-1]
        segment.card, segment.tail = card, in_full
        heading = "" if self.has_plan else self._heading
        segment.slots = max(1, len(segment.pages.update(_joined(heading, segment.lead()))))
        self._before += segment.raw
        self._segments.append(self._new_segment())
        self._status, self._status_shown, self.parked, self.has_plan = "", False, True, True

    def say(self, status: str) -> None:
        """Show a status line; nothing where it is empty."""
        if status:
            self._status, self._status_shown = one_line(status, _NOTE), True

    def show_stored(self, text: str, metadata: dict[str, Any] | None) -> None:
        """Show the stored answer instead of what the stream brought."""
        self._in_plain_text_if_it_fails(lambda: self._settle(text, metadata or {}))

    def _settle(self, text: str, metadata: dict[str, Any]) -> None:
        # A server may also count the text from zero after a plan: then the text above the card stays.
        if text.startswith(self._before):
            text = text.removeprefix(self._before)
            for segment in self._segments[:-1]:
                segment.final = self._resolved(segment.raw, metadata)
        self._segments[-1].final = self._resolved(text, metadata)

    def _resolved(self, text: str, metadata: dict[str, Any]) -> str:
        # Text that could not be rendered is not looked at any more.
        return text if self.trouble else resolve_content(text, metadata)

    def finish(self, sentence: str = "", buttons: tuple[Button, ...] = (), byline: Line = ()) -> None:
        """End the answer; `sentence` says what is wrong where it is not whole, `byline` who ended it."""
        if not self.ended:
            self.ended, self._end = True, _End(sentence, byline, buttons)
            self._in_plain_text_if_it_fails(self._settle_rest)

    def _settle_rest(self) -> None:
        for segment in self._segments:
            if segment.final is None:
                # Read at once, it does not matter in which pieces the text came.
                segment.final = segment.raw if self.trouble else Growing().update(segment.raw)

    def offer(self, *buttons: Button) -> None:
        """Put buttons under an answer that has ended."""
        if self.ended:
            self._end.buttons = buttons

    def shrink(self) -> bool:
        """Use pages of half the size from now on."""
        # The platform refused a page as too long, so its own count differs from `measure`; what is smaller is not the cause.
        if self._limit // 2 < _SMALLEST_PAGE:
            return False
        self._limit //= 2
        for segment in self._segments:
            segment.pages = self._new_pages()
        return True

    def _new_segment(self) -> _Segment:
        return _Segment(self._new_pages(), growing=None if self.trouble else Growing())

    def _new_pages(self) -> Pages | PlainPages:
        return PlainPages(self._limit) if self.trouble else Pages(self._measure, self._limit)

    def _page(self, text: str) -> Reply:
        return Reply(text, plain=bool(self.trouble))

    def screen(self) -> Screen:
        """What the thread should show now; plain text from the first failure of rendering on.

        Raises what rendering plain text raises.
        """
        return self._in_plain_text_if_it_fails(self._screen)

    def _screen(self) -> Screen:
        contents: list[Content | None] = []
        before = self._heading
        for segment in self._segments[:-1]:
            pages = segment.pages.update(_joined(before, segment.lead()))
            # What there is no message for above the card goes on below it.
            before = "\n\n".join(pages[segment.slots :])
            unused = [None] * (segment.slots - len(pages))
            contents += [*map(self._page, pages[: segment.slots]), *unused, segment.card]
        return (*contents, *self._last(before))

    def _last(self, before: str) -> list[Content | None]:
        """Return what is below the last card; `before` stands before its text."""
        segment, end = self._segments[-1], self._end
        text = _joined(before, segment.text())
        if end.sentence:
            text = f"{text.rstrip()}\n\n⚠️ {end.sentence}".lstrip()
        # The version stays the same while the text only grows: then full pages are not even compared.
        version = (before, segment.final, segment.growing and segment.growing.begun)
        pages = segment.pages.update(text, grown=not self.ended and version == segment.version)
        segment.version = version
        note, buttons = ("", end.buttons) if self.ended else (self._status, self._while_growing)
        if not pages and not (end.byline or (note and self._status_shown)):
            return []
        closing = 0 if self.ended else segment.pages.closing
        text = pages[-1] if pages else ""
        last = Reply(text, note, end.byline, buttons, closing, plain=bool(self.trouble))
        segment.shown = {page: segment.shown.get(page) or self._page(page) for page in pages[:-1]}
        return [*(segment.shown[page] for page in pages[:-1]), last]


def _joined(*parts: str) -> str:
    """Join what is not blank as paragraphs."""
    return "\n\n".join(part for part in parts if part.strip())


def _status(kind: ChatTokenType | str, data: dict[str, Any]) -> str:
    """Words for what Aion is doing; "" for events that say nothing to a person."""
    if kind is ChatTokenType.THINKING:
        return strings.THINKING
    if kind not in {ChatTokenType.STATUS, ChatTokenType.THINKING_STEP, ChatTokenType.TOOL_INVOCATION}:
        return ""
    if kind is not ChatTokenType.TOOL_INVOCATION and data.get("message"):
        return str(data["message"])
    name = str(data.get("agent_name") or data.get("tool_name") or "")
    return f"{strings.agent(name)}…" if name else ""
