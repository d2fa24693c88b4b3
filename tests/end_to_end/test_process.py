"""The program as an operator runs it: a process with an environment, signals and an exit status."""

import os
import resource
import signal
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.discord import strings as discord_strings
from aion_bot import doctor
from aion_bot.cli import compose
from aion_bot.domain import strings
from aion_bot.simulators.aion import API_KEY
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, Scene, Speak, spoken
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from tests.end_to_end.bot import Bot
from tests.end_to_end.program import Program

pytestmark = pytest.mark.slow  # each starts whole programs

HELD = Scene(
    (Speak("The first part. "), Hold("go"), Speak("The end."), *ENDING), Answer("The first part. The end.")
)


@pytest.fixture
def bot(idle: Bot) -> Bot:
    """People and simulators alone: these tests run the bot as a process."""
    return idle


@pytest.fixture
async def program(tmp_path: Path) -> AsyncIterator[Program]:
    made = Program(tmp_path)
    yield made
    await made.kill()


async def started(bot: Bot, program: Program, **more: str) -> float:
    """Start the bot; returns the seconds that this took: a machine on which it takes long may take as long again."""
    began = time.monotonic()
    await program.start(bot.env(**more))
    await bot.workspace.connected()
    return time.monotonic() - began


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux reads another process's limits")
@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_the_limit_of_open_files_is_raised(bot: Bot, program: Program) -> None:
    """The program raises the usual limit of open files, which a thousand answers would exceed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        await program.start(bot.env())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    await program.prints("connected")
    raised, _ = resource.prlimit(program.pid, resource.RLIMIT_NOFILE)
    assert raised == min(8_192, hard)


async def test_without_settings_every_problem_is_listed(program: Program) -> None:
    """`run` without settings exits with status 2 and names every missing variable, one a line."""
    await program.start({})
    status, _ = await program.end()
    lines = program.output.splitlines()
    assert status == 2
    assert len(lines) == 2
    assert lines[0].startswith("AIONVISION_API_KEY: ")
    assert all(name in lines[1] for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "DISCORD_TOKEN"))


async def test_all_wrong_settings_are_listed_together(program: Program) -> None:
    """One list names the problems of the core and of both platforms, an incomplete pair of Slack tokens included."""
    await program.start(
        {
            "AIONVISION_API_KEY": "nonsense",
            "SLACK_BOT_TOKEN": "xoxb-1-secretsecret",
            "AION_BOT_BUSY": "later",
            "AION_BOT_DISCORD_MESSAGE_CONTENT": "perhaps",
        }
    )
    status, _ = await program.end()
    assert status == 2
    for name in (
        "AIONVISION_API_KEY",
        "SLACK_APP_TOKEN",
        "AION_BOT_BUSY",
        "AION_BOT_DISCORD_MESSAGE_CONTENT",
    ):
        assert name in program.output
    assert "nonsense" not in program.output
    assert "secretsecret" not in program.output


async def test_a_question_is_answered_and_sigterm_ends_an_idle_bot(bot: Bot, program: Program) -> None:
    """A separate process answers over the sockets; SIGTERM ends it with status 0 within two seconds."""
    starting = await started(bot, program)
    await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    program.send(signal.SIGTERM)
    status, took = await program.end()
    assert status == 0
    assert took < max(2.0, 2 * starting)


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_sighup_ends_nothing(bot: Bot, program: Program, tmp_path: Path) -> None:
    """SIGHUP has `aion-bot.toml` read again: a running answer goes on, and a file that does not hold changes nothing."""
    bot.aion.play(HELD)
    file = tmp_path / "rules.toml"
    file.write_text("")
    await program.start(bot.env(AION_BOT_CONFIG=str(file)))
    await bot.workspace.connected()
    thread = await bot.asked(bot.ada, "What?", "The first part.")
    file.write_text("[defaults]\nfootr = true\n")
    program.send(signal.SIGHUP)
    await program.prints("rules refused")
    assert f"{file}, line 2" in program.output
    file.write_text("[defaults]\nfooter = true\n")
    program.send(signal.SIGHUP)
    await program.prints(f"True ({file}, line 2)")
    bot.aion.release("go")
    await bot.shows(thread, "The end.")
    program.send(signal.SIGTERM)
    assert (await program.end())[0] == 0


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_sighup_lets_a_new_key_take_over(
    bot: Bot, slack: SimulatedSlack, program: Program, tmp_path: Path
) -> None:
    """A key that Aion refuses is named by its variable, and the old one stays; a good one asks the next question.

    The answer under way, which the old key asked for, goes on to its end, also where Slack's bot token changes meanwhile.
    """
    env, file, new = {**bot.env()}, tmp_path / "key", "aion_rotated_0123456789abcdef"
    file.write_text(env.pop("AIONVISION_API_KEY"))
    (token := tmp_path / "token").write_text(env.pop("SLACK_BOT_TOKEN"))
    bot.aion.play(HELD)
    await program.start({**env, "AIONVISION_API_KEY_FILE": str(file), "SLACK_BOT_TOKEN_FILE": str(token)})
    await bot.workspace.connected()
    thread = await bot.asked(bot.ada, "What?", "The first part.")
    file.write_text(new)
    program.send(signal.SIGHUP)
    await program.prints("key refused")
    assert "AIONVISION_API_KEY" in program.output
    assert "key replaced" not in program.output
    bot.aion.api_key = new
    program.send(signal.SIGHUP)
    await program.prints("key replaced")
    token.write_text("xoxb-rotated")
    slack.configuration.bot_tokens = {"xoxb-rotated"}
    program.send(signal.SIGHUP)
    await program.prints("variable=SLACK_BOT_TOKEN")
    bot.aion.release("go")
    await bot.shows(thread, "The end.")
    await bot.asked(bot.ben, "What is damaged on site 7?", "I found 3 pieces")
    assert new not in program.output
    assert "xoxb-rotated" not in program.output


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_a_closed_terminal_stops_the_bot_as_sigterm_does(bot: Bot, tmp_path: Path) -> None:
    """Nobody could stop the bot in a terminal that is gone: its answers get the grace period, and the status is 0."""
    bot.aion.play(HELD)
    terminal, output = os.openpty()
    program = Program(tmp_path, Path(os.ttyname(output)))
    try:
        await program.start(bot.env(AION_BOT_SHUTDOWN_GRACE="30"))
        await bot.workspace.connected()
        thread = await bot.asked(bot.ada, "What?", "The first part.")
        os.close(output)
        os.close(terminal)
        program.send(signal.SIGHUP)
        bot.aion.release("go")
        assert (await program.end())[0] == 0
        assert "The end." in bot.text(thread)
    finally:
        await program.kill()


async def test_a_running_answer_is_interrupted_after_the_grace_period(bot: Bot, program: Program) -> None:
    """After the grace period a running answer is marked as interrupted, with Retry, and the status is 0."""
    bot.aion.play(HELD)
    starting = await started(bot, program, AION_BOT_SHUTDOWN_GRACE="0.5")
    thread = await bot.asked(bot.ada, "What?", "The first part.")
    program.send(signal.SIGINT)
    status, took = await program.end()
    assert status == 0
    assert took < 0.5 + max(3.0, 2 * starting)
    assert strings.INTERRUPTED in bot.text(thread)
    assert bot.pressable(thread) == ["Retry"]


async def test_a_second_signal_skips_the_grace_period(bot: Bot, program: Program) -> None:
    """A second signal ends the process without waiting for the grace period."""
    bot.aion.play(HELD)
    starting = await started(bot, program, AION_BOT_SHUTDOWN_GRACE="60")
    await bot.asked(bot.ada, "What?", "The first part.")
    program.send(signal.SIGTERM)
    await program.prints("stopping")
    program.send(signal.SIGTERM)
    status, took = await program.end()
    assert status != 0
    assert took < max(2.0, 2 * starting)


async def test_a_killed_process_loses_nothing(bot: Bot, program: Program) -> None:
    """After `kill -9` in mid-answer the message is completed from the stored answer, and Aion is not asked again."""
    bot.aion.play(HELD)
    await program.start(bot.env())
    await bot.workspace.connected()
    thread = await bot.asked(bot.ada, "What?", "The first part.")
    messages = len(bot.bots(thread))
    program.send(signal.SIGKILL)
    await program.end()
    (session,) = bot.aion.sessions
    bot.aion.sessions.store(session, "assistant", Answer("The first part. The end."))
    await program.start(bot.env())
    await bot.shows(thread, "The first part. The end.")
    assert len(bot.bots(thread)) == messages
    assert bot.aion.count("send_stream") == 1


async def test_a_refused_api_key_does_not_prevent_the_start(bot: Bot, program: Program) -> None:
    """With a wrong key the bot runs, and the thread reports the refusal."""
    await program.start(bot.env(AIONVISION_API_KEY="aion_" + "w" * 24))
    await bot.workspace.connected()
    await bot.asked(bot.ada, "What?", "not set up correctly")


async def test_a_refused_token_is_named(slack: SimulatedSlack, program: Program) -> None:
    """Where the only platform refuses its token, `run` ends with status 1 and names the variable."""
    env = {**slack.env, "AIONVISION_API_KEY": API_KEY, "SLACK_BOT_TOKEN": "xoxb-1-2-wrongwrongwrong"}
    await program.start(env)
    status, _ = await program.end()
    assert status == 1
    assert "SLACK_BOT_TOKEN" in program.output
    assert "wrongwrongwrong" not in program.output


async def test_one_refused_platform_does_not_stop_the_other(
    bot: Bot, program: Program, slack: SimulatedSlack, discord: SimulatedDiscord
) -> None:
    """Where one of two platforms refuses its token, that is reported and the other one is served."""
    wrong = (
        {"DISCORD_TOKEN": "wrong.wrong.wrong"}
        if bot.workspace is slack
        else {"SLACK_BOT_TOKEN": "xoxb-1-2-wrongwrongwrong"}
    )
    await program.start({**slack.env, **discord.env, **bot.env(), **wrong})
    await bot.workspace.connected()
    await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    assert next(iter(wrong)) in program.output


@pytest.mark.parametrize("level", ["debug", "info"])
async def test_logs_contain_no_secrets(bot: Bot, program: Program, level: str) -> None:
    """No log level shows a token or a key; info and above show no words of people or of the model."""
    bot.aion.play(spoken("The confidential answer."))
    await program.start(bot.env(AION_BOT_LOG_LEVEL=level, AION_BOT_LOG_FORMAT="json"))
    await bot.workspace.connected()
    await bot.asked(bot.ada, "A confidential question?", "The confidential answer.")
    program.send(signal.SIGTERM)
    await program.end()
    for name, value in bot.env().items():
        if name.endswith(("_TOKEN", "_KEY")):
            assert value not in program.output
    assert not [one for one in bot.workspace.secrets if one in program.output]
    if level == "info":
        assert "confidential" not in program.output


async def test_a_database_of_a_newer_version_is_refused(bot: Bot, program: Program, tmp_path: Path) -> None:
    """`run` on a newer database ends with status 1 and a sentence that says what to do."""
    connection = sqlite3.connect(tmp_path / "newer.db")
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    await program.start(bot.env(AION_BOT_DATABASE_URL="sqlite:///newer.db"))
    status, _ = await program.end()
    assert status == 1
    assert "newer aion-bot" in program.output


async def test_doctor_says_what_is_wrong(bot: Bot, program: Program) -> None:
    """`doctor` prints one line for each check, exits with 0 if all pass and with 1 otherwise, and creates nothing."""
    await program.start(bot.env(AION_BOT_DATABASE_URL="sqlite:///fresh.db"), "doctor", "--offline")
    assert (await program.end())[0] == 0
    assert "fresh.db can be created" in program.output
    assert f"access on {bot.workspace.name.lower()}: people: all; channels: all" in program.output
    assert strings.NOT_ASKED in program.output
    await program.start(
        {"AION_BOT_DATABASE_URL": "sqlite:///nowhere/bot.db", "AIONVISION_API_KEY": API_KEY},
        "doctor",
        "--offline",
    )
    assert (await program.end())[0] == 1
    assert "the folder does not exist" in program.output


@pytest.mark.parametrize("workspace", ["discord"], indirect=True)
async def test_doctor_warns_of_a_public_bot(bot: Bot, discord: SimulatedDiscord) -> None:
    """Anybody could invite it; that is a warning and no failure; a platform that cannot be reached is one."""
    for public, line in (
        (False, "ok    public bot: off"),
        (True, f"warn  public bot: {discord_strings.PUBLIC_BOT.replace(': ', '; ')}"),
    ):
        discord.world.public = public
        assert [line] == await doctor_on_discord(bot, "public bot")
    (line,) = await doctor_on_discord(bot, "discord", DISCORD_API_URL="http://127.0.0.1:9")
    assert line.startswith("FAIL  discord: no answer (")


async def doctor_on_discord(bot: Bot, check: str, **more: str) -> list[str]:
    """What `doctor` says of one thing."""
    env = bot.env(**more)
    settings, adapters, problems = compose(env)
    findings = await doctor.examine(settings, problems, ["discord"], adapters, env=env)
    return [str(one) for one in findings if one.check == check]


@pytest.mark.parametrize("workspace", ["slack"], indirect=True)
async def test_a_database_has_one_bot_and_any_number_of_readers(
    bot: Bot, program: Program, tmp_path: Path
) -> None:
    """Beside a running bot `doctor` passes, and a second `run` exits with status 1 and says why."""
    await program.start(bot.env())
    await bot.workspace.connected()
    for name, command, ends_with, sentence in (
        ("doctor", "doctor", 0, "bot.db can be written"),
        ("second", "run", 1, "another process holds it: one bot a database"),
    ):
        (tmp_path / name).mkdir()
        beside = Program(tmp_path / name)
        await beside.start(bot.env(), command)
        assert (await beside.end())[0] == ends_with, beside.output
        assert sentence in beside.output
    await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")


async def test_the_version_is_printed(program: Program) -> None:
    """`--version` prints the version and exits with status 0."""
    await program.start({}, "--version")
    assert (await program.end())[0] == 0
    assert program.output.startswith("aion-bot ")
