"""What Slack allows, as the core is told."""

from adapters.slack.methods import Method
from adapters.slack.rate_limits import LIMITS
from aion_bot.ports.rate_limits import Call, Per
from aion_bot.simulators.slack.rates import DOCUMENTED, SlackLimits


def test_every_call_is_counted() -> None:
    """Slack counts everything that the core asks of it; opening a thread takes no call."""
    assert set(LIMITS.budgets) == set(Call) - {Call.OPEN}


def test_budgets_are_those_documented() -> None:
    """What a workspace shares has a method's name, and its number is the one that is documented for it."""
    shared = [one for budgets in LIMITS.budgets.values() for one in budgets if one.per is Per.WORKSPACE]
    assert {one.name for one in shared} <= set(Method)
    assert {one.name: (one.calls, one.seconds) for one in shared} == {
        one.name: (DOCUMENTED[one.name], 60.0) for one in shared
    }


def test_posts_are_counted_by_channel_first() -> None:
    """A refusal that names no limit is taken for the most specific: one post a second in a channel."""
    channel, workspace = LIMITS.budgets[Call.POST]
    assert (channel.per, workspace.per) == (Per.CHANNEL, Per.WORKSPACE)
    assert channel.calls / channel.seconds == SlackLimits().posts_a_second


def test_what_ends_an_answer_is_promised() -> None:
    """What is begun keeps the call that ends it: an edit, the end of a stream, of a sign, of a mark."""
    promised = {call for call, budgets in LIMITS.budgets.items() if any(one.promised for one in budgets)}
    assert promised == {Call.EDIT, Call.CONCLUDE, Call.ACTIVITY, Call.UNMARK}
