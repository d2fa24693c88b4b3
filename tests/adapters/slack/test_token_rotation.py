"""Other tokens take over while the adapter listens: nothing is lost, nothing comes twice, and a bad one changes nothing."""

import asyncio

import pytest

from adapters.slack import ids, strings
from adapters.slack.adapter import SlackAdapter
from aion_bot.ports.errors import PlatformDown, TokenRefused
from aion_bot.ports.messages import Action, Button, Reply, ThreadKey
from aion_bot.simulators.slack import SimulatedSlack, methods
from tests.adapters.slack.conftest import end
from tests.support.recording_host import RecordingHost

BOT, APP = "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"


def tokens(number: int) -> dict[str, str]:
    """Other tokens of the same app."""
    return {BOT: f"xoxb-rotated-{number}", APP: f"xapp-1-A0AION-rotated-{number}"}


def allow(slack: SimulatedSlack, number: int) -> dict[str, str]:
    """Let only these tokens hold from now on beside those in force; returns the environment with them."""
    new = tokens(number)
    slack.configuration.bot_tokens.add(new[BOT])
    slack.configuration.app_tokens.add(new[APP])
    return {**slack.env, **new}


def revoke_all_but(slack: SimulatedSlack, number: int) -> None:
    """Let these tokens alone hold."""
    slack.configuration.bot_tokens, slack.configuration.app_tokens = (
        {tokens(number)[name]} for name in (BOT, APP)
    )


async def test_tokens_rotate_under_traffic(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost, thread: ThreadKey
) -> None:
    """Through three rotations, with a refused one between, each question comes with one key, and each press comes once.

    The message that was begun with the first tokens is edited with the last ones, and two sockets are open at the end.
    """
    ref = await adapter.post(
        thread, Reply("A", buttons=(Button(Action.APPROVE, "k", "Approve"),)), nonce="n-1"
    )
    await host.until(lambda: bool(host.prompts))
    asked, pressed, over = 0, 0, False

    async def talk() -> None:
        nonlocal asked, pressed
        while not over:
            await slack.direct_message(slack.people[0], f"question {asked}")
            asked += 1
            await slack.press(
                slack.people[0], ids.thread(thread).ts, ids.message(ref).ts, "aion_plan_approve"
            )
            pressed += 1
            await host.until(lambda pressed=pressed: len(host.clicks) == pressed)  # type: ignore[misc]  # mypy infers no type for a default of a lambda

    talking = asyncio.create_task(talk())
    for number in (1, 2, 3):
        replaced, problems = await adapter.take_secrets(allow(slack, number))
        assert (list(replaced), list(problems)) == ([BOT, APP], [])
        revoke_all_but(slack, number)
        assert (await adapter.take_secrets({**slack.env, **tokens(9)}))[0] == ()
        await slack.until(lambda: slack.sockets.open == 2)
    over = True
    await talking
    await adapter.edit(ref, Reply("B"))
    await host.until(lambda: len({one.key for one in host.prompts}) == 1 + asked)
    assert (len(host.clicks), slack.sockets.open, host.signs) == (pressed, 2, [])
    assert asked > 3


async def test_an_event_that_comes_while_a_socket_leaves_is_read(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """What Slack sent before it read the end of a socket is read, although nobody can acknowledge it there any more."""
    slack.sockets.reads_closes.clear()
    await adapter.take_secrets(allow(slack, 1))
    await slack.until(lambda: slack.sockets.open == 4)
    for number in range(8):
        await slack.direct_message(slack.people[0], f"question {number}")
    await host.until(lambda: len({one.key for one in host.prompts}) == 8)
    unread = [one for one in slack.sockets.deliveries if not one.acknowledged]
    assert unread
    slack.sockets.reads_closes.set()
    slack.sockets.end_acknowledgement_time()
    await slack.until(lambda: all(one.acknowledged for one in unread) and slack.sockets.open == 2)


@pytest.mark.parametrize("case", ["bot", "app", "malformed", "other bot", "other app", "same"])
async def test_a_token_that_does_not_hold_changes_nothing(
    slack: SimulatedSlack,
    adapter: SlackAdapter,
    host: RecordingHost,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    """A refused token, a malformed one, and one of another bot or app is named with what to do; the old ones stay in force."""
    env, known = allow(slack, 1), methods.METHODS["auth.test"]
    expected: list[tuple[str, str]] = []
    if case == "bot":
        slack.configuration.bot_tokens.discard(env[BOT])
        expected = [(BOT, strings.token_refused("invalid_auth"))]
    elif case == "app":
        slack.configuration.app_tokens.discard(env[APP])
        expected = [(APP, strings.token_refused("invalid_auth"))]
    elif case == "malformed":
        env[BOT] = "xoxp-1"
        expected = [(BOT, strings.NOT_XOXB)]
    elif case == "other bot":
        other = {**known(slack, {}), "user_id": "U0OTHER"}
        monkeypatch.setitem(methods.METHODS, "auth.test", lambda *_: other)  # type: ignore[arg-type]  # a method that answers the same to all
        expected = [(BOT, strings.OTHER_BOT)]
    elif case == "other app":
        slack.sockets.app = "A0OTHER"
        expected = [(APP, strings.OTHER_APP)]
    else:
        env = dict(slack.env)
    replaced, problems = await adapter.take_secrets(env)
    assert (tuple(replaced), [(one.variable, one.mend) for one in problems]) == ((), expected)
    await slack.until(lambda: slack.sockets.open == 2)
    await slack.direct_message(slack.people[0], "still there?")
    await host.until(lambda: bool(host.prompts))


async def test_new_sockets_that_do_not_open_change_nothing(
    slack: SimulatedSlack, adapter: SlackAdapter, host: RecordingHost
) -> None:
    """Where a second pair of sockets does not open, the first one goes on with the old tokens."""
    slack.sockets.invalid_tickets = 1
    with pytest.raises(PlatformDown):
        await adapter.take_secrets(allow(slack, 1))
    await slack.until(lambda: slack.sockets.open == 2)
    await slack.direct_message(slack.people[0], "still there?")
    await host.until(lambda: bool(host.prompts))


async def test_revoked_tokens_are_replaced(slack: SimulatedSlack, adapter: SlackAdapter) -> None:
    """Where Slack has revoked the tokens and closed the sockets, `listen` ends; with others it serves again."""
    host, until = RecordingHost(), slack.until
    listening = asyncio.create_task(adapter.listen(host))
    await until(lambda: slack.sockets.open == 2)
    revoke_all_but(slack, 1)
    await slack.sockets.close()
    with pytest.raises(TokenRefused):
        await listening
    assert (await adapter.take_secrets({**slack.env, **tokens(1)}))[0] == [BOT, APP]
    listening = asyncio.create_task(adapter.listen(host))
    await until(lambda: slack.sockets.open == 2)
    await slack.direct_message(slack.people[0], "are you back?")
    await host.until(lambda: bool(host.prompts))
    await end(listening)
