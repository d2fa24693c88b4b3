"""The page draws everything that people, models and platforms write as text."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aion_bot.demo.page import discord_payload, layout, markdown, mrkdwn, slack_payload, view
from aion_bot.demo.page.discord_side import DiscordSide
from aion_bot.demo.page.elements import Confirmation, Html, element
from aion_bot.demo.page.pictures import embedded
from aion_bot.demo.page.slack_side import SlackSide
from aion_bot.demo.page.view import Look
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.model import TEXT, attached
from aion_bot.simulators.discord.model import Channel as DiscordChannel
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.state import BOT, Channel, Message
from aion_bot.simulators.workspace import SimulatedFile, SimulatedPerson
from tests.demo.html_checker import Parsed

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>\" onclick='alert(3)' x=\"</pre></li>"

PIECES = [
    *(
        "<",
        ">",
        "&",
        '"',
        "'",
        "`",
        "```\n",
        "*",
        "_",
        "__",
        "~",
        "|",
        "\n",
        "\n\n",
        " ",
        "\\",
        "-# ",
        "> ",
        "1. ",
        "# ",
    ),
    *(
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<!-- ",
        "--> ",
        "&lt;b&gt;",
        "&#60;script&#62;",
    ),
    *(
        "[words](",
        ")",
        "![picture](",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<b>",
        "//evil.example",
    ),
    *(
        "https://good.example/?a=1&b=2",
        'https://good.example/" onclick="alert(1)',
        "<javascript:alert(1)|press>",
    ),
    *(
        "<https://good.example|words>",
        "<@U0ADA>",
        "<@U1|<b>>",
        "<!channel>",
        "<#C1|x>",
        "<@&42>",
        "<t:1790000000:f>",
        "<!date^1790000000^{date}|<b>>",
        "<!date^99999999999^{date}|later>",
        "<t:99999999999>",
        "@everyone",
        "words",
    ),
    *("| a | b |\n|---|---|\n| c | d |\n", "</style>", "</li>", "' onmouseover='alert(1)"),
]
hostile_text = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
NAMES = {"U0ADA": HOSTILE}
FILES = (
    SimulatedFile(HOSTILE, b"GIF89a" + HOSTILE.encode(), HOSTILE),
    SimulatedFile(HOSTILE, b"<svg onload=alert(1)>" + HOSTILE.encode(), "image/svg+xml"),
)


def kept(file: str) -> str | None:
    """A picture for every second file of Slack's."""
    return embedded(file.encode()) if len(file) % 2 else embedded(b"GIF89a" + file.encode())


def button(label: str, name: str, style: str, asked: Confirmation | None = None, /) -> Html:
    inside = [] if asked is None else [asked.title, asked.words, asked.confirm, asked.deny]
    return element("button", label, *inside, value=name, class_=style or None)


@given(hostile_text)
@example("<|>")
@example("<>")
def test_markdown_and_mrkdwn_are_escaped(text: str) -> None:
    """No combination of markup, links and mentions adds an element, an attribute or an unsafe link."""
    for drawn in (markdown.on_slack(text, NAMES), markdown.on_discord(text, NAMES), mrkdwn.draw(text, NAMES)):
        assert Parsed(drawn).wrong == []


def slack_body(text: str) -> dict[str, Any]:
    """A message with a text in every field that Block Kit draws."""
    plain, mrk = {"type": "plain_text", "text": text}, {"type": "mrkdwn", "text": text}
    pressed = {"type": "button", "text": plain, "action_id": text, "value": text, "style": text}
    asked = {"title": plain, "text": plain, "confirm": plain, "deny": plain, "style": text}
    picture = {"type": "image", "image_url": text, "alt_text": text}
    uploaded = {"type": "image", "slack_file": {"id": text}, "alt_text": text, "title": plain}
    return {
        "text": text,
        "blocks": [
            {"type": "header", "text": plain},
            {"type": "section", "text": mrk, "fields": [mrk, plain], "accessory": {"type": text}},
            {"type": "markdown", "text": text},
            {"type": "context", "elements": [mrk, plain, picture]},
            {"type": "actions", "elements": [pressed, pressed | {"confirm": asked}]},
            picture,
            uploaded,
            {"type": text},
        ],
    }


def discord_body(text: str) -> dict[str, Any]:
    """A message with a text in every field that Discord draws."""
    pressed = {"type": 2, "style": 3, "label": text[:80], "custom_id": text[:100]}
    link = {"type": 2, "style": 5, "label": text, "url": text}
    embed = {
        "title": text,
        "url": text,
        "description": text,
        "fields": [{"name": text, "value": text}],
        "footer": {"text": text},
        "image": {"url": text},
    }
    return {
        "content": text,
        "embeds": [embed],
        "components": [{"components": [pressed, link, {"type": text}]}],
    }


@pytest.mark.slow
@given(hostile_text)
def test_payloads_are_escaped(text: str) -> None:
    """No field of a payload adds an element, an attribute or an unsafe link, on both platforms."""
    for drawn in (
        slack_payload.draw(slack_body(text), NAMES, button, kept),
        slack_payload.draw({"text": text}, NAMES, button, kept),
        discord_payload.draw(discord_body(text), NAMES, button),
    ):
        assert Parsed(drawn).wrong == []


def hostile_slack() -> SlackSide:
    """A workspace whose names all contain markup."""
    slack = SimulatedSlack(events=())
    held = slack.conversations
    channel = held.add(Channel("C0HOSTILE", HOSTILE))
    root = slack.say(SimulatedPerson("U0EVIL", HOSTILE), channel, HOSTILE, files=FILES)
    blocks = [one for one in slack_body(HOSTILE)["blocks"] if one["type"] != "context"]  # of text alone there
    shown = {"text": HOSTILE, "blocks": blocks}
    for private in (None, "U0ADA"):
        said = Message(held.clock.ts(), channel.id, BOT, [shown, shown], thread_ts=root.ts, only_for=private)
        held.messages.append(said)
        said.pings = [HOSTILE]
    return SlackSide(slack)


def hostile_discord() -> DiscordSide:
    """A server whose names all contain markup."""
    discord = SimulatedDiscord()
    world = discord.world
    channel = world.add(DiscordChannel(world.new_id(), TEXT, HOSTILE, world.guild))
    root = discord.say(SimulatedPerson("1", HOSTILE), HOSTILE, channel.id, **attached(FILES))
    discord.backend.open_thread(root, {"name": HOSTILE[:100]})
    said = discord.backend.post_as_bot(root.id, {"content": HOSTILE})
    said.embeds, said.components = (
        discord_body(HOSTILE)["embeds"],
        [{"components": discord_body(HOSTILE)["components"][0]["components"][:1]}],
    )
    said.versions.append(HOSTILE)
    said.pings = [HOSTILE]
    return DiscordSide(discord)


@pytest.mark.parametrize("deep", [False, True])
async def test_the_whole_page_is_escaped(deep: bool) -> None:
    """Names of people, channels and threads, forged addresses and the trouble menu's message are text."""
    sides = (hostile_slack(), hostile_discord())
    places = {}
    for side in sides:
        kind = "thread" if deep else "channel"
        places[side.key] = [one.id for one in side.places(side.workspace.people[0]) if one.kind == kind][-1]
    for look in (Look("Ada", places), Look(HOSTILE, {"slack": HOSTILE, "discord": HOSTILE})):
        drawn = layout.live(sides, look, view.draw(sides, look, HOSTILE, embedded), {HOSTILE: HOSTILE})
        found = Parsed(drawn)
        assert found.wrong == []
        assert found.elements.count("script") == 1
        assert found.text.count(HOSTILE) >= 3
