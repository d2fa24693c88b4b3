"""The main stories with Slack over HTTP: signed requests to the bot's own server, behind a path of a proxy."""

import json
import signal
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from adapters.slack.timeouts import Timeouts
from aion_bot.cli import compose
from aion_bot.domain import strings
from aion_bot.domain.rules import Rules
from aion_bot.runtime.reloading import Reloading
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, PlanEnd, Scene, Speak, spoken
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.http_delivery import HttpDelivery, free_port, signed
from tests.end_to_end.bot import Bot
from tests.end_to_end.program import Program
from tests.end_to_end.test_full_disk import Disk
from tests.end_to_end.test_private import QUESTION, answered
from tests.end_to_end.test_reasons import explains
from tests.schemas import slack as contracts
from tests.support.postgres import lay_postgres


@pytest.fixture
async def slack() -> AsyncIterator[SimulatedSlack]:
    """A workspace that sends over HTTP, and repeats at once, after a moment, and after a restart."""
    simulated = SimulatedSlack(contracts.inspect, ack_timeout=10.0, resend_delays=(0.0, 0.2, 1.0))
    await simulated.start()
    simulated.use_http()
    yield simulated
    await simulated.stop()
    assert simulated.violations == []


@pytest.fixture
def http(slack: SimulatedSlack) -> HttpDelivery:
    """What sends."""
    assert slack.sockets.http is not None
    return slack.sockets.http


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """A disk that may be full."""
    return Disk(monkeypatch)


@pytest.fixture
async def bot(on_slack: Bot) -> Bot:
    """A running bot."""
    await on_slack.start()
    return on_slack


def acknowledged_once(slack: SimulatedSlack) -> bool:
    """Whether everything that was sent was acknowledged at the first attempt."""
    return all(one.acknowledged and len(one.envelopes) == 1 for one in slack.sockets.deliveries)


async def test_a_question_a_follow_up_and_a_command(bot: Bot, slack: SimulatedSlack) -> None:
    """A mention, a reply without one, and `/aion` are answered; no socket is opened, and each request is taken at once."""
    thread = await bot.asked(bot.ada, "What is damaged on site 7?", "I found 3 pieces")
    bot.aion.play(spoken("Only the door."))
    await bot.workspace.reply(bot.ada, thread, "And what else?")
    await bot.shows(thread, "Only the door.")
    await slack.command(bot.ada, "help")
    await bot.until(lambda: bool(slack.command_answers(bot.ada)))
    await slack.until(lambda: all(one.over for one in slack.sockets.deliveries))
    assert slack.sockets.opened == 0
    assert acknowledged_once(slack)


async def test_a_plan_is_approved_with_a_reason(bot: Bot) -> None:
    """Presses and the form for a reason arrive as interactions; the plan is carried out once."""
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7 into folders")
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Done")
    await explains(bot, bot.ada, thread, "Checked with Ben")
    await bot.shows(thread, "Checked with Ben")
    assert bot.aion.count("plan_action") == 1


async def test_a_private_answer(bot: Bot) -> None:
    """`/aion ask` is answered in direct messages, with a button to share."""
    await bot.workspace.ask_privately(bot.ada, QUESTION)
    await answered(bot, bot.ada, QUESTION, "I found 3 pieces")


@pytest.mark.slow
async def test_what_slack_repeats_after_a_kill_is_neither_lost_nor_doubled(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """A question to a bot that was killed, and one that it had written, are each answered once after the restart."""
    await on_slack.start()
    scene = Scene((Speak("Begun. "), Hold("never"), *ENDING), Answer("Begun."))
    on_slack.aion.play(scene, spoken("The second answer."))
    first = await on_slack.asked(on_slack.ada, "The first question?", "Begun.")
    await on_slack.kill()
    second = await slack.ask(on_slack.ben, "The second question?")
    await slack.until(lambda: len(slack.sockets.deliveries[-1].envelopes) >= 2)
    await on_slack.start()
    await on_slack.shows(second, "The second answer.")
    slack.sockets.deliver("events_api", slack.sockets.deliveries[0].payload)
    slack.sockets.deliver("events_api", slack.sockets.deliveries[-2].payload)
    await slack.until(lambda: all(one.over for one in slack.sockets.deliveries))
    assert sorted(on_slack.asked_words) == ["The first question?", "The second question?"]
    assert "Begun." in on_slack.text(first)


@pytest.mark.slow  # starts whole programs
async def test_a_real_process_that_is_killed_and_ended(
    on_slack: Bot, slack: SimulatedSlack, http: HttpDelivery, tmp_path: Path
) -> None:
    """After `kill -9` Slack's repetition reaches the next process; a wrong signature is a line in its log; SIGTERM ends it with 0."""
    program = Program(tmp_path)
    try:
        await program.start(on_slack.env())
        await slack.connected()
        await program.kill()
        thread = await slack.ask(on_slack.ada, "What is damaged on site 7?")
        lost = list(slack.sockets.deliveries)
        await program.start(on_slack.env())
        await slack.connected()
        for one in lost:  # the last repetition, minutes later
            slack.sockets.deliver("events_api", one.payload)
        await on_slack.shows(thread, "I found 3 pieces")
        assert on_slack.aion.count("send_stream") == 1
        assert await send(http, b"{}", {"Content-Type": "application/json"}) == 401
        await program.prints("requests refused")
        program.send(signal.SIGTERM)
        assert (await program.end())[0] == 0
        assert http.secret not in program.output
    finally:
        await program.kill()


@pytest.mark.slow  # starts a whole program
async def test_a_real_process_with_two_ways_is_not_started(on_slack: Bot, tmp_path: Path) -> None:
    """Exit status 2, and one line for each variable that would do nothing; no value is repeated."""
    program = Program(tmp_path)
    env = on_slack.env(SLACK_APP_TOKEN="xapp-1-secret")
    await program.start(env)
    assert (await program.end())[0] == 2
    lines = [line for line in program.output.splitlines() if "does nothing beside SLACK_APP_TOKEN" in line]
    assert [line.partition(":")[0] for line in lines] == ["SLACK_SIGNING_SECRET", "AION_BOT_PUBLIC_URL"]
    assert "xapp-1-secret" not in program.output
    assert env["SLACK_SIGNING_SECRET"] not in program.output


@pytest.mark.slow  # a hundred questions wait, and then are given up
async def test_two_hundred_events_at_once_are_acknowledged_before_any_answer(
    on_slack: Bot, slack: SimulatedSlack, http: HttpDelivery
) -> None:
    """While Aion answers nothing, Slack has each acknowledgement at its first attempt; each question is written once.

    A mention is two events, so these are a hundred of them. No time is bounded but the simulator's patience, as nothing
    that is measured here is the bot's alone: that no acknowledgement waits for an answer is what keeps it short.
    """
    on_slack.watch = lambda adapter: setattr(adapter, "timeouts", Timeouts(answer=60.0))
    slack.sockets.ack_timeout = 60.0
    await on_slack.start()
    on_slack.aion.play(*(Scene((Hold("go"), *ENDING), Answer("Late.")) for _ in range(100)))
    for number in range(100):
        await slack.ask(on_slack.ada, f"Question {number}?")
    await slack.until(lambda: all(one.over for one in slack.sockets.deliveries), timeout=120.0)
    assert acknowledged_once(slack)
    assert len(slack.sockets.deliveries) >= 200
    assert set(http.statuses) == {200}
    with closing(sqlite3.connect(on_slack.database)) as rows:
        assert rows.execute("SELECT count(*), count(DISTINCT prompt) FROM turn").fetchone() == (100, 100)


async def test_an_event_that_cannot_be_written_is_sent_again(
    on_slack: Bot, slack: SimulatedSlack, http: HttpDelivery, disk: Disk
) -> None:
    """While the disk is full Slack gets no acknowledgement, and sends the event again; its question is answered once."""
    bot = on_slack
    bot.watch = lambda adapter: setattr(adapter, "timeouts", Timeouts(answer=0.2))
    await bot.start()
    disk.full = True
    thread = await slack.ask(bot.ada, "What is damaged on site 7?")
    await slack.until(lambda: 503 in http.statuses)
    disk.full = False
    await bot.shows(thread, "I found 3 pieces")
    assert bot.aion.count("send_stream") == 1
    assert 401 not in http.statuses


async def test_the_signing_secret_rotates_while_the_bot_serves(
    on_slack: Bot,
    slack: SimulatedSlack,
    http: HttpDelivery,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """After SIGHUP what is signed with the new secret is taken, and with the old one refused; the log shows neither."""
    env, file = dict(on_slack.env()), tmp_path / "secret"
    file.write_text(env.pop("SLACK_SIGNING_SECRET"))
    env["SLACK_SIGNING_SECRET_FILE"] = str(file)
    on_slack.reloading = Reloading(env, lambda: (Rules(), ()))
    await on_slack.start()
    old, http.secret = http.secret, "0123456789abcdef0123456789abcdef"
    file.write_text(http.secret)
    on_slack.reloading.asked.set()
    await slack.connected()  # with the new secret
    await on_slack.asked(on_slack.ada, "What is damaged on site 7?", "I found 3 pieces")
    body = json.dumps({"type": "url_verification", "challenge": "c"})
    assert await send(http, body.encode(), {"Content-Type": "application/json", **signed(old, body)}) == 401
    said = capsys.readouterr().out
    assert "key replaced" in said
    assert "requests refused" in said
    assert old not in said
    assert http.secret not in said


async def test_refused_requests_are_counted_and_logged_once(
    bot: Bot, http: HttpDelivery, capsys: pytest.CaptureFixture[str]
) -> None:
    """Requests without a signature get 401 and are counted; the log says it once a minute, and repeats nothing of them."""
    for _ in range(5):
        assert (
            await send(http, b'{"secret": "words of a stranger"}', {"Content-Type": "application/json"})
            == 401
        )
    address = http.env["AION_BOT_HTTP_ADDRESS"]
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}/metrics") as answer:
        metrics = await answer.text()
    assert 'aion_bot_received_requests_total{outcome="refused",platform="slack"} 5.0' in metrics
    said = capsys.readouterr().out
    assert said.count("requests refused") == 1
    assert "words of a stranger" not in said
    assert bot.aion.count("send_stream") == 0


async def test_a_bot_without_an_address_is_not_started(slack: SimulatedSlack, on_slack: Bot) -> None:
    """HTTP needs an address to listen on; the problem names its variable."""
    env = {name: value for name, value in on_slack.env().items() if name != "AION_BOT_HTTP_ADDRESS"}
    assert [str(one) for one in compose(env)[2]] == [f"AION_BOT_HTTP_ADDRESS: {strings.HTTP_ADDRESS_NEEDED}"]
    assert slack.sockets.http is not None


@pytest.mark.slow  # starts a server
async def test_a_question_and_a_plan_with_the_database_on_postgres(
    on_slack: Bot, slack: SimulatedSlack
) -> None:
    """The journal on a server is written before the acknowledgement as well; what Slack repeats is answered once."""
    bot = on_slack
    await bot.start(AION_BOT_DATABASE_URL=lay_postgres().url)
    await bot.asked(bot.ada, QUESTION, "I found 3 pieces")
    for one in list(slack.sockets.deliveries):
        if one.kind == "events_api":
            slack.sockets.deliver("events_api", one.payload)
    bot.aion.play(script.organize(PlanEnd.DONE))
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7 into folders")
    await bot.card(thread)
    await bot.press(bot.ada, thread, "Approve")
    await bot.shows(thread, "Done")
    await slack.until(lambda: all(one.over for one in slack.sockets.deliveries))
    assert acknowledged_once(slack)
    assert len(bot.asked_words) == 2


@pytest.mark.slow  # starts whole programs
async def test_a_replica_that_stands_by_takes_nothing(
    on_slack: Bot, slack: SimulatedSlack, tmp_path: Path
) -> None:
    """It answers Slack's challenge, and an event with 503, so that Slack sends it again; once it serves it takes events."""
    url, ours, other = lay_postgres().url, slack.sockets.http, HttpDelivery(free_port())
    programs = []
    try:
        for name, http in (("first", ours), ("second", other)):
            assert http is not None
            (tmp_path / name).mkdir()
            programs.append(Program(tmp_path / name))
            await programs[-1].start(
                on_slack.env(AION_BOT_DATABASE_URL=url, AION_BOT_REPLICA=name, **http.env)
            )
            await (slack.connected() if http is ours else programs[-1].prints("standing by"))
        challenge, event = '{"type": "url_verification", "challenge": "c"}', '{"type": "event_callback"}'
        assert await other.post(challenge, "application/json", {}) == 200
        assert await other.post(event, "application/json", {}) == 503
        programs[0].send(signal.SIGTERM)
        assert (await programs[0].end())[0] == 0
        slack.sockets.http = other  # a load balancer looks at `/readyz`
        await slack.connected()
        await on_slack.asked(on_slack.ada, QUESTION, "I found 3 pieces")
    finally:
        for program in programs:
            await program.kill()
        assert ours is not None
        await ours.stop()


async def send(http: HttpDelivery, body: bytes, headers: Mapping[str, str]) -> int:
    """Send anything to the request URL, as anybody can; returns the status."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(http.address, data=body, headers=headers) as answer,
    ):
        return answer.status
