"""Reading text of people and models takes time in proportion to its length, whatever it says.

`READERS` has every function that reads such text. A regular expression of the bot stands in `EXPRESSIONS` with the
reader that tries it, or with the reason why nobody's text can reach it; the last test finds those that do not.

`make slow` reads each text with each reader once, and again only where that took long enough to tell its growth. `make
growth` (GROWTH=1) does the same with texts four times as long and more drawn ones, in a minute.
"""

import ast
import functools
import gc
import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import discord as sdk
import pytest

from adapters.discord import channels as discord_channels
from adapters.discord import events as discord_events
from adapters.discord import ids as discord_ids
from adapters.discord import mentions as discord_mentions
from adapters.discord import rendering as discord
from adapters.discord import strings as discord_strings
from adapters.discord.inline import inline
from adapters.discord.markdown import convert
from adapters.slack import events as slack_events
from adapters.slack import identity as slack_identity
from adapters.slack import markdown as slack_markdown
from adapters.slack import mrkdwn
from adapters.slack import rendering as slack
from adapters.slack.oauth.install import _cookie as install_cookie
from adapters.slack.oauth.states import new_browser
from adapters.slack.tables import around_table
from aion_bot.aion import ChatMessage, ChatToken, ChatTokenType, MessageRole, parse_references
from aion_bot.aion.events import StreamReader
from aion_bot.aion.references import find_markers
from aion_bot.aion.sse import SSEParser
from aion_bot.conversation.late_posts import without_notices
from aion_bot.conversation.notices import named
from aion_bot.conversation.proposal import read_pending, read_plan
from aion_bot.conversation.session_history import answer_to
from aion_bot.domain import error_messages, prompts, strings
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.earlier import quoted_before
from aion_bot.domain.file_types import GIF, JPEG, PNG, WEBP, FileKind, recognise
from aion_bot.domain.picture_size import drawable
from aion_bot.domain.plan import Plan
from aion_bot.domain.step_order import Named, step_order
from aion_bot.domain.turn import Turn
from aion_bot.log_config import StrikeOut
from aion_bot.ports.earlier import EarlierMessage
from aion_bot.ports.events import Prompt, Quote, QuoteSource
from aion_bot.ports.files import attachment
from aion_bot.ports.http_requests import HttpRequest
from aion_bot.ports.links import names_other, real_address
from aion_bot.ports.markdown import blocks
from aion_bot.ports.messages import Person, PlanCard, Reply, Step, ThreadKey
from aion_bot.ports.plain_words import plain_words
from aion_bot.ports.secrets import Secrets, secrets_in
from aion_bot.ports.tags_in_emphasis import with_tags_outside
from aion_bot.ports.text import escaped, one_line, visible, visible_line, well_formed
from aion_bot.ports.unfinished import closing_marks, settled
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.headline import headline
from aion_bot.rendering.markers import MarkerReader
from aion_bot.rendering.pagination import Pages
from aion_bot.rendering.plain_pages import PlainPages
from aion_bot.rendering.plan_card import PlanFormat, in_full, pending_card, plan_card
from aion_bot.rendering.reference_links import as_labels, with_links, without_definitions
from aion_bot.rendering.references import Growing, cited, settled_length
from aion_bot.rendering.risks import riskiest_step
from aion_bot.rendering.screen import PageFormat
from aion_bot.rendering.sources import MOST_IN_FILE, source_list, with_sources
from aion_bot.simulators.aion.pictures import gif, png
from aion_bot.storage.postgres.dialect import storable

FULL = "GROWTH" in os.environ
LENGTHS = (32_000, 128_000) if FULL else (8_000, 20_000)
"""Characters of a text; a longer one is read only where the shorter is read too fast to tell."""
TIMES = 4
"""How many times as long the longer one of two texts is that are compared."""
MOST = 2.5**2 if FULL else 8.0
"""How many times as long it may take. Linear growth is 4, square growth 16; the suite runs on busy machines, too."""
_TOO_SHORT_TO_TELL = 0.001
"""Seconds."""

HOSTILE: dict[str, Callable[[int], str]] = {
    "heading with blanks": lambda n: "#### a" + " " * n + "b",
    "rule of a table with blanks": lambda n: "| a |\n|-" + " " * n + "-|x",
    "rule of a table with bars": lambda n: "|a" * (n // 4) + "|\n" + "|-" * (n // 4) + "|",
    "wide table of short rows": lambda n: "|a" * 50 + "|\n" + "|-" * 50 + "|\n" + "|\n" * (n // 2),
    "table with unclosed code": lambda n: "|a|b|\n|-|-|\n|" + "`a|" * (n // 3),
    "rule with blanks": lambda n: "-" + " " * n + "-x",
    "blanks": lambda n: " " * n,
    "line ends": lambda n: "\n" * n,
    "carriage returns": lambda n: "\r" * n,
    "one word": lambda n: "x" * n,
    "lines": lambda n: "a\n" * (n // 2),
    "backticks": lambda n: "`" * n,
    "runs of backticks": lambda n: " ".join("`" * size for size in range(1, int((2 * n) ** 0.5))),
    "backticks and letters": lambda n: "`a" * (n // 2),
    "brackets": lambda n: "[" * n,
    "double brackets": lambda n: "[[" * (n // 2) + "](",
    "pictures": lambda n: "![" * (n // 2) + "](",
    "links without an end": lambda n: "[a](" * (n // 4),
    "links with angle brackets": lambda n: "[a](<" * (n // 5),
    "links in links": lambda n: "[" * (n // 8) + "a" + "](b)" * (n // 8),
    "parentheses": lambda n: "[a](" + "(" * n,
    "hosts": lambda n: "a.bc " * (n // 5),
    "a host of many names": lambda n: "[" + "a." * (n // 2) + "bc](https://x.y)",
    "addresses": lambda n: "https://a.bc/ " * (n // 14),
    "links that mislead": lambda n: "[a.bc](https://d.ef) " * (n // 21),
    "definitions of links": lambda n: "[a]: b\n" * (n // 7),
    "tags": lambda n: "<a" * (n // 2),
    "comments": lambda n: "<!-- a -->" * (n // 10),
    "comments in lines": lambda n: "a <!-- b\n-->\n" * (n // 13),
    "comments without an end": lambda n: "<!-- a " * (n // 7),
    "links by reference": lambda n: "[a][b] " * (n // 7),
    "stars": lambda n: "*" * n,
    "stars and letters": lambda n: "*a " * (n // 3),
    "stars and underlines": lambda n: "**a_ " * (n // 5),
    "backslashes": lambda n: "\\" * n,
    "bars": lambda n: "|" * n,
    "quotes in quotes": lambda n: "> " * (n // 2),
    "lines of quotes in quotes": lambda n: ("> " * 40 + "a\n") * (n // 82),
    "empty quotes": lambda n: ">\n" * (n // 2),
    "items in items": lambda n: "- " * (n // 2),
    "lines of items in items": lambda n: ("- " * 40 + "a\n") * (n // 82),
    "deeper and deeper items": lambda n: "\n".join("  " * depth + "- a" for depth in range(int(n**0.5))),
    "items": lambda n: "- a\n" * (n // 4),
    "items apart": lambda n: "- a\n\n" * (n // 5),
    "open fence": lambda n: "```\n" + "a\n" * (n // 2),
    "fences": lambda n: "```\na\n```\n" * (n // 10),
    "fences in items": lambda n: "1. ```\n   a\n" * (n // 12),
    "code in lines": lambda n: ("`a` " * 450 + "\n\n") * (n // 1_802),
    "code that lines end": lambda n: ("`a\n" * 600 + "\n\n") * (n // 1_802),
    "fences inside a line": lambda n: "``` " * (n // 4),
    "indented code": lambda n: "a\n\n" + "    a\n" * (n // 6),
    "lines with a line under them": lambda n: "a\n===\n" * (n // 6),
    "markers": lambda n: "[[img:a]] " * (n // 10),
    "markers without an end": lambda n: "[[img:" * (n // 6),
    "a marker full of brackets": lambda n: "[[img:a|" + "[[" * (n // 2),
    "counts without an end": lambda n: "[[ref:" * (n // 6),
    "commands without an end": lambda n: "</" * (n // 2),
    "everybody": lambda n: "@here " * (n // 6),
    "everybody in an address": lambda n: "https://x/" + "@here" * (n // 5),
    "openings of mentions": lambda n: "<@" * (n // 2),
    "mentions without an end": lambda n: "<@U1|" * (n // 5),
    "mentions": lambda n: " <@1> <@U1>" * (n // 11),
    "mentions in code": lambda n: "`<@U1>` " * (n // 8),
    "mentions in unclosed code": lambda n: "``<@U1>`" * (n // 8),
    "emoji without an end": lambda n: "<:a" * (n // 3),
    "an entity of zeros": lambda n: "&#" + "0" * n,
    "entities": lambda n: "&#0&lt;&amp" * (n // 11),
    "backslashes behind a sign": lambda n: "@" + "\\" * n + "<" + "\\" * n,
    "small print": lambda n: "-# a\n" * (n // 5),
    "hidden characters": lambda n: "\u202e\u200d" * (n // 2),
    "tabs": lambda n: "\t" * n,
    "blanks that nobody sees": lambda n: "\u200b" * n,
    "capitals": lambda n: "aB" * (n // 2),
    "dashes": lambda n: "-_" * (n // 2),
    "beginnings of events": lambda n: "event:" * (n // 6),
    "empty events": lambda n: "data:\n\n" * (n // 7),
    "lines of data": lambda n: "data:a\n" * (n // 7),
    "combining marks": lambda n: "a" + "\u0301" * n,
    "marks above and below": lambda n: "a" + "\u0301\u0316" * (n // 2),
    "quotes to the end": lambda n: ">>> a\n" * (n // 6),
    "selectors": lambda n: "a\ufe0f" * (n // 2),
    "joined emoji": lambda n: "\U0001f469\ufe0f\u200d" * (n // 3),
    "nulls": lambda n: "\0" * n,
    "openings of tags": lambda n: "<a b='" * (n // 6),
    "links of HTML": lambda n: "<a href='https://x.example'>" * (n // 28) + "</a>" * (n // 28),
    "links of HTML in lines": lambda n: ("<a href=http://a.b>" * 40 + "</a>" * 40 + "\n\n") * (n // 922),
    "ends of tags": lambda n: "<b><i></b>" * (n // 10),
    "a tag of many attributes": lambda n: "<img" + " a='b'" * (n // 6) + ">",
    "pictures of HTML": lambda n: "<img src=https://a.bc alt='&lt;'>" * (n // 33),
    "openings of automatic links": lambda n: "<http://" * (n // 8),
    "quotation marks": lambda n: '"' * n,
    "braces": lambda n: "{" * n,
}

_UNITS = [
    *" \t\n\r<>&@#!|[](){}*_~`\\-+=.:;,^0aAß\u200b\u202e\U0001f600\"'/",
    "<@", "<@&", "</", "<#", "<:a:", "<t:1", "<!date^", "&lt;", "&#60", "[[ref:", "[[img:", "[[doc:a|p:", "]]", "](", "![",
    "```", "~~~", "> ", "- ", "1. ", "    ", "|-", "||", "@channel", "<@U1|", "data: ", "xoxb-", "https://", "<a:a:1",
]  # fmt: skip


def _drawn(seed: int) -> Callable[[int], str]:
    """Draw a text: a beginning, up to three pieces again and again, and an end."""
    draw = random.Random(seed)  # the same texts in every run

    def some() -> str:
        return "".join(draw.choice(_UNITS) for _ in range(draw.randint(0, 3)))

    begin, end, repeated = some(), some(), some() or " "
    return lambda n: begin + repeated * (n // len(repeated)) + end


DRAWN = {f"drawn text {seed}": _drawn(seed) for seed in range(100 if FULL else 24)}


def _grown(text: str) -> None:
    growing, pages = Growing(Sources()), Pages(len, 500)
    for end in range(0, len(text), len(text) // 20):
        pages.update(growing.update(text[:end]))


def _sources(text: str) -> None:
    """Cite as much as the text is long, with the text as names and addresses."""
    marked = "".join(f"[[link:{at}|{text[at : at + 50]}]]" for at in range(0, len(text), 50))
    sources = Sources()
    sources.learn({"tool_link_data": [{"link_id": f"{at}", "url": text} for at in range(0, len(text), 50)]})
    cited(marked, sources)
    source_list(sources, MOST_IN_FILE)
    with_sources([text], sources, len, 500, 3)


_ADA = Person("U1", "Ada")
_ME = slack_identity.BotIdentity("T1", "Site", "U1", "B1", "aion")


def _slack_edit(text: str) -> None:
    message = {"user": "U2", "ts": "2.0", "text": text}
    event = {
        "type": "message",
        "subtype": "message_changed",
        "channel": "C1",
        "message": message,
        "previous_message": message | {"text": text + "x"},
    }
    slack_events.message_change({"event": event}, _ME)


def _slack_question(text: str) -> None:
    event: dict[str, object] = {"type": "message", "channel": "C1", "user": "U2", "ts": "2.0"}
    event |= {"thread_ts": "1.0", "text": text}
    section = {"type": "section", "text": {"type": "plain_text", "text": text}}
    element = {"type": "text", "text": text}
    rich = {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": [element] * 3}]}
    table = {"type": "table", "rows": [[element, {"type": "raw_text", "text": text}]] * 3}
    event["blocks"] = [section, rich, table]
    event["attachments"] = [
        {"is_share": True, "text": text, "author_name": text},
        {"text": text, "fallback": text},
    ]
    slack_events.prompt_from_event({"event": event}, _ME)


_CLIENT = sdk.Client(intents=sdk.Intents.none())._connection
_DIRECT = discord_channels.ChannelInfo(discord_channels.ChannelKind.DIRECT, 1)


def _discord_question(text: str) -> None:
    author = {"id": "6", "username": "ada", "discriminator": "0", "avatar": None}
    data = {
        "id": "5",
        "type": 0,
        "author": author,
        "content": text,
        "mentions": [author],
        "mention_roles": [],
        "attachments": [],
        "embeds": [
            {"type": "rich", "title": text, "description": text, "fields": [{"name": text, "value": text}]}
        ],
        "edited_timestamp": None,
        "pinned": False,
        "mention_everyone": False,
        "tts": False,
    }
    message = sdk.Message(state=_CLIENT, channel=sdk.PartialMessageable(_CLIENT, 1), data=data)
    assert discord_events.prompt_from_message(message, _DIRECT, 3)
    discord_events.change_from_edit(message, _DIRECT, 3)
    discord_events.thread_name(text)


def _card(text: str) -> PlanCard:
    return PlanCard(text, text, (Step(text, text),), ((text, _ADA),), ((text,),), said=text)


def _question(text: str) -> None:
    where = slack_events.Place("T1", "C1")
    quotes = (Quote(QuoteSource.FORWARDED, text, text),)
    prompts.question(Prompt("k", ThreadKey("slack", "t"), where, _ADA, text, quotes=quotes))


def _plan(text: str) -> str:
    return in_full(Plan("k", "p", "s", ThreadKey("slack", "t"), _ADA, text, (Step(text, text),)))


def _proposal(text: str) -> None:
    invocation = {"agent_name": text, "description": text}
    turn = Turn("t", ThreadKey("slack", "t"), _ADA, text)
    read_plan({"plan_id": "p", "description": text, "invocations": [invocation]}, turn)


def _drawn_plan(text: str) -> None:
    """Draw a plan that no card holds, as its first sentence and its riskiest step."""
    plan = Plan("k", "p", "s", ThreadKey("slack", "t"), _ADA, text, (Step(text, text),), said=text)
    plan_card(plan, PlanFormat(PageFormat(lambda _: 2, 1), AccessPolicy(approvers="anyone")))


def _stream(text: str) -> None:
    """Read a text as bytes of a stream, and as the words of its token events."""
    StreamReader(lambda _: None).feed(text.encode())
    reader = StreamReader(lambda _: None)
    for end in (len(text) // 2, len(text)):
        data = json.dumps({"accumulated": text[:end], "content": ""})
        reader.feed(f"event: token\ndata: {data}\n\n".encode())


def _status(text: str) -> None:
    view = AnswerView(PageFormat(len, 2_000))
    view.fold(ChatToken(ChatTokenType.STATUS, None, {"message": text}))
    view.fold(ChatToken(ChatTokenType.TOOL_INVOCATION, None, {"agent_name": text}))
    view.screen()


def _stored(text: str) -> None:
    answer_to(text, None, [ChatMessage("m", MessageRole.USER, text + "x")], contested=True)


_SECRETS = Secrets(["xoxb-secret", "[[img:secret", "aaaaaaaaaa", "`a`a`a`a`a"])

READERS: dict[str, Callable[[str], object]] = {
    "blocks": blocks,
    "pages": lambda text: Pages(len, 500).update(text),
    "references": lambda text: cited(text, Sources()),
    "cited references": lambda text: cited(
        f"[[img:a|b]]{text}[[img:a|{text[:900]}]]" + "[[doc:a]]" * 50, Sources()
    ),
    "sources": _sources,
    "a file's name": lambda text: attachment("1", text, 0, text),
    "a file's line": strings.file_name,
    "a file's type": lambda text: recognise(text.encode(), text.encode(), text),
    "a picture's size": lambda text: [
        drawable(kind, head + text.encode())
        for kind, head in ((GIF, gif()[:-1]), (JPEG, b"\xff\xd8"), (PNG, png("a")[:33]), (WEBP, b""))
    ],
    "earlier messages": lambda text: quoted_before(
        text, [EarlierMessage("1", Person("1", text), text), EarlierMessage("2", _ADA, text)], 20
    ),
    "files for Aion": lambda text: prompts.with_attached(
        text, prompts.attached_words([(FileKind.IMAGE, text)], len(text) * 2)
    ),
    "notices above an answer": lambda text: (without_notices(text), without_notices(f"_{text}_")),
    "what is settled": settled_length,
    "what is unfinished": lambda text: (settled(text), closing_marks(text)),
    "words without marks": lambda text: (plain_words(text), plain_words(text, addresses=True)),
    "definitions of citations": lambda text: without_definitions(f"{text}\n\n[1]: /1", {1: None}),
    "comments": lambda text: MarkerReader().read(f"<!--{text}\n\n- a <!--{text}", ends=True),
    "an open comment": lambda text: MarkerReader().read(f"{text}\n\n<!-- a", ends=True),
    "labels of links by reference": as_labels,
    "links by reference": lambda text: with_links(f"{text}\n\n[a]: https://x.example"),
    "tables for Slack": lambda text: around_table(f"| a |\n|---|\n{text}"),
    "markers": lambda text: list(find_markers(text)),
    "markers outside of code": lambda text: MarkerReader().read(f"[[img:a]]{text}"),
    "parsed references": parse_references,
    "an answer that grows": _grown,
    "conversion for Discord": convert,
    "a line for Discord": inline,
    "tags in emphasis": with_tags_outside,
    "a measure for Discord": lambda text: discord.measure(Reply(text)),
    "a measure for Slack": lambda text: slack.measure(Reply(text)),
    "plain text for Discord": lambda text: discord.body(Reply(text, text, (text,), plain=True)),
    "plain text for Slack": lambda text: slack.arguments(Reply(text, text, (text,), plain=True)),
    "a message for Slack": lambda text: slack.arguments(Reply(text, text, (text,))),
    "a card for Discord": lambda text: discord.body(_card(text)),
    "a card for Slack": lambda text: slack.arguments(_card(text)),
    "a sentence for Discord": lambda text: discord.sentence((text, Person(text, text))),
    "a sentence for Slack": lambda text: slack.sentence((text, Person(text, text))),
    "a stream for Slack": lambda text: slack_markdown.delta(Reply(text[:-9]), Reply(text), last=False),
    "mentions for Slack": lambda text: (
        mrkdwn.in_markdown(text),
        mrkdwn.in_code(text),
        mrkdwn.in_mrkdwn(text),
    ),
    "links for Slack": lambda text: (
        slack_markdown.in_markdown_block(text),
        slack_markdown.inert(text),
        slack_markdown.settled(text),
    ),
    "a link's label": lambda text: (
        names_other(text, text + "x"),
        names_other(text, "https://x"),
        real_address(text),
    ),
    "a question from Slack": _slack_question,
    "an edit from Slack": _slack_edit,
    "a mention from Slack": lambda text: (mrkdwn.mentioned(text), mrkdwn.to_plain_text(text, "U1")),
    "a question from Discord": _discord_question,
    "mentions from Discord": lambda text: discord_mentions.readable(text, {"@1": "ada"}),
    "mentions in code from Discord": lambda text: discord_mentions.outside_code(f"`{text}`").restored(text),
    "a press from Discord": discord_ids.parse_custom_id,
    "a cookie of a browser": lambda text: install_cookie(
        HttpRequest("GET", "", {"cookie": f"__Host-aion-install={text}; __Host-aion-install={text}"}, b"")
    ),
    "a cookie's value": new_browser,
    "a question": _question,
    "the name of a question": named,
    "one line": lambda text: one_line(text, 100),
    "an agent's name": strings.agent,
    "visible characters": visible,
    "visible characters of a line": visible_line,
    "escaped characters": escaped,
    "well-formed characters": well_formed,
    "what Postgres stores": lambda text: storable(f"[{text}"),
    "a status": _status,
    "pages of plain text": lambda text: PlainPages(2_000).update(text),
    "an acknowledgement on Discord": lambda text: (
        discord_strings.question(text),
        discord_strings.question_about(text, "https://x.example", text),
    ),
    "a proposed plan": _proposal,
    "a plan's card": _drawn_plan,
    "the riskiest step": lambda text: riskiest_step([Step("", text)]),
    "a plan's first sentence": headline,
    "the order of steps": lambda text: step_order(
        [Named(frozenset(text[at : at + 2]), frozenset(text[at : at + 3])) for at in range(0, len(text), 2)]
    ),
    "what needs another confirmation": lambda text: pending_card(
        "k", read_pending([{"agent_name": text, "description": text}]), PageFormat(slack.measure, 3_900)
    ),
    "a result": lambda text: strings.in_aions_words(text, {"a": text}),
    "an error event": lambda text: error_messages.event_kind({"code": text}),
    "secrets": lambda text: (
        _SECRETS.strike(text),
        _SECRETS.settled(text),
        secrets_in({"A_URL": text, "A_KEY": text}),
    ),
    "a plan in full": _plan,
    "server-sent events": lambda text: SSEParser().feed(text.encode()),
    "a stream": _stream,
    "a stored answer": _stored,
    "a line of the log": lambda text: StrikeOut(lambda *_: text, Secrets(["xoxb-secret", "xapp-secret"]))(
        None, "", {}
    ),
}

_TABLE = "our own table of methods"
_SETTINGS = "settings, read once at the start"
_STATEMENTS = "statements of our own"

EXPRESSIONS: dict[str, str] = {
    "adapters/discord/ids.py CUSTOM_ID": "a press from Discord",
    "adapters/discord/mentions.py _CHANNEL": "mentions from Discord",
    "adapters/discord/mentions.py _COMMAND": "mentions from Discord",
    "adapters/discord/mentions.py _EMOJI": "mentions from Discord",
    "adapters/discord/mentions.py _MENTION": "mentions in code from Discord",
    "adapters/discord/mentions.py _ROLE": "mentions from Discord",
    "adapters/discord/mentions.py _TIME": "mentions from Discord",
    "adapters/discord/mentions.py _USER": "mentions from Discord",
    "adapters/discord/rate_limits.py _PLACEHOLDER": _TABLE,
    "adapters/discord/rate_limits.py _ROUTES": _TABLE,
    "adapters/discord/rendering.py _SPECIAL": "a card for Discord",
    "adapters/discord/config.py _NUMBER": _SETTINGS,
    "adapters/discord/config.py _SNOWFLAKE": _SETTINGS,
    "adapters/slack/config.py ID_FORMS": _SETTINGS,
    "adapters/slack/config.py _APP_TOKEN_FORM": _SETTINGS,
    "adapters/slack/config.py _BOT_TOKEN_FORM": _SETTINGS,
    "adapters/slack/config.py _PATH_FORM": _SETTINGS,
    "adapters/slack/config.py _SIGNING_SECRET_FORM": _SETTINGS,
    "adapters/slack/oauth/config.py _CLIENT_ID_FORM": _SETTINGS,
    "adapters/slack/oauth/config.py _CLIENT_SECRET_FORM": _SETTINGS,
    "adapters/slack/oauth/install.py _cookie": "a cookie of a browser",
    "adapters/slack/oauth/states.py _FORM": "a cookie's value",
    "adapters/slack/handlers.py _ANY": "matches everything, at once",
    "adapters/slack/markdown.py _DOT": "links for Slack",
    "adapters/slack/markdown.py _INCOMPLETE": "a stream for Slack",
    "adapters/slack/markdown.py _LINE_END": "links for Slack",
    "adapters/slack/markdown.py _SLASH": "links for Slack",
    "adapters/slack/markdown.py _TAG": "links for Slack",
    "adapters/slack/markdown.py _WORD": "links for Slack",
    "adapters/slack/mrkdwn.py _BROADCAST": "mentions for Slack",
    "adapters/slack/mrkdwn.py _ENTITY": "a mention from Slack",
    "adapters/slack/mrkdwn.py _MENTIONED": "a mention from Slack",
    "adapters/slack/mrkdwn.py _ENTITY_IN_CODE": "mentions for Slack",
    "adapters/slack/mrkdwn.py _OPENING": "mentions for Slack",
    "adapters/slack/mrkdwn.py _USER_ID": "a sentence for Slack",
    "adapters/slack/mrkdwn.py to_plain_text": "a mention from Slack",
    "adapters/slack/rendering.py _cut_escaped": "a sentence for Slack",
    "aion_bot/aion/events.py _STRING": "a stream",
    "aion_bot/aion/references.py _OPENING": "markers",
    "aion_bot/aion/references.py _PAGES": "markers",
    "aion_bot/aion/settings.py _API_KEY": _SETTINGS,
    "aion_bot/ports/env_file.py _PLAIN": _SETTINGS,
    "aion_bot/config.py _ids": _SETTINGS,
    "aion_bot/config.py _replica": _SETTINGS,
    "aion_bot/conversation/late_posts.py _NOTICE": "notices above an answer",
    "aion_bot/ports/plain_words.py _BLOCK": "words without marks",
    "aion_bot/domain/strings.py _agent_words": "an agent's name",
    "aion_bot/environment/addresses.py _LISTEN_ADDRESS": _SETTINGS,
    "aion_bot/rendering/line_parser.py BEGUN": "markers outside of code",
    "aion_bot/rendering/line_parser.py OPENING": "markers outside of code",
    "aion_bot/rendering/line_parser.py _RUN": "markers outside of code",
    "aion_bot/rendering/line_parser.py _SIGN": "markers outside of code",
    "aion_bot/rendering/references.py _BEGUN": "what is settled",
    "aion_bot/rendering/references.py _OPENING": "what is settled",
    "aion_bot/storage/postgres/dialect.py _BUILT": _STATEMENTS,
    "aion_bot/storage/postgres/dialect.py _IS": _STATEMENTS,
    "aion_bot/storage/postgres/dialect.py _IS_NOT": _STATEMENTS,
    "aion_bot/storage/postgres/dialect.py _LOST": "what Postgres stores",
    "aion_bot/storage/postgres/dialect.py _REPLACE": _STATEMENTS,
    "aion_bot/storage/postgres/dialect.py _TOKEN": _STATEMENTS,
}
"""Each use of `re` outside the simulators and the demo: the reader that tries it, or why nobody's text reaches it."""

_ROOT = Path(__file__).parents[1]
_NOT_THE_BOT = {"simulators", "demo"}


@functools.cache
def _remembering() -> Sequence[Any]:
    """What keeps the texts that it has read: a second reading would cost nothing."""
    modules = [
        vars(module) for name, module in sys.modules.items() if name.startswith(("aion_bot.", "adapters."))
    ]
    return [
        one for names in modules for one in names.values() if isinstance(one, functools._lru_cache_wrapper)
    ]


def seconds(reader: Callable[[str], object], text: str) -> float:
    """Return the processor's time for one reading; other processes and the garbage of other tests do not count."""
    gc.disable()
    for remembering in _remembering():
        remembering.cache_clear()
    try:
        begun = time.thread_time()
        reader(text)
        return time.thread_time() - begun
    finally:
        gc.enable()


def grows_too_fast(reader: Callable[[str], object], text: Callable[[int], str]) -> bool:
    """Tell whether a text takes more than `MOST` times as long as a quarter of it; each as its fastest of several runs."""
    for length in LENGTHS:
        # Square growth with a small factor shows in a long text only.
        slow = seconds(reader, text(length))
        if slow > _TOO_SHORT_TO_TELL:
            break
    else:
        return False
    short, long = text(length // TIMES), text(length)
    fast = seconds(reader, short)
    for _ in range(15):
        if slow <= max(_TOO_SHORT_TO_TELL, MOST * fast):
            return False
        slow = min(slow, seconds(reader, long))
        fast = min(fast, seconds(reader, short))
    return True


@pytest.mark.slow
@pytest.mark.parametrize("reader", READERS)
def test_a_longer_text_takes_longer_in_proportion(reader: str) -> None:
    """Nothing that anybody writes takes time that grows faster than it is long."""
    texts = HOSTILE | DRAWN
    assert [name for name, text in texts.items() if grows_too_fast(READERS[reader], text)] == []


@pytest.mark.slow
@pytest.mark.parametrize("measure", [discord.measure, slack.measure])
@pytest.mark.parametrize(
    "name", ["items", "fences in items", "links without an end", "wide table of short rows"]
)
def test_pages_by_a_platform_s_measure(measure: Callable[[Reply], int], name: str) -> None:
    """The measures of the platforms make pages in linear time, too."""
    assert not grows_too_fast(
        # Small pages, so that the shorter text fills several of them as well.
        lambda text: Pages(lambda page: measure(Reply(page)), 500).update(text),
        HOSTILE[name],
    )


def _uses(source: str) -> Iterator[str]:
    """Yield what each use of `re` in a module stands in: the name that it is bound to, or the function around it."""
    tree = ast.parse(source)
    names = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "re"
        for alias in node.names
    }
    modules = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name in {"re", "regex"}
    }
    for node in tree.body:
        expressions = [
            one
            for one in ast.walk(node)
            if (
                isinstance(one, ast.Attribute) and isinstance(one.value, ast.Name) and one.value.id in modules
            )
            or (isinstance(one, ast.Name) and one.id in names)
        ]
        if any(one.attr if isinstance(one, ast.Attribute) else one.id for one in expressions if _runs(one)):
            yield _name(node)


def _runs(use: ast.expr) -> bool:
    """Tell a use of an expression from a type, such as `re.Pattern`, and from a flag."""
    name = use.attr if isinstance(use, ast.Attribute) else use.id if isinstance(use, ast.Name) else ""
    return name.islower()


def _name(node: ast.stmt) -> str:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.Assign(targets=[ast.Name(id=name), *_]) | ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return f"line {node.lineno}"


def expressions() -> set[str]:
    """Find every use of a regular expression in the bot and its adapters."""
    return {
        f"{path.relative_to(_ROOT).as_posix()} {name}"
        for folder in ("aion_bot", "adapters")
        for path in (_ROOT / folder).rglob("*.py")
        if not _NOT_THE_BOT.intersection(path.relative_to(_ROOT).parts)
        for name in _uses(path.read_text("utf-8"))
    }


@pytest.mark.slow
def test_every_expression_is_tried() -> None:
    """A new regular expression has to be tried by a reader of the table above, or to say why no text reaches it."""
    assert expressions() == set(EXPRESSIONS)


def test_a_new_expression_is_found() -> None:
    """However it is imported and wherever it stands."""
    found = list(
        _uses(
            "from re import compile as made\nimport re\nX = made('a')\ndef f():\n    re.sub('a', 'b', 'c')\n"
            "import re as other\nclass C:\n    y = other.compile('a')\n"
        )
    )
    assert found == ["X", "f", "C"]
