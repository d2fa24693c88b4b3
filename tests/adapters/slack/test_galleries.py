"""Galleries on Slack: what becomes of the others where a picture is refused."""

import pytest

from adapters.slack import ids
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.errors import PlatformDown, UploadRefused
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
