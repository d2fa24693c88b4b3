"""Each construct of Markdown as the two platforms get it: what they draw stays, what they do not draw is rewritten."""

import re

import pytest

from adapters.discord.markdown import convert
from adapters.slack.markdown import in_markdown_block
from aion_bot.demo.page import markdown as drawn
from tests.support.cases import each

SAME = None
"""Slack draws it itself."""

CONSTRUCTS: dict[str, tuple[str, str, str | None]] = {
    # Literal signs
    "a run of underlines": ("so _____ is", r"so \_\_\_\_\_ is", SAME),
    "an index behind a bracket": ("(AB)_{ij} and (CD)_{kl}", r"(AB)\_{ij} and (CD)\_{kl}", r"(AB)\_{ij} and (CD)\_{kl}"),
    "a file of Python": ("see __init__.py", r"see \_\_init\_\_.py", r"see \_\_init\_\_.py"),
    "an archive's folder": ("__MACOSX__.zip", r"\_\_MACOSX\_\_.zip", r"\_\_MACOSX\_\_.zip"),
    "a path": ("src/_old_/x.py", r"src/\_old\_/x.py", r"src/\_old\_/x.py"),
    "a call": ("__call__(x)", r"\_\_call\_\_(x)", r"\_\_call\_\_(x)"),
    "a photo's name": ("pole__north__1.jpg", r"pole\_\_north\_\_1.jpg", SAME),
    "a name with an end": ("snake_case_ and more_", r"snake_case\_ and more\_", SAME),
    "a name in one word": ("snake_case_name", "snake_case_name", SAME),
    "powers": ("2**10 and 2**20", r"2\*\*10 and 2\*\*20", r"2\*\*10 and 2\*\*20"),
    "a formula without other signs": ("E is $$x^2$$ here", "E is `x^2` here", "E is `x^2` here"),
    "products in two paragraphs": ("3*x rows.\n\n4*y rows.", "3\\*x rows.\n\n4\\*y rows.", SAME),
    "an open mark in each item": ("- *one\n- two*", "- \\*one\n- two\\*", SAME),
    "one power": ("2**10", "2**10", SAME),
    "a product": ("3*4*5", r"3\*4\*5", r"3\*4\*5"),
    "stars between blanks": ("2 * 3 * 4", "2 * 3 * 4", SAME),
    "arguments": ("*args and **kwargs", r"\*args and \*\*kwargs", SAME),
    "patterns": ("*.jpg, *.png", r"\*.jpg, \*.png", SAME),
    "patterns in folders": ("**/*.py, src/*.c, a/**/*.h", r"\*\*/\*.py, src/\*.c, a/\*\*/\*.h", r"\*\*/\*.py, src/\*.c, a/\*\*/*.h"),
    "tildes": ("a ~~ b ~~ c", r"a \~\~ b \~\~ c", SAME),
    "double bars": ("a || b", r"a \|\| b", SAME),
    "a path of Windows": (r"C:\Users\ada", r"C:\Users\ada", SAME),
    "escapes": (r"\*not\* \_it\_", r"\*not\* \_it\_", SAME),
    # Emphasis
    "emphasis": ("*a* **b** ***c*** ~~d~~", "*a* **b** ***c*** ~~d~~", SAME),
    "emphasis by underlines": ("_a_ __b__", "*a* **b**", SAME),
    "emphasis of Chinese": ("文**粗**字", "文**粗**字", SAME),
    "emphasis over lines": ("**one\ntwo**", "**one\ntwo**", SAME),
    "emphasis in emphasis": ("*a *b* c*", "*a b c*", SAME),
    # Blocks
    "a small heading": ("#### Small", "**Small**", SAME),
    "a small heading behind an item": ("- one\n#### Small\n*more*", "- one\n\n**Small**\n*more*", SAME),
    "a heading in an item behind its code": ("-\n      code\n\n    # head", "-\n```\ncode\n```\n\n# head", SAME),
    "a hard line end behind a quote": ("> quote\n\nfoo\\\n     bar", "> quote\n\nfoo\\\n     bar", SAME),
    "a rule above an item without words": ("Foo\n---\n-\n  foo", "Foo\n────────────\n\n-\n  foo", SAME),
    "a small heading with signs": ("##### __init__.py **b**", r"**\_\_init\_\_.py b**", r"##### \_\_init\_\_.py **b**"),
    "a small heading with code": ("#### `**kwargs` of it", "`**kwargs` of it", SAME),
    "a closed heading": ("## Two ##", "## Two", SAME),
    "an underlined title": ("Title\n===\nwords", "# Title\nwords", SAME),
    "an underlined title in a quote": ("> Title\n> ---", "> ## Title", SAME),
    "rules": ("a\n\n***\n\n_ _ _", "a\n\n────────────\n\n────────────", SAME),
    "tasks": ("- [ ] a\n- [x] b\n  1. [X] c", "- ☐ a\n- ☑ b\n  1. ☑ c", SAME),
    "no task": ("[ ] a\n\n- b\n\n  [x] c", "[ ] a\n\n- b\n\n  [x] c", SAME),
    "other bullets": ("+ a\n+ b\n\n1) c\n2) d", "- a\n- b\n\n1. c\n2. d", SAME),
    "nested items": ("- a\n  - b\n    1. c", "- a\n  - b\n    1. c", SAME),
    "a quote with a lazy line": ("> a\nb", "> a\n> b", SAME),
    "a quote in a quote": ("> a\n> > b\n>\n> c", "> a\n> b\n> \n> c", SAME),
    "a quote of three marks": (">>> a\nb\n\nc", "> a\n> b\n\nc", SAME),
    "a list in a quote": ("> - a\n>   - b", "> - a\n>   - b", SAME),
    "code by tildes": ("~~~py\nx\n~~~", "```py\nx\n```", SAME),
    "code and a title behind blanks": ("  ```\n   x\n  ```\n\n  Two\n  ===", "```\n x\n```\n\n# Two", SAME),
    "code by indentation": ("a\n\n    __x__", "a\n\n```\n__x__\n```", SAME),
    "words behind code in an item": ("2. a\n\n   ```\n   x\n   ```\n\n    b", "2. a\n\n```\nx\n```\n\nb", SAME),
    "code in an item": ("- ```\n  __x__\n  ```\n- b", "-\n```\n__x__\n```\n- b", SAME),
    # Tables
    "signs in cells": (
        "| a | b |\n|---|---|\n| 2**10 | __init__.py |",
        "```\na      b\n─────  ───────────\n2**10  __init__.py\n```",
        "| a | b |\n|---|---|\n| 2**10 | \\_\\_init\\_\\_.py |",
    ),
    "marks in cells": ("| a |\n|---|\n| **b** `c` _d_ |", "```\na\n─────\nb c d\n```", SAME),
    "a bar in a cell": ("| a |\n|---|\n| b \\| c |", "```\na\n─────\nb | c\n```", SAME),
    "a line end in a cell": ("| a |\n|---|\n| b<br>c |", "```\na\n───\nb c\n```", "| a |\n|---|\n| b c |"),
    "code in a cell": ("| a |\n|---|\n| ```b``` |", "```\na\n─\nb\n```", SAME),
    "a wide table": (
        f"| Site | Name |\n|---|---|\n| __a__.b | {'x' * 40} |",
        f"**\\_\\_a\\_\\_.b**\n- Name: {'x' * 40}",
        f"| Site | Name |\n|---|---|\n| \\_\\_a\\_\\_.b | {'x' * 40} |",
    ),
    "powers in code of a wide table": (
        f"| Call | Name |\n|---|---|\n| `f(**k)` | {'x' * 40} |",
        f"`f(**k)`\n- Name: {'x' * 40}",
        SAME,
    ),
    "a path in a cell": ("| a |\n|---|\n| C:\\Users\\ada |", "```\na\n────────────\nC:\\Users\\ada\n```", SAME),
    "a table in a quote": ("> | a |\n> |---|\n> | b |", "> ```\n> a\n> ─\n> b\n> ```", SAME),
    # HTML and entities
    "entities": ("a &amp; b &lt;c&gt; &copy; &#42;d&#42;", "a & b <c> © \\*d\\*", SAME),
    "an entity in code": ("`&amp;`", "`&amp;`", SAME),
    "line ends of HTML": ("a<br>b<br/>c", "a\nb\nc", "a\nb\nc"),
    "line ends of HTML in an item": ("- a<br>b", "- a\n  b", "- a\nb"),
    "emphasis of HTML": ("<b>a</b> <em>b</em> <del>c</del>", "**a** *b* ~~c~~", "**a** *b* ~~c~~"),
    "an open tag": ("<b>a", "a", "a"),
    "keys": ("<kbd>Ctrl</kbd>+<kbd>C</kbd>", "`Ctrl`+`C`", "`Ctrl`+`C`"),
    "small digits": ("H<sub>2</sub>O, m<sup>2</sup>, x<sup>ab</sup>", "H₂O, m², x^ab", "H₂O, m², x^ab"),
    "a folded text": ("<details><summary>More</summary>\n\nwords\n</details>", "More\n\nwords", "More\n\nwords\n"),
    "a comment": ("a <!-- b --> c", "a <!-- b --> c", "a <\u2060!-- b --> c"),
    "a tag with more": ('<b title="x">a</b> <span style="color:red">b</span>', "**a** b", "**a** b"),
    "an open tag with more": ('<b title="x">a', "a", "a"),
    "a link of HTML": ('<a href="https://x.example/a(b)">the *report*</a>', "[the report](https://x.example/a%28b%29)", "[the report](https://x.example/a%28b%29)"),
    "a link of HTML that misleads": ("<a href='https://evil.example'>paypal.com</a>", "paypal.com (<https://evil.example>)", "paypal.com (<https://evil.example>)"),
    "a link of HTML that runs": ('<a href="javascript:alert(1)">a</a> <a href=/b>b</a>', "a b", "a b"),
    "a picture of HTML": ('<img src="https://x.example/i.png" alt="a roof" width=3>', "[a roof](https://x.example/i.png)", "[a roof](https://x.example/i.png)"),
    "a picture of HTML in a link": ('<a href="https://x.example"><img alt="a roof" src="/i.png"/></a>', "[a roof](https://x.example)", "[a roof](https://x.example)"),
    "a picture of HTML without an address": ('<img src="i.png" alt="a *roof* @here">', "a \\*roof\\* @\u200bhere", "a \\*roof\\* @\u2060here"),
    "a folded text with more": ('<details open><summary class="s">More</summary>\n\nwords\n</details>', "More\n\nwords", "More\n\nwords\n"),
    "elements in elements": ('<p align="center"><a href="https://x.example">a<wbr>b</a></p>', "[ab](https://x.example)", "[ab](https://x.example)"),
    "an unknown element": ('<widget id="3">a</widget> <item id="5">', 'a <item id="5">', 'a <\u2060item id="5">'),
    "a link of HTML in a cell": ('| a |\n|---|\n| <a href="https://x.example">b</a> |', "[b](https://x.example)", "| a |\n|---|\n| [b](https://x.example) |"),
    "characters that turn text around": ("a&#8238;b&#10;c&nbsp;d", "a&#8238;b&#10;c d", SAME),
    "words in angle brackets": ("set <name> to List<String>", "set <name> to List<String>", "set <\u2060name> to List<\u2060String>"),
    # Links and addresses
    "a picture": ("![a roof](https://x.example/i.png)", "[a roof](https://x.example/i.png)", "[a roof](https://x.example/i.png)"),
    "a place in the text": ("[usage](#usage)", "usage", SAME),
    "a file beside it": ("[guide](docs/guide.md)", "guide (docs/guide.md)", SAME),
    "a mail address": ("<mailto:a_b@c.example>", r"a\_b@c.example", SAME),
    "bars in addresses": ("https://x.example/a||b [l](https://x.example/a||b)", "https://x.example/a%7C%7Cb [l](https://x.example/a%7C%7Cb)", SAME),
    "signs in an address": ("https://x.example/_a_/b*c*d", "https://x.example/_a_/b*c*d", SAME),
    "an address beside Chinese": ("见https://x.example/a。好", "见<https://x.example/a>。好", "见<https://x.example/a>。好"),
    "code behind a link of Chinese": ("见[文](https://x.example/a)和`x_y`", "见[文](https://x.example/a)和`x_y`", SAME),
    "code behind an address": ("https://x.example/a`b`", r"https://x.example/a\`b\`", SAME),
    "an address in wide brackets": ("\uff08https://x.example/a\uff09", "\uff08<https://x.example/a>\uff09", "\uff08<https://x.example/a>\uff09"),
    "an address in bold": ("**https://x.example/a**", "**https://x.example/a**", "**<https://x.example/a>**"),
    "an address in brackets": ("(https://x.example/a_(b)).", "(https://x.example/a_(b)).", SAME),
    "Chinese behind an address in brackets": ("见 (https://x.example/a)。好", "见 (<https://x.example/a>)。好", SAME),
    "a sign behind an address": ("a https://x.example/a* b", r"a <https://x.example/a>\* b", "a <https://x.example/a>* b"),
    "a line end in bold": ("**Note: <br>** more", "**Note:** \n more", "**Note:** \n more"),
    "a blank behind a tag in bold": ("a **<u> b</u>**", "a  **b**", "a  **b**"),
    "tags alone in bold": ("a **<br>** b", "a \n b", "a \n b"),
    # Others
    "footnotes": ("a[^1] b[^n]\n\n[^1]: c", "a¹ b[n]\n\n¹ c", "a¹ b[n]\n\n¹ c"),
    "a formula": (r"\(a_1*b_2\) and $$\sum_{i}^n$$", r"`a_1*b_2` and `\sum_{i}^n`", r"`a_1*b_2` and `\sum_{i}^n`"),
    "a formula of its own": ("\\[\n\\frac{a}{b}\n\\]", "```\n\\frac{a}{b}\n```", SAME),
    "a formula of two lines in words": ("so $$a_1\n= b$$ is", "so `a_1 = b` is", SAME),
    "a formula without an end": ("$$\na_1", "$$\na_1", SAME),
    "escaped brackets": (r"\[a\] and \(b\)", r"\[a\] and \(b\)", SAME),
    "a hard line end": ("a\\\nb", "a\nb", SAME),
}  # fmt: skip
"""A construct: how a model writes it, what Discord gets, and what Slack's `markdown` block gets."""


@each("name", CONSTRUCTS)
def test_on_discord(name: str) -> None:
    """Discord gets its own dialect: only what is emphasis in Markdown is emphasis there."""
    written, expected, _ = CONSTRUCTS[name]
    assert convert(written) == expected


@each("name", CONSTRUCTS)
def test_on_slack(name: str) -> None:
    """Slack's `markdown` block gets standard Markdown."""
    written, _, expected = CONSTRUCTS[name]
    assert in_markdown_block(written) == (written if expected is SAME else expected)


COPIED = [
    "`<!DOCTYPE html>`", "`<# help #>`", "`npm i @here/maps`", "```ps1\n<# .SYNOPSIS #>\n<!-- c -->\n@here\n```", "    <!DOCTYPE>\n",
    "https://x.example/@here/maps", "[a](https://x.example/@channel)", "`List<@NonNull T>`", "- ```\n  <!doctype html>\n  ```",
]  # fmt: skip


@pytest.mark.parametrize("text", COPIED)
def test_what_people_copy_is_whole_on_slack(text: str) -> None:
    """Code and addresses that Slack reads no entity in have no character that nobody sees."""
    assert in_markdown_block(text) == text


@each("entity", ["<!channel>", "<!here|x>", "<@U024ADA00>", "<#C024ABC>", "<!subteam^S1>", "<!date^1^x|y>"])
@each("around", ["`{}`", "```\n{}\n```", "    {}"])
def test_entities_in_code_are_parted_on_slack(entity: str, around: str) -> None:
    """What Slack would really read as an entity is none, in code as well."""
    assert in_markdown_block(around.format(entity)) == around.format(f"<\u2060{entity[1:]}")
    assert in_markdown_block(around.format(f"&lt;{entity[1:]}")) == around.format(f"&lt;\u2060{entity[1:]}")


@each("mark", ["-", "*", "1.", "3)"])
@each("words", ["", "words\n"])
@each("fence", ["```py\nx\n```", "~~~\nx\n~~~", "```\nx"])
def test_code_of_an_item_ends_with_it_on_discord(mark: str, words: str, fence: str) -> None:
    """As Discord draws it, code in a list item is all of that code, and what follows is none."""
    item = f"{words}{fence}".replace("\n", f"\n{' ' * len(mark)} ")
    text = f"{mark} {item}\n{mark} **next**\n\nafter"
    shown = drawn.on_discord(convert(text), {})
    assert re.findall(r"<code[^>]*>(.*?)</code>", shown, re.DOTALL) == ["x\n"]
    assert "<strong>next</strong>" in shown


def test_an_entity_written_as_characters_in_an_address_is_parted_on_slack() -> None:
    """Character references may become an entity before Slack looks for mentions, in an address as well."""
    assert in_markdown_block("https://x.example/a)&lt;!here&gt;") == "https://x.example/a)&lt;\u2060!here&gt;"


def test_a_name_of_everybody_glued_to_an_address_is_parted_on_slack() -> None:
    """Without the address, which Slack may cut off as a link, the name would be one of everybody."""
    assert in_markdown_block("@everyonehttps://x.example/a") == "@\u2060everyonehttps://x.example/a"
