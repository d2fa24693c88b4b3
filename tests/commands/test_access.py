"""`aion-bot access` at the command line."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.slack import SimulatedSlack

ADA, BEN = SimulatedSlack.people[:2]


async def test_it_says_who_may_and_which_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 0 or 1, a sentence, and the line of the file; ids that nobody knows and a wrong file are said."""
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "aion-bot.toml"
    file.write_text(f'[defaults]\nguests = false\n[channels."C0GENERAL"]\nallow_users = ["{ADA.id}"]\n')
    slack = SimulatedSlack()
    await slack.start()
    async with SimulatedAion() as aion:
        env = {**aion.env, **slack.env}

        async def access(*arguments: str) -> tuple[int, str]:
            run = asyncio.to_thread(CliRunner().invoke, program, ["access", *arguments], env=env)
            result = await run
            return result.exit_code, result.output

        code, said = await access("--channel", "C0GENERAL", "--user", ADA.id)
        assert (code, said.splitlines()[0]) == (0, f"{ADA.id} may use the bot in C0GENERAL")
        assert "guests: False (aion-bot.toml, line 2)" in said
        code, said = await access("--channel", "C0GENERAL", "--user", BEN.id, "--workspace", "T0SITEOPS")
        assert (code, said.splitlines()) == (
            1,
            [
                f"{BEN.id} may not use the bot in C0GENERAL: not on the allow lists",
                f"allow_users: {ADA.id} (aion-bot.toml, line 4)",
            ],
        )
        for arguments, word in (
            (("C0NOWHERE", ADA.id), "did not say"),
            (("#general", ADA.id), "No platform"),
            (("C0GENERAL", ADA.id, "--workspace", "T0ELSE"), "T0SITEOPS"),
        ):
            code, said = await access("--channel", arguments[0], "--user", *arguments[1:])
            assert (code, word in said) == (1, True), said
        file.write_text('[defaults]\nallow_roles = ["Crew"]\n')
        code, said = await access("--channel", "C0GENERAL", "--user", ADA.id)
        assert (code, said.startswith("aion-bot.toml, line 2: entry 1 is no id of a role")) == (2, True), said
    await slack.stop()
