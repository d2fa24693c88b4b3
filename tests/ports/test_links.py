"""A label that names another address than its target does not hide it, on either platform."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord import rendering as discord
from adapters.discord.markdown import convert
from adapters.slack import markdown
from adapters.slack.markdown import delta, in_markdown_block
from aion_bot.ports.links import names_other, real_address
from aion_bot.ports.messages import Reply
from tests.support.cases import each

EVIL = "https://evil.example/x"

MISLEADING = [
    "paypal.com", "https://paypal.com", "HTTP://PayPal.COM/login", "www.paypal.com", "paypal.com.", "paypal.com:8443",
    "Log in at paypal.com now", "user@paypal.com", "paypal.com@evil.example", "@ada", "ada@evil.example",
    "p\u0430ypal.com", "\uff50aypal\uff0ecom", "paypal\u3002com", "paypal\u2024com", "pay\u200bpal.com", "pay\u00adpal.com",
    "paypal\u22c5com", "paypal\u06d4com", "paypal\u0387com", "paypal\uff65com", "paypal\u0660com",
    "xn--pypal-4ve.com", "\u043f\u0440\u0438\u043c\u0435\u0440.\u0440\u0444", "pay**pal**.com", "paypal\\.com", "paypal&#46;com",
    "`paypal.com`", "paypal.com.pdf", "paypal.zip", "127.0.0.1", "http://3232235777", "http://intranet", "localhost",
    "evil.example:8443", "evil.example.paypal.com",
    "paypal.com/evil.example", "paypal.com?evil.example", "![paypal.com](https://i.example)",
]  # fmt: skip
HONEST = [
    "the report", "site7.pdf", "evil.example", "EVIL.example.", "https://evil.example/x/", "evil.example/x", "e.g. this",
    "evil.example/another-page", "https://evil.example/y", "v1.2", "3.14", "Roofs: 12", "www.evil.example", "evil.example:443", "IMG_2041.jpg", "a / b",
]  # fmt: skip


@each("label", MISLEADING)
def test_a_label_that_names_another_address_shows_the_real_one(label: str) -> None:
    """Look-alikes, user@host, ports, dots, punycode, mentions: both platforms show where such a link leads."""
    text = f"See [{label}]({EVIL}) here"
    assert f"](<{EVIL}" not in text
    for shown in (convert(text), in_markdown_block(text)):
        assert f"(<{EVIL}>)" in shown
        assert f"]({EVIL}" not in shown


@each("label", HONEST)
def test_other_labels_stay(label: str) -> None:
    """Ordinary words, names of files and the target's own address are labels as before."""
    text = f"See [{label}]({EVIL}) here"
    assert in_markdown_block(text) == text
    assert not names_other(label, EVIL)


@pytest.mark.parametrize(
    ("target", "shown"),
    [
        ("https://paypal.com@evil.example/", "https://paypal.com@evil.example/"),
        ("https://p\u0430ypal.com/", "https://xn--pypal-4ve.com/"),
        ("<https://evil.example/x>", EVIL),
        ('https://evil.example/x "title"', EVIL),
        (r"https://evil\.example/x", EVIL),
    ],
)
def test_the_real_address_is_what_a_browser_opens(target: str, shown: str) -> None:
    """A name before the host, letters that look like others, titles and escapes do not change what is shown."""
    for drawn in (convert(f"[paypal.com]({target})"), in_markdown_block(f"[paypal.com]({target})")):
        assert f"<{shown}>" in drawn


def test_a_target_with_a_user_is_shown_whatever_the_label() -> None:
    """`https://bank.example@evil.example/` leads to the second host."""
    assert names_other("here", "https://bank.example@evil.example/")
    assert real_address("javascript:alert(1)") == "javascript:alert(1)"


HIDDEN = {
    "label over two lines": f"[paypal.com\n]({EVIL})",
    "label in a quote": f"> [paypal.com\n> ]({EVIL})",
    "label into code": f"[paypal.com `b]({EVIL})` c",
    "label into a fence": f"[paypal.com\n```\n]({EVIL})\n```",
    "nested brackets": f"[[[[paypal.com]]]]({EVIL}",
    "blanks": f"[paypal.com]( {EVIL} x y )",
}


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_no_link_here_is_none_there(name: str) -> None:
    """A platform may read links otherwise than our parser: what that does not know as one cannot be one."""
    for shown in (convert(HIDDEN[name]), in_markdown_block(HIDDEN[name])):
        assert "](" not in shown
        assert EVIL in shown


@pytest.mark.parametrize(
    "text",
    [
        f"[paypal.com][1]\n\n[1]: {EVIL}",
        f"[paypal.com]\n\n[paypal.com]: {EVIL}",
        f"[paypal.com][a b]\n\n[a\nb]: <{EVIL}>",
        f"<{EVIL}|paypal.com>",
        f"<{EVIL}|pay pal>",
    ],
)
def test_other_ways_to_hide_an_address_are_text_on_slack(text: str) -> None:
    """Definitions of references and Slack's own links are shown as they are written."""
    shown = in_markdown_block(text)
    assert shown.replace(markdown.JOINER, "") == text
    assert "]:" not in shown
    assert "<a" not in shown
    assert "<https" not in shown or "|" not in shown


def test_automatic_links_and_code_stay() -> None:
    """An address in angle brackets shows itself, and code is not touched."""
    text = f"<{EVIL}> `x[0]: int` `[a](b)`\n\n```python\nx[0]: int = y[1](z)\n<a>\n```"
    assert in_markdown_block(text) == text
    assert convert(f"<{EVIL}> `[a.bc](b)`") == f"<{EVIL}> `[a.bc](b)`"


def test_a_small_line_on_discord_is_no_link() -> None:
    """A status line and an agent's name come from the model as well."""
    shown = discord.body(Reply("", f"[paypal.com]({EVIL})"))["content"]
    assert shown == f"-# \\[paypal.com]({EVIL})"


LIVE = f"Look: ![roof]({EVIL}) [here]({EVIL}), {EVIL} and www.site.example or <{EVIL}>, [a][1]\n\n[1]: {EVIL}\nEnd."


def test_nothing_in_a_growing_stream_is_live() -> None:
    """However a text is cut, no piece of a stream has a link, picture or address; the pieces only add to each other."""
    shown, before = "", None
    for end in range(1, len(LIVE) + 1):
        reply = Reply(LIVE[:end])
        piece = delta(before, reply, last=False)
        assert piece is not None
        shown, before = shown + piece, reply
        for live in ("://", "](", "]:", "site.example", "<h"):
            assert live not in shown
    assert shown.replace(markdown.JOINER, "") in LIVE


def test_links_are_shown_once_the_text_is_final() -> None:
    """A stream does not end by appending a link, for which there is no switch against previews: an edit shows it."""
    assert delta(Reply("Look: "), Reply(f"Look: {EVIL}"), last=True) is None
    assert in_markdown_block(f"Look: [here]({EVIL})") == f"Look: [here]({EVIL})"
    assert (
        delta(Reply("Look at "), Reply("Look at IMG_1.jpg, e.g. now."), last=True) == "IMG_1.jpg, e.g. now."
    )


@given(st.text(alphabet="ab.:/]([)< \n@h1", max_size=80), st.integers(0, 80))
def test_a_stream_only_grows(text: str, cut: int) -> None:
    """What is shown of a beginning is the beginning of what is shown of more, whatever the text."""
    assert delta(Reply(text[:cut]), Reply(text), last=False) is not None
