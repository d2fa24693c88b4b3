"""The reference program: it reads the streams and sends the bot's requests, and does nothing else. A process of its own."""

import asyncio
import json
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection

import aiohttp
import httpx
import httpx_sse

from benchmarks.cost.load import Replay
from benchmarks.cost.processes import obey


class ReferenceProgram:
    """Reads with `httpx`, `httpx-sse` and `json.loads`, and sends with `aiohttp`."""

    def __init__(self, env: Mapping[str, str]) -> None:
        aion = {"Authorization": f"Bearer {env['AIONVISION_API_KEY']}"}
        slack = {"Authorization": f"Bearer {env['SLACK_BOT_TOKEN']}"}
        limits = httpx.Limits(max_connections=None)
        self._aion = httpx.AsyncClient(
            base_url=env["AIONVISION_BASE_URL"], headers=aion, trust_env=False, timeout=300, limits=limits
        )
        self._slack = aiohttp.ClientSession(env["SLACK_API_URL"], headers=slack)

    async def close(self) -> None:
        """Close every connection."""
        await self._aion.aclose()
        await self._slack.close()

    async def answer(self, replay: Replay) -> None:
        """Read the stream of an answer, and send its requests meanwhile."""
        begun = time.monotonic()
        await asyncio.sleep(replay.begin)
        await asyncio.gather(self._read(replay), self._show(replay, begun))

    async def _read(self, replay: Replay) -> None:
        path = f"/chat/sessions/{replay.session}/messages/stream"
        async with httpx_sse.aconnect_sse(self._aion, "POST", path, json={"message": "?"}) as source:
            async for event in source.aiter_sse():
                json.loads(event.data)

    async def _show(self, replay: Replay, begun: float) -> None:
        posted: dict[str, str] = {}
        for call in replay.calls:
            await asyncio.sleep(begun + call.at - time.monotonic())
            place = {"channel": replay.channel}
            if call.method == "chat.update":
                place["ts"] = posted[call.message]
            else:
                place["thread_ts"] = replay.thread
            async with self._slack.post(call.method, json={**call.body, **place}) as response:
                answer = await response.json()
            if not answer["ok"]:
                raise RuntimeError(f"{call.method}: {answer['error']}")
            posted.setdefault(call.message, answer["ts"])


async def _run(env: Mapping[str, str], replays: list[Replay]) -> float:
    program = ReferenceProgram(env)
    begun = time.process_time()
    await asyncio.gather(*(program.answer(replay) for replay in replays))
    used = time.process_time() - begun
    await program.close()
    return used


async def _serve(pipe: Connection) -> None:
    await obey(pipe, {"run": _run})


def run(pipe: Connection) -> None:
    """Obey the main process until it closes the pipe."""
    asyncio.run(_serve(pipe))
