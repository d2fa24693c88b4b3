"""What a thread should show against what it shows."""

import pytest

from aion_bot.delivery.diff import MessageDiff
from aion_bot.delivery.steps import Delete, Edit, Idle, Post, PostFile
from aion_bot.ports.messages import Content, Document, MessageRef, PlanCard, Reply, ThreadKey

THREAD = ThreadKey("x", "t")
CARD = PlanCard("title", "description")


def ref(name: str) -> MessageRef:
    return MessageRef(THREAD, name)


def posted(diff: MessageDiff, *screen: Reply | PlanCard, now: float = 0.0) -> None:
    for index in range(len(screen)):
        step = diff.next(tuple(screen), ended=False, now=now)
        assert isinstance(step, Post)
        diff.posted(step, ref(str(index)), now)


def test_a_message_is_posted_then_edited_then_left_alone() -> None:
    """The first screen is a post, a changed one an edit, an unchanged one nothing."""
    diff = MessageDiff(gap=1.0)
    posted(diff, Reply("a"))
    assert isinstance(diff.next((Reply("a"),), ended=False, now=5.0), Idle)
    step = diff.next((Reply("ab"),), ended=False, now=5.0)
    assert step == Edit(0, ref("0"), Reply("ab"), earliest=1.0)


def test_edits_of_one_message_keep_their_distance() -> None:
    """While it grows a message is edited once a gap, counted from when it was shown last."""
    diff = MessageDiff(gap=1.0)
    posted(diff, Reply("a"))
    step = diff.next((Reply("ab"),), ended=False, now=5.3)
    assert isinstance(step, Edit)
    diff.changed(step, 5.5)
    assert diff.next((Reply("abc"),), ended=False, now=5.6) == Edit(0, ref("0"), Reply("abc"), earliest=6.5)


def test_a_card_that_is_not_there_yet_is_known() -> None:
    """Until a plan's card is posted nothing may wait for a preview's turn."""
    diff = MessageDiff(gap=1.0)
    assert diff.awaits_card((Reply("a"), CARD))
    posted(diff, Reply("a"), CARD)
    assert not diff.awaits_card((Reply("a"), CARD))


def test_a_full_page_is_settled_before_the_next_is_posted() -> None:
    """When an answer flows into a second message, the first shows its last text first."""
    diff = MessageDiff(gap=1.0)
    posted(diff, Reply("a"))
    screen = (Reply("a full"), Reply("b"))
    step = diff.next(screen, ended=False, now=0.1)
    assert step == Edit(0, ref("0"), Reply("a full"), earliest=1.0)
    assert isinstance(step, Edit)
    diff.changed(step, 0.1)
    assert diff.next(screen, ended=False, now=0.1) == Post(1, Reply("b"), 0)


def test_a_card_belongs_to_its_decision_once_it_is_posted() -> None:
    """The answer that brought a plan never overwrites what the decision wrote on its card."""
    diff = MessageDiff(gap=0.0)
    posted(diff, Reply("a"), CARD)
    other = PlanCard("title", "other")
    assert isinstance(diff.next((Reply("a"), other), ended=True, now=9.0), Idle)
    keeper = MessageDiff(0.0, (ref("1"),), owns_cards=True)
    assert keeper.next((other,), ended=True, now=9.0) == Edit(0, ref("1"), other)


def test_what_should_not_be_there_is_deleted() -> None:
    """A message that the final answer has no use for disappears."""
    diff = MessageDiff(gap=0.0)
    posted(diff, Reply("a"), Reply("b"))
    step = diff.next((Reply("a"),), ended=True, now=1.0)
    assert step == Delete(1, ref("1"))
    diff.gone(step)
    assert isinstance(diff.next((Reply("a"),), ended=True, now=1.0), Idle)


def test_a_message_that_somebody_removed_comes_back_once_at_the_end() -> None:
    """A deleted preview is not posted again and again, but the answer is not lost."""
    diff = MessageDiff(gap=0.0)
    posted(diff, Reply("a"))
    step = diff.next((Reply("ab"),), ended=False, now=1.0)
    assert isinstance(step, Edit)
    diff.gone(step)
    assert isinstance(diff.next((Reply("abc"),), ended=False, now=2.0), Idle)
    assert diff.next((Reply("abc"),), ended=True, now=3.0) == Post(0, Reply("abc"), attempt=1)


def test_what_an_earlier_process_posted_stays_until_the_end() -> None:
    """While the stored answer is looked for, its second page is not removed: it would come back behind the third."""
    diff = MessageDiff(0.0, (ref("0"), ref("1")), resumed=True)
    looking = (Reply("thinking"),)
    step = diff.next(looking, ended=False, now=1.0)
    assert isinstance(step, Edit)
    diff.changed(step, 1.0)
    assert isinstance(diff.next(looking, ended=False, now=2.0), Idle)
    assert diff.next(looking, ended=True, now=2.0) == Delete(1, ref("1"))


def test_a_message_shows_one_slot_only() -> None:
    """A message that a platform knows by its nonce is not also taken for the surplus that it was noted as."""
    diff = MessageDiff(0.0, (ref("gone"), ref("again")), resumed=True)
    step = diff.next((Reply("a"),), ended=True, now=1.0)
    assert isinstance(step, Edit)
    diff.gone(step)
    post = diff.next((Reply("a"),), ended=True, now=1.0)
    assert isinstance(post, Post)
    diff.posted(post, ref("again"), 1.0)
    assert isinstance(diff.next((Reply("a"),), ended=True, now=2.0), Idle)


def test_replies_are_noted_in_reading_order() -> None:
    """A page that was posted again stands where it is read, and a card is none of the answer's own messages."""
    diff = MessageDiff(gap=0.0)
    screen = (Reply("a"), CARD, Reply("b"))
    posted(diff, *screen)
    assert diff.replies == (ref("0"), ref("2"))
    step = diff.next((Reply("A"), CARD, Reply("b")), ended=True, now=1.0)
    assert isinstance(step, Edit)
    diff.gone(step)
    post = diff.next((Reply("A"), CARD, Reply("b")), ended=True, now=1.0)
    assert isinstance(post, Post)
    diff.posted(post, ref("new"), 1.0)
    assert diff.replies == (ref("new"), ref("2"))


def test_a_file_of_an_earlier_attempt_is_never_taken_for_this_ones() -> None:
    """After a restart in the middle of a retry a file in the file's place may be the earlier attempt's: it is replaced."""
    screen = (Reply("the beginning"), Document("answer.md", "whole"))
    noted, file = (ref("0"), ref("file")), ref("file")
    first = MessageDiff(0.0, noted, file=file, resumed=True)
    again = MessageDiff(0.0, noted, file=file, resumed=True, retried=True)
    for diff in first, again:
        step = diff.next(screen, ended=True, now=1.0)
        assert isinstance(step, Edit)
        diff.changed(step, 1.0)
    assert isinstance(first.next(screen, ended=True, now=1.0), Idle)
    step = again.next(screen, ended=True, now=1.0)
    assert step == Delete(1, ref("file"))
    again.gone(step)
    assert again.next(screen, ended=True, now=1.0) == PostFile(1, screen[1], attempt=1)


FILE = Document("answer.md", "whole")


def steps_to(diff: MessageDiff, *screen: Content | Document) -> list[str]:
    """Take every step to a final screen; returns the operations, a file by its attempt."""
    taken: list[str] = []
    while not isinstance(step := diff.next(screen, ended=True, now=1.0), Idle):
        taken.append(type(step).__name__)
        if isinstance(step, PostFile):
            taken[-1] += f" {step.attempt}"
        if isinstance(step, Post | PostFile):
            diff.posted(step, ref(f"new {len(taken)}"), 1.0)
        elif isinstance(step, Delete):
            diff.gone(step)
        elif isinstance(step, Edit):
            diff.changed(step, 1.0)
    return taken


def test_a_file_is_told_from_pages_however_many_there_are_after_a_restart() -> None:
    """With fewer pages the surplus ones go and the file stays; with more it is posted anew behind them, under another nonce."""
    fewer = MessageDiff(0.0, (ref("0"), ref("1"), ref("file")), file=ref("file"), resumed=True)
    assert steps_to(fewer, Reply("a"), FILE) == ["Edit", "Delete"]
    assert (fewer.replies, fewer.file) == ((ref("0"), ref("file")), ref("file"))
    more = MessageDiff(0.0, (ref("0"), ref("file")), file=ref("file"), resumed=True)
    assert steps_to(more, Reply("a"), Reply("b"), FILE) == ["Delete", "Edit", "Post", "PostFile 1"]
    none = MessageDiff(0.0, (ref("0"), ref("file")), file=ref("file"), resumed=True)
    assert steps_to(none, Reply("a")) == ["Delete", "Edit"]


def test_a_file_of_an_earlier_process_stays_noted_while_an_answer_grows_again() -> None:
    """Until the answer has ended the file waits for its place: it is neither edited nor forgotten."""
    diff = MessageDiff(0.0, (ref("0"), ref("file")), file=ref("file"), resumed=True)
    step = diff.next((Reply("a"),), ended=False, now=1.0)
    assert step == Edit(0, ref("0"), Reply("a"))
    diff.changed(step, 1.0)
    assert isinstance(diff.next((Reply("a"),), ended=False, now=2.0), Idle)
    assert (diff.replies, diff.file) == ((ref("0"), ref("file")), ref("file"))
    assert isinstance(diff.next((Reply("a"), FILE), ended=True, now=2.0), Idle)


@pytest.mark.parametrize("resumed", [False, True])
def test_a_card_takes_the_place_of_a_page_of_an_earlier_attempt(*, resumed: bool) -> None:
    """Where an earlier attempt or process had more pages above the card, the page in its place goes and the card comes."""
    diff = MessageDiff(0.0, (ref("0"), ref("1")), resumed=resumed, retried=True)
    screen = (Reply("lead"), CARD)
    step = diff.next(screen, ended=False, now=1.0)
    assert isinstance(step, Edit)
    diff.changed(step, 1.0)
    step = diff.next(screen, ended=False, now=1.0)
    assert step == Delete(1, ref("1"))
    diff.gone(step)
    step = diff.next(screen, ended=False, now=1.0)
    assert step == Post(1, CARD, attempt=1)
    diff.posted(step, ref("card"), 1.0)
    assert isinstance(diff.next(screen, ended=True, now=1.0), Idle)
    assert diff.replies == (ref("0"),)


def test_a_card_takes_the_place_of_a_page_that_is_not_wanted_any_more() -> None:
    """The text above a card may have fewer pages than it had while it grew."""
    diff = MessageDiff(gap=0.0)
    posted(diff, Reply("a"), Reply("b"))
    assert diff.next((Reply("a"), CARD), ended=False, now=1.0) == Delete(1, ref("1"))


def test_a_card_is_posted_although_the_page_in_its_place_stays() -> None:
    """A platform that lets nobody delete or edit the page gets the card all the same: a plan waits for a decision."""
    deleting, editing = MessageDiff(gap=0.0), MessageDiff(gap=0.0)
    for diff in deleting, editing:
        posted(diff, Reply("a"), Reply("b"))
    step = deleting.next((Reply("a"), CARD), ended=False, now=1.0)
    assert isinstance(step, Delete)
    deleting.deletion_refused(step)
    step = editing.next((Reply("a"), Reply("bc")), ended=False, now=1.0)
    assert isinstance(step, Edit)
    editing.edit_refused(step)
    for diff in deleting, editing:
        assert diff.next((Reply("a"), CARD), ended=False, now=1.0) == Post(1, CARD, attempt=1)
