"""The Web API methods of native streams: chat.startStream, chat.appendStream, chat.stopStream.

Arguments and errors: https://docs.slack.dev/reference/methods/chat.startStream and its siblings. That a stream ends by
itself, and how many bytes it takes, is not documented: these are measurements of users.
"""

from collections.abc import Sequence
from typing import Any

from aion_bot.simulators.slack import rules, stream
from aion_bot.simulators.slack.backend import Answer, Arguments, Backend, Refused, metadata, writable
from aion_bot.simulators.slack.indicators import STATUSES
from aion_bot.simulators.slack.state import Channel, Message
from aion_bot.simulators.slack.stream import Body, State, Stream

TEXT_OF_CALL = 12_000
STOPPED = "message_not_in_streaming_state"


def start(backend: Backend, arguments: Arguments) -> Answer:
    """Start a message that grows; the session of its thread is `processing` from then on."""
    channel = writable(backend, arguments)
    if channel.kind in backend.streams.refused:
        raise Refused(backend.streams.refused[channel.kind])
    recipient, thread = _recipient(backend, channel, arguments), _thread(backend, channel, arguments)
    begun = Stream(backend.streams.clock(), recipient)
    body = _grown(backend, begun, stream.composed(()), _chunks(arguments))
    ts = backend.conversations.clock.ts()
    home = backend.conversations.team
    backend.add(Message(ts, channel.id, home.bot, [body], thread_ts=thread, stream=begun, home=home))
    backend.conversations.sessions[channel.id, thread] = "processing"
    return {"channel": channel.id, "ts": ts}


def append(backend: Backend, arguments: Arguments) -> Answer:
    """Append to a message."""
    message, going = _streamed(backend, arguments)
    if going.state is not State.LIVE:
        raise Refused("stopped_by_user" if going.state is State.CUT else STOPPED)
    chunks = _chunks(arguments)
    if not chunks:
        raise Refused("no_text")
    backend.display.show(message, _grown(backend, going, message.body, chunks))
    return {"channel": message.channel, "ts": message.ts}


def stop(backend: Backend, arguments: Arguments) -> Answer:
    """End a stream: its last text is appended, its blocks are added below, and everybody sees all of it.

    A stream that a person stopped can be ended as well: the documentation names this method as a way to leave `processing`.
    """
    message, going = _streamed(backend, arguments)
    if going.state is State.OVER:
        raise Refused(STOPPED)
    status = arguments.get("session_status") or "active"
    if status not in STATUSES:
        raise Refused("invalid_status")
    attached, below = metadata(arguments), arguments.get("blocks") or []
    if below and (refusal := rules.refusal("chat.stopStream", {"blocks": below})):
        raise Refused(refusal)
    body = _grown(backend, going, message.body, _chunks(arguments), below)
    if not body["blocks"]:
        raise Refused("no_text")
    going.state = State.OVER
    message.metadata = attached or message.metadata
    backend.change(message, body)
    backend.conversations.sessions[message.channel, message.thread_ts or message.ts] = str(status)
    return {"channel": message.channel, "ts": message.ts, "message": {"text": body["text"], "ts": message.ts}}


def check_update(backend: Backend, message: Message) -> None:
    """Refuse to edit a message while it streams. Raises Refused."""
    if message.stream is not None:
        backend.display.end_if_expired(message)
        if message.stream.state is State.LIVE:
            raise Refused("streaming_state_conflict")
        message.stream.state = State.OVER


def _recipient(backend: Backend, channel: Channel, arguments: Arguments) -> str | None:
    if channel.kind == "im":
        return None
    person = arguments.get("recipient_user_id")
    if not person:
        raise Refused("missing_recipient_user_id")
    if not arguments.get("recipient_team_id"):
        raise Refused("missing_recipient_team_id")
    if person not in backend.conversations.names():
        raise Refused("user_not_found")
    if arguments["recipient_team_id"] != backend.conversations.team.id:
        raise Refused("team_not_found")
    return str(person)


def _thread(backend: Backend, channel: Channel, arguments: Arguments) -> str:
    thread = str(arguments.get("thread_ts") or "")
    if not thread:
        raise Refused("invalid_arguments")
    if backend.conversations.find(channel.id, thread) is None:
        raise Refused("thread_not_found")
    return thread


def _streamed(backend: Backend, arguments: Arguments) -> tuple[Message, Stream]:
    channel = writable(backend, arguments)
    message = backend.conversations.find(channel.id, str(arguments.get("ts")))
    if message is None:
        raise Refused("message_not_found")
    if not message.by_bot:
        raise Refused("message_not_owned_by_app")
    if message.stream is None:
        raise Refused(STOPPED)
    backend.display.end_if_expired(message)
    return message, message.stream


def _chunks(arguments: Arguments) -> list[dict[str, Any]]:
    """The text or chunks of a call, as chunks. Raises Refused."""
    text, chunks = arguments.get("markdown_text"), arguments.get("chunks")
    if text and chunks:
        raise Refused("invalid_arguments")
    chunks = [{"type": "markdown_text", "text": text}] if text else chunks or []
    if not isinstance(chunks, list) or not all(map(stream.is_chunk, chunks)):
        raise Refused("invalid_arguments")
    if any(len(chunk.get("text") or "") > TEXT_OF_CALL for chunk in chunks):
        raise Refused("msg_too_long")
    return chunks


def _grown(
    backend: Backend, going: Stream, body: Body, chunks: Sequence[Body], below: Sequence[Body] = ()
) -> Body:
    """The body with these chunks and `below`; counts their bytes. Raises Refused, and then counts nothing."""
    used = going.size + sum(map(stream.size, chunks))
    if used > backend.streams.cap:
        raise Refused("msg_too_long")
    blocks = body["blocks"]
    for chunk in chunks:
        blocks = stream.grown(blocks, chunk)
    blocks = [*blocks, *below]
    drawn = [block for block in blocks if block.get("type") != "markdown" or block["text"].strip()]
    if drawn and (refusal := rules.refusal("chat.appendStream", {"blocks": drawn})):
        raise Refused(refusal)
    grown = stream.composed(blocks)
    going.size = used
    if going.first is None and drawn:
        going.first = grown
    return grown
