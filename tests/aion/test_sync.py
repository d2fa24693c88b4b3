"""The blocking client, over a real socket; the simulator runs on the test's own loop, the client in a thread."""

import asyncio
import inspect
from collections.abc import Callable
from typing import TypeVar

import pytest

from aion_bot.aion import (
    AionVision,
    AionvisionError,
    ChatError,
    ChatResource,
    ChatSessionContext,
    ResourceNotFoundError,
    SyncAionVision,
    SyncChatResource,
    SyncChatSessionContext,
)
from aion_bot.simulators.aion import API_KEY, SimulatedAion, library
from aion_bot.simulators.aion.scene import PlanEnd
from aion_bot.simulators.aion.script import organize

T = TypeVar("T")


async def blocking(aion: SimulatedAion, work: Callable[[SyncAionVision], T]) -> T:
    """Run something with a blocking client, beside the simulator."""

    def run() -> T:
        with SyncAionVision(API_KEY, base_url=aion.base_url, timeout=30.0, retry_delay=0.01) as client:
            return work(client)

    return await asyncio.to_thread(run)


async def test_a_conversation(aion: SimulatedAion) -> None:
    """The vendor's blocking example: questions in a block, which closes the session at its end."""

    def talk(client: SyncAionVision) -> tuple[str, str, int]:
        with client.chat_session(title="sync") as session:
            first = session.send("what is damaged?")
            second = session.send("Which one first?")
            assert session.session.title == "sync"
            client.chat("and the rest?", session_id=session.session_id)
            return first.resolved_content, second.content, len(session.get_messages())

    first, second, messages = await blocking(aion, talk)
    assert first.startswith("I found 3 pieces")
    assert "hoist" in second
    assert messages == 6
    assert aion.count("close_session") == 1


async def test_sessions_and_context(aion: SimulatedAion) -> None:
    """Creating, listing, walking, reading, renaming, exporting, changing the context, closing."""

    def manage(client: SyncAionVision) -> None:
        chats = client.chats
        ids = [chats.create_session(title=f"s{number}").id for number in range(3)]
        assert {session.id for session in chats.iter_sessions(page_size=2)} == set(ids)
        assert chats.list_sessions(limit=1).has_more
        assert chats.rename_session(ids[0], "new")["title"] == "new"
        assert chats.get_session(ids[0]).session.title == "new"
        assert chats.update_mode(ids[0], False)["use_all_images"] is False
        assert chats.update_images(ids[0], [library.PUMP.id])["selected_image_ids"] == [library.PUMP.id]
        assert chats.update_documents(ids[0], [])["document_count"] == 0
        assert chats.update_videos(ids[0], [])["video_count"] == 0
        chats.send("hello", session_id=ids[0])
        assert len(chats.get_messages(ids[0], limit=1)) == 1
        assert chats.export_session(ids[0], format="text").startswith(b"new")
        assert chats.get_all_images(limit=1).has_more
        assert chats.search_images("crane")[0].image_id == library.CRANE.id
        assert chats.close_session(ids[0])["total_messages"] == 2

    await blocking(aion, manage)


@pytest.mark.parametrize(("action", "status"), [("approve", "accepted"), ("cancel", None)])
async def test_plans(aion: SimulatedAion, action: str, status: str | None) -> None:
    """Plans are decided as in the asynchronous client, and once."""
    session = aion.sessions.create({})
    step = organize(PlanEnd.ACCEPTED).steps[1]
    proposed = aion.sessions.propose(session, step.plan)  # type: ignore[union-attr]  # the second step proposes

    def decide(client: SyncAionVision) -> str | None:
        act = client.chats.approve_plan if action == "approve" else client.chats.cancel_plan
        return act(session.id, proposed.id).status

    assert await blocking(aion, decide) == status
    assert proposed.action == action


async def test_refusals_are_repeated_and_errors_are_the_same(aion: SimulatedAion) -> None:
    """The blocking client repeats and raises as the asynchronous one does."""
    aion.fail_next("create_session", 503, retry_after=0, times=2)
    aion.fail_next("send", 500)

    def ask(client: SyncAionVision) -> AionvisionError:
        session = client.chats.create_session()
        with pytest.raises(AionvisionError) as raised:
            client.chats.send("hello", session_id=session.id)
        with pytest.raises(ResourceNotFoundError):
            client.chats.get_session("unknown")
        return raised.value

    error = await blocking(aion, ask)
    assert (error.code, error.maybe_acted) == ("SERVER_ERROR", True)
    assert (aion.count("create_session"), aion.count("send")) == (3, 1)


async def test_a_lost_answer_is_repeated_for_reads(aion: SimulatedAion) -> None:
    """A read whose connection broke is read again."""
    aion.fail_next("list_sessions", None)
    assert (await blocking(aion, lambda client: client.chats.list_sessions().total)) == 0
    assert aion.count("list_sessions") == 2


async def test_asking_for_a_stream_says_why_there_is_none(aion: SimulatedAion) -> None:
    """There is no `send_stream`, and whoever asks for it learns what to use instead."""

    def ask(client: SyncAionVision) -> None:
        with client.chat_session(auto_close=False) as session:
            for each in (client.chats, session):
                assert not hasattr(each, "send_stream")
                with pytest.raises(AttributeError, match="use AionVision for streams, or send"):
                    _ = each.send_stream
        with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
            _ = client.chats.nonsense
        with pytest.raises(ChatError):
            _ = client.chat_session().session

    await blocking(aion, ask)


async def test_a_session_that_cannot_be_closed_costs_no_answer(aion: SimulatedAion) -> None:
    """A failure to close is logged, never raised over the answers."""
    aion.fail_next("close_session", 500)

    def ask(client: SyncAionVision) -> str:
        with client.chat_session() as session:
            return session.send("hello").content

    assert await blocking(aion, ask)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (AionVision, SyncAionVision),
        (ChatResource, SyncChatResource),
        (ChatSessionContext, SyncChatSessionContext),
    ],
)
def test_both_clients_take_the_same_arguments(one: type, other: type) -> None:
    """Each public method exists on both sides with the same parameters and defaults, but for the streams."""

    def published(kind: type) -> dict[str, list[inspect.Parameter]]:
        methods = inspect.getmembers(kind, inspect.isfunction)
        return {
            name: list(inspect.signature(method).parameters.values())
            for name, method in methods
            if not name.startswith("_") and name not in {"send_stream", "close", "aclose"}
        }

    assert published(one) == published(other)
    assert inspect.signature(one) == inspect.signature(other) or one is not AionVision
