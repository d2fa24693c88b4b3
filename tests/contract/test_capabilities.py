"""Optional capabilities: an adapter has those of its platform, and no others."""

import pytest

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.capabilities import (
    ActivityIndicator,
    ClaimedQuestions,
    Files,
    Fingerprints,
    Galleries,
    NativeStreaming,
    PrivateAnswers,
    QueuedMarker,
    ReplyReferences,
    StreamingMode,
)
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import Click, Prompt
from aion_bot.ports.files import AttachedFiles
from aion_bot.ports.forms import MOST_WORDS, Form, OpensForms
from aion_bot.ports.messages import Action, Button, Document, Gallery, Picture, PrivateAnswer, Reply
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.workspace import Failure, FormFilling, Operation, QueuedMarkers
from tests.contract.conftest import HARNESSES, Connection
from tests.contract.harness import Harness

CAPABILITIES = (
    ActivityIndicator,
    AttachedFiles,
    ClaimedQuestions,
    Files,
    Fingerprints,
    Galleries,
    NativeStreaming,
    OpensForms,
    PrivateAnswers,
    QueuedMarker,
    ReplyReferences,
)


def only_with(capability: type) -> pytest.MarkDecorator:
    """Run a test only on platforms with a capability."""
    having = sorted(name for name, harness in HARNESSES.items() if capability in harness.capabilities)
    return pytest.mark.parametrize("harness", [HARNESSES[name] for name in having], ids=having)


async def test_an_adapter_has_its_platforms_capabilities(harness: Harness, adapter: PlatformAdapter) -> None:
    """An adapter satisfies the Protocols that its harness names, and no other capability's Protocol."""
    assert {one for one in CAPABILITIES if isinstance(adapter, one)} == harness.capabilities


@only_with(QueuedMarker)
async def test_a_question_is_marked_while_it_waits(connection: Connection) -> None:
    """The queued marker is added and removed; repeating either is harmless."""
    thread, prompt = await connection.asked()
    await connection.adapter.post(prompt.thread, Reply("Words."), nonce="a")
    await connection.workspace.reply(connection.ada, thread, "Which ones?")
    further = await connection.host.newest(Prompt, 2)
    inside = connection.workspace.thread(thread)
    asked = next(one.id for one in inside if not one.by_bot and "Which ones?" in one.text)
    assert further.source is not None
    assert isinstance(connection.workspace, QueuedMarkers)
    assert isinstance(connection.adapter, QueuedMarker)
    for queued in (True, True, False, False):
        await connection.adapter.mark_queued(further.source, queued=queued)
        assert connection.workspace.is_marked(asked) is queued


@only_with(ActivityIndicator)
async def test_activity_is_shown_without_failing(connection: Connection) -> None:
    """Starting and clearing activity are one attempt each, which returns whether it succeeded."""
    _, prompt = await connection.asked()
    assert isinstance(connection.adapter, ActivityIndicator)
    assert await connection.adapter.show_activity(prompt.thread, prompt.person, active=True) is True
    assert await connection.adapter.show_activity(prompt.thread, prompt.person, active=False) is True


@only_with(NativeStreaming)
async def test_a_native_stream_grows_and_ends(connection: Connection) -> None:
    """A native stream is one message that shows what was appended, and can be edited after its end."""
    thread, prompt = await connection.asked()
    adapter = connection.adapter
    assert isinstance(adapter, NativeStreaming)
    assert adapter.streaming_mode(prompt.thread) is not StreamingMode.NEVER
    before = len(connection.said(thread))
    parts = [Reply("Three"), Reply("Three lamps"), Reply("Three lamps are broken.")]
    assert adapter.stream_delta(parts[0], parts[1], last=False) == " lamps"
    message = await adapter.start_stream(prompt.thread, prompt.person, parts[0], nonce="stream")
    await adapter.append_stream(message, parts[0], parts[1])
    await adapter.stop_stream(message, parts[1], parts[2])
    assert connection.said(thread)[before:] == ["Three lamps are broken."]
    await adapter.edit(message, Reply("Four lamps are broken."))
    assert connection.said(thread)[before:] == ["Four lamps are broken."]


REPORT = Document("answer.md", "# Röntgen\n\n" + "A line with 漢 and 😀.\n" * 2_000)


def attached(connection: Connection, thread: str) -> list[str]:
    """The texts of the files in a thread, oldest first."""
    return [text for one in connection.workspace.thread(thread) for text in one.files.values()]


@only_with(Files)
async def test_a_document_is_posted_as_a_file(connection: Connection) -> None:
    """A document is a file in the prompt's thread, byte for byte, listed like any message of the bot's and removable."""
    thread, prompt = await connection.asked()
    adapter = connection.adapter
    assert isinstance(adapter, Files)
    message = await adapter.post_file(prompt.thread, REPORT, nonce="0123456789abcdef-0-20-0")
    assert attached(connection, thread) == [REPORT.text]
    assert (await adapter.own_messages(prompt.thread))[0].message == message
    await adapter.delete(message)
    assert attached(connection, thread) == []


@only_with(Files)
async def test_a_file_is_posted_once(connection: Connection) -> None:
    """An upload that is repeated with its nonce, after its response was lost, makes no second file; another nonce does."""
    thread, prompt = await connection.asked()
    adapter = connection.adapter
    assert isinstance(adapter, Files)
    connection.workspace.refuse(Operation.POST_FILE, Failure.LOST)
    with pytest.raises(PlatformDown):
        await adapter.post_file(prompt.thread, REPORT, nonce="a-0-20-0")
    await adapter.post_file(prompt.thread, REPORT, nonce="a-0-20-0")
    assert attached(connection, thread) == [REPORT.text]
    await adapter.post_file(prompt.thread, REPORT, nonce="b-0-20-0")
    assert attached(connection, thread) == [REPORT.text] * 2


@only_with(Files)
@pytest.mark.parametrize(
    ("failure", "error"), [(Failure.DOWN, PlatformDown), (Failure.RATE_LIMITED, RateLimited)]
)
async def test_a_failed_upload_raises_the_error_of_a_post(
    connection: Connection, failure: Failure, error: type[PlatformError]
) -> None:
    """What fails for now raises the shared errors, and a later attempt posts the file."""
    thread, prompt = await connection.asked()
    adapter = connection.adapter
    assert isinstance(adapter, Files)
    connection.workspace.refuse(Operation.POST_FILE, failure, retry_after=0.1)
    with pytest.raises(error):
        await adapter.post_file(prompt.thread, REPORT, nonce="a-0-20-0")
    connection.workspace.refuse(Operation.POST_FILE, Failure.FORBIDDEN)
    with pytest.raises(PlatformError) as refused:
        await adapter.post_file(prompt.thread, REPORT, nonce="a-0-20-0")
    assert not isinstance(refused.value, PlatformDown)
    await adapter.post_file(prompt.thread, REPORT, nonce="a-0-20-0")
    assert attached(connection, thread) == [REPORT.text]


@only_with(Fingerprints)
async def test_a_message_without_buttons_is_known_by_its_fingerprint(connection: Connection) -> None:
    """`own_messages` tells of a message the fingerprint of the content that it was posted with, and of no other."""
    _, prompt = await connection.asked()
    adapter = connection.adapter
    assert isinstance(adapter, Fingerprints)
    replies = [Reply("One *page* <@1>\n"), Reply("Another page", note="a note")]
    for number, reply in enumerate(replies):
        await adapter.post(prompt.thread, reply, nonce=f"a-{number}-0")
    found = [own.fingerprint for own in await adapter.own_messages(prompt.thread)]
    assert found[:2] == [adapter.fingerprint(reply) for reply in reversed(replies)]
    assert found[0] != found[1]


PICTURES = Gallery(
    (
        Picture("a.png", "A *pump*", "A pump with a torn hose", "image/png", png("a")),
        Picture("SPOILER_@everyone.png", "@everyone <!channel>", "d" * 1_000, "image/png", png("b")),
    ),
    "And 3 more pictures.",
    (Button(Action.CLOSER, "k", "Look closer"),),
)


@only_with(Galleries)
async def test_a_gallery_shows_pictures(connection: Connection) -> None:
    """Each picture has its title and its alternative text; the line and the buttons stand under them, and nobody is pinged."""
    thread, prompt = await connection.asked()
    adapter = connection.adapter
    assert isinstance(adapter, Galleries)
    message = await adapter.post_gallery(prompt.thread, PICTURES, nonce="0123456789abcdef-0-20-0")
    shown = connection.workspace.thread(thread)[-1]
    assert [one.content for one in shown.pictures] == [one.data for one in PICTURES.pictures]
    assert [one.description for one in shown.pictures] == [one.description for one in PICTURES.pictures]
    assert "pump" in shown.text
    assert PICTURES.note in shown.text
    assert [one.label for one in shown.buttons] == ["Look closer"]
    assert shown.pings == []
    assert not any(one.name.startswith("SPOILER_") for one in shown.pictures if one.title == "")
    assert [own.message for own in await adapter.own_messages(prompt.thread)] == [message]


@only_with(Galleries)
async def test_a_gallery_is_posted_once(connection: Connection) -> None:
    """After a lost answer the same nonce finds the message that arrived, and makes no second one."""
    thread, prompt = await connection.asked()
    adapter = connection.adapter
    assert isinstance(adapter, Galleries)
    connection.workspace.refuse(Operation.POST, Failure.LOST)
    with pytest.raises(PlatformDown):
        await adapter.post_gallery(prompt.thread, PICTURES, nonce="a-0-20-0")
    await adapter.post_gallery(prompt.thread, PICTURES, nonce="a-0-20-0")
    assert len([one for one in connection.workspace.thread(thread) if one.pictures]) == 1


@only_with(PrivateAnswers)
async def test_an_answer_to_a_press_is_its_presser_s(connection: Connection) -> None:
    """Words with buttons, which nobody else sees and nobody is pinged by."""
    thread, prompt = await connection.asked()
    adapter, button = connection.adapter, Button(Action.MANAGE, "k-status", "Status")
    assert isinstance(adapter, PrivateAnswers)
    await adapter.post(prompt.thread, Reply("Words.", buttons=(button,)), nonce="a")
    shown = connection.workspace.thread(thread)[-1]
    await connection.workspace.press(connection.ada, thread, shown.id, shown.buttons[0].id)
    click = await connection.host.newest(Click)
    await adapter.answer_privately(click, PrivateAnswer(Reply("**Yours** @everyone", buttons=(button,))))
    _, ben, _ = connection.workspace.people
    answer = connection.workspace.private_messages(thread, connection.ada)[-1]
    assert "Yours" in answer.text
    assert [one.label for one in answer.buttons] == ["Status"]
    assert answer.pings == []
    assert not connection.workspace.private_messages(thread, ben)


LONGEST_FORM = Form("T" * 24, "L" * 45, "H" * 100, "S" * 24)


async def pressed(connection: Connection, thread: str, prompt: Prompt, key: str = "k") -> None:
    """Post a button and press it as Ada."""
    button = Button(Action.WHY, key, "Say why")
    await connection.adapter.post(prompt.thread, Reply("Words.", buttons=(button,)), nonce=f"a{key[:20]}")
    shown = connection.workspace.thread(thread)[-1]
    await connection.workspace.press(connection.ada, thread, shown.id, shown.buttons[0].id)


@only_with(OpensForms)
async def test_a_press_opens_a_form(connection: Connection) -> None:
    """Its presser sees it, with the longest words that the port allows; sent, it arrives once as the press with its words."""
    thread, prompt = await connection.asked()
    connection.host.forms[Action.WHY] = LONGEST_FORM
    workspace, words = connection.workspace, "“Two\n lines”, @everyone <!channel> " + "😀" * 900
    assert isinstance(workspace, FormFilling)
    key = "k" * 64
    await pressed(connection, thread, prompt, key)
    await workspace.until(lambda: workspace.open_form(connection.ada) is not None)
    shown = workspace.open_form(connection.ada)
    assert shown is not None
    assert (shown.title, shown.label, shown.hint, shown.most) == ("T" * 24, "L" * 45, "H" * 100, MOST_WORDS)
    assert workspace.open_form(workspace.people[1]) is None
    assert connection.host.distinct(Click) == []
    await workspace.submit_form(connection.ada, words)
    click = await connection.host.newest(Click)
    assert (click.action, click.key, click.words) == (Action.WHY, key, words)
    assert (click.person.id, click.thread) == (connection.ada.id, prompt.thread)
    assert (click.place.channel, click.place.workspace) == (prompt.place.channel, prompt.place.workspace)
    await connection.adapter.reply_privately(click, ("Noted.",))
    assert workspace.private_messages(thread, connection.ada)[-1].text == "Noted."


@only_with(OpensForms)
async def test_a_press_without_a_form_is_a_press(connection: Connection) -> None:
    """Where the core names no form, the press arrives at once and without words; a form that is closed sends nothing."""
    thread, prompt = await connection.asked()
    workspace = connection.workspace
    assert isinstance(workspace, FormFilling)
    await pressed(connection, thread, prompt)
    assert (await connection.host.newest(Click)).words == ""
    assert workspace.open_form(connection.ada) is None
    connection.host.forms[Action.WHY] = LONGEST_FORM
    await pressed(connection, thread, prompt, "second")
    await workspace.until(lambda: workspace.open_form(connection.ada) is not None)
    workspace.close_form(connection.ada)
    del connection.host.forms[Action.WHY]
    await pressed(connection, thread, prompt, "third")
    assert (await connection.host.newest(Click, 2)).key == "third"


@only_with(OpensForms)
async def test_a_form_that_cannot_be_opened_leaves_the_press(connection: Connection) -> None:
    """The platform takes no form: the press arrives without words, so that its presser can be told."""
    thread, prompt = await connection.asked()
    connection.host.forms[Action.WHY] = LONGEST_FORM
    connection.workspace.refuse(Operation.OPEN_FORM, Failure.FORBIDDEN)
    await pressed(connection, thread, prompt)
    assert (await connection.host.newest(Click)).words == ""
