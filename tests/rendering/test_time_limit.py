"""Rendering ends in time, and says where it was without anybody's words."""

import asyncio
import signal
import time

import pytest

from aion_bot.aion import ChatToken, ChatTokenType
from aion_bot.rendering import time_limit
from aion_bot.rendering.answer import AnswerView
from aion_bot.rendering.plain_pages import PlainPages
from aion_bot.rendering.time_limit import TooSlowError, where
from tests.support.plain_adapter import PlainAdapter, texts


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "LONGEST", 0.05)
    # A busy machine must not reach the other bound where it is not tried.
    monkeypatch.setattr(time_limit, "LONGEST_WAIT", 600.0)


@pytest.fixture
def _short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_limit, "LONGEST_WAIT", 0.1)


def _sleep_long() -> None:
    with time_limit.time_limit():
        time.sleep(600)


def _compute_for_ever() -> None:
    with time_limit.time_limit():
        while True:
            pass


def test_what_computes_for_ever_is_ended() -> None:
    """By the processor's time, as a busy machine makes everything slow."""
    with pytest.raises(TooSlowError):
        _compute_for_ever()


@pytest.mark.usefixtures("_short_wait")
def test_what_blocks_is_ended() -> None:
    """Also a limit inside of a limit; afterwards no alarm is left, and the handler is the one before."""
    before = signal.getsignal(signal.SIGALRM)
    for _ in range(2):
        with pytest.raises(TooSlowError), time_limit.time_limit():
            _sleep_long()
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
    assert signal.getsignal(signal.SIGALRM) == before


def test_what_waits_may_take_longer_than_what_computes() -> None:
    """The processor's time is looked at when as much has passed by the clock, and again later."""
    with time_limit.time_limit():
        time.sleep(0.07)


@pytest.mark.usefixtures("_short_wait")
def test_a_signal_that_comes_at_once_ends_no_later_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine that stood still the time is over as soon as the timer is set: the next rendering has its limit all the same."""
    set_timer, before = signal.setitimer, signal.getsignal(signal.SIGALRM)

    def late(which: int, seconds: float, interval: float = 0.0) -> tuple[float, float]:
        was = set_timer(which, seconds, interval)
        if seconds:
            raise TooSlowError  # as the handler does
        return was

    with monkeypatch.context() as patched:
        patched.setattr(signal, "setitimer", late)
        with pytest.raises(TooSlowError), time_limit.time_limit():
            pass
    assert signal.getsignal(signal.SIGALRM) == before
    with pytest.raises(TooSlowError), time_limit.time_limit():
        time.sleep(5)


def test_a_signal_that_comes_late_sets_no_timer() -> None:
    """It would end the process later, when nobody handles it."""
    with time_limit.time_limit():
        signal.raise_signal(signal.SIGALRM)
        assert signal.getitimer(signal.ITIMER_REAL)[0] > 0.0
    time_limit._look(signal.SIGALRM, None)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0


def test_words_that_are_only_kept_need_no_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each token of an answer that is shown already would cost more for its limit than for itself."""
    view = AnswerView(PlainAdapter().page_format)
    view.fold(ChatToken(ChatTokenType.TOKEN, None, {"accumulated": "Three whole words and "}))
    monkeypatch.setattr(time_limit, "time_limit", None)  # entering one would raise
    view.fold(ChatToken(ChatTokenType.TOKEN, None, {"accumulated": "Three whole words and more"}))
    monkeypatch.undo()
    assert texts(view.screen()) == ["Three whole words and more"]


@pytest.mark.usefixtures("_short_wait")
def test_another_timer_goes_on() -> None:
    """That of a test runner, for example."""
    before = signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        with pytest.raises(TooSlowError):
            _sleep_long()
        assert 400 < signal.getitimer(signal.ITIMER_REAL)[0] <= 500
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)


async def test_another_thread_looks_at_the_time_afterwards() -> None:
    """Signals reach the main thread alone."""

    def slow() -> None:
        end = time.thread_time() + 0.1
        with time_limit.time_limit():
            while time.thread_time() < end:
                pass

    with pytest.raises(TooSlowError):
        await asyncio.to_thread(slow)


def test_the_words_of_an_error_are_not_logged() -> None:
    """They may be those of a person."""
    with pytest.raises(ValueError, match="a person") as caught, time_limit.time_limit():
        raise ValueError("the words of a person")
    said = where(caught.value)
    assert said.startswith("ValueError")
    assert "of a person" not in said


@pytest.mark.parametrize("text", ["word " * 500, "x" * 1_000, "line\n" * 300, " " * 900, ""])
def test_plain_pages_lose_nothing(text: str) -> None:
    """They are cut by length alone, and stay as they are while the text grows."""
    pages = PlainPages(200).update(text)
    assert "".join(pages).strip() == text.strip()
    assert all(len(page) <= 100 for page in pages)
    assert PlainPages(200).update(text + "more")[: len(pages) - 1] == pages[:-1]
