"""The platforms' tokens rotate by SIGHUP while an answer runs, also where the platform has revoked them before."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.discord import gateway
from aion_bot.domain.rules import Rules
from aion_bot.runtime.reloading import Reloading
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from tests.end_to_end.bot import Bot

TOKENS = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN")


def in_files(env: Mapping[str, str], folder: Path) -> Mapping[str, str]:
    """Return the environment with each token in a file."""
    files = {f"{name}_FILE": str(folder / name) for name in TOKENS if name in env}
    for name in TOKENS:
        if name in env:
            (folder / name).write_text(env[name])
    return {**{name: value for name, value in env.items() if name not in TOKENS}, **files}


async def test_tokens_rotate_under_a_running_answer(
    idle: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One answer goes on through a revoked token, a bad one in its file, and two rotations; then the next one is asked.

    The log names the variables, and shows no token, neither an old nor a new one.
    """
    monkeypatch.setitem(gateway.OPTIONS, "guild_ready_timeout", 0.05)  # type: ignore[arg-type]  # one type for all options
    holds = (Speak("One. "), Hold("first"), Speak("Two. "), Hold("second"), Speak("Three. "))
    idle.aion.play(Scene((*holds, *ENDING), Answer("One. Two. Three.")), spoken("Four."))
    env = in_files(idle.env(), tmp_path)
    idle.reloading = Reloading(env, lambda: (Rules(), ()))
    await idle.start()
    output, workspace = "", idle.workspace

    async def reload(tokens: Mapping[str, str], event: str) -> None:
        """Write the files, ask for it as SIGHUP does, and wait until the log says it of the last token."""
        nonlocal output
        for name, value in tokens.items():
            (tmp_path / name).write_text(value)
        before = output.count(event)
        assert idle.reloading is not None
        idle.reloading.asked.set()
        async with asyncio.timeout(60):
            while output.count(event) < before + (len(tokens) if event == "key replaced" else 1):
                await asyncio.sleep(0.01)  # there is no event for what was written to standard output
                output += capsys.readouterr().out

    thread = await idle.asked(idle.ada, "What broke?", "One.")
    old = {name: (tmp_path / name).read_text() for name in TOKENS if f"{name}_FILE" in env}
    new = idle.uses.rotate(1)
    await idle.uses.end_connections()
    await reload(dict.fromkeys(new, "xoxb-bad"), "key refused")
    await reload(new, "key replaced")
    idle.aion.release("first")
    await idle.shows(thread, "Two.")
    await reload(last := idle.uses.rotate(2), "key replaced")
    idle.aion.release("second")
    await idle.shows(thread, "Three.")
    await workspace.connected()
    await idle.asked(idle.ben, "And what else?", "Four.")
    await idle.stop()
    output += capsys.readouterr().out
    assert all(f"variable={name}" in output for name in new)
    assert not any(token in output for token in (*old.values(), *new.values(), *last.values()))
