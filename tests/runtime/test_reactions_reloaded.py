"""Reactions that are turned on while the bot runs."""

import pytest
from structlog.testing import capture_logs

from adapters.discord.adapter import DiscordAdapter
from adapters.slack.adapter import SlackAdapter
from aion_bot.domain.rule_keys import REACTIONS
from aion_bot.domain.rules import Rule, Rules
from aion_bot.runtime.reactions import ask_anew_for_reactions

ON, OFF = (Rules({REACTIONS: Rule(value, "bot.toml, line 2")}) for value in (True, False))


class Asked:
    """What of an adapter matters here."""

    def __init__(self, adapter: type[SlackAdapter | DiscordAdapter]) -> None:
        self.platform = adapter.platform
        self.reactions_at_once, self.takes_reactions = adapter.reactions_at_once, False


@pytest.mark.parametrize(("adapter", "told"), [(SlackAdapter, 0), (DiscordAdapter, 1)])
def test_the_log_says_where_they_need_a_restart(
    adapter: type[SlackAdapter | DiscordAdapter], told: int
) -> None:
    """Once for each time that they are turned on, with what to do, and only where that has no effect yet."""
    asked = Asked(adapter)
    with capture_logs() as logs:
        for rules in (OFF, ON, ON):
            ask_anew_for_reactions(rules, [asked])  # type: ignore[list-item]  # not all of an adapter
    assert asked.takes_reactions
    assert [one["event"] for one in logs] == ["reactions need a restart"] * told
    assert all("start the bot again" in one["mend"] for one in logs)
