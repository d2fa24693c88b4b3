"""`AION_BOT_HTTP_ADDRESS`: what the operator's systems are told over a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak
from tests.end_to_end.bot import Bot
from tests.end_to_end.program import Program

HELD = Scene((Speak("The first part. "), Hold("go"), *ENDING), Answer("The first part."))


class Prober:
    """Asks the bot as an operator's systems do."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self._address = address
        self._session = session

    async def ask(self, path: str, method: str = "GET") -> tuple[int, str]:
        async with self._session.request(method, f"http://{self._address}{path}") as answer:
            return answer.status, await answer.text()

    async def until(self, path: str, status: int, *parts: str, without: str = "\0") -> str:
        """Ask until the answer has a status and contains every part, and not `without`."""
        async with asyncio.timeout(60):
            while True:
                found, text = await self.ask(path)
                if found == status and all(part in text for part in parts) and without not in text:
                    return text
                await asyncio.sleep(0.02)  # there is no event for what another side would answer


@pytest.fixture
async def prober(address: str) -> AsyncIterator[Prober]:
    async with aiohttp.ClientSession() as session:
        yield Prober(address, session)


async def test_health_readiness_and_metrics_of_a_running_bot(idle: Bot, address: str, prober: Prober) -> None:
    """A connected bot is healthy and ready, and counts the turn, the requests and the lag of what it does."""
    await idle.start(AION_BOT_HTTP_ADDRESS=address)
    name = idle.workspace.name.lower()
    await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
    assert (await prober.ask("/healthz"))[0] == 200
    assert await prober.until("/readyz", 200) == "[]"
    text = await prober.until(
        "/metrics",
        200,
        f'aion_bot_turns_total{{outcome="answered",platform="{name}"}} 1.0',
        f'aion_bot_connected{{platform="{name}"}} 1.0',
        f'aion_bot_active_turns{{platform="{name}"}} 0.0',
        'aion_bot_aion_requests_total{operation="messages",status="ok"} 1.0',
        f'aion_bot_turn_seconds_count{{platform="{name}"}} 1.0',
        f'aion_bot_first_sign_seconds_count{{platform="{name}"}} 1.0',
        f'aion_bot_first_text_seconds_count{{platform="{name}"}} 1.0',
        f'aion_bot_final_lag_seconds_count{{platform="{name}"}} 1.0',
        f'aion_bot_staleness_seconds_count{{platform="{name}"}} 1.0',
    )
    assert f'platform="{name}",status="ok"' in text
    # It is measured four times a second: one of the next answers has it.
    await prober.until("/metrics", 200, without="aion_bot_event_loop_lag_seconds_count 0.0")


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_only_get_is_answered(idle: Bot, address: str, prober: Prober) -> None:
    """Every method but GET gets 405 everywhere, a path that is none 404, and no answer names what it is made of."""
    await idle.start(AION_BOT_HTTP_ADDRESS=address)
    for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
        for path in ("/healthz", "/readyz", "/metrics", "/", "/nowhere"):
            assert (await prober.ask(path, method))[0] == 405, (method, path)
    assert (await prober.ask("/nowhere"))[0] == 404
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}/nowhere") as answer:
        assert answer.headers["Server"] == "aion-bot"


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_a_drain_is_told_until_it_ends(idle: Bot, address: str, prober: Prober) -> None:
    """From the signal on `/readyz` answers 503 with `draining`, while the bot is healthy; then the port is closed."""
    idle.aion.play(HELD)
    await idle.start(AION_BOT_HTTP_ADDRESS=address, AION_BOT_SHUTDOWN_GRACE="30")
    await idle.asked(idle.ada, "What?", "The first part.")
    await prober.until("/metrics", 200, 'aion_bot_active_turns{platform="slack"} 1.0')
    stopping = asyncio.create_task(idle.stop())
    await prober.until("/readyz", 503, '"draining"')
    assert (await prober.ask("/healthz"))[0] == 200
    idle.aion.release("go")
    await stopping
    with pytest.raises(aiohttp.ClientError):
        await prober.ask("/healthz")


async def test_a_refused_key_is_told(idle: Bot, address: str, prober: Prober) -> None:
    """Once Aion has refused the key `/readyz` names `aion`."""
    await idle.start(AION_BOT_HTTP_ADDRESS=address, AIONVISION_API_KEY="aion_another_key_of_some_length")
    await idle.asked(idle.ada, "What?", "ref ")
    assert await prober.until("/readyz", 503, '["aion"]')


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_an_address_in_use_is_one_clear_sentence(idle: Bot, tmp_path: Path) -> None:
    """`run` ends with status 1 and names the variable and the reason, without a traceback."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        program = Program(tmp_path)
        await program.start(idle.env(AION_BOT_HTTP_ADDRESS=address))
        status, _ = await program.end()
    assert status == 1
    assert f"AION_BOT_HTTP_ADDRESS: {address} cannot be listened on: Address already in use" in program.output
    assert "Traceback" not in program.output
