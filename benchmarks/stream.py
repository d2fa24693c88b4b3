"""The cost of reading an answer's stream: raw bytes, a minimal reader, and the client.

Run it with `python -m benchmarks.stream`. A server in a process of its own sends the same streams, one HTTP chunk an
event, every token event with the whole text so far. One process reads them in three ways, in turn:

- raw: `httpx`, `aiter_raw`, nothing decoded;
- bare: `httpx`, `httpx-sse`, `json.loads` of every event;
- client: `AionVision`, which also skips events, repairs the text and makes tokens.

The figure is what each adds to raw, per event, as the median of nine interleaved runs.
"""

import asyncio
import json
import multiprocessing
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from statistics import median
from time import process_time

import httpx
import httpx_sse

from aion_bot.aion import AionVision

KEY = "aion_benchmark_0123456789abcdef"
RUNS = 9
TEXT = """
## Site 7

The scaffold on the **north face** has a bent cross brace — see "inspection_site7.pdf" [[doc:5f1c22aa|inspection_site7.pdf|p:5]].

- nobody may climb it before it is replaced
- the pump's hose is torn [[img:77ab01c2|site7_pump_04.jpg]]
"""
"""Markdown as an assistant writes it, sent in words."""


@dataclass(frozen=True)
class Load:
    """A stream's length, how often a run reads it, and the maximum that the client may add, in terms of the minimal reader."""

    tokens: int
    repeats: int
    bound: float

    @property
    def events(self) -> int:
        """The number of events: the tokens, one before them and two after them."""
        return self.tokens + 3


LOADS = (Load(100, 40, 1.5), Load(4_000, 1, 1.0))
Reader = Callable[[int], Awaitable[None]]


def encoded(kind: str, event_id: int | None = None, **fields: object) -> bytes:
    identity = f"id: {event_id}\n" if event_id is not None else ""
    return f"event: {kind}\n{identity}data: {json.dumps({'type': kind, **fields})}\n\n".encode()


def answer(tokens: int) -> list[bytes]:
    events = [encoded("connection", message_id="m", status="connected")]
    words, text = re.findall(r"\s*\S+", TEXT), ""
    for index in range(tokens):
        piece = words[index % len(words)]
        text += piece
        events.append(encoded("token", index + 1, content=piece, accumulated=text, token_index=index))
    events.append(encoded("complete", content=text, resolved_content=text, message_id="m"))
    return [*events, encoded("close", message_id="m")]


def response(events: list[bytes]) -> bytes:
    """One HTTP chunk an event, as servers send events; the chunks are prepared before the measurement."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(event), event) for event in events) + b"0\r\n\r\n"


async def serve(ready: Connection) -> None:
    responses = {str(load.tokens).encode(): response(answer(load.tokens)) for load in LOADS}

    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: (\d+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                writer.write(responses[head.split(b"/", 4)[3]])
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answering, "127.0.0.1", 0)
    ready.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def run_server(ready: Connection) -> None:
    asyncio.run(serve(ready))


@asynccontextmanager
async def readers(base_url: str) -> AsyncIterator[dict[str, Reader]]:
    plain = httpx.AsyncClient(base_url=base_url, trust_env=False)
    client = AionVision(KEY, base_url=base_url)
    question = {"message": "?"}

    async def raw(tokens: int) -> None:
        async with plain.stream(
            "POST", f"/chat/sessions/{tokens}/messages/stream", json=question
        ) as response:
            async for _ in response.aiter_raw():
                pass

    async def bare(tokens: int) -> None:
        path = f"/chat/sessions/{tokens}/messages/stream"
        async with httpx_sse.aconnect_sse(plain, "POST", path, json=question) as source:
            async for event in source.aiter_sse():
                json.loads(event.data)

    async def ours(tokens: int) -> None:
        async for _ in client.chats.send_stream("?", session_id=str(tokens)):
            pass

    async with plain, client:
        yield {"raw": raw, "bare": bare, "client": ours}


async def microseconds(reader: Reader, load: Load) -> float:
    begun = process_time()
    for _ in range(load.repeats):
        await reader(load.tokens)
    return (process_time() - begun) / load.repeats / load.events * 1e6


async def measure(base_url: str, load: Load) -> dict[str, float]:
    async with readers(base_url) as ways:
        for reader in ways.values():
            await reader(load.tokens)
        runs = [
            {name: await microseconds(reader, load) for name, reader in ways.items()} for _ in range(RUNS)
        ]
    medians = {name: median(run[name] for run in runs) for name in ways}
    for name in ("bare", "client"):
        medians[f"{name} adds"] = median(run[name] - run["raw"] for run in runs)
    return medians


def report(load: Load, found: dict[str, float]) -> bool:
    ratio = found["client adds"] / found["bare adds"]
    held = ratio <= load.bound
    print(
        f"{load.tokens:>6} tokens: raw {found['raw']:6.1f}  bare {found['bare']:6.1f}  client {found['client']:6.1f}"
        f"  µs an event; bare adds {found['bare adds']:5.1f}, client {found['client adds']:5.1f}:"
        f" {ratio:.2f} times (at most {load.bound:g}: {'held' if held else 'NOT held'})"
    )
    return held


async def main() -> int:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=run_server, args=(theirs,), daemon=True)
    server.start()
    base_url = f"http://127.0.0.1:{ours.recv()}"
    held = [report(load, await measure(base_url, load)) for load in LOADS]
    server.terminate()
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
