"""An answer as it arrives: events in, the wanted screen out."""

import sys
from typing import Any

from aion_bot.aion.events import ChatToken, ChatTokenType
from aion_bot.aion.serialization import read_list
from aion_bot.domain import strings
from aion_bot.ports.messages import Button, Content, Document, Line, PlanCard, PostedOnce, Reply
from aion_bot.ports.text import well_formed, whole_pairs
from aion_bot.rendering.activity import Activity
from aion_bot.rendering.answer_parts import End, Facts, OwnWords, Segment, joined, read_on, whole_answer
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.pagination import MOST_CHARACTERS, MOST_MESSAGES, RESERVED, Measure, Pages, cut_text
from aion_bot.rendering.plain_pages import PlainPages
from aion_bot.rendering.references import PIECE, Growing, settled_length
from aion_bot.rendering.screen import PageFormat, Screen, with_room_for
from aion_bot.rendering.sources import with_sources
from aion_bot.rendering.time_limit import in_plain_text_if_it_fails, where

ROOM = 160
"""What a page leaves free, in the platform's measure, for the note and the buttons under its last one."""

_SMALLEST_PAGE = 400


class AnswerView(OwnWords):
    """One answer. Fold events into it; ask it for the screen when there is time to show one.

    A plan's card stands between the text before it and the text after it and never moves: what the final text
    needs more room for than was taken before the card goes on behind it. `while_growing` are the buttons under the
    newest message until the answer has ended; `key` is the turn's, whose reference what fails here is told with;
    `cards` are cards of it that stand in the thread already and are not shown here. An answer has `MOST_MESSAGES` messages and
    `MOST_CHARACTERS` at most; where that is not enough, its end is followed by a document with all of it.
    """

    def __init__(
        self,
        page_format: PageFormat,
        *,
        while_growing: tuple[Button, ...] = (),
        key: str = "",
        cards: int = 0,
    ) -> None:
        super().__init__()
        self.facts = Facts(key=key)
        self.ended = False
        """Whether no other screen will follow."""
        self.has_plan = False
        """Whether a plan's card belongs to this answer."""
        self.parked = False
        """Whether a plan's card is the last thing that was shown."""
        self.cut = False
        """Whether Aion said more than is kept."""
        self.refused: str | None = None
        """Why no file can be posted; None where nothing refused it."""
        self._effort, self._pending = sys.maxsize, False
        # How many characters the messages behind the last card may have, and whether there was too much before it.
        self._left, self._over = MOST_CHARACTERS, False
        self._measure: Measure = lambda text: page_format.measure(Reply(text))
        self._format, self._limit = page_format, page_format.limit - ROOM
        self._while_growing, self._cards = while_growing, cards
        self._activity = Activity()
        self.trouble = ""
        """Why the answer is shown as plain text: what rendering raised, and where; "" where it is Markdown."""
        self._before, self._end, self.sources = "", End(), Sources()
        self._segments = [Segment(self._new_pages(), Growing(self.sources))]

    @property
    def empty(self) -> bool:
        """Whether Aion has said nothing yet."""
        return not any(one.card or one.settling or one.text(1).strip() for one in self._segments)

    @property
    def progress(self) -> tuple[int, int, bool, str]:
        """Equal to what it was before as long as people can see nothing new; costs next to nothing."""
        segment = self._segments[-1]
        return len(self._segments), len(segment.raw), segment.settled, self._status

    @property
    def waits_for_words(self) -> bool:
        """Whether there is text that is not shown yet, because it may be a lone half word."""
        return not self.ended and bool(self._segments[-1].raw) and self._segments[-1].waits_for_words

    def begin(self) -> None:
        """Show the text from now on, however short it is."""
        self._segments[-1].begun = True
        self._status, self._status_shown = "", True

    def fall_back(self, error: Exception) -> bool:
        """Show plain text from now on, because of what rendering raised; False if that is shown already."""
        if self.trouble:
            return False
        self.trouble, self.sources = where(error), Sources(as_written=True)
        if self.ended:
            self._end.sentence = self._end.sentence or self.facts.with_reference(strings.PLAIN_TEXT)
        for segment in self._segments:
            segment.growing, segment.shown, segment.pages = None, {}, self._new_pages()
            if segment.settling is not None:
                segment.settle(segment.whole)
        return True

    def fold(self, token: ChatToken) -> None:
        """Take the next event; a plan is taken by `show_plan` instead."""
        data, segment = token.data or {}, self._segments[-1]
        if token.type is ChatTokenType.TOKEN:
            segment.final = segment.settling = None
            if accumulated := str(data.get("accumulated") or ""):
                # Most events repeat the whole text so far: what is before the last card belongs above it.
                whole = self._kept(whole_pairs(accumulated), self._before + segment.raw)
                segment.raw = whole.removeprefix(self._before)
            elif not self.cut:
                segment.raw = self._kept(segment.raw + (token.content or ""), segment.raw)
            self.parked &= not segment.raw
            # Nothing is rendered where the text is shown already: a time limit would cost more.
            if segment.begun:
                self.begin()
                return
        self._react(token, data, segment)

    @in_plain_text_if_it_fails
    def _react(self, token: ChatToken, data: dict[str, Any], segment: Segment) -> None:
        match token.type:
            case ChatTokenType.TOKEN:
                if not segment.waits_for_words:
                    self.begin()
            case ChatTokenType.COMPLETE:
                self.facts.complete, self.facts.data = True, data
                self.facts.answer_id = str(data.get("message_id") or "") or self.facts.answer_id
                content = str(data.get("content") or "")
                # The server resolves the text as a whole: it says neither where a card stands in it, nor what is cited.
                if content and (self.has_plan or self.trouble or "[[" in content):
                    self._settle(content, self.facts.metadata)
                elif resolved := token.resolved_content:
                    self.sources.forget()
                    segment.settle(self._kept(resolved), self.sources)
            case ChatTokenType.IMAGE_RESULTS:
                self.facts.images += read_list(data.get("images"), dict) or []
            case ChatTokenType.ERROR | ChatTokenType.AUTH_ERROR:
                self.facts.error = data
            case ChatTokenType.CONNECTION:
                self.facts.answer_id = str(data.get("message_id") or "") or self.facts.answer_id
            case _:
                self.say(self._activity.line(token.type, data))

    @in_plain_text_if_it_fails
    def show_plan(self, card: PlanCard, in_full: str, file: Document | None = None) -> bool:
        """Put a plan's card under the text so far; `in_full` is the plan as text where no card could hold it.

        `file` has it instead where there are too few messages for that. False where there is no room for the card any
        more, and where no file can be posted: nobody could see all of what would be approved.
        """
        segment, room = self._segments[-1], MOST_MESSAGES - self._taken - RESERVED
        segment.tail = in_full
        text = joined("" if self.has_plan else self._heading, segment.lead())
        pages = segment.pages.update(text, most=max(1, room), within=self._left)
        no_file = file is not None and (self.refused is not None or cut_text(file.text) != file.text)
        if room < 1 or (in_full and segment.pages.over) or no_file:
            segment.tail = ""
            self.facts.missing.add(card.key)
            return False
        self.facts.missing.discard(card.key)
        segment.card, segment.file, segment.slots = card, file, max(1, len(pages))
        self._left = max(0, self._left - sum(map(len, pages)))
        self._before += segment.raw
        growing = None if self.trouble else Growing(self.sources)
        self._segments.append(Segment(self._new_pages(), growing))
        self._status, self._status_shown, self.parked, self.has_plan = "", False, True, True
        return True

    @in_plain_text_if_it_fails
    def show_stored(self, text: str, metadata: dict[str, Any] | None) -> None:
        """Show the stored answer instead of what the stream brought."""
        self.facts.data = {"metadata": metadata}
        self._settle(text, metadata or {})

    def _kept(self, text: str, known: str = "") -> str:
        """Return as much of the text as is kept, without halves of surrogate pairs; `known` has none and may begin it."""
        # Only what is new is looked at: a long answer would be encoded anew with each token.
        beginning = known if text.startswith(known) else ""
        kept = cut_text(beginning + well_formed(text[len(beginning) :]))
        self.cut |= len(kept) < len(text)
        return kept

    @property
    def _taken(self) -> int:
        """Count the messages before the last segment, and the cards that an earlier process posted."""
        return self._cards + sum(segment.slots + 1 for segment in self._segments[:-1])

    def _settle(self, text: str, metadata: dict[str, Any]) -> None:
        text = self._kept(text)
        self.sources.learn(metadata)
        # A server may also count the text from zero after a plan: then the text above the card stays.
        above = self._segments[:-1] if text.startswith(self._before) else []
        last = self._segments[-1], text.removeprefix(self._before)
        for segment, raw in (*((one, one.raw) for one in above), last):
            segment.settle(raw, self.sources)

    def finish(
        self, sentence: str = "", buttons: tuple[Button, ...] = (), byline: Line = (), *, in_file: bool = True
    ) -> None:
        """End the answer; `sentence` says what is wrong where it is not whole, `byline` who ended it.

        `in_file`: where there are too many messages, a document has all of it.
        """
        if not self.ended:
            # Rendering may have failed after the end was decided and before it is shown.
            if self.trouble and not sentence and not self.parked:
                sentence = self.facts.with_reference(strings.PLAIN_TEXT)
            self.ended, self._end = (
                True,
                End(
                    self.facts.with_missing(sentence) if self.facts.missing else sentence,
                    byline,
                    buttons,
                    in_file,
                ),
            )
            self._settle_rest()

    @in_plain_text_if_it_fails
    def _settle_rest(self) -> None:
        for segment in self._segments:
            if not segment.settled:
                # Taking the whole text anew makes the result independent of the pieces in which it came.
                raw, marked = segment.raw, "[" in segment.raw and not self.trouble
                tail = max(0, len(raw) - PIECE)
                segment.settle(raw[: settled_length(raw, tail)] if marked else raw, self.sources)

    def offer(self, *buttons: Button) -> None:
        """Put buttons under an answer that has ended."""
        if self.ended:
            self._end.buttons = buttons

    def shrink(self) -> bool:
        """Use pages of half the size from now on."""
        # The platform counts otherwise than `measure`, so it refused a page that fits; smaller pages are not the cause.
        if self._limit // 2 < _SMALLEST_PAGE:
            return False
        self._limit //= 2
        for segment in self._segments:
            segment.pages = self._new_pages()
        return True

    def _new_pages(self) -> Pages | PlainPages:
        return PlainPages(self._limit) if self.trouble else Pages(self._measure, self._limit)

    def refuse_file(self, reason: str) -> None:
        """Show no document, and say why; no card either whose plan only such a file could show."""
        self.refused = reason
        for segment in self._segments:
            if segment.file and segment.file.key not in self.facts.filed:
                self.facts.missing.add(segment.file.key)
                segment.card = segment.file = None
                self._end.sentence = self.facts.with_missing(self._end.sentence)
        self.has_plan = any(segment.card for segment in self._segments)
        self.parked = self.parked and self._segments[-2].card is not None

    def advance(self) -> bool:
        """Cut the text into one page more; True once it is cut, and `screen` comes at once."""
        self._effort = 1
        try:
            self.screen()
        finally:
            self._effort = sys.maxsize
        return not self._pending

    @in_plain_text_if_it_fails
    def screen(self) -> Screen:
        """What the thread should show now; plain text from the first failure of rendering on.

        Raises what rendering plain text raises.
        """
        contents: list[Content | PostedOnce | None] = []
        before, self._pending, self._left, self._over = self._heading, False, MOST_CHARACTERS, False
        last = self._segments[-1]
        is_long = last.settling is not None or len(last.raw) > PIECE or self.has_plan
        if is_long and read_on(self._segments, self._effort):
            self._pending = True
            return ()
        if self.sources.cited and (self.ended or self.parked):
            self._end.list_under(self._segments)
        else:
            self._end.lists = None
        for segment in self._segments[:-1]:
            text = joined(before, segment.lead() if segment.card else segment.text())
            # The plan's words stand above its card, however long the text before them has become.
            within = sys.maxsize if segment.tail else self._left
            pages = segment.pages.update(text, most=MOST_MESSAGES, effort=self._effort, within=within)
            self._pending |= segment.pages.pending
            if segment is self._end.lists and not segment.pages.pending:
                most = segment.slots + self.ended
                pages = with_sources(pages, self.sources, self._measure, self._limit, most)
            # What there is no message for above the card goes on below it.
            before = "\n\n".join(pages[segment.slots :])
            self._over |= segment.pages.over
            # What is behind the bound is only in the file, and so is all that follows it.
            shown = self._left - sum(map(len, pages[: segment.slots]))
            self._left = len(before) if self._over else max(0, shown)
            contents += [Reply(page, plain=bool(self.trouble)) for page in pages[: segment.slots]]
            contents += [None] * (segment.slots - len(pages))
            contents += segment.below()
        return (*contents, *self._last(before))

    def _holds(self, page: str, note: str) -> bool:
        """Whether a message holds `note` and the byline under its text."""
        shown = Reply(page, note, self._end.byline, plain=bool(self.trouble))
        return self._format.measure(shown) <= self._format.limit

    def _last(self, before: str) -> list[Content | PostedOnce | None]:
        """Return what is below the last card; `before` stands before its text."""
        segment, end = self._segments[-1], self._end
        text = joined(before, "" if self.waits_for_words else segment.text())
        room = max(1, MOST_MESSAGES - self._taken - (0 if self.ended else RESERVED))
        # The version stays the same while the text only grows: then full pages are not even compared.
        version = (before, segment.final, segment.growing and segment.growing.begun)
        grown = not self.ended and version == segment.version
        pages = segment.pages.update(
            text, grown=grown, goes_on=not self.ended, most=room, effort=self._effort, within=self._left
        )
        segment.version = version
        over, closing = segment.pages.over or self._over, 0
        if not over and not self.trouble and (not self.ended or end.sentence):
            pages, closing = segment.healed(pages, growing=not self.ended)
        if end.sentence:
            under = end.under(pages, segment.pages.fits)
            if over or len(under) > room:
                # There is no room for both: the end of the text is not shown, and what ended it is.
                over, under = True, [*segment.pages.update(text, most=room - 1, within=self._left), end.told]
            pages = under
        if segment is end.lists and not (over or segment.pages.pending):
            pages = with_sources(pages, self.sources, self._measure, self._limit, room)
        self._pending |= segment.pages.pending
        footnote = "\n".join(self._footnotes.values()) if pages else ""
        note, buttons = (footnote, end.buttons) if self.ended else (self._status, self._while_growing)
        note = end.note_of_rest(self.facts, self.refused, ended=self.ended, cut=self.cut) if over else note
        if note and self.ended and pages:
            pages, note = with_room_for(note, pages, room, self._holds)
        if not pages and not (end.byline or over or (note and self._status_shown)):
            return []
        text, closing = pages[-1] if pages else "", 0 if self.ended else closing
        last = Reply(text, note, end.byline, buttons, closing, plain=bool(self.trouble))
        segment.shown = {one: segment.shown.get(one) or Reply(one, plain=last.plain) for one in pages[:-1]}
        has_document = over and self.ended and end.in_file and self.refused is None
        if has_document and not end.document:
            end.document = whole_answer(self._segments, self.sources, cut=self.cut)
        document = [end.document] if has_document and end.document else []
        return [*(segment.shown[page] for page in pages[:-1]), last, *document]
