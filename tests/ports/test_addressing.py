"""Who is spoken to, and which mentions stand in code."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.ports.addressing import Address, masked, may_be_for_bot

MENTION = re.compile("<@[0-9]+>")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        # Whoever speaks to the bot may name others, or say nothing: then there is a hint.
        (Address(bot=True), True),
        (Address(bot=True, others=True), True),
        (Address(bot=True, words=False), True),
        (Address(bot=True, others=True, in_thread=True, words=False), True),
        # In a thread people may go on without a mention.
        (Address(bot=False, in_thread=True), True),
        (Address(bot=False, in_thread=True, others=True), False),
        (Address(bot=False, in_thread=True, words=False), False),
        (Address(bot=False, in_thread=True, others=True, words=False), False),
        # Elsewhere everything without a mention is theirs.
        (Address(bot=False), False),
        (Address(bot=False, others=True), False),
        (Address(bot=False, words=False), False),
    ],
)
def test_who_is_spoken_to(address: Address, *, expected: bool) -> None:
    """Without a mention the bot is spoken to in a thread only, by words that name nobody else."""
    assert may_be_for_bot(address) is expected


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("<@1> what?", ["<@1>"]),
        ("`<@1>` what?", []),
        ("`<@1>` and <@1>", ["<@1>"]),
        ("```\n<@1>\n\n```", []),
        ("```<@1> a\nb``` <@2>", ["<@2>"]),
        ("``a ` <@1>`` <@2>", ["<@2>"]),
        ("`<@1>", ["<@1>"]),
        ("``<@1>`", ["<@1>"]),
        ("\\`<@1>`", ["<@1>"]),
        ("5` <@1>", ["<@1>"]),
        ("    <@1>", ["<@1>"]),
        ("> `<@1>`\n> <@2>", ["<@2>"]),
        ("\U000f0000 `<@1>` \U000f0001<@2>", ["<@2>"]),
        ("", []),
    ],
)
def test_mentions_in_code(text: str, outside: list[str]) -> None:
    """What stands between backticks is no mention; every text can be put back as it was."""
    code = masked(text, MENTION)
    assert MENTION.findall(code.text) == outside
    assert code.restored(code.text) == text


@given(st.text("`<@1>\\\n a\U000f0000\U000f0001", max_size=60))
def test_masking_loses_nothing(text: str) -> None:
    """Whatever a text says, putting the mentions back makes it what it was."""
    code = masked(text, MENTION)
    assert code.restored(code.text) == text
