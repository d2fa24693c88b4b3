"""A plugin of `make test`: the tracer of coverage, which doubles a test's time, pauses for what repeats the same lines."""

# Loaded before the tracer starts, which would follow every line of them.
import aiohttp.web  # noqa: F401  # only to have it loaded
import aiosqlite  # noqa: F401  # only to have it loaded
import httpx  # noqa: F401  # only to have it loaded
import hypothesis.strategies  # noqa: F401  # only to have it loaded
import markdown_it  # noqa: F401  # only to have it loaded
import pydantic_settings  # noqa: F401  # only to have it loaded
import pytest
import structlog  # noqa: F401  # only to have it loaded

_REPEATING = {
    "test_before_a_choice_each_outcome_is_said_and_nothing_leaves",
    "test_races_of_approvals",
    "test_shares_stay_within_twice_the_fair_one",
    "test_fifty_people_share_thirty_a_minute",
    "test_channels_in_which_nothing_goes_on_are_forgotten",
    "test_no_length_is_special",
    "test_what_is_known_of_lengths_makes_answers_fresher",
    "test_older_answers_are_forgotten_slowly",
    "test_only_results_that_are_shown_are_worded",
    "test_a_thread_is_erased_by_a_reference",
    "test_the_sweep_frees_words_in_the_same_way",
    "test_the_audit_keeps_its_chain",
    "test_no_message_can_end_its_quote_or_speak_for_another",
    "test_a_plan_moves_along_its_table_only",
    "test_memory_does_not_grow_with_the_file",
}
"""Tests that go through the same lines dozens or thousands of times; briefer ones go through these lines as well."""

_BURSTS = "test_bursts.py"
"""Tests of up to hundreds of questions at once."""

_traced: set[str] = set()
"""Tests of which a case runs under the tracer; the further cases of a test with parameters do not."""


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark for pytest-cov all but the first case of a test, properties, repeating tests and bursts."""
    name = item.nodeid.partition("[")[0]
    is_property = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
    is_repeating = item.path.name == _BURSTS or name.rpartition("::")[2] in _REPEATING
    if is_property or is_repeating or name in _traced:
        item.add_marker("no_cover")
    _traced.add(name)
