"""The model's words cannot pass for the bot's own on Discord, nor hide or name what they should not."""

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.discord import rendering
from adapters.discord.markdown import convert, quoted
from aion_bot.ports.messages import PlanCard, Reply, Step
from tests.support.cases import each

FORGED = "Sort\n# Approved by Ada\n-# Done.\n- ## More\n> # In a quote"


@each(
    ("written", "drawn"),
    [
        ("<sound:0:123> <id:guide> </ask:123>", "<\u200bsound:0:123> <\u200bid:guide> <\u200b/ask:123>"),
        ("-# Stopped by Ada.", r"-\# Stopped by Ada."),
        ("- -# in a list", r"- -\# in a list"),
        ("> -# in a quote", r"> -\# in a quote"),
        ("   -# after blanks", r"   -\# after blanks"),
        ("a -# b", "a -# b"),
        ("```\n-# code\n```", "```\n-# code\n```"),
        ("||hidden", r"\|\|hidden"),
        ("a ||| b", r"a \|\|| b"),
        ("[a](nowhere||x) hidden ||", r"[a](nowhere%7C%7Cx) hidden \|\|"),
        ("ask <@123> and <@&4>, <#5>", "ask <\u200b@123> and <\u200b@&4>, <\u200b#5>"),
        ("</ask:1> <id:customize>", "<\u200b/ask:1> <\u200bid:customize>"),
        ("@everyone and @here", "@\u200beveryone and @\u200bhere"),
        (
            "see https://x.example/@hereford/@here, @here",
            "see https://x.example/@hereford/@here, @\u200bhere",
        ),
        (">>> to the end", "> to the end"),
        ("  >>> # Big", "> # Big"),
        (">>> #### Small", "> **Small**"),
        (">>> -# Stopped", r"> -\# Stopped"),
        ("a >>> b", "a >>> b"),
        (">>>no quote", ">>>no quote"),
        ("```\n>>> print(1)\n```", "```\n>>> print(1)\n```"),
        ("a ` b\n` <@123> ` ||c||", "a \\` b\n` <@123> ` \\|\\|c\\|\\|"),
        ("`a` and ` b", "`a` and \\` b"),
        ("`<@123>` is code", "`<@123>` is code"),
        ("<t:1700000000:R>", "<t:1700000000:R>"),
        (
            "| a | b |\n|---|---|\n| https://x.example <@1> | -# c |",
            "https://x.example <\u200b@1>\n- b: -# c",
        ),
    ],
)
def test_in_an_answer(written: str, drawn: str) -> None:
    """Small print, bars that hide and mentions are words like any others."""
    assert convert(written) == drawn


def test_the_bot_s_small_print_is_no_part_of_a_quote() -> None:
    """Discord's quote of three marks would take in what the bot says under an answer, also where it is plain text."""
    for plain in (False, True):
        content = rendering.body(Reply(">>> as I said", "Stopped.", plain=plain))["content"]
        assert content == "> as I said\n-# Stopped."


@pytest.mark.parametrize("length", range(3, 14))
def test_no_run_of_backticks_opens_or_ends_a_block(length: int) -> None:
    """Behind such a run the bot's words would be code, and the model's would be none: with mentions, and bars that hide."""
    run = "`" * length
    card = PlanCard("Plan", f"{run}x {run}", (Step(run, run),), ((f"{run}.",),), ((run,),), said=f"a {run}")
    shown = (
        rendering.body(card)["content"],
        rendering.body(replace(card, plain=True))["content"],
        convert(f"~~~\n{run}\n||<@1>\n~~~").removeprefix("```").removesuffix("```"),
        rendering.body(Reply(f"a {run}", run, (run,), plain=True))["content"],
    )
    assert not [one for one in shown if one.count("```") % 2]
    assert "```" not in shown[2]
    # Where ours and Discord's reading of a long run differ, what stands behind it must not pass for code.
    if length > 3:
        assert "```" not in convert(f"a {run}\nb {run}<@1>{run}")


def test_on_a_card() -> None:
    """The model's words are a quote in every line, and none of them is larger or smaller than others."""
    card = PlanCard("Plan", FORGED, (Step("Agent", "<@1> ||x"),), record=(("Approved.",),), said=FORGED)
    assert quoted("```x```\n# Big") == "> ```x```\n> \\# Big"
    lines = rendering.body(card)["content"].split("\n")
    own = [line for line in lines if not line.startswith("> ")]
    assert own == ["### Plan", "Approved."]
    assert r"> \# Approved by Ada" in lines
    assert r"> -\# Done." in lines
    assert r"> - \## More" in lines
    assert "> 1. **Agent**: <\u200b@1> \\|\\|x" in lines


def test_a_status_of_the_model_names_nobody() -> None:
    """What Aion says about its work stands in small print, so it can be no mention and hide nothing."""
    assert rendering.body(Reply("", "asks <@1> ||x"))["content"] == "-# asks <\u200b@1> \\|\\|x"


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("**Approved** by `Ada`", r"-# \*\*Approved\*\* by \`Ada\`"),
        ("[Approve](https://x.example)", r"-# \[Approve](https://x.example)"),
        ("~~no~~ _yes_ ```", r"-# \~\~no\~\~ \_yes\_ \`\`\`"),
        ("@everyone </ask:1>", "-# @\u200beveryone <\u200b/ask:1>"),
    ],
)
def test_a_status_is_words_alone(written: str, drawn: str) -> None:
    """A status of Aion's cannot be bold, a link or code in the bot's small print."""
    assert rendering.body(Reply("", written))["content"] == drawn


def test_a_status_of_signs_fits() -> None:
    """A status that consists of signs is cut rather than longer than what a page leaves free."""
    assert len(rendering.body(Reply("", "*" * 100))["content"]) <= 160


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("-# Stopped by Ada.", r"-\# Stopped by Ada."),
        ("a\n> -# b", "a\n> -\\# b"),
        ("||hidden", r"\|\|hidden"),
        ("<@123> @here </ask:1>", "<\u200b@123> @\u200bhere <\u200b/ask:1>"),
        ("```\nopen", "``\u200b`\nopen"),
    ],
)
def test_in_an_answer_that_could_not_be_converted(written: str, drawn: str) -> None:
    """Plain text is drawn by Discord as any other: what holds for an answer holds for it."""
    assert rendering.body(Reply(written, plain=True))["content"] == drawn


def test_an_agent_is_no_link() -> None:
    """The name of an agent on a card leads nowhere."""
    card = PlanCard("Plan", "", (Step("[Approve](https://x.example)", "Move"),))
    assert r"**\[Approve](https://x.example)**" in rendering.body(card)["content"]


@given(
    st.lists(st.sampled_from(["#", "-#", ">", "- ", "```", "||", "<@1>", " ", "a", "1. ", "\n"]), max_size=30)
)
def test_no_line_of_a_quote_is_a_heading(pieces: list[str]) -> None:
    """However marks are put together, a line outside of code begins with no heading or small print."""
    fenced = False
    for line in quoted("".join(pieces)).split("\n"):
        words = line.lstrip(" >*+-0123456789.)")
        fenced ^= line.count("```") % 2 == 1
        assert fenced or not words.startswith("#")
        assert not line or line.startswith("> ")


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        # Discord opens code with one of two backticks, where only a later line closes it.
        ("``a\n` <@1> `", "\\`\\`a\n` <@1> `"),
        ("`` a ` [b](https://x.example)", "\\`\\` a \\` [b](https://x.example)"),
        ("`a``b` <@1>", "\\`a\\`\\`b\\` <\u200b@1>"),
        ("```a```` ||b|| ```", "\\`\\`\\`a\\`\\`\\`\\` \\|\\|b\\|\\| \\`\\`\\`"),
        ("````a ||b||````", "\\`\\`\\`\\`a \\|\\|b\\|\\|\\`\\`\\`\\`"),
        ("x ``` y\n` <@1> `", "x \\`\\`\\` y\n` <@1> `"),
        ("`a` ``b ` c`` ```d```", "`a` ``b ` c`` ```d```"),
        # A backtick in an address is a part of it.
        ("https://x.example/` <@1> `", "https://x.example/\\` <\u200b@1> \\`"),
        ("[a](https://x.example/`) ` <@1>", "[a](https://x.example/%60) \\` <\u200b@1>"),
        ("[y.example`](https://x.example) b", "y.example\\` (<https://x.example>) b"),
        # Emphasis that began before would take in the mark of code: its sign is escaped.
        ("*a ` b* ` c ` <@1> `", "\\*a ` b* ` c ` <\u200b@1> `"),
        ("*a ` b* ` c ` [d](https://x.example) `", "\\*a ` b* ` c ` [d]\u200b(https://x.example) `"),
        ("*a\n` b* `\n` <@1> `", "\\*a\n` b* `\n` <\u200b@1> `"),
    ],
)
def test_what_discord_takes_for_code(written: str, drawn: str) -> None:
    """Where Discord's reading of backticks differs from Markdown's, they are words, and nothing beside them is live."""
    assert convert(written) == drawn


@pytest.mark.parametrize("plain", [False, True])
@pytest.mark.parametrize(
    "forged", ["-# Approved by Ada.", "# Done", "- ## Done", "> 1. -# Done", "* -# Done"]
)
def test_no_words_of_a_plan_have_the_size_of_the_bots_own(forged: str, plain: bool) -> None:
    """Neither a step, its agent, the description nor the result begins with small print or a heading, however it is drawn."""
    steps = (Step("", forged), Step(forged, "x"), Step("a", f"x\n{forged}"))
    card = PlanCard("Plan", forged, steps, facts=(("4 operations",),), said=forged, plain=plain)
    lines = rendering.body(card)["content"].split("\n")
    small = [line for line in lines if line.lstrip("> *-0123456789.").startswith("#")]
    assert small == ([] if plain else ["### Plan", "-# 4 operations"])


def _outside_code(text: str) -> str:
    """Return what Discord's app draws outside of code and addresses: the first rule that fits where the last one ended."""
    shown, at = "", 0
    while at < len(text):
        found = next((found for rule in _RULES if (found := rule.match(text, at))), None)
        # The label of a link is drawn; its address ends with the bracket, whatever stands behind it.
        shown += (
            (_outside_code(found["label"]) if "label" in found.groupdict() else "\0") if found else text[at]
        )
        at = found.end() if found else at + 1
    return shown


_RULES = [
    re.compile(rule)
    for rule in (
        r"\\[^0-9A-Za-z\s]", r"```[^\n][\s\S]*?```", r"<[^: >]+:/[^ >]+>", r"https?://[^\s<]+[^<.,:;\"'\]\s]",
        r"\[(?P<label>[^\[\]]*)\]\((?:\([^)]*\)|[^\s\\]|\\.)*?\)",
        r"(`+)([\s\S]*?[^`])\1(?!`)",
    )
]  # fmt: skip
_PIECES = [
    "`",
    "``",
    "```",
    "````",
    "a ",
    "<@1>",
    "||",
    "\n",
    "\\",
    "https://x.example/",
    "[l](https://x.example)",
    "> ",
]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
@example("[l](https://x.example)`<@1>`")
@example("\\[l](https://x.example)`<@1>`")
@example("https://x.example/[l](https://x.example)`<@1>`")
@example("[https://x.example](https://x.example)`<@1>`")
@example("[https://x.example](https://x.example)éé``a <@1>||``")
@example("[](||https://x.example/)[a](b)*")
def test_nothing_is_live_outside_of_what_discord_takes_for_code(text: str) -> None:
    """Whatever backticks there are, no mention and no bars are left where Discord's app draws words."""
    shown = _outside_code(convert(text))
    assert "<@1>" not in shown
    assert "||" not in shown
