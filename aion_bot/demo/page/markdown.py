"""Markdown as the two platforms render it. No I/O.

Slack's `markdown` block takes standard Markdown. Discord has small text (`-#`) and underlines with `__`, keeps line
breaks, and renders neither tables nor rules. Neither accepts HTML, and a picture becomes a link: the page loads nothing.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from aion_bot.demo.page.elements import Html, element

Names = Mapping[str, str]
"""The names that people read instead of ids."""

_ADDRESS = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
_MENTION = re.compile(
    r"<(?P<sign>@[&!]?|#|!)(?P<id>[\w^]+)(?:\|(?P<label>[^<>|]*))?>|@(?P<all>everyone|here|channel)\b"
    r"|<t:(?P<moment>\d{1,11})(?::\w)?>"
)


def is_address(url: str) -> bool:
    """Whether a link may lead there: the web and mail, nothing that acts on this page."""
    return _ADDRESS.match(url) is not None


def mention(sign: str, target: str, label: str | None, names: Names) -> Html:
    """Somebody or some channel that is named."""
    name = label or names.get(target, target)
    return element("span", f"{'#' if sign == '#' else '@'}{name.lstrip('@#')}", class_="mention")


def moment(seconds: str) -> Html:
    """A time of the epoch, 11 digits at most, as both platforms show it in the reader's own time zone."""
    when = datetime.fromtimestamp(int(seconds)).astimezone()
    return element("time", f"{when:%d %b %Y, %H:%M}", datetime=when.isoformat(timespec="seconds"))


def on_slack(words: str, names: Names) -> Html:
    """Draw the text of a `markdown` block."""
    return Html(_SLACK.render(words, {"names": names}))


def on_discord(words: str, names: Names) -> Html:
    """Draw the content of a message."""
    return Html(_DISCORD.render(words, {"names": names}))


class _Renderer(RendererHTML):
    """Renders links that open in a new tab, pictures as links, and mentions by name."""

    def link_open(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        """Open another page, or nothing."""
        if not is_address(str(tokens[idx].attrs.get("href", ""))):
            tokens[idx].attrs.pop("href", None)
        tokens[idx].attrSet("target", "_blank")
        tokens[idx].attrSet("rel", "noopener noreferrer")
        return self.renderToken(tokens, idx, options, env)

    def image(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002  # the library's signature
        """Both platforms show a link in place of a picture in the text."""
        address, label = str(tokens[idx].attrs.get("src", "")), tokens[idx].content
        href = address if is_address(address) else None
        return element("a", label or address, href=href, target="_blank", rel="noopener noreferrer")

    def mention(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:  # noqa: ARG002  # likewise
        """Somebody named, or a time."""
        about = tokens[idx].meta
        if about["moment"]:
            return moment(about["moment"])
        return mention(about["sign"], about["id"], about["label"], env["names"])


def _find_mention(state: StateInline, silent: bool) -> bool:
    found = _MENTION.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        token = state.push("mention", "", 0)
        token.meta = {
            "sign": found["sign"] or "@",
            "id": found["id"] or found["all"],
            "label": found["label"],
            "moment": found["moment"],
        }
    state.pos = found.end()
    return True


def _find_small_print(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    del end
    begin, stop = state.bMarks[start] + state.tShift[start], state.eMarks[start]
    if not state.src.startswith("-# ", begin, stop):
        return False
    if silent:
        return True
    state.line = start + 1
    opening = state.push("paragraph_open", "p", 1)
    opening.attrSet("class", "small-print")
    inline = state.push("inline", "", 0)
    inline.content, inline.map, inline.children = state.src[begin + 3 : stop], [start, state.line], []
    state.push("paragraph_close", "p", -1)
    return True


def _aligned(self: Any, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
    """Express the alignment of a cell as a class: the page's policy allows no inline styles."""
    style = str(tokens[idx].attrs.pop("style", ""))
    if style:
        tokens[idx].attrSet("class", style.removeprefix("text-align:"))
    return str(self.renderToken(tokens, idx, options, env))


def _lowered(self: Any, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
    """Lower a message's headings below those of the page, for screen readers that navigate by heading."""
    tokens[idx].tag = f"h{min(6, int(tokens[idx].tag[1]) + 3)}"
    return str(self.renderToken(tokens, idx, options, env))


def _underline(self: Any, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
    if tokens[idx].markup == "__":
        tokens[idx].tag = "u"
    return str(self.renderToken(tokens, idx, options, env))


def _made(**options: bool) -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, **options}, renderer_cls=_Renderer)
    made.disable(["html_block", "html_inline"]).enable("strikethrough")
    made.inline.ruler.before("autolink", "mention", _find_mention)
    for name in ("heading_open", "heading_close"):
        made.add_render_rule(name, _lowered)
    made.validateLink = is_address  # type: ignore[method-assign]  # the library's way to set it
    return made


def _made_for_discord() -> MarkdownIt:
    made = _made(breaks=True).disable(["code", "hr", "lheading", "reference", "image"])
    ends = ["paragraph", "blockquote", "list"]
    made.block.ruler.before("list", "small_print", _find_small_print, {"alt": ends})
    for name in ("strong_open", "strong_close"):
        made.add_render_rule(name, _underline)
    return made


def _made_for_slack() -> MarkdownIt:
    made = _made().enable("table")
    for name in ("th_open", "td_open"):
        made.add_render_rule(name, _aligned)
    return made


_SLACK = _made_for_slack()
_DISCORD = _made_for_discord()
