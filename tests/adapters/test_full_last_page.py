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
