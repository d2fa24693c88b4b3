"""Messages that are written in pieces, as the diff sees them."""

from aion_bot.delivery.diff import MessageDiff
from aion_bot.delivery.steps import AppendStream, Edit, Idle, Post, StartStream, Step, StopStream
from aion_bot.ports.messages import Action, Button, MessageRef, Person, Reply, ThreadKey

REF = MessageRef(ThreadKey("x", "t"), "0")


def stream_delta(shown: Reply | None, content: Reply, last: bool) -> str | None:
    """Append what is new, up to twenty characters in all."""
    del last
    before = shown.text if shown else ""
    fits = content.text.startswith(before) and len(content.text) <= 20
    return content.text[len(before) :] if fits else None


def diff(life: float = 100.0) -> MessageDiff:
    return MessageDiff(1.0, stream_delta=stream_delta, stream_life=life)


def begun(box: MessageDiff, text: str = "one") -> None:
    step = box.next((Reply(text, note="…"),), ended=False, now=0.0, streams=True)
    assert isinstance(step, StartStream)
    box.posted(step, REF, 0.0)


def then(box: MessageDiff, content: Reply, now: float = 5.0, *, ended: bool = False) -> Step | Idle:
    return box.next((content,), ended=ended, now=now, streams=True)


def test_a_stream_begins_with_the_first_words() -> None:
    """While there is nothing but a note there is nothing to stream, and no message that would have to be replaced."""
    box = diff()
    assert then(box, Reply("", note="Thinking…")) == Idle()
    assert then(box, Reply("one", note="Thinking…")) == StartStream(0, Reply("one", note="Thinking…"), 0)


def test_a_stream_grows_by_what_is_new_and_keeps_its_distance() -> None:
    """Each append brings the text to its newest, once a gap; what is no text is not sent."""
    box = diff()
    begun(box)
    step = then(box, Reply("one two"))
    assert step == AppendStream(0, REF, Reply("one", note="…"), Reply("one two"), earliest=1.0)
    assert isinstance(step, AppendStream)
    box.changed(step, 5.0)
    assert then(box, Reply("one two", note="Searching…")) == Idle()


def test_a_stream_ends_with_the_rest_and_needs_no_edit() -> None:
    """The last words go with the end of the stream; nothing is sent twice."""
    box = diff()
    begun(box)
    step = then(box, Reply("one two"), ended=True)
    assert step == StopStream(0, REF, Reply("one", note="…"), Reply("one two"))
    assert isinstance(step, StopStream)
    box.changed(step, 5.0)
    assert then(box, Reply("one two"), ended=True) == Idle()


def test_what_stands_below_the_words_comes_with_the_end_of_a_stream() -> None:
    """A note, a byline and buttons need no edit after the end: twenty streams that end would use up the edits of others."""
    below = (
        Reply("one", note="stopped by somebody"),
        Reply("one two", buttons=(Button(Action.GOOD, "Good", "t"),)),
        Reply("one two", byline=("for ", Person("U1", "Ada"))),
    )
    for final in below:
        box = diff()
        begun(box)
        step = then(box, final, ended=True)
        assert isinstance(step, StopStream)
        assert step.content == final
        box.changed(step, 5.0)
        assert then(box, final, ended=True) == Idle()


def test_what_a_stream_cannot_show_is_edited_in_once_it_has_ended() -> None:
    """Another text than the one that grew takes an edit after the end."""
    for final in (Reply("another"), Reply("another", note="stopped by somebody")):
        box = diff()
        begun(box)
        step = then(box, final, ended=True)
        assert isinstance(step, StopStream)
        box.changed(step, 5.0)
        edit = then(box, final, ended=True)
        assert isinstance(edit, Edit)
        assert edit.content == final


def test_a_stream_that_is_full_or_old_goes_on_by_edits() -> None:
    """Before the platform ends a stream by itself it is ended, and its message grows by edits from then on."""
    longer, life = Reply("one, which is more than it holds"), 3.0
    for content, now in ((longer, 2.0), (Reply("one two"), life)):
        box = diff(life)
        begun(box)
        step = then(box, content, now)
        assert isinstance(step, StopStream)
        box.changed(step, now)
        step = then(box, Reply("one two three"), now + 1)
        assert isinstance(step, Edit)


def test_a_stream_that_broke_goes_on_by_edits() -> None:
    """Where it is not sure what a stream shows, the whole text is shown by an edit: nothing is lost or doubled."""
    box = diff()
    begun(box)
    step = then(box, Reply("one two"))
    assert isinstance(step, AppendStream)
    box.stream_broke(step)
    edit = then(box, Reply("one two"))
    assert isinstance(edit, Edit)
    assert edit.content == Reply("one two")


def test_an_answer_that_ended_before_it_was_shown_is_one_post() -> None:
    """A whole answer needs no stream, unless posts have to wait and streams have not; its buttons always need a post."""
    pressed = Reply("one", buttons=(Button(Action.RETRY, "key", "Retry"),))
    assert diff().next((Reply("one"),), ended=True, now=5.0) == Post(0, Reply("one"), 0)
    assert then(diff(), Reply("one"), ended=True) == StartStream(0, Reply("one"), 0)
    assert then(diff(), pressed, ended=True) == Post(0, pressed, 0)
