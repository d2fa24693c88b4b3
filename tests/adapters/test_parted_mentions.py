"""Mentions that something keeps apart which nobody sees: what is shown mentions nobody either."""

import re
from itertools import cycle

import pytest

from adapters.discord.markdown import convert
from adapters.slack import rendering
from adapters.slack.markdown import delta
from aion_bot.ports.messages import Reply
from aion_bot.simulators.slack import reading

MENTIONS = [
    "<!channel>",
    "<!here>",
    "<@U024ADA00>",
    "<!subteam^S024ADA00>",
    "@here",
    "@everyone",
    "&lt;!channel&gt;",
]
PILLS = ["<@123456789012345678>", "<@&123456789012345678>", "<#123456789012345678>", "@everyone", "@here"]
APART = [
    "<b>", "</b>", "<details>", "<u></u>", "<b></b>", "<br>", "<img>", "<!---->", "<?a?>", "**<b>**", "[^1]", "[](x)", "\\", "`", "**",
    "_", "~~", "<sub></sub>", "<kbd></kbd>", "<a></a>", "<a href='https://x.example'></a>", "&#8203;", "<span class='a'>",
]  # fmt: skip
AROUND = [
    "{}",
    "- {}",
    "> {}",
    "# {}",
    "| a | b |\n|---|---|\n| {} | c |",
    "**{}**",
    "a **<u> {}</u>** b",
    "1. > {}",
]


def hidden(mention: str) -> list[str]:
    """A mention with something in it at each place, inside of other constructs, and in a label that misleads."""
    parted = [mention[:at] + one + mention[at:] for one in APART for at in range(1, len(mention))]
    for at in range(len(mention)):
        parted += [
            f"{mention[:at]}[{mention[at:]} x.com](http://y.com)",
            f"{mention[:at]}<img alt='{mention[at:]}'>",
            f"{mention[:at]}<img alt=\"{mention[at:]}\" src='https://x.example/i.png'>",
            f"[{mention[:at]} x.com](http://y.com){mention[at:]}",
            f"[x.com]({mention[:at]}{mention[at:]})",
        ]
    return parted


def in_turn(mention: str) -> list[str]:
    """Each way to hide a mention, in what the ways stand in one after the other."""
    return [around.format(one) for one, around in zip(hidden(mention), cycle(AROUND))]


def in_everything(mention: str) -> list[str]:
    """Each way to hide a mention, in everything that it may stand in."""
    return [around.format(one) for one in hidden(mention) for around in AROUND]


def pinging(texts: list[str]) -> list[str]:
    """The answers on Slack that mention somebody."""
    return [text for text in texts if reading.pinged(rendering.arguments(Reply(text)))]


def shown(text: str) -> str:
    """What Discord shows of an answer, without its code and addresses."""
    return re.sub(r"(?s)```.*?```|`[^`\n]+`|https?://\S+|<https?:[^>]*>", " ", convert(text))


@pytest.mark.parametrize("mention", MENTIONS)
def test_no_answer_on_slack_pings_by_what_is_not_shown(mention: str) -> None:
    """Tags, marks, footnotes, pictures' words and labels of links make no mention of its parts, in whatever they stand."""
    assert pinging(in_turn(mention)) == []


@pytest.mark.slow
@pytest.mark.parametrize("mention", MENTIONS)
def test_no_answer_on_slack_pings_in_any_combination(mention: str) -> None:
    """The same, with each of them in each construct."""
    assert pinging(in_everything(mention)) == []


@pytest.mark.parametrize("mention", MENTIONS)
def test_no_stream_on_slack_pings_by_what_is_not_shown(mention: str) -> None:
    """The same of what is appended to a stream, at its end and before."""
    for text in hidden(mention):
        for last in (False, True):
            shown = delta(None, Reply(text), last=last) or ""
            assert reading.pinged({"blocks": [{"type": "markdown", "text": shown}]}) == []


@pytest.mark.parametrize("pill", PILLS)
def test_no_answer_on_discord_shows_a_mention(pill: str) -> None:
    """On Discord nobody is notified in any case; nothing looks like a mention either, outside of code."""
    assert [text for text in in_turn(pill) if pill in shown(text)] == []


@pytest.mark.slow
@pytest.mark.parametrize("pill", PILLS)
def test_no_answer_on_discord_shows_a_mention_in_any_combination(pill: str) -> None:
    """The same, with each of them in each construct."""
    assert [text for text in in_everything(pill) if pill in shown(text)] == []
