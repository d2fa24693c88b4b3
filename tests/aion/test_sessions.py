"""Conversations and what they may look at, over a real socket."""

import json

import pytest

from aion_bot.aion import AionVision, ChatError, MessageRole, ResourceNotFoundError, ValidationError
from aion_bot.simulators.aion import SimulatedAion, library


async def test_a_session_block_opens_and_closes(aion: SimulatedAion, client: AionVision) -> None:
    """`chat_session` creates the session on entry and closes it on exit."""
    async with client.chat_session(title="Analysis") as session:
        response = await session.send("what is damaged?")
        followup = await session.send("Which one first?")
        assert session.session.title == "Analysis"
        assert session.session_id == session.session.id
    assert "hoist" in followup.content
    assert response.resolved_content.startswith("I found 3 pieces")
    assert response.as_collection().count == 3
    assert aion.count("close_session") == 1
    assert (await client.chats.list_sessions(active_only=True)).items == []


async def test_auto_close_can_be_turned_off(aion: SimulatedAion, client: AionVision) -> None:
    """With `auto_close=False` the session lives on."""
    async with client.chat_session(auto_close=False) as session:
        pass
    assert aion.count("close_session") == 0
    assert (await client.chats.get_session(session.session_id)).session.is_active


async def test_a_session_that_cannot_be_closed_costs_no_answer(
    aion: SimulatedAion, client: AionVision, caplog: pytest.LogCaptureFixture
) -> None:
    """A failure to close is logged, never raised over the answers."""
    aion.fail_next("close_session", 500)
    async with client.chat_session() as session:
        response = await session.send("hello")
    assert response.content
    assert "could not be closed" in caplog.text


async def test_a_session_is_not_usable_before_entry(client: AionVision) -> None:
    """Using the block's value before entering it is a clear error."""
    with pytest.raises(ChatError, match="not open yet"):
        _ = client.chat_session().session_id


async def test_send_answers_whole(aion: SimulatedAion, client: AionVision) -> None:
    """`send` has the whole answer, its price, and what the session may still spend."""
    session = await client.chats.create_session()
    answer = await client.chats.send("what is damaged?", session_id=session.id, force_detailed_analysis=True)
    assert answer.session_id == session.id
    assert answer.token_count > 0
    assert answer.processing_time_ms == 40
    assert answer.remaining_messages == 98
    assert answer.result_refs["damaged"].count == 3
    assert [ref.full_id for ref in answer.references.images] == [
        image.image_id for image in answer.images or []
    ]
    assert aion.bodies("send")[0]["force_detailed_analysis"] is True
    assert (await client.chat("and more?", session_id=session.id)).message_id != answer.message_id


async def test_expected_images_are_sent(aion: SimulatedAion, client: AionVision) -> None:
    """`expected_image_ids` reaches the server in both forms of asking."""
    async with client.chat_session() as session:
        await session.send("look", expected_image_ids=["a"])
        async for _ in session.send_stream("look", expected_image_ids=["b"]):
            pass
    assert [aion.bodies(each)[0]["expected_image_ids"] for each in ("send", "send_stream")] == [["a"], ["b"]]


async def test_context_modes(client: AionVision) -> None:
    """A session looks at all images or at selected ones, and its context can be changed."""
    selected = [image.id for image in library.IMAGES[:2]]
    async with client.chat_session(image_ids=selected, use_all_images=False) as session:
        detail = await client.chats.get_session(session.session_id)
        assert not detail.session.use_all_images
        assert detail.as_collection().ids == selected
        assert session.session.selected_image_count == 2
        updated = await session.update_images([library.FENCE.id])
        assert updated["selected_image_ids"] == [library.FENCE.id]
        assert (await session.update_documents([library.SAFETY.id]))["document_count"] == 1
        assert (await session.update_videos([library.FENCE.id]))["video_count"] == 1
        assert (await session.update_mode(True))["use_all_images"] is True
        changed = await client.chats.get_session(session.session_id)
        assert changed.session.use_all_images
        assert changed.selected_image_ids == [library.FENCE.id]
        assert changed.selected_video_ids == [library.FENCE.id]


async def test_sessions_are_listed_and_walked_through(aion: SimulatedAion, client: AionVision) -> None:
    """`list_sessions` gives a page and says whether there is more; `iter_sessions` yields all pages."""
    titles = [f"session {number}" for number in range(5)]
    for title in titles:
        await client.chats.create_session(title=title)
    page = await client.chats.list_sessions(limit=2, offset=1)
    assert (len(page.items), page.total, page.has_more) == (2, 5, True)
    walked = [session.title async for session in client.chats.iter_sessions(page_size=2)]
    assert sorted(walked) == titles
    assert aion.count("list_sessions") == 4


async def test_messages_come_oldest_first_and_limited(client: AionVision) -> None:
    """`get_messages` gives the newest messages in the order they were said."""
    async with client.chat_session() as session:
        await session.send("what is damaged?")
        await session.send("which first?")
        everything = await session.get_messages()
        newest = await client.chats.get_messages(session.session_id, limit=1)
        bare = await client.chats.get_session(session.session_id, include_messages=False)
    assert [message.role for message in everything] == [MessageRole.USER, MessageRole.ASSISTANT] * 2
    assert everything[0].content == "what is damaged?"
    assert everything[0].created_at is not None
    assert everything[1].as_collection().count == 3
    assert newest == everything[-1:]
    assert bare.messages == []
    assert bare.session.total_messages == 4


async def test_renaming_and_closing(client: AionVision) -> None:
    """A session takes another title; once closed it is not found for questions."""
    session = await client.chats.create_session(title="before")
    assert (await client.chats.rename_session(session.id, "after"))["title"] == "after"
    closed = await client.chats.close_session(session.id)
    assert closed["total_messages"] == 0
    with pytest.raises(ResourceNotFoundError) as raised:
        await client.chats.send("still there?", session_id=session.id)
    assert raised.value.server_code == "SESSION_NOT_FOUND"
    assert not raised.value.maybe_acted


@pytest.mark.parametrize(("kind", "begins"), [("json", b"{"), ("markdown", b"# Export"), ("text", b"Export")])
async def test_a_conversation_is_exported_as_bytes(client: AionVision, kind: str, begins: bytes) -> None:
    """`export_session` returns the file's bytes in each documented format."""
    async with client.chat_session(title="Export") as session:
        await session.send("hello")
        exported = await client.chats.export_session(session.session_id, format=kind, include_metadata=True)
    assert exported.startswith(begins)
    assert b"hello" in exported
    if kind == "json":
        assert json.loads(exported)["messages"][1]["metadata"] is None


async def test_images_are_listed_and_searched(client: AionVision) -> None:
    """All images come in pages; a search finds images by words, without a session."""
    page = await client.chats.get_all_images(limit=4)
    assert (len(page.image_ids), page.total_count, page.has_more) == (4, 6, True)
    assert page.as_collection().content_type == "images"
    found = await client.chats.search_images("crane hook", limit=1)
    assert [image.image_id for image in found] == [library.CRANE.id]
    assert found[0].stored_url is not None


async def test_documents_and_videos_are_searched_without_a_session(client: AionVision) -> None:
    """A document is found by what it says, a video by what it shows."""
    passages = await client.documents.search("hoist gate", limit=1)
    assert [(one.document_id, one.page_numbers) for one in passages.results] == [(library.INSPECTION.id, [5])]
    assert (passages.total_count, passages.results[0].score) == (1, 0.8)
    films = await client.agent_search.videos("steel beams")
    assert (films.count, films.video_ids) == (1, [library.DELIVERY.id])
    assert films.results[0].video_filename == "site3_delivery.mp4"
    for wrong in ("", "x" * 1_001):
        with pytest.raises(ValidationError):
            await client.documents.search(wrong)
    with pytest.raises(ValidationError):
        await client.agent_search.videos("beams", limit=501)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda chats: chats.send("", session_id="s"),
        lambda chats: chats.send("x" * 10_001, session_id="s"),
        lambda chats: chats.send("half a \ud83d", session_id="s"),
        lambda chats: chats.send("x", session_id=""),
        lambda chats: chats.create_session(title="x" * 256),
        lambda chats: chats.create_session(image_ids=["i"] * 1001),
        lambda chats: chats.update_images("s", ["i"] * 1001),
        lambda chats: chats.update_documents("s", ["d"] * 101),
        lambda chats: chats.update_videos("s", ["v"] * 101),
        lambda chats: chats.rename_session("s", ""),
        lambda chats: chats.list_sessions(limit=101),
        lambda chats: chats.list_sessions(offset=-1),
        lambda chats: chats.get_session("s", message_limit=0),
        lambda chats: chats.export_session("s", format="pdf"),
        lambda chats: chats.get_all_images(limit=5001),
        lambda chats: chats.search_images("x" * 501),
        lambda chats: chats.search_images(""),
        lambda chats: chats.approve_plan("s", ""),
    ],
)
async def test_what_the_limits_forbid_is_never_sent(aion: SimulatedAion, client: AionVision, wrong) -> None:  # type: ignore[no-untyped-def]  # a table of calls with every kind of answer
    """Arguments outside the documented limits raise ValidationError before anything is sent."""
    with pytest.raises(ValidationError) as raised:
        await wrong(client.chats)
    assert not raised.value.request_sent
    assert not raised.value.maybe_acted
    assert aion.requests == []
