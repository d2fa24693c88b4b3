"""What an answer reserves where its growing message is about to be full."""

import pytest

from aion_bot.delivery.steps import Edit, Post
from aion_bot.delivery.strategy import NEARLY_FULL, foresee_page
from aion_bot.ports.messages import MessageRef, Reply, ThreadKey
from aion_bot.ports.rate_limits import Budget, Operation, Scope
from aion_bot.ratelimit.fair_share import AnswerShare, SharedLimit, SharedLimits
from aion_bot.ratelimit.lengths import AnswerLengths
from aion_bot.ratelimit.outlook import Outlook
from aion_bot.ratelimit.sliding_window import SlidingWindow

KEY = ThreadKey("x", "t")
PAGE = 1_000
FULL, SHORT = int(PAGE * NEARLY_FULL) + 1, int(PAGE * NEARLY_FULL)


def limit(name: str, *, reserved: bool = True) -> SharedLimit:
    budget = Budget(name, 5, 5.0, Scope.CHANNEL, reserved=reserved)
    return SharedLimit((budget, ""), SlidingWindow(budget, 0.0), Outlook(AnswerLengths(), 5.0))


def foresee(share: AnswerShare, posts: SharedLimits, characters: int) -> None:
    step = Edit(0, MessageRef(KEY, "m"), Reply("x" * characters))
    foresee_page(share, step, PAGE, lambda operation: posts if operation is Operation.POST else ())


def test_a_message_that_is_nearly_full_reserves_the_next_post() -> None:
    """A further place where posts and edits share a limit, until the next message begins; held twice it counts once."""
    messages, bot, share = limit("messages"), limit("bot", reserved=False), AnswerShare(0.0)
    share.hold((messages, bot), (messages, bot))
    for characters, reserved in ((SHORT, 1), (FULL, 2), (FULL, 2), (10, 1), (FULL, 2)):
        foresee(share, (messages, bot), characters)
        assert (messages.reserved, bot.reserved, messages.answers) == (reserved, 0, 1)
    foresee_page(share, Post(1, Reply("next"), 0), PAGE, lambda _: (messages, bot))
    assert messages.reserved == 1
    share.hold((), ())
    assert (messages.reserved, messages.answers) == (0, 0)


def test_posts_with_a_limit_of_their_own_reserve_nothing() -> None:
    """As on Slack, where a post does not take an edit away."""
    edits, share = limit("edits"), AnswerShare(0.0)
    share.hold((edits,), (edits,))
    foresee(share, (limit("posts"),), FULL)
    assert edits.reserved == 1


@pytest.mark.parametrize("streams", [True, False])
def test_what_ends_otherwise_stays_as_it_is(*, streams: bool) -> None:
    """An answer that is ended by another operation, or holds nothing, reserves nothing by an edit."""
    edits, stops, share = limit("edits"), limit("stops"), AnswerShare(0.0)
    if streams:
        share.hold((stops,), (edits,))
    foresee(share, (edits,), FULL)
    assert (edits.reserved, stops.reserved) == (0, int(streams))
