"""An answer as it arrives: events in, the wanted screen out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from aion_bot.aion.events import ChatToken, ChatTokenType
from aion_bot.aion.references import resolve_content
from aion_bot.domain import strings
from aion_bot.ports.messages import Button, Content, Line, PlanCard, Reply
from aion_bot.ports.text import one_line
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.plain_pages import PlainPages
from aion_bot.rendering.references import Growing, readable, settled_length
from aion_bot.rendering.screen import PageFormat, Screen
from aion_bot.rendering.time_limit import time_limit, where

_NOTE = 100
"""Characters of a status line at most."""

ROOM = 160
"""What a page leaves free, in the platform's measure, for the note and the buttons under its last one."""

_SMALLEST_PAGE = 400

_T = TypeVar("_T")


class _Segment:
    """The text between two plan cards, in pages.

    `final` replaces what came as tokens once it is known; `tail` stands under the text, before the card; `slots` is how
    many messages were taken before the card.
    """

    def __init__(self, measure: Callable[[Content], int], limit: int) -> None:
        self.raw = ""
        self.final: str | None = None
        self.card: PlanCard | None = None
        self.tail = ""
        self.slots = 0
        self.growing: Growing | None = Growing()
        """None where the text is shown as it came."""
        self.pages: Pages | PlainPages = Pages(lambda text: measure(Reply(text)), limit)
        self.full: dict[str, Reply] = {}
        """What shows each full page; made once, as every screen has all of them."""

    def text(self) -> str:
        if self.final is not None:
            return self.final
        return self.growing.update(self.raw) if self.growing else self.raw


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
        self.parked = False
        """Whether a plan's card is the last thing that was shown."""
        self._measure = page_format.measure
        self._limit = page_format.limit - ROOM
        self._notices: list[str] = []
        self._while_growing = while_growing
        self._status = strings.THINKING
        self._status_shown = True
        self.trouble = ""
        """Why the answer is shown as plain text: what rendering raised, and where; "" where it is Markdown."""
        self._segments = [self._new_segment()]
        self._before = ""
        self._end: _End | None = None
        self._version: object = None

    @property
    def ended(self) -> bool:
        """Whether no other screen will follow."""
        return self._end is not None

    @property
    def empty(self) -> bool:
        """Whether Aion has said nothing yet."""
        return not any(segment.text().strip() or segment.card for segment in self._segments)

    @property
    def has_plan(self) -> bool:
        """Whether a plan's card belongs to this answer."""
        return len(self._segments) > 1

    def notice(self, sentence: str) -> None:
        """Put a sentence of the bot's own before the answer."""
        self._notices.append(sentence)

    def retract(self) -> None:
        """Say nothing of the bot's own before the answer."""
        self._notices.clear()

    def fold(self, token: ChatToken) -> None:
        """Take the next event; a plan is taken by `show_plan` instead."""
        self._in_plain_text_if_it_fails(lambda: self._fold(token))

    def fall_back(self, error: Exception) -> bool:
        """Show plain text from now on, because of what rendering raised; False if that is shown already."""
        if self.trouble:
            return False
        self.trouble = where(error)
        if self._end is not None:
            self._end.sentence = self._end.sentence or strings.PLAIN_TEXT
        for segment in self._segments:
            segment.growing, segment.full = None, {}
            segment.pages = PlainPages(self._limit)
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
        match token.type:
            case ChatTokenType.TOKEN:
                segment, accumulated = self._segments[-1], str(data.get("accumulated") or "")
                # Some events repeat the whole text so far: what is before the last card belongs above it.
                segment.raw = (
                    accumulated.removeprefix(self._before)
                    if accumulated
                    else segment.raw + (token.content or "")
                )
                segment.final = None
                self._status, self._status_shown = "", True
                self.parked &= not segment.raw
            case ChatTokenType.COMPLETE:
                self._complete(token, data)
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
        segment.slots = max(1, len(segment.pages.update(self._lead(segment))))
        self._before += segment.raw
        self._segments.append(self._new_segment())
        self._status, self._status_shown, self.parked = "", False, True

    def say(self, status: str) -> None:
        """Show a status line; nothing where it is empty."""
        if status:
            self._status, self._status_shown = one_line(status, _NOTE), True

    def show_stored(self, text: str, metadata: dict[str, Any] | None) -> None:
        """Show the stored answer instead of what the stream brought."""
        self._in_plain_text_if_it_fails(lambda: self._settle(text, metadata or {}))

    def finish(self, sentence: str = "", buttons: tuple[Button, ...] = (), byline: Line = ()) -> None:
        """End the answer; `sentence` says what is wrong where it is not whole, `byline` who ended it."""
        if self._end is None:
            self._end = _End(sentence, byline, buttons)
            self._in_plain_text_if_it_fails(self._settle_rest)

    def _settle_rest(self) -> None:
        for segment in self._segments:
            if segment.final is None:
                segment.final = (
                    segment.raw if self.trouble else readable(segment.raw[: settled_length(segment.raw)])
                )

    def offer(self, *buttons: Button) -> None:
        """Put buttons under an answer that has ended."""
        if self._end is not None:
            self._end.buttons = buttons

    def shrink(self) -> bool:
        """Use pages of half the size from now on."""
        if self._limit // 2 < _SMALLEST_PAGE:
            return False
        self._limit //= 2
        for segment in self._segments:
            segment.pages = self._new_segment().pages
        return True

    def _new_segment(self) -> _Segment:
        segment = _Segment(self._measure, self._limit)
        if self.trouble:
            segment.growing, segment.pages = None, PlainPages(self._limit)
        return segment

    def _page(self, text: str) -> Reply:
        return Reply(text, plain=bool(self.trouble))

    def screen(self) -> Screen:
        """What the thread should show now; plain text from the first failure of rendering on.

        Raises what rendering plain text raises.
        """
        return self._in_plain_text_if_it_fails(self._screen)

    def _screen(self) -> Screen:
        contents: list[Content | None] = []
        overflow = ""
        for segment in self._segments[:-1]:
            pages = segment.pages.update(overflow + self._lead(segment))
            if len(pages) > segment.slots:
                overflow = "\n\n".join(pages[segment.slots :])
                pages = pages[: segment.slots]
            else:
                overflow = ""
            contents += (
                [self._page(page) for page in pages] + [None] * (segment.slots - len(pages)) + [segment.card]
            )
        return (*contents, *self._last(overflow))

    def _last(self, overflow: str) -> list[Content | None]:
        segment = self._segments[-1]
        text = overflow + ("\n\n" if overflow else "") + self._headed(segment)
        end = self._end
        if end and end.sentence:
            text = f"{text.rstrip()}\n\n⚠️ {end.sentence}".lstrip()
        before, self._version = (
            self._version,
            (
                overflow,
                len(self._notices),
                segment.final,
                segment.growing and segment.growing.begun,
            ),
        )
        # The version stays the same while the text only grows: then full pages are not even compared.
        pages = segment.pages.update(text, grown=end is None and self._version == before)
        note = "" if end else self._status
        buttons, byline = (end.buttons, end.byline) if end else (self._while_growing, ())
        if not pages and not (byline or (note and self._status_shown)):
            return []
        closing = 0 if end else segment.pages.closing
        final = Reply(pages[-1] if pages else "", note, byline, buttons, closing, plain=bool(self.trouble))
        segment.full = {page: segment.full.get(page) or self._page(page) for page in pages[:-1]}
        return [*(segment.full[page] for page in pages[:-1]), final]

    def _headed(self, segment: _Segment) -> str:
        text = segment.text()
        if segment is not self._segments[0] or not self._notices:
            return text
        return "\n\n".join([*(f"_{notice}_" for notice in self._notices), *([text] if text.strip() else [])])

    def _lead(self, segment: _Segment) -> str:
        lead = self._headed(segment) if segment.text().strip() else strings.PLAN_LEAD
        return f"{lead}\n\n{segment.tail}" if segment.tail else lead

    def _complete(self, token: ChatToken, data: dict[str, Any]) -> None:
        self.facts.complete = True
        self.facts.answer_id = str(data.get("message_id") or "") or self.facts.answer_id
        content = str(data.get("content") or "")
        # Text that could not be rendered is not looked at any more.
        resolved = content if self.trouble else token.resolved_content
        if resolved and not self.has_plan:
            self._segments[-1].final = resolved
        elif content:
            self._settle(
                content, dict(data.get("metadata") or {}) | {"image_context": data.get("image_context")}
            )

    def _settle(self, content: str, metadata: dict[str, Any]) -> None:
        if content.startswith(self._before):
            at = 0
            for segment in self._segments[:-1]:
                segment.final = self._resolved(segment.raw, metadata)
                at += len(segment.raw)
            content = content[at:]
        self._segments[-1].final = self._resolved(content, metadata)

    def _resolved(self, content: str, metadata: dict[str, Any]) -> str:
        return content if self.trouble else resolve_content(content, metadata)


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
