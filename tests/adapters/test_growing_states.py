"""Every state of an answer that grows, as both platforms draw it: no sign that is not there in the end."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.discord.markdown import convert
from adapters.slack.markdown import in_markdown_block
from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.demo.page import markdown as drawn
from aion_bot.ports.messages import Reply
from aion_bot.rendering.answer import AnswerView
from tests.support.plain_adapter import PlainAdapter

SAMPLES = {
    path.stem: path.read_text("utf-8")
    for path in (Path(__file__).parents[1] / "samples/markdown").glob("*.md")
}
CODE = re.compile(r"<pre.*?</pre>|<code.*?</code>", re.DOTALL)
SIGN = re.compile(r"[*_~`\[<&|\\]|\]\(|\$\$|!--")

CONSTRUCTS = {
    "arguments": "Use *args and **kwargs in it. Then more.\n\nNext.",
    "patterns": "Files *.png, *.jpg and **/*.py and src/*.c here.",
    "calculations": "It is 2**10 and 3 * 4 * 5 and a*b*c, x*y or a * b.",
    "emphasis inside of words": "un*frigging*believable **m**n**o** and a~~b~~c x.",
    "emphasis in emphasis": "A ***both*** and ***e** f* and ***g* h** end *i **j*** k.",
    "underlines": "_a_ __b__ ___c___ snake_case __init__.py _x __y__ z_ end.",
    "tildes": "~~gone~~ ~one~ a ~ b ~~two words~~ **~~x~~** end ~/home.",
    "code": "`a` ``b ` c`` ```d``` `e` and `__init__` and `*x*` **`k`** end ` alone.",
    "quotes": "> `a b` and **c\n> d** *e f* and [g h](https://x.example/a)\n> > e `f`\n\n>>> g\n\nEnd.",
    "links": '[a b](https://x.example/a_(b)) and [c](<https://x.example/d e>) and [e](https://x.example "title x") [x] [1] [y](z.md).',
    "pictures": "![a roof](https://x.example/i.png) and [![alt](https://x.example/i.png)](https://x.example) Hey! [a](https://x.example)!",
    "addresses": "<https://x.example/a> <mailto:a@b.example> <ada@b.example> https://x.example/a_b_c, http://y.example. a<b.",
    "tags": '<b>a</b> <br/> H<sub>2</sub>O <span class="x">a</span> <a href="https://x.example">b</a> <img src="https://x.example/i.png" alt="a b"> end.',
    "blocks of HTML": '<details open>\n<summary>More **x**</summary>\n\nwords\n\n</details>\n\n<p align="center">\n<i>a</i>\n</p>\n\nEnd.',
    "entities": "a &amp; b &lt;c&gt; &#169; &#x1F600; AT&T &nbsp; R&D; &unknown; end &",
    "a table": "Look:\n\n| a | b |\n|---|:-:|\n| **1** | `2` |\n| [l](https://x.example) | x \\| y |\n\nend",
    "a table without bars at its sides": "Look:\n\na | b\n--- | ---\n1 | 2\n3 | 4\n\nend",
    "tables in others": "- item\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |\n\n> | a | b |\n> |---|---|\n> | 1 | 2 |\n\nend",
    "formulas": "so \\(a_1*b_2\\) and $$x^2$$ and\n\n\\[\n\\frac{a}{b}\n\\]\n\n$$\nE=m*c*d\n$$\n\ncosts $5, $x_1$ end",
    "formulas in items": "1. First:\n   \\[\n   \\frac{a}{b} * c\n   \\]\n2. next\n   $$\n   a*b\n   $$\n- \\[x*y\\] z\n\nend",
    "footnotes": "a[^1] b[^note] c.\n\n[^1]: The *one*.\n[^note]: The other.\n\nend",
    "links by reference": "See [the guide][g] and [site 7][]. Then arr[i][j] more.\n\n[g]: https://x.example/g\n[site 7]: https://x.example/7\n",
    "headings": "# A *b* c\n\n## D ##\n\nE f\n===\n\nG\n---\n\n### `h` **i**\n\n#hash\n\nend",
    "rules": "a\n\n---\n\n***\n\n_ _ _\n\n* * *\n\nend",
    "lists": "- a\n- **b** c\n  - d *e*\n    1. f\n\n* g\n+ h\n\n1) i\n2. j\n- [ ] k\n- [x] l **m**\n\nend",
    "escapes": "\\*a\\* \\_b\\_ \\`c\\` \\[d\\](e) C:\\Users\\ada \\\\ x\\\nline two  \nthree end",
    "fences": "a\n\n```py\nx = '**'\n```\n\n1. b\n   ```sh\n   z\n   ```\n   c\n\n````md\n```\nq\n```\n````\nend",
    "Chinese": "这是**粗体**和*斜体*。见[链接](https://x.example/a)。代码`x_y`和~~删除~~。2*3*4。文**“引号”**字。结束",
    "comments": "a <!-- b --> c\n\n<!-- ```\nd\n``` -->\n\ne\n\n<!-- f\n```\ng\n```\n-->\n\nh\n\n<!--\n\n~~~\ni\n~~~\n\nj -->\n\nk <!-- ```l``` --> m end",
    "markers": "The hose [[img:3f2a91bc|pump.jpg]] is torn, see [[doc:91bc3f2a|report.pdf|p:5]] end [[ref:x]] [[a]] end.",
    "markers in code": "Write `[[img:ab|x.jpg]]` or ``a ` [[doc:c|d]]``.\n\n```md\n[[img:ab|x.jpg]] x\n```\n\n- e\n  ~~~\n  [[link:f|g]]\n  ~~~\n\nend",
    "brackets": "array[0] = list[i][j]; f(x)[y] [see above] [a, b] - [ ] (c) ] [ end.",
    "angle brackets": "List<String> Map<String, List<int>> <your-key> x < y > z <- -> <3 a<b && c>d <T extends U> end.",
}  # fmt: skip


def visible(shown: str) -> str:
    """What a reader sees of drawn HTML outside of code, without blanks."""
    words = html.unescape(re.sub(r"<[^>]*>", "", CODE.sub("", shown)))
    return re.sub(r"[\s\u200b\u2060]+", "", words)


def drawn_twice(pages: list[str]) -> dict[str, str]:
    return {
        "slack": visible("\n".join(drawn.on_slack(in_markdown_block(page), {}) for page in pages)),
        "discord": visible("\n".join(drawn.on_discord(convert(page), {}) for page in pages)),
    }


def states(text: str, step: int) -> Iterator[list[str]]:
    view = AnswerView(PlainAdapter(3_000).page_format)
    for end in (*range(1, len(text), step), len(text)):
        view.fold(ChatToken(ChatTokenType.TOKEN, "", {"accumulated": text[:end]}))
        view.begin()
        yield [one.text for one in view.screen() if isinstance(one, Reply)]
    view.finish()
    yield [one.text for one in view.screen() if isinstance(one, Reply)]


def half_shown(text: str, step: int = 1) -> list[str]:
    """What a state shows from where it is another one than the end, where that has signs."""
    *growing, last = map(drawn_twice, states(text, step))
    wrong = []
    for state in growing:
        for platform, shown in state.items():
            same = next(
                (at for at, sign in enumerate(shown) if last[platform][at : at + 1] != sign), len(shown)
            )
            if SIGN.search(shown, same):
                wrong.append(f"{platform}: {shown[same:][:40]}")
    return wrong


@pytest.mark.parametrize(
    "text", ["A\n\n<!-- ```\ncode\n``` -->\n\nB", "A\n\n<!-- c\n```\ncode\n```\n-->\n\nB"]
)
def test_code_in_a_comment_is_never_shown(text: str) -> None:
    """While a comment grows that holds a fence, what stands before it stays, and nothing of it is shown."""
    for pages in states(text, 1):
        assert "".join("".join(pages).split()) in {"A", "AB"}


@pytest.mark.parametrize("name", CONSTRUCTS)
def test_no_state_of_a_construct_shows_half_of_it(name: str) -> None:
    """At each of its characters no platform shows a mark, a bracket, a bar or a tag that the whole text does not show."""
    assert half_shown(CONSTRUCTS[name]) == []


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", sorted(SAMPLES.keys() - {"references"}))
def test_no_state_of_an_answer_shows_half_a_construct(name: str) -> None:
    """The same holds for answers as models write them, but for a label in brackets that turns out to be a link by reference."""
    assert half_shown(SAMPLES[name][:1_500], 3) == []


@pytest.mark.parametrize("name", sorted(CONSTRUCTS.keys() - {"markers"}))  # these need Aion's data
def test_a_restart_shows_the_same(name: str) -> None:
    """A process that only finds the stored answer shows what one does that saw it grow."""
    text = CONSTRUCTS[name]
    *_, last = states(text, 9)
    view = AnswerView(PlainAdapter(3_000).page_format)
    view.show_stored(text, None)
    view.finish()
    assert [one.text for one in view.screen() if isinstance(one, Reply)] == last
