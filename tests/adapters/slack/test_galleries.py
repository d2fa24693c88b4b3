"""Galleries on Slack: what becomes of the others where a picture is refused."""

from dataclasses import replace

import pytest

from adapters.slack import galleries, ids
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited, UploadRefused
from aion_bot.ports.messages import Gallery, Picture, ThreadKey
from aion_bot.simulators.aion.pictures import png
from aion_bot.simulators.slack import SimulatedSlack

PICTURES = Gallery(
    tuple(Picture(f"{one}.png", f"Title {one}", f"Seen on {one}", "image/png", png(one)) for one in "abc"),
    "And 3 more pictures.",
)


@pytest.mark.parametrize("method", ["files.getUploadURLExternal", "files.completeUploadExternal"])
async def test_a_refused_picture_is_named(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, method: str
) -> None:
    """One refused upload costs its own picture: the others appear, it is named, and the line stays."""
    slack.fail_next(method, error="over_file_size_limit")
    await adapter.post_gallery(thread, PICTURES, nonce="a-0-20-0")
    shown = slack.thread(ids.thread(thread).ts)[-1]
    (missing,) = {one.title for one in PICTURES.pictures} - {one.title for one in shown.pictures}
    assert len(shown.pictures) == 2
    assert all(one.content == png(one.name[0]) for one in shown.pictures)
    assert PICTURES.note in shown.text
    assert f"Slack didn't take: {missing}." in shown.text


async def test_a_long_description_costs_no_picture(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """An upload takes half of what a block takes of it: it is cut, and the picture appears."""
    long = replace(PICTURES.pictures[0], description="roof " * 500)
    await adapter.post_gallery(thread, Gallery((long,)), nonce="a-0-20-0")
    assert len(slack.thread(ids.thread(thread).ts)[-1].pictures) == 1
    assert len(slack.api.bodies["files.getUploadURLExternal"][0]["alt_txt"]) <= 1_000


async def test_pictures_that_are_all_refused(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Nothing is posted without a picture: the core shows the titles then."""
    slack.fail_next("files.getUploadURLExternal", error="file_uploads_disabled", times=3)
    with pytest.raises(UploadRefused):
        await adapter.post_gallery(thread, PICTURES, nonce="a-0-20-0")
    assert slack.api.calls["chat.postMessage"] == 0


async def test_an_upload_that_is_not_answered_is_no_refusal(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """Where Slack is down the gallery is posted later, with all of its pictures."""
    slack.fail_next("files.completeUploadExternal", status=503)
    with pytest.raises(PlatformDown):
        await adapter.post_gallery(thread, PICTURES, nonce="a-0-20-0")
    await adapter.post_gallery(thread, PICTURES, nonce="a-0-20-0")
    assert len(slack.thread(ids.thread(thread).ts)[-1].pictures) == 3


async def test_a_picture_that_slack_does_not_show_is_named(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where Slack says which file it cannot show, that one is named and deleted, and the others appear."""
    monkeypatch.setattr(galleries, "READ", (0.0,))
    broken = replace(PICTURES.pictures[1], data=b"RIFF\0\0\0\0WEBP")
    shown = replace(PICTURES, pictures=(PICTURES.pictures[0], broken, PICTURES.pictures[2]))
    await adapter.post_gallery(thread, shown, nonce="a-0-20-0")
    message = slack.thread(ids.thread(thread).ts)[-1]
    assert [one.title for one in message.pictures] == ["Title a", "Title c"]
    assert "Slack didn't take: Title b." in message.text
    assert slack.api.calls["files.delete"] == 1
    assert len(slack.uploads.files) == 2


@pytest.mark.parametrize(
    ("error", "kept"), [("is_archived", 0), ("channel_not_found", 0), ("fatal_error", 3)]
)
async def test_pictures_of_no_message_are_deleted(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey, error: str, kept: int
) -> None:
    """Where the message is refused for good, its files are deleted; where Slack is down, another attempt shows them."""
    slack.fail_next("chat.postMessage", error=error)
    with pytest.raises(PlatformError):
        await adapter.post_gallery(thread, PICTURES, nonce="a-0-20-0")
    assert len(slack.uploads.files) == kept


async def test_another_attempt_uploads_nothing_twice(
    slack: SimulatedSlack, adapter: SlackAdapter, thread: ThreadKey
) -> None:
    """After a rate limit in the middle, and after a lost message, only what is missing is uploaded."""
    slack.fail_next("files.completeUploadExternal", retry_after=0.0)
    with pytest.raises(RateLimited):
        await adapter.post_gallery(thread, PICTURES, nonce="a-0-20-0")
    slack.fail_next("chat.postMessage", status=503)
    with pytest.raises(PlatformDown):
        await adapter.post_gallery(thread, PICTURES, nonce="a-0-20-0")
    await adapter.post_gallery(thread, PICTURES, nonce="a-0-20-0")
    assert len(slack.thread(ids.thread(thread).ts)[-1].pictures) == 3
    assert slack.api.calls["files.completeUploadExternal"] == 4
    assert slack.api.calls["files.delete"] == 0
