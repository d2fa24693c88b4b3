"""The small lines under an answer whose last message is full."""

import pytest

from adapters.discord import rate_limits as discord_limits
from adapters.discord import rendering as discord
from adapters.slack import rate_limits as slack_limits
from adapters.slack import rendering as slack
from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.domain import strings
from aion_bot.ports.messages import Action, Button, Reply
from aion_bot.rendering.answer import ROOM, AnswerView
from aion_bot.rendering.pagination import MOST_MESSAGES
from aion_bot.rendering.screen import PageFormat

FORMATS = {
    "slack": PageFormat(slack.measure, slack_limits.LIMITS.page),
    "discord": PageFormat(discord.measure, discord_limits.LIMITS.page),
}
FOOTER = f"{', '.join(['Folder organization'] * 4)}, and 6 more · 59 min 59 s · {strings.SESSION_FULL}"


@pytest.mark.parametrize("platform", FORMATS)
@pytest.mark.parametrize("free", [0, 1, 60, ROOM, ROOM + 200])
def test_the_footer_of_a_full_message_is_shown(platform: str, free: int) -> None:
    """With all other small lines and the buttons that rate, in a message that the platform takes; the text stays as it was."""
    page = FORMATS[platform]
    text = ("word " * page.limit)[: page.limit - ROOM - free].rstrip()
    view = AnswerView(page)
    view.fold(ChatToken(ChatTokenType.TOKEN, text, {"accumulated": text}))
    for line in (FOOTER, strings.GO_ON, strings.DIRECT_THREADS):
        view.footnote(line)
    buttons = (Button(Action.GOOD, "k", "+"), Button(Action.BAD, "k", "-"))
    view.finish(buttons=buttons)
    shown = [one for one in view.screen() if isinstance(one, Reply)]
    assert "".join(one.text for one in shown) == text
    assert shown[-1].note.splitlines() == [FOOTER, strings.GO_ON, strings.DIRECT_THREADS]
    assert shown[-1].buttons == buttons
    assert all(page.measure(one) <= page.limit for one in shown)


@pytest.mark.parametrize("platform", FORMATS)
@pytest.mark.parametrize("word", ["word ", "&&&& ", "line\n\n"])
@pytest.mark.slow
def test_the_last_message_there_may_be_holds_what_it_can(platform: str, word: str) -> None:
    """Where twenty messages are full, the lines that fit no more are left out: every message is one that the platform takes."""
    page = FORMATS[platform]
    counts = set()
    # Around the length from which on there is a file.
    for length in (*range(36_400, 36_900, 17), *range(39_900, 40_100, 50)):
        text = (word * (length // len(word) + 1))[:length].rstrip()
        view = AnswerView(page)
        view.fold(ChatToken(ChatTokenType.TOKEN, text, {"accumulated": text}))
        for line in (FOOTER, strings.GO_ON, strings.DIRECT_THREADS):
            view.footnote(line)
        buttons = (Button(Action.GOOD, "k", "+"), Button(Action.BAD, "k", "-"))
        view.finish(buttons=buttons)
        shown = [one for one in view.screen() if isinstance(one, Reply)]
        assert all(page.measure(one) <= page.limit for one in shown)
        assert shown[-1].buttons == buttons
        counts.add((len(shown), len(view.screen()) > len(shown)))
    assert max(counts)[0] <= MOST_MESSAGES
    assert {with_file for _, with_file in counts} == {False, True}
    if platform == "discord":
        assert counts >= {(MOST_MESSAGES, False), (MOST_MESSAGES, True)}
