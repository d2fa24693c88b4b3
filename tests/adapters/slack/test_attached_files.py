"""Slack's traps around files that people attach: events without them, stubs, pages for signing in, redirects."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from aiohttp import web

from adapters.slack import addresses, config, events, ids
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.errors import FileProblem, FileUnavailable, PlatformDown, PlatformError
from aion_bot.ports.events import MOST_FILES, Prompt
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Reply
from aion_bot.ports.rate_limits import RequestStatus
from aion_bot.simulators.slack import SimulatedSlack, state, upload_methods
from aion_bot.simulators.slack.payloads import CANVAS
from aion_bot.simulators.slack.state import Channel
from aion_bot.simulators.workspace import SimulatedFile, SimulatedPerson
from tests.adapters.slack.observer import RecordingObserver
from tests.adapters.slack.samples import ME, sample
from tests.schemas import slack as contracts
from tests.support.recording_host import RecordingHost

ROOF = SimulatedFile("roof.png")
INFO, DOWNLOAD, REPLIES = "files.info", "url_private_download", "conversations.replies"
GUEST = SimulatedPerson("U0ROOFER", "Roofer")


async def read(adapter: SlackAdapter, file: Attachment) -> bytes:
    async with adapter.open_file(file) as pieces:
        return b"".join([piece async for piece in pieces])


async def problem(adapter: SlackAdapter, file: Attachment) -> FileProblem:
    with pytest.raises(FileUnavailable) as raised:
        await read(adapter, file)
    return raised.value.problem


@pytest.fixture
async def file(slack: SimulatedSlack, host: RecordingHost) -> Attachment:
    """A file of a direct message."""
    await slack.direct_message(slack.people[0], "What is this?", files=[ROOF])
    (found,) = (await host.newest(Prompt, 1)).files
    return found


async def asked(host: RecordingHost, text: str) -> list[Prompt]:
    """Both deliveries of a mention."""
    await host.until(lambda: sum(one.text == text for one in host.prompts) == 2)
    return [one for one in host.prompts if one.text == text]


async def test_a_mention_that_came_without_its_files_finds_them_later(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """`app_mention` may name none: whichever delivery was taken, the core is told of them when it looks, and nothing waits."""
    slack.mentions_without_files = True
    await slack.mention(slack.people[0], "What is this?", files=[ROOF])
    for prompt in await asked(host, "What is this?"):
        recent = await adapter.recent_files(prompt.thread, before=prompt.source)
        assert [one.name for one in recent] == ["roof.png"]
        assert set(prompt.files) <= set(recent)
    assert slack.api.calls[REPLIES] == 0


async def test_an_event_that_is_on_its_way_is_waited_for(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """The core may look for files between the two deliveries of a mention: that costs no request."""
    ada = slack.people[0]
    thread, channel = slack.conversations.clock.ts(), slack.general
    key = ids.thread_key(state.TEAM, channel.id, thread)
    looking = asyncio.create_task(adapter.recent_files(key, before=ids.message_ref(key, channel.id, thread)))
    await asyncio.sleep(0)
    message = state.Message(thread, channel.id, ada, [{"text": "<@U0AION> What is this?"}])
    upload_methods.attach(slack, message, [ROOF], stubs=False)
    slack.add(message)
    assert [one.name for one in await looking] == ["roof.png"]
    assert slack.api.calls[REPLIES] == 0
    assert len(await asked(host, "What is this?")) == 2


async def test_the_files_of_a_mention_are_asked_for_where_no_event_has_them() -> None:
    """Where only `app_mention` is subscribed to, the thread is read when the core looks for files."""
    slack = SimulatedSlack(contracts.inspect, events={"app_mention"})
    slack.mentions_without_files = True
    await slack.start()
    thread = await slack.mention(slack.people[0], "What is this?", files=[ROOF])
    settings, _ = config.read(slack.env)
    assert settings is not None
    other = SlackAdapter(settings)
    key = ids.thread_key(state.TEAM, slack.general.id, thread)
    recent = await other.recent_files(key, before=ids.message_ref(key, slack.general.id, thread))
    assert [one.name for one in recent] == ["roof.png"]
    assert slack.api.calls[REPLIES] == 1
    await other.close()
    await slack.stop()


async def test_a_mention_of_files_alone_is_known_to_have_them(
    slack: SimulatedSlack, host: RecordingHost
) -> None:
    """Without words the files are all there is: Slack is asked for them before the mention is handed over."""
    slack.mentions_without_files = True
    await slack.mention(slack.people[0], "", files=[ROOF, ROOF])
    for prompt in await asked(host, ""):
        assert (len(prompt.files), prompt.attachments) == (2, 2)


async def test_a_mention_alone_does_not_wait_for_a_failing_slack(
    slack: SimulatedSlack, host: RecordingHost
) -> None:
    """Where Slack does not tell of files, the mention is handed over as one without."""
    slack.mentions_without_files = True
    slack.fail_next(REPLIES, status=503, times=9)
    await slack.mention(slack.people[0], "")
    assert all(prompt.files == () for prompt in await asked(host, ""))


async def test_a_file_that_was_removed_from_a_message_is_none_of_it(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Of a deleted file Slack shows a tombstone; a question about its message has no file, an earlier one's is gone."""
    ada = slack.people[0]
    said = slack.remark(ada, "The roof", files=[ROOF])
    await slack.ask_about(ada, said)
    (file,) = (await host.newest(Prompt, 1)).files
    slack.delete_files(said)
    await slack.ask_about(ada, said)
    again = await host.newest(Prompt, 2)
    assert (again.files, again.attachments) == ((), 0)
    assert await problem(adapter, file) is FileProblem.GONE


async def test_a_stub_of_another_organisation_is_described_by_slack(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """In a shared channel an event has an id and no more; `files.info` has the rest."""
    shared: Channel = slack.open_channel("shared", shared=True, guests=[GUEST.id])
    slack.say(GUEST, shared, "<@U0AION> What is this?", files=[ROOF])
    (prompt, _) = await asked(host, "What is this?")
    (stub,) = prompt.files
    assert (stub.name, stub.size, stub.media_type) == ("", 0, "")
    assert await read(adapter, stub) == ROOF.content


async def test_a_file_of_another_service_is_kept_there(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Slack has the link to it alone: nothing is fetched."""
    await slack.direct_message(slack.people[0], "And this?", files=[SimulatedFile("plan", external=True)])
    (file,) = (await host.newest(Prompt, 1)).files
    assert await problem(adapter, file) is FileProblem.ELSEWHERE
    assert slack.api.calls[DOWNLOAD] == 0


async def test_a_canvas_is_no_file(slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost) -> None:
    """Slack keeps canvases among the files and answers for them with a page: their type is what people are told."""
    await slack.direct_message(
        slack.people[0], "And this?", files=[SimulatedFile("Notes", b"<html>", CANVAS)]
    )
    (file,) = (await host.newest(Prompt, 1)).files
    assert await problem(adapter, file) is FileProblem.NO_FILE
    assert slack.api.calls[DOWNLOAD] == 0


@pytest.mark.parametrize(
    ("name", "media_type", "content"),
    [
        ("Untitled.txt", "text/plain", b"a snippet\n"),
        ("page.html", "text/html", b"<!DOCTYPE html><p>a report"),
        ("empty.md", "text/markdown", b""),
        ("no ending", "application/octet-stream", b"\x00"),
    ],
)
async def test_files_of_any_type_are_read(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    host: RecordingHost,
    name: str,
    media_type: str,
    content: bytes,
) -> None:
    """Snippets, empty files, and pages of HTML that somebody attached; the core decides what it can use."""
    await slack.direct_message(slack.people[0], "And this?", files=[SimulatedFile(name, content, media_type)])
    (found,) = (await host.newest(Prompt, 1)).files
    assert await read(adapter, found) == content


FAULTS: list[tuple[Mapping[str, Any], FileProblem]] = [
    ({"plain": "<html>Sign in", "kind": "text/html"}, FileProblem.WITHHELD),
    ({"status": 401}, FileProblem.WITHHELD),
    ({"status": 403}, FileProblem.WITHHELD),
    ({"status": 404}, FileProblem.GONE),
    ({"status": 410}, FileProblem.GONE),
    ({"status": 302}, FileProblem.WITHHELD),
    ({"location": "https://example.org/stolen"}, FileProblem.WITHHELD),
    ({"location": "//files.slack.com/files-pri/x"}, FileProblem.WITHHELD),
    ({"location": "https://[files.slack.com/x"}, FileProblem.WITHHELD),
    ({"short": 5}, FileProblem.INCOMPLETE),
    ({"short": -5}, FileProblem.INCOMPLETE),
    ({"plain": "{}", "kind": "application/json"}, FileProblem.INCOMPLETE),
]


@pytest.mark.parametrize(("fault", "expected"), FAULTS)
async def test_what_is_not_the_file_is_refused(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    file: Attachment,
    fault: Mapping[str, Any],
    expected: FileProblem,
) -> None:
    """A page for signing in with status 200, redirects to elsewhere, and fewer or more bytes than Slack promised."""
    slack.fail_next(DOWNLOAD, **fault)
    assert await problem(adapter, file) is expected
    assert await read(adapter, file) == ROOF.content


async def test_a_connection_that_breaks_in_the_middle_may_be_tried_again(
    slack: SimulatedSlack, adapter: SlackAdapter, file: Attachment
) -> None:
    """That is the platform's failure, not the file's."""
    slack.fail_next(DOWNLOAD, cut=100)
    with pytest.raises(PlatformDown):
        await read(adapter, file)


async def test_redirects_within_slack_are_followed_and_counted(
    slack: SimulatedSlack, adapter: SlackAdapter, file: Attachment
) -> None:
    """Each is a request of its own; a circle ends."""
    observer = RecordingObserver()
    adapter.observe_requests(observer)
    where = slack.file_address(ids.file(file.id)[1])
    slack.fail_next(DOWNLOAD, location=where)
    assert await read(adapter, file) == ROOF.content
    assert observer.statuses == [(one, RequestStatus.OK, 0.0) for one in (INFO, DOWNLOAD, DOWNLOAD)]
    slack.fail_next(DOWNLOAD, location=where, times=9)
    assert await problem(adapter, file) is FileProblem.WITHHELD
    assert observer.methods[DOWNLOAD] == 2 + 4


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("file_not_found", FileProblem.GONE),
        ("file_deleted", FileProblem.GONE),
        ("missing_scope", FileProblem.WITHHELD),
        ("access_denied", FileProblem.WITHHELD),
    ],
)
async def test_what_slack_does_not_describe_is_not_fetched(
    slack: SimulatedSlack, adapter: SlackAdapter, file: Attachment, error: str, expected: FileProblem
) -> None:
    """A deleted file, and one that the app may not read."""
    slack.fail_next(INFO, error=error)
    assert await problem(adapter, file) is expected
    assert slack.api.calls[DOWNLOAD] == 0


@pytest.fixture
async def elsewhere() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that is not Slack's: its address, and the tokens that it was sent."""
    tokens: list[str] = []

    async def take(request: web.Request) -> web.Response:
        tokens.append(request.headers.get("Authorization", ""))
        return web.Response(body=ROOF.content)

    app = web.Application()
    app.router.add_get("/{path:.*}", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/files-pri/x", tokens
    await runner.cleanup()


async def test_no_other_host_gets_the_token(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    file: Attachment,
    elsewhere: tuple[str, list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Neither by a redirect nor by an address that `files.info` names; another port is another host."""
    address, tokens = elsewhere
    slack.fail_next(DOWNLOAD, location=address)
    assert await problem(adapter, file) is FileProblem.WITHHELD
    monkeypatch.setattr(slack, "file_address", lambda _: address)
    assert await problem(adapter, file) is FileProblem.WITHHELD
    assert tokens == []
    assert set(slack.api.tokens) == {f"Bearer {slack.env['SLACK_BOT_TOKEN']}"}


@pytest.mark.parametrize(
    ("address", "api", "allowed"),
    [
        ("https://files.slack.com/files-pri/T-F/a.png", "https://slack.com/api/", True),
        ("https://files.slack.com:443/files-pri/T-F/a.png", "https://slack.com/api/", True),
        ("https://files.slack-gov.com/files-pri/T-F/a.png", "https://slack-gov.com/api/", True),
        ("http://files.slack.com/a.png", "https://slack.com/api/", False),
        ("https://files.slack.com:8443/a.png", "https://slack.com/api/", False),
        ("https://files.slack.com.example.org/a.png", "https://slack.com/api/", False),
        ("https://files.slack.com@example.org/a.png", "https://slack.com/api/", False),
        ("https://sites.slack.com/a.png", "https://slack.com/api/", False),
        ("https://slack.com/a.png", "https://slack.com/api/", False),
        ("https://127.0.0.1/a.png", "https://slack.com/api/", False),
        ("https://files.slack.com/a.png", "http://127.0.0.1:99/api/", False),
        ("http://127.0.0.1:99/a.png", "http://127.0.0.1:99/api/", True),
        ("http://127.0.0.1:98/a.png", "http://127.0.0.1:99/api/", False),
        ("https://[files.slack.com/a.png", "https://slack.com/api/", False),
        ("file:///etc/passwd", "https://slack.com/api/", False),
        ("", "https://slack.com/api/", False),
    ],
)
def test_hosts_that_serve_files(address: str, api: str, allowed: bool) -> None:
    """Only Slack's file host, encrypted; for a simulator its own port."""
    assert addresses.is_files_host(address, api) is allowed  # what gets the token is worth a table


async def test_a_thread_is_read_once_and_only_where_events_did_not_tell(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """A follow-up costs no request: the events of its thread have told of the files, and of the bot's own messages."""
    ada = slack.people[0]
    thread = await slack.mention(ada, "What is damaged?")
    first, _ = await asked(host, "What is damaged?")
    await adapter.post(first.thread, Reply("Two roofs."), nonce="n-1")
    slack.drop(ada, thread, [ROOF])
    await slack.reply(ada, thread, "and here?")
    await host.until(lambda: any(one.text == "and here?" for one in host.prompts))
    question = next(one for one in host.prompts if one.text == "and here?")
    recent = await adapter.recent_files(question.thread, before=question.source)
    assert [one.name for one in recent] == ["roof.png"]
    assert slack.api.calls[REPLIES] == 0


async def test_files_of_apps_are_not_attached(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """What an app posts in the thread, the bot's own files included, is no part of the next question."""
    ada = slack.people[0]
    thread = slack.remark(ada, "begin")
    app = {"subtype": "bot_message", "bot_id": "B0ALARMS", "username": "Alarms"}
    slack.say(ada, slack.general, "", thread=thread, files=[ROOF], beside=app)
    last = slack.say(ada, slack.general, "Well?", thread=thread).ts
    key = ids.thread_key(state.TEAM, slack.general.id, thread)
    assert await adapter.recent_files(key, before=ids.message_ref(key, slack.general.id, last)) == ()


async def test_a_file_in_a_thread_without_a_word_is_no_question(
    slack: SimulatedSlack, host: RecordingHost
) -> None:
    """It was posted for others."""
    thread = await slack.mention(slack.people[0], "What is damaged?")
    slack.drop(slack.people[1], thread, [ROOF])
    await slack.reply(slack.people[1], thread, "thanks")
    await host.until(lambda: any(one.text == "thanks" for one in host.prompts))
    assert [one.files for one in host.prompts if not one.text] == []


def test_files_of_recorded_payloads() -> None:
    """Those of a mention, and those of a message that is forwarded, by their ids."""
    prompt = events.prompt_from_event(sample("mention_with_files"), ME)
    assert prompt is not None
    assert prompt.files == (
        Attachment("T024SITES/F07ROOF000", "roof.png", 48_213, "image/png"),
        Attachment("T024SITES/F07ROOF001", "wall.png", 48_213, "image/png"),
    )
    forward = events.prompt_from_event(sample("forward_with_a_comment"), ME)
    assert forward is not None
    assert len(forward.files) == 1


Change = Callable[[dict[str, Any]], None]


def _two_hundred(event: dict[str, Any]) -> None:
    event["files"] = [{"id": f"F{number}", "name": "a.png"} for number in range(200)]


def _same_file_twice(event: dict[str, Any]) -> None:
    event["files"] = [{"id": "F1", "name": "a.png"}] * 2
    event["attachments"] = [{"is_share": True, "files": [{"id": "F1"}]}]


def _in_a_block(event: dict[str, Any]) -> None:
    event["files"] = []
    event["blocks"] = [
        {"type": "image", "slack_file": {"id": "F9"}, "alt_text": "a roof"},
        {"type": "image", "slack_file": {"url": "https://files.slack.com/x"}, "alt_text": "a roof"},
        {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a roof"},
    ]


def _no_files(event: dict[str, Any]) -> None:
    event["files"] = [
        None,
        "F1",
        {"id": None},
        {"id": "F/../1"},
        {"id": "F" * 99},
        {"id": "Fü"},
        {"name": "a"},
    ]


def _hostile_names(event: dict[str, Any]) -> None:
    event["files"] = [
        {"id": "F1", "name": "x" * 5_000 + ".pdf", "size": "many", "mimetype": 7},
        {"id": "F2", "name": "a\n> b\u202egnp.exe"},
        {"id": "F3", "name": None, "title": "<!channel> @everyone"},
    ]


@pytest.mark.parametrize(
    ("change", "count", "names"),
    [
        (_two_hundred, 200, ["a.png"] * MOST_FILES),
        (_same_file_twice, 3, ["a.png"]),
        (_in_a_block, 3, [""]),
        (_no_files, 5, []),
        (_hostile_names, 3, ["x" * 217 + "…" + "x" * 28 + ".pdf", "a > bgnp.exe", "<!channel> @everyone"]),
    ],
)
def test_files_of_odd_payloads(change: Change, count: int, names: list[str]) -> None:
    """Whatever a payload holds: the number of files and the length of names are bounded, and a file counts once by its id."""
    body = sample("mention_with_files")
    change(body["event"])
    prompt = events.prompt_from_event(body, ME)
    assert prompt is not None
    assert [one.name for one in prompt.files] == names
    assert prompt.attachments == count


async def test_a_closed_adapter_reads_nothing(adapter: SlackAdapter, file: Attachment) -> None:
    """After `close` every read ends with the port's error."""
    await adapter.close()
    with pytest.raises(PlatformError):
        await read(adapter, file)
