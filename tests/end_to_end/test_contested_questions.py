"""A question that another process with the same token has claimed. Two real processes are in `test_two_processes.py`."""

import pytest

from adapters.discord import ids, other_process
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.capabilities import ClaimedQuestions
from aion_bot.simulators.discord import SimulatedDiscord
from tests.end_to_end.bot import Bot

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workspace", ["discord"], indirect=True)
async def test_aion_is_not_asked_what_another_process_has_claimed(
    idle: Bot, discord: SimulatedDiscord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once another process was noticed, a question is claimed before Aion is asked; the next one is asked as ever."""
    monkeypatch.setattr(other_process, "YIELD", 0.05)
    adapters: list[PlatformAdapter] = []
    idle.watch = adapters.append
    await idle.start()
    foreign = {"content": "Not mine.", "nonce": "theirs"}
    discord.backend.post_as_bot(discord.world.named("general").id, foreign)
    await idle.asked(idle.ada, "What is damaged on site 7?", "I found 3 pieces")
    assert isinstance(adapters[0], ClaimedQuestions)
    assert adapters[0].contested
    direct = discord.direct(idle.ada)
    question = discord.say(idle.ada, "Hello", direct)
    discord.gateway.dropping_events = True  # the claim is known to Discord alone
    claim = {"content": "Theirs.", "nonce": ids.claim_of(f"discord:{question.id}"), "enforce_nonce": True}
    button = {"type": 2, "style": 2, "label": "Stop", "custom_id": "aion:stop:theirs"}
    discord.backend.post_as_bot(direct, claim | {"components": [{"type": 1, "components": [button]}]})
    discord.gateway.dropping_events = False
    await discord.direct_message(idle.ada, "What is damaged?")
    await idle.shows(direct, "I found 3 pieces")
    asked = [body["message"] for body in idle.aion.bodies("send_stream")]
    assert not [one for one in asked if "Hello" in one]
    theirs, _ = idle.bots(direct)
    assert theirs.text == "Theirs."
