"""The model's Markdown as Discord draws it."""

import re
from html.entities import html5

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.discord.inline import LONGEST_LINE, inline, unfenced
from adapters.discord.markdown import convert, is_plain
from aion_bot.ports.markdown import blocks, plain_line_ends

PIECES = st.sampled_from(
    [
        "word", "**bold**", "a || b", "```", "```python", "~~~", "````", "| a | b |", "|---|---|", "| 1 | `x|y` |",
        "- item", "# Big", "#### Small", "---", "[label](https://x.example/a_(b))", "![](https://x.example/i.png)",
        "`code || span`", "> quote", "", "  indented", "    four", "-     five", "- # Big", "    - item", "\t", "1", "[https://x.example](https://x.example)", "\\| |",
    ]
)  # fmt: skip
TEXTS = st.lists(st.one_of(PIECES, st.text(max_size=30)), max_size=14).map("\n".join)


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("plain *words* and **more**", "plain *words* and **more**"),
        ("### Fine as it is", "### Fine as it is"),
        ("#### Too small", "**Too small**"),
        ("###### With **bold** ##", "**With bold**"),
        ("---", "────────────"),
        ("* * *", "────────────"),
        ("- a list", "- a list"),
        ("a || b", r"a \|\| b"),
        ("`a || b` || c", r"`a || b` \|\| c"),
        ("[the roof](https://x.example/1)", "[the roof](https://x.example/1)"),
        ("[https://x.example](https://x.example)", "https://x.example"),
        ("[x.example](https://x.example)", "https://x.example"),
        ("[see https://x.example/1](https://x.example/2)", "[see x.example/1](https://x.example/2)"),
        ("![a roof](https://x.example/i.png)", "[a roof](https://x.example/i.png)"),
        ("![](https://x.example/i.png)", "https://x.example/i.png"),
        ("[quiet](<https://x.example>)", "[quiet](<https://x.example>)"),
        ("[a](https://x.example/a_(b)) c", "[a](https://x.example/a_(b)) c"),
        ("`[a](b)`", "`[a](b)`"),
        ("[not a link] (really)", "[not a link] (really)"),
    ],
)
def test_lines(written: str, drawn: str) -> None:
    """What Discord does not draw is written so that it reads well; the rest stays."""
    assert convert(written) == drawn


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("```python\n#### x\na || b\n```", "```python\n#### x\na || b\n```"),
        ("~~~sql\nselect 1\n~~~\nafter", "```sql\nselect 1\n```\nafter"),
        ("````md\n```\ninner\n```\n````", "```md\n``\u200b`\ninner\n``\u200b`\n```"),
        ("```\nstill growing", "```\nstill growing\n```"),
        ("``` what is this {x}\ncode\n```", "```what\ncode\n```"),
        ("``` {x}\ncode\n```", "```\ncode\n```"),
        ("```\n| a | b |\n|---|---|\n| 1 | 2 |\n```", "```\n| a | b |\n|---|---|\n| 1 | 2 |\n```"),
    ],
)
def test_code_blocks(written: str, drawn: str) -> None:
    """Code stays as it is, in the only kind of block that Discord knows, and is always closed."""
    assert convert(written) == drawn


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("1. ```py\n   x = 1\n   ```\nafter", "1.\n```py\nx = 1\n```\nafter"),
        ("- ```\n  x\nafter", "-\n```\nx\n```\nafter"),
        ("- a\n  ```\n  x\n  ```\n- b", "- a\n```\nx\n```\n- b"),
        ("- a\n\n      x\n- b", "- a\n\n```\nx\n```\n- b"),
        ("> 1. ~~~py\n>    x\n>    ~~~\n> 2. b", "> 1.\n> ```py\n> x\n> ```\n> 2. b"),
        ("- a\n  - ```\n    x\n    ```\n    c", "- a\n  -\n```\nx\n```\nc"),
        ("> ~~~\n> a || b\nafter || all", "> ```\n> a || b\n> ```\nafter \\|\\| all"),
        ("words\n\n    #### x\n    ```\n\nafter", "words\n\n```\n#### x\n``\u200b`\n```\n\nafter"),
        ("> #### Small\n> ---", "> **Small**\n> ────────────"),
        ("words\n    ``` more", "words\n    \\`\\`\\` more"),
        ("Title\n---\nwords", "Title\n────────────\nwords"),
    ],
)
def test_blocks_in_blocks(written: str, drawn: str) -> None:
    """What is code for the model is code on Discord, where it ends, also in lists and quotes."""
    assert convert(written) == drawn


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        (
            "[![a roof](https://x.example/i.png)](https://x.example/1)",
            "[a roof](https://x.example/1)",
        ),
        (r"\[a](https://x.example) || b", r"\[a](https://x.example) \|\| b"),
        (r"\`a || b\`", r"\`a \|\| b\`"),
        ("[a]() b", "[a]() b"),
        ('[a](https://x.example "title")', '[a](https://x.example "title")'),
        ("``[a](b) ` ||`` ||", r"``[a](b) ` ||`` \|\|"),
        ("x" * LONGEST_LINE + "![a](b) ||", "x" * LONGEST_LINE + r"![a](b) \|\|"),
    ],
)
def test_links_and_code_inside_a_line(written: str, drawn: str) -> None:
    """A backslash keeps a mark from being one, code is as long as its marks say, and a very long line keeps its links."""
    assert inline(written) == drawn


def test_text_around_a_table() -> None:
    """A table ends where its rows end."""
    assert (
        convert("before\n| a | b |\n|:--|--:|\n| 1 | 2 |\nafter")
        == "before\n```\na  b\n─  ─\n1  2\n```\nafter"
    )


def test_a_table_that_has_only_begun() -> None:
    """Until its second line arrives, a table is a line like any other."""
    assert convert("| a | b |") == "| a | b |"
    assert convert("| a | b |\n|--") == "| a | b |\n|--"


@given(TEXTS)
def test_nothing_to_rewrite_is_missed(text: str) -> None:
    """What the quick look calls plain has no block that is rewritten."""
    if is_plain(text):
        assert not any(
            block.kind in {"fence", "code", "rule", "table"} for block in blocks(plain_line_ends(text))
        )


@given(TEXTS)
def test_what_is_not_parsed_would_not_be_rewritten(text: str) -> None:
    """Leaving out what is plain between other blocks finds the same blocks to rewrite, on the same lines."""
    text = plain_line_ends(text)
    wanted = [block for block in blocks(text) if block.kind in {"fence", "code", "rule", "table"}]
    found = [
        block for block in blocks(text, is_plain=is_plain) if block.kind in {"fence", "code", "rule", "table"}
    ]
    assert found == wanted


@pytest.mark.slow
@given(TEXTS)
def test_blocks_are_balanced(text: str) -> None:
    """Whatever is written, code blocks open and close in pairs."""
    drawn = convert(text)
    fences = [line for line in drawn.split("\n") if re.match(r"\s*```", line)]
    assert len(fences) % 2 == 0


@example("&LT;")
@given(TEXTS)
def test_no_word_is_lost(text: str) -> None:
    """Every word of the text is shown, but for the language of a block, schemes, and labels said twice."""
    written = re.sub(r"(?m)^\s*(`{3,}|~{3,}).*$|https?://", " ", text)
    written = re.sub(r"&(\w+;)", lambda found: html5.get(found[1], found[0]), written)
    shown = convert(text).replace("https://", "")
    assert set(re.findall(r"[A-Za-z0-9]{2,}", written)) <= set(re.findall(r"[A-Za-z0-9]{2,}", shown))


@given(st.text())
def test_no_fence_is_left(text: str) -> None:
    """Text that must not open a block cannot."""
    assert "```" not in unfenced(text)


def test_inline_leaves_blocks_alone() -> None:
    """Inside a line nothing begins a heading or a table."""
    assert inline("#### not a heading | a || b") == r"#### not a heading | a \|\| b"
