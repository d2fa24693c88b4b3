"""An answer as a stream, over a real socket."""

import asyncio
import logging
from contextlib import aclosing

import pytest

from aion_bot.aion import (
    AionVision,
    AionvisionTimeoutError,
    ChatToken,
    ChatTokenType,
    SSEStreamError,
)
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from aion_bot.simulators.aion.scene import (
    ENDING,
    Answer,
    Close,
    Complete,
    Cut,
    Emit,
    End,
    Hold,
    Raw,
    Scene,
    Speak,
    Step,
)
from aion_bot.simulators.aion.wire import event


async def ask(client: AionVision, question: str = "anything") -> list[ChatToken]:
    """Ask in a new session and return all tokens."""
    session = await client.chats.create_session()
    return [token async for token in client.chats.send_stream(question, session_id=session.id)]


def words(tokens: list[ChatToken]) -> str:
    return "".join(token.content or "" for token in tokens)


async def test_an_answer_grows_and_ends_complete(client: AionVision) -> None:
    """Pieces add up to the accumulated text, and COMPLETE has the answer in plain words with its references."""
    tokens = await ask(client, "what is damaged on site 7?")
    growing = [token for token in tokens if token.type is ChatTokenType.TOKEN]
    complete = next(token for token in tokens if token.type is ChatTokenType.COMPLETE)
    assert growing[-1].data is not None
    assert words(tokens) == growing[-1].data["accumulated"]
    assert complete.data is not None
    assert complete.data["content"] == words(tokens)
    assert complete.resolved_content is not None
    assert complete.resolved_content.startswith("I found 3 pieces of damaged equipment")
    assert "[[" not in complete.resolved_content
    assert complete.references is not None
    assert complete.references.images[0].filename == "site7_pump_04.jpg"
    assert complete.references.images[0].full_id == complete.data["image_context"][0]["image_id"]
    assert complete.references.documents[0].page == 5
    assert complete.result_refs is not None
    assert complete.result_refs["damaged"].count == 3
    assert tokens[-1].type is ChatTokenType.CLOSE


async def test_every_kind_of_event_arrives_in_order(aion: SimulatedAion, client: AionVision) -> None:
    """Each documented event type comes through as its token with all its data."""
    kinds = [
        kind
        for kind in ChatTokenType
        if kind
        not in {ChatTokenType.TOKEN, ChatTokenType.CONNECTION, ChatTokenType.CLOSE, ChatTokenType.UNKNOWN}
    ]
    aion.play(Scene((*(Emit(kind.value, {"extra": kind.value}) for kind in kinds), Speak("x"), Close())))
    tokens = await ask(client)
    assert [token.type for token in tokens] == [
        ChatTokenType.CONNECTION,
        *kinds,
        ChatTokenType.TOKEN,
        ChatTokenType.CLOSE,
    ]
    assert all(token.data and token.data["extra"] == token.type for token in tokens[1:-2])


async def test_unknown_events_pass_and_malformed_ones_are_skipped(
    aion: SimulatedAion, client: AionVision, caplog: pytest.LogCaptureFixture
) -> None:
    """What the client does not know is passed on whole; what makes no sense is warned of and counted; neither ends."""
    aion.play(
        Scene(
            (
                Emit("hologram", {"depth": 3}),
                Raw(b"event: status\ndata: {not json\n\n"),
                Raw(b"event: token\ndata: [1, 2]\n\n"),
                Raw(b'event: token\ndata: {"type": "token", "content": 7}\n\n'),
                Speak("still here"),
                *ENDING,
            ),
            Answer("still here"),
        )
    )
    with caplog.at_level(logging.WARNING, logger="aion_bot.aion"):
        tokens = await ask(client)
    unknown = next(token for token in tokens if token.type is ChatTokenType.UNKNOWN)
    assert unknown.data == {"type": "hologram", "depth": 3}
    assert words(tokens) == "still here"
    assert client.chats.malformed_events == 3
    assert len(caplog.records) == 3
    assert "not json" not in caplog.text


async def test_accumulated_is_there_although_the_server_leaves_it_out(
    aion: SimulatedAion, client: AionVision
) -> None:
    """`data["accumulated"]` is the whole text so far whatever the server sends."""
    aion.play(Scene((Speak(pieces=("one ", "two ", "three"), accumulates=False), *ENDING)))
    seen = [
        token.data["accumulated"]
        for token in await ask(client)
        if token.type is ChatTokenType.TOKEN and token.data
    ]
    assert seen == ["one ", "one two ", "one two three"]


async def test_only_the_newest_of_the_tokens_in_one_read_is_yielded(
    aion: SimulatedAion, client: AionVision
) -> None:
    """Tokens that arrive together become one with the words of all, and no older one is yielded after it."""
    together = b"".join(
        event("token", {"content": piece, "accumulated": text}, number)
        for number, (piece, text) in enumerate([("a", "a"), ("b", "ab"), ("c", "abc")])
    )
    aion.play(Scene((Raw(together), *ENDING)))
    tokens = [token for token in await ask(client) if token.type is ChatTokenType.TOKEN]
    assert [(token.content, token.data and token.data["accumulated"]) for token in tokens] == [("abc", "abc")]


@pytest.mark.parametrize(
    ("steps", "received"),
    [
        ((Speak(pieces=("half ", "of it")), Cut()), 3),
        ((Speak(pieces=("half ", "of it")), End()), 3),
        ((Emit("status", {"message": "searching"}), Cut(stored=False)), 2),
        ((Cut(),), 1),
    ],
)
async def test_a_stream_that_breaks_off_raises(
    aion: SimulatedAion, client: AionVision, steps: tuple[Step, ...], received: int
) -> None:
    """A stream that ends or is cut before the answer is whole raises SSEStreamError with how far it came."""
    aion.play(Scene(steps, Answer("half of it and the rest")))
    with pytest.raises(SSEStreamError) as raised:
        await ask(client)
    assert raised.value.events_received == received
    assert raised.value.last_event_id == ("2" if received == 3 else None)
    assert raised.value.maybe_acted
    assert aion.count("send_stream") == 1


async def test_a_stored_answer_is_found_after_a_cut(aion: SimulatedAion, client: AionVision) -> None:
    """The id of the `connection` event names the message that the server stores although the stream was cut."""
    aion.play(Scene((Speak("half"), Cut(stored=True)), Answer("half and more")))
    session = await client.chats.create_session()
    stream = client.chats.send_stream("what?", session_id=session.id)
    connection = await anext(stream)
    with pytest.raises(SSEStreamError):
        _ = [token async for token in stream]
    stored = (await client.chats.get_session(session.id)).messages[-1]
    assert connection.data is not None
    assert (stored.id, stored.content) == (connection.data["message_id"], "half and more")


@pytest.mark.parametrize(
    "last", [Complete(), Emit("error", {"code": "X"}), Emit("auth_error", {"error": "no"})]
)
async def test_a_break_after_the_whole_answer_is_no_error(
    aion: SimulatedAion, client: AionVision, last: Step
) -> None:
    """Once the answer is whole, or refused, a missing `close` loses nothing."""
    aion.play(Scene((last, Cut()), Answer("whole")))
    tokens = await ask(client)
    assert tokens[-1].type in {ChatTokenType.COMPLETE, ChatTokenType.ERROR, ChatTokenType.AUTH_ERROR}


async def test_silence_raises_and_says_that_the_server_may_have_acted(aion: SimulatedAion) -> None:
    """A stream that says nothing for longer than the timeout raises, and the question is not sent again."""
    aion.play(Scene((Speak("so far"), Hold("never"))))
    async with AionVision(API_KEY, base_url=aion.base_url, timeout=0.5, retry_delay=0.01) as impatient:
        session = aion.sessions.create({})
        with pytest.raises(AionvisionTimeoutError) as raised:
            _ = [one async for one in impatient.chats.send_stream("wait", session_id=session.id)]
    assert raised.value.maybe_acted
    assert raised.value.request_sent
    assert aion.count("send_stream") == 1


async def test_a_ping_counts_as_life(aion: SimulatedAion) -> None:
    """A stream may wait much longer than the timeout as long as something arrives; it has no total limit."""
    aion.ping_every = 0.05
    aion.play(Scene((Hold("gate", pings=True), Speak("done"), *ENDING)))
    pings = 0
    async with AionVision(API_KEY, base_url=aion.base_url, timeout=1.0) as patient:
        session = await patient.chats.create_session()
        async for token in patient.chats.send_stream("wait", session_id=session.id):
            pings += token.type is ChatTokenType.PING
            if pings == 21:
                aion.release("gate")
    assert pings >= 21


async def test_closing_the_generator_closes_the_connection(aion: SimulatedAion, client: AionVision) -> None:
    """Leaving an answer early closes its HTTP stream at once."""
    aion.play(Scene((Speak("begun"), Hold("never"))))
    session = await client.chats.create_session()
    async with aclosing(client.chats.send_stream("go on", session_id=session.id)) as tokens:
        async for token in tokens:
            if token.type is ChatTokenType.TOKEN:
                break
    await aion.until(lambda: aion.streaming == 0)
    assert aion.left == 1


async def test_cancelling_closes_the_connection(aion: SimulatedAion, client: AionVision) -> None:
    """A cancelled task leaves no stream open, and the cancellation is not swallowed."""
    aion.play(Scene((Speak("begun"), Hold("never"))))
    asking = asyncio.create_task(ask(client))
    await aion.until(lambda: aion.streaming == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await aion.until(lambda: aion.streaming == 0)


@pytest.mark.slow
async def test_many_streams_run_side_by_side(aion: SimulatedAion, client: AionVision) -> None:
    """More streams than httpx's usual hundred connections are open at once."""
    most = 130
    aion.play(*[Scene((Hold("all"), Speak("x"), *ENDING)) for _ in range(most)])
    asking = [asyncio.create_task(ask(client)) for _ in range(most)]
    await aion.until(lambda: aion.streaming == most)
    aion.release("all")
    assert [words(tokens) for tokens in await asyncio.gather(*asking)] == ["x"] * most


async def test_a_compressed_stream_is_read(aion: SimulatedAion, client: AionVision) -> None:
    """A proxy may compress the stream; the tokens are the same."""
    aion.compresses = True
    tokens = await ask(client, "what is damaged on site 7?")
    assert words(tokens) == (tokens[-2].data or {})["content"]


async def test_close_ends_the_stream_although_the_connection_stays(
    aion: SimulatedAion, client: AionVision
) -> None:
    """After the server's `close` nothing is waited for long."""
    aion.play(Scene((Complete(), Close(), Hold("never")), Answer("whole")))
    async with asyncio.timeout(15):
        tokens = await ask(client)
    assert tokens[-1].type is ChatTokenType.CLOSE
