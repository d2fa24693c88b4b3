"""The benchmark of first signs: the bot runs in a process of its own, and each question is seen to have one."""

from collections.abc import Callable

import pytest

from benchmarks.signs.__main__ import Crowd, measure, on_discord, on_slack


@pytest.mark.slow
@pytest.mark.parametrize(
    "crowd",
    [lambda: on_slack(12, 2), lambda: on_slack(12, 0), lambda: on_discord(12)],
)
async def test_each_question_has_a_sign_and_the_bots_work_is_measured(crowd: Callable[[], Crowd]) -> None:
    """Of a few questions in channels and in direct messages each is seen to have its first sign, and the bot's time is read."""
    measured = await measure(crowd(), 12, None)
    assert len(measured.first) == 12
    assert 0.0 < measured.worked <= measured.worked_in_all
