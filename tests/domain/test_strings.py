"""Sentences that depend on what somebody else sent."""

import pytest

from aion_bot.domain import strings
from aion_bot.ports.secrets import KNOWN


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "Wait a little."),
        (-1.0, "Wait a little."),
        (float("nan"), "Wait a little."),
        (1.0, "Wait 1 second."),
        (1.6, "Wait 2 seconds."),
        (3_600.0, "Wait an hour or longer."),
        (1e308, "Wait an hour or longer."),
        (float("inf"), "Wait an hour or longer."),
    ],
)
def test_a_pause_is_told_in_few_words(seconds: float | None, said: str) -> None:
    """Whatever number a header names, the sentence is short, and there is one."""
    assert (
        strings.trouble("RATE_LIMIT", seconds)
        == f"Aion takes no more questions right now. {said} Then press Retry."
    )


@pytest.mark.parametrize("kind", sorted(strings.ASKING_AGAIN_HELPS))
def test_a_card_has_no_retry_button(kind: str) -> None:
    """What failed when a plan was decided names the buttons that are there."""
    assert "Retry" in strings.trouble(kind)
    assert "Retry" not in strings.trouble(kind, retry=False)


@pytest.mark.parametrize(
    "words", ["`a` ``` b", "a\nb\u202e c", "x" * 500, "", "``", "sk_secret_0123456789abcdefghij"]
)
def test_words_of_others_are_code_in_one_line(words: str) -> None:
    """No sign in them ends it, nothing in it is hidden, and no part of a secret is left."""
    KNOWN.know(["sk_secret_0123456789abcdefghij"])
    try:
        shown = strings.code(words, 20)
    finally:
        KNOWN.forget("sk_secret_0123456789abcdefghij")
    inside = shown[1:-1]
    assert shown == f"`{inside}`"
    assert 0 < len(inside) <= 20
    assert "`" not in inside
    assert "\n" not in inside
    assert inside.isprintable()
    assert "sk_secret" not in inside


def test_one_attempt_that_a_card_leaves_out_is_one() -> None:
    """As a card does of five."""
    assert [strings.attempts_between(count)[0] for count in (1, 2)] == [
        "… 1 more attempt like these …",
        "… 2 more attempts like these …",
    ]
