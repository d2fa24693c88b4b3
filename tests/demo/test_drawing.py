"""The page draws what the bot sent as the platform would show it."""

from typing import Any

import pytest

from aion_bot.demo.page import discord_payload, markdown, message, meter, mrkdwn, slack_payload, view
from aion_bot.demo.page.elements import Confirmation, Html, element
from aion_bot.demo.page.sides import Place, Side, find
from aion_bot.demo.page.view import Look
from aion_bot.simulators.workspace import Logged
from tests.demo.bot_messages import POST_ON
from tests.demo.html_checker import Parsed

NAMES = {"U0ADA": "Ada", "42": "Ada", "C0GENERAL": "general"}


def button(label: str, name: str, style: str, asked: Confirmation | None = None, /) -> Html:
    del asked
    return element("button", label, value=name, class_=style or None)


def no_picture(_: object) -> None:
    """Where a page has no pictures."""


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("**bold** and `code`", "<p><strong>bold</strong> and <code>code</code></p>"),
        ("| a |\n|---|\n| b |", "<table>"),
        ("a\nb", "<p>a\nb</p>"),
        ("| a |\n|--:|\n| b |", '<td class="right">b</td>'),
        (
            "[words](https://aion.example)",
            'href="https://aion.example" target="_blank" rel="noopener noreferrer"',
        ),
        ("![a plan](https://aion.example/a.png)", '<a href="https://aion.example/a.png"'),
        ("ask <@U0ADA>", '<span class="mention">@Ada</span>'),
        ("a <\u2060!channel> b", "&lt;\u2060!channel&gt;"),
    ],
)
def test_markdown_on_slack(text: str, drawn: str) -> None:
    """A `markdown` block is standard Markdown, pictures are links, and escaped markup stays text."""
    assert drawn in markdown.on_slack(text, NAMES)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a\nb", "<p>a<br />\nb</p>"),
        ("words\n-# small", '<p>words</p>\n<p class="small-print">small</p>'),
        ("__under__ **bold** ~~gone~~", "<u>under</u> <strong>bold</strong> <s>gone</s>"),
        ("### Title\nwords", "<h6>Title</h6>\n<p>words</p>"),
        ("| a |\n|---|", "<p>| a |<br />"),
        ("    not code", "<p>not code</p>"),
        (
            "<@42> and @everyone",
            '<span class="mention">@Ada</span> and <span class="mention">@everyone</span>',
        ),
    ],
)
def test_markdown_on_discord(text: str, drawn: str) -> None:
    """Discord keeps line ends, knows small print and underlines, and draws no tables."""
    assert drawn in markdown.on_discord(text, NAMES)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("*bold* _it_ ~gone~ `a*b*`", "<b>bold</b> <i>it</i> <s>gone</s> <code>a*b*</code>"),
        ("two * three * four_five_", "two * three * four_five_"),
        ("a &lt; b &amp;lt; c", "a &lt; b &amp;lt; c"),
        ("<https://aion.example|words>", '<a href="https://aion.example"'),
        ("*by <@U0ADA>*\nnext", '<b>by <span class="mention">@Ada</span></b><br>next'),
        ("**not bold here**", "**not bold here**"),
        ("a\n>*b* &lt;\n>c\n&gt;d", "a<blockquote><b>b</b> &lt;<br>c</blockquote>&gt;d"),
        ("```a\n>b```", "<pre><code>a\n&gt;b</code></pre>"),
    ],
)
def test_mrkdwn(text: str, drawn: str) -> None:
    """Slack's mrkdwn is drawn with its styles, escapes, links and mentions."""
    assert drawn in mrkdwn.draw(text, NAMES)


def test_block_kit_is_drawn_in_order() -> None:
    """Blocks are drawn instead of the fallback text, and a button keeps its label, id and style."""
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "*Title*"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*1. Search*"}},
        {"type": "divider"},
        {
            "type": "actions",
            "elements": [
                {"type": "button", "text": {"text": "Approve"}, "action_id": "yes", "style": "primary"}
            ],
        },
    ]
    drawn = slack_payload.draw({"text": "fallback", "blocks": blocks}, NAMES, button, no_picture)
    assert drawn == (
        "<h4>*Title*</h4><p><b>1. Search</b></p><hr>"
        '<div class="buttons"><button value="yes" class="primary">Approve</button></div>'
    )


def test_embeds_and_components_are_drawn() -> None:
    """Embeds have their fields, buttons their colours, and links lead on; suppressed embeds are not drawn."""
    row = {
        "components": [
            {"type": 2, "style": 4, "label": "Cancel", "custom_id": "no"},
            {"type": 2, "style": 5, "label": "See", "url": "https://aion.example"},
        ]
    }
    body: dict[str, Any] = {
        "content": "words",
        "embeds": [{"title": "T", "fields": [{"name": "N", "value": "V"}]}],
        "components": [row],
    }
    drawn = discord_payload.draw(body, NAMES, button)
    assert '<div class="embed"><h6><span>T</span></h6><h6>N</h6><p>V</p>' in drawn
    assert '<button value="no" class="danger">Cancel</button>' in drawn
    assert '<a href="https://aion.example"' in drawn
    assert "embed" not in discord_payload.draw(body | {"flags": 4}, NAMES, button)


async def bot_message(
    side: Side, *versions: str, only_for: str | None = None, pings: tuple[str, ...] = ()
) -> Place:
    """Post a message of the bot in a new thread, with these versions."""
    thread = POST_ON[side.key](side, versions, only_for, pings)
    return find(side, side.workspace.people[0], thread)


def seen(side: Side, place: Place, person: int) -> str:
    """The text that a person sees in a place."""
    entries = side.entries(place, side.workspace.people[person])
    return "\n".join(Parsed(message.draw(side, entry, button, no_picture)).text for entry in entries)


async def test_edits_are_marked_and_the_newest_is_shown(side: Side) -> None:
    """A message that was edited twice says so and shows its last text alone."""
    place = await bot_message(side, "first", "second", "third")
    text = seen(side, place, 0)
    assert "third" in text
    assert "(edited 2 times)" in text
    assert "second" not in text


async def test_a_message_names_the_people_it_may_notify(side: Side) -> None:
    """Under a message stand the names of those whom it would notify."""
    ada = side.workspace.people[0]
    place = await bot_message(side, "words", pings=(ada.id, "@everyone"))
    assert "may notify Ada, @everyone" in seen(side, place, 0)


async def test_a_private_message_is_seen_by_its_reader_alone(side: Side) -> None:
    """Ben sees his private reply, marked as private; nobody else sees any of it."""
    place = await bot_message(side, "This isn't yours.", only_for=side.workspace.people[1].id)
    assert "Only visible to you" in seen(side, place, 1)
    for other in (0, 2):
        assert "isn't yours" not in seen(side, place, other)


async def test_a_direct_conversation_is_closed_to_others(side: Side) -> None:
    """The address of another person's direct messages shows the first channel instead."""
    ada, ben, _ = side.workspace.people
    direct = next(one for one in side.places(ada) if one.kind == "direct")
    assert find(side, ada, direct.id) == direct
    assert find(side, ben, direct.id).kind == "channel"


async def test_the_channel_leads_to_its_threads(side: Side) -> None:
    """A channel shows the question with a link to its thread, and the list of places names the thread."""
    place = await bot_message(side, "words")
    parts = view.draw([side], Look("Ada", {side.key: place.parent}), "", no_picture)
    ((_, drawn),) = parts.logs[f"{side.key}-log"]
    assert "in the thread" in drawn
    assert f"{side.key}={place.id}" in drawn
    assert place.name in Parsed(parts.pieces[f"{side.key}-places"]).text


@pytest.mark.parametrize(("by_channel", "used"), [(True, 2), (False, 3)])
def test_the_meter_counts_the_window(by_channel: bool, used: int) -> None:
    """The meter counts accepted requests of the window, refusals apart, and the fullest channel where channels have limits."""
    limit = meter.Limit("edit", 5, 10.0, by_channel=by_channel, words="edits")
    log = [
        Logged(1.0, "edit", "a", 200),
        Logged(95.0, "edit", "a", 200),
        Logged(96.0, "edit", "a", 200),
        Logged(96.0, "edit", "b", 200),
        Logged(97.0, "edit", "b", 429),
        Logged(97.0, "post", "b", 200),
    ]
    assert meter.read(limit, log, 100.0) == meter.Reading(limit, used, 6, 1)
