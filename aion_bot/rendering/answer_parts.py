"""The parts of an answer: its text between plan cards, how it ended, and other facts from the stream. No I/O."""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aion_bot.aion.references import with_images
from aion_bot.domain import strings
from aion_bot.ports.failures import reference, with_reference
from aion_bot.ports.messages import Button, Document, Line, PlanCard, Reply
from aion_bot.ports.plain_words import plain_words
from aion_bot.ports.secrets import KNOWN
from aion_bot.ports.text import one_line, visible_line
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.markdown import closed, healed
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.plain_pages import PlainPages
from aion_bot.rendering.reference_links import as_labels, with_links, without_definitions
from aion_bot.rendering.references import PIECE, Growing, cited, cited_pieces, is_marked
from aion_bot.rendering.sources import MOST_IN_FILE, source_list


@dataclass(slots=True)
class Segment:
    """The text between two plan cards, in pages.

    Attributes:
        raw: What came as tokens, with the markers of references.
        growing: What makes `raw` readable; None where it is shown as it came.
        final: What replaces `raw` once it is known, and read to its end; None until then.
        settling: What is left to read of `whole`, which will be `final`; None where nothing is.
        read: What was read of it.
        card: The plan's card under the text.
        tail: What stands under the text, before the card.
        file: What has the whole plan, as a file before the card; None where the text above has it, or the card.
        slots: How many messages were taken before the card.
        begun: Whether the text is shown although it may be a lone half word.
        shown: What shows each full page; made once, as every screen has all of them.
        version: Equal to what it was before where `pages` were given a text that has only grown since.
    """

    pages: Pages | PlainPages
    growing: Growing | None
    raw: str = ""
    final: str | None = None
    settling: Iterator[str] | None = None
    whole: str = ""
    read: list[str] = field(default_factory=list)
    card: PlanCard | None = None
    tail: str = ""
    file: Document | None = None
    slots: int = 0
    shown: dict[str, Reply] = field(default_factory=dict)
    version: object = None
    begun: bool = False

    @property
    def waits_for_words(self) -> bool:
        """Whether the text is too little to be shown as the first of an answer: neither a few whole words nor a sentence."""
        if self.begun or self.settled:
            return False
        head = self.text(1)[:_FIRST]
        words = head.split()
        if head[-1:].isspace():
            ends = bool(words) and words[-1].endswith((".", "!", "?", ":"))
            return len(words) < _FEW_WORDS and not ends
        # The last word may go on: it does not count.
        return len(words) <= _FEW_WORDS and len(head) < _FIRST

    @property
    def settled(self) -> bool:
        """Whether it is known what replaces `raw`."""
        return self.final is not None or self.settling is not None

    @property
    def behind(self) -> bool:
        """Whether `text` has not read all that there is."""
        return self.settling is not None or (
            self.final is None and self.growing is not None and self.growing.behind
        )

    def text(self, pieces: int = sys.maxsize) -> str:
        """Return what may be shown of the text so far; of a long one that is new, `pieces` pieces are read."""
        while self.settling is not None and pieces > 0:
            if (piece := next(self.settling, None)) is None:
                self.settling, self.whole = None, ""
                self._end("".join(self.read))
            else:
                self.read.append(piece)
            pieces -= 1
        if self.final is not None:
            return self.final
        if self.settling is not None:
            return ""
        return self.growing.update(self.raw, pieces) if self.growing else KNOWN.struck_so_far(self.raw)

    def healed(self, pages: list[str], *, growing: bool) -> tuple[list[str], int]:
        """Return pages of which the last one ends with whole constructs, and how many characters at its end only close."""
        if not pages:
            return pages, 0
        last, closing = healed(pages[-1], self.pages.closing, growing=growing)
        shown = [*pages[:-1], last] if last.strip() else pages[:-1]
        return [as_labels(page) if growing and "]" in page else page for page in shown], closing

    def settle(self, text: str, sources: Sources | None = None) -> None:
        """Take the whole text; its markers become citations of `sources`, a long one's piece by piece, as `text` reads it."""
        self.final = self.settling = None
        if sources is None or sources.as_written or not is_marked(text):
            self._end(text)
        elif len(text) <= PIECE:
            self._end(cited(text, sources))
        else:
            self.settling, self.whole, self.read = cited_pieces(text, sources), text, []

    def _end(self, text: str) -> None:
        # Secrets are struck before the text is cut into pages, which could cut one in two.
        if self.growing:
            text = with_links(text) if "]: " in text else text
        self.final = KNOWN.strike(text)

    def lead(self) -> str:
        """Return what stands above the card."""
        text = self.text() if self.settled or self.growing is None else self.growing.whole(self.raw)
        return joined(closed(text) if text.strip() else strings.PLAN_LEAD, self.tail)

    def below(self) -> list[Document | PlanCard | None]:
        """Return what stands below the text: the file of a plan where there is one, and the card."""
        return [self.file, self.card] if self.file else [self.card]


_FEW_WORDS = 3
"""Whole words from which on a text is shown."""

_FIRST = 200
"""Characters of a text that are looked at for them."""


@dataclass(slots=True)
class End:
    """How an answer ended: a sentence under it where it is not whole, and what can be pressed.

    `lists` is the last part with words, under which the sources stand; None where nothing is cited.
    """

    sentence: str = ""
    byline: Line = ()
    buttons: tuple[Button, ...] = ()
    in_file: bool = True
    document: Document | None = None
    lists: Segment | None = None

    @property
    def told(self) -> str:
        """The sentence as it stands in the text."""
        return f"⚠️ {self.sentence}"

    def list_under(self, segments: Sequence[Segment]) -> None:
        """List the sources under the last part that has words; nowhere where there is none.

        That is also done while a plan waits, perhaps for days: the first word below its card moves the list to the end.
        """
        self.lists = next((one for one in reversed(segments) if one.text().strip()), None)

    def note_of_rest(self, facts: "Facts", refused: str | None, *, ended: bool, cut: bool) -> str:
        """Say where the rest of an answer is that has too much text; `refused` is why no file has it, if none can."""
        if not ended:
            return strings.REST_FOLLOWS
        if refused is not None:
            return facts.with_reference(strings.no_file(refused))
        if not self.in_file:
            return strings.ONLY_BEGINNING
        return strings.CUT_IN_FILE if cut else strings.WHOLE_IN_FILE

    def under(self, pages: Sequence[str], fits: Callable[[str], bool]) -> list[str]:
        """Return pages with the sentence under the last one, or as a page of its own where it does not fit.

        It is a paragraph of its own: in the text it would be the last line of code that a failure left open.
        """
        last = f"{pages[-1].rstrip()}\n\n{self.told}" if pages else self.told
        return [*pages[:-1], last] if fits(last) else [*pages, self.told]


@dataclass(slots=True)
class Facts:
    """What is known about the answer besides its text.

    `answer_id`, `complete` and `error` are what the stream said. `missing` are the keys of the plans that get no card,
    `filed` those of the plans whose files were posted; `key` is the turn's. `images` are the pictures that a search found,
    `data` has what Aion's data says about the answer, as `complete` does.
    """

    answer_id: str | None = None
    complete: bool = False
    error: dict[str, Any] | None = None
    missing: set[str] = field(default_factory=set)
    filed: set[str] = field(default_factory=set)
    key: str = ""
    images: list[dict[str, Any]] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def metadata(self) -> dict[str, Any]:
        """Aion's data about the answer, with all pictures that are known: a marker may name one that only a search told."""
        return with_images(self.data.get("metadata"), self.data.get("image_context"), self.images)

    def with_reference(self, sentence: str) -> str:
        """Add the turn's reference to a sentence about a failure that has none yet."""
        if not self.key or f"(ref {reference(self.key)})" in sentence:
            return sentence
        return with_reference(sentence, self.key)

    def with_missing(self, sentence: str) -> str:
        """Add to the sentence about the end that a plan is not shown, where that is so."""
        if not self.missing or strings.PLAN_NO_ROOM in sentence:
            return sentence
        return self.with_reference(f"{sentence} {strings.PLAN_NO_ROOM}".strip())


_NOTE, _MOST_READ = 100, 400
"""Characters of a status line at most, and of a status that are read for it."""


class OwnWords:
    """What the bot itself says beside Aion's words: sentences before them, small lines under them, and the status."""

    def __init__(self) -> None:
        self._heading = ""
        self._notices, self._footnotes = dict[str, str](), dict[str, str]()
        self._status, self._status_shown = strings.THINKING, True

    def notice(self, sentence: str, *, name: str = "") -> None:
        """Put a sentence of the bot's own before the answer, in place of the one of that name."""
        self._notices[name or sentence] = f"_{sentence}_"
        self._heading = joined(*self._notices.values())

    def footnote(self, sentence: str, *, name: str = "") -> None:
        """Put a small line of the bot's own under the answer once it has ended, in place of the one of that name."""
        self._footnotes[name or sentence] = sentence

    def retract(self) -> None:
        """Say nothing of the bot's own before the answer."""
        self._heading = ""

    def say(self, status: str) -> None:
        """Show a status line; nothing where it is empty."""
        # Small print is the bot's own voice: no trick with characters makes a status look like something else.
        if shown := visible_line(plain_words(KNOWN.strike(status)[:_MOST_READ])):
            self._status, self._status_shown = one_line(shown, _NOTE), True


def read_on(segments: Sequence[Segment], pieces: int) -> bool:
    """Read so many pieces of the texts that are long and new, one text after the other; tell whether there is more."""
    for segment in segments:
        if segment.settling is not None or len(segment.raw) > PIECE:
            segment.text(pieces)
            if segment.behind:
                return True  # sources are numbered in reading order
    return False


def joined(*parts: str) -> str:
    """Join what is not blank as paragraphs."""
    return "\n\n".join(part for part in parts if part.strip())


def whole_answer(segments: Sequence[Segment], sources: Sources, *, cut: bool) -> Document:
    """Return all of an answer as a document, with its sources; a plan that has a file of its own is not in it."""
    parts = [part for segment in segments[:-1] for part in (closed(segment.text()), segment.tail)]
    listed, last = source_list(sources, MOST_IN_FILE), segments[-1].text()
    parts += closed(last) if listed else last, segments[-1].tail
    # A file is read as CommonMark, in which a definition of a number makes a link of each citation with it.
    parts = [without_definitions(part, sources.cited) for part in parts]
    return Document(strings.ANSWER_FILE, joined(*parts, strings.CUT_HERE if cut else "", listed))
