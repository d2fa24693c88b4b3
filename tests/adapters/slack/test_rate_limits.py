"""What Slack allows, as the core is told."""

from dataclasses import replace

from adapters.slack.methods import Method
from adapters.slack.rate_limits import BUDGETS, LIMITS, charges
from aion_bot.ports.rate_limits import Operation, Scope
from aion_bot.simulators.slack.rates import DOCUMENTED, SlackLimits


def test_every_call_is_counted() -> None:
    """Slack counts everything that the core asks of it; opening a thread takes no call."""
    assert set(LIMITS.budgets) == set(Operation) - {Operation.OPEN_THREAD}


def test_budgets_are_those_documented() -> None:
    """What a workspace shares has a method's name, and its number is the one that is documented for it."""
    shared = [one for budgets in BUDGETS.values() for one in budgets if one.scope is Scope.WORKSPACE]
    assert {one.name for one in shared} <= set(Method)
    assert {one.name: (one.calls, one.seconds) for one in shared} == {
        one.name: (DOCUMENTED[one.name], 60.0) for one in shared
    }


def test_posts_are_counted_by_channel_first() -> None:
    """A refusal that names no limit is taken for the most specific: one post a second in a channel."""
    channel, workspace = LIMITS.budgets[Operation.POST]
    assert (channel.scope, workspace.scope) == (Scope.CHANNEL, Scope.WORKSPACE)
    assert channel.calls / channel.seconds == SlackLimits().posts_a_second


def test_what_ends_an_answer_is_reserved() -> None:
    """What is begun keeps the request that ends it: an edit or a deletion, the end of a stream, of an indicator, of a mark."""
    reserved = {call for call, budgets in LIMITS.budgets.items() if any(one.reserved for one in budgets)}
    assert reserved == {
        Operation.EDIT,
        Operation.DELETE,
        Operation.STOP_STREAM,
        Operation.SHOW_ACTIVITY,
        Operation.UNMARK_QUEUED,
    }


def test_every_method_has_its_budgets_once() -> None:
    """What an operation is scheduled against is what its method's requests count against."""
    assert set(BUDGETS) == set(Method)
    assert set(LIMITS.budgets.values()) <= set(BUDGETS.values())


def test_requests_count_against_the_limits_in_force() -> None:
    """Where an adapter has other limits than the documented ones, its requests count against those."""
    update = replace(LIMITS.budgets[Operation.EDIT][0], seconds=3.0)
    limits = replace(LIMITS, budgets={Operation.EDIT: (update,)})
    assert charges(limits, Method.CHAT_UPDATE, "T1", "C1") == ((update, "T1"),)
    assert charges(limits, Method.CHAT_DELETE, "T1", "C1") == ()
    (info,) = BUDGETS[Method.CONVERSATIONS_INFO]
    assert charges(limits, Method.CONVERSATIONS_INFO, "T1", "C1") == ((info, "T1"),)
