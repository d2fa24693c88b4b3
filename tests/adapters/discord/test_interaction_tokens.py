"""Tokens for private answers."""

from time import time

from adapters.discord.interaction_tokens import LIFETIME, InteractionTokens
from aion_bot.ports.secrets import KNOWN


class Clock:
    """Seconds that a test lets pass."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_reply_is_found_while_its_token_lives() -> None:
    """A token is kept for fifteen minutes."""
    clock = Clock()
    replies = InteractionTokens(clock)
    replies.keep(1, 2, "token")
    clock.now = LIFETIME - 1
    found = replies.find("1")
    assert found is not None
    assert (found.application, found.token) == (2, "token")
    clock.now = LIFETIME
    assert replies.find("1") is None


def test_the_oldest_makes_room() -> None:
    """The table does not grow without end."""
    replies = InteractionTokens(Clock(), capacity=2)
    for interaction in (1, 2, 3):
        replies.keep(interaction, 0, f"token-{interaction}")
    assert [replies.find(str(number)) is not None for number in (1, 2, 3)] == [False, True, True]


def test_no_token_is_shown() -> None:
    """A kept reply hides its token when printed."""
    replies = InteractionTokens(Clock())
    replies.keep(1, 2, "secret-token")
    assert "secret-token" not in repr(replies.find("1"))
    assert replies.find("") is None


def test_a_token_of_an_earlier_process_is_a_secret() -> None:
    """A token that comes back from the database is struck from logs, as one that this process was given."""
    token = "a-token-that-was-stored"
    text = f"POST /webhooks/42/{token}"
    assert KNOWN.strike(text) == text
    found = InteractionTokens(Clock()).find(f"7:42:{int(time()) + 60}:{token}")
    try:
        assert found is not None
        assert found.token == token
        assert token not in KNOWN.strike(text)
    finally:
        KNOWN.forget(token)
