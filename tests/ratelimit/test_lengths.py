"""How long answers go on: the prior, what finished answers say, and what a limit's requests are spread over."""

import pytest

from aion_bot.ratelimit.lengths import BINS, HALF_LIFE, AnswerLengths, bin_of
from aion_bot.ratelimit.outlook import Outlook


def test_before_anything_is_known_half_of_the_answers_take_eighteen_seconds() -> None:
    """The mean of what is left within a second tells how many last so long: half of them, for eighteen."""
    lengths = AnswerLengths()
    longer = lengths.mean_left(0.0, 19.0) - lengths.mean_left(0.0, 18.0)
    assert longer == pytest.approx(0.5, abs=0.05)


def test_the_longer_an_answer_has_taken_the_longer_it_will() -> None:
    """As nobody knows which lengths are usual, age tells of length."""
    left = [AnswerLengths().mean_left(age, 60.0) for age in (5.0, 10.0, 20.0, 40.0, 80.0)]
    assert left == sorted(left)


def test_never_more_is_left_than_is_asked_for() -> None:
    """Whatever the age is, what is left within some seconds is at most that, and not negative."""
    lengths = AnswerLengths()
    for age in (0.0, 0.5, 1.0, 17.0, 900.0, 1e6):
        for within in (0.0, 0.1, 5.0, 60.0, 1e5):
            assert 0.0 <= lengths.mean_left(age, within) <= within


def test_finished_answers_outweigh_the_prior() -> None:
    """After two hundred answers of forty seconds, nearly forty are expected of a new one, and few of one of that age."""
    lengths = AnswerLengths()
    for _ in range(200):
        lengths.record(40.0)
    assert lengths.mean_left(0.0, 60.0) == pytest.approx(38.0, abs=4.0)
    assert lengths.mean_left(35.0, 60.0) < 15.0


def test_older_answers_are_forgotten_slowly() -> None:
    """The weight of an answer halves within `HALF_LIFE` others."""
    lengths = AnswerLengths()
    lengths.record(3.0)
    for _ in range(HALF_LIFE):
        lengths.record(300.0)
    assert lengths.weights[bin_of(3.0)] == pytest.approx(0.5)


def test_every_length_has_a_bin() -> None:
    """From nothing to days; bins grow with lengths."""
    bins = [bin_of(seconds) for seconds in (0.0, 1.0, 1.5, 18.0, 60.0, 1_000.0, 1e6)]
    assert bins == sorted(bins)
    assert (bins[0], bins[-1]) == (0, BINS - 1)


def test_kept_weights_make_the_same_distribution() -> None:
    """What one process learned another one goes on with."""
    lengths = AnswerLengths()
    for seconds in (4.0, 9.0, 30.0):
        lengths.record(seconds)
    again = AnswerLengths(dict(enumerate(lengths.weights)))
    assert again.mean_left(2.0, 50.0) == pytest.approx(lengths.mean_left(2.0, 50.0))


def test_an_outlook_is_the_mean_of_what_is_left() -> None:
    """Two answers that began together are expected to go on as one of them is; nobody else comes but as often as they did."""
    lengths = AnswerLengths()
    outlook = Outlook(lengths, 60.0)
    for _ in range(2):
        outlook.add(100.0)
    ahead = outlook.ahead(100.0)
    left = lengths.mean_left(0.0, 60.0)
    assert left <= ahead[-1] <= left + 60.0 * 60.0 / 180.0 / 2 / 2
    assert ahead[0] == 0.0
    assert ahead == sorted(ahead)


@pytest.mark.slow
def test_where_answers_keep_coming_their_number_is_expected_to_stay() -> None:
    """An arrival each three seconds that goes on for some twenty: as many run in a minute as do now."""
    lengths = AnswerLengths()
    for _ in range(1_000):
        lengths.record(21.0)
    outlook = Outlook(lengths, 60.0)
    for number in range(60):
        outlook.add(3.0 * number)
        if number >= 7:
            outlook.remove(3.0 * (number - 7))
    assert outlook.ahead(180.0)[-1] == pytest.approx(60.0, rel=0.15)


def test_an_answer_that_is_no_more_is_expected_no_more() -> None:
    """Whoever comes and goes leaves nothing behind."""
    outlook = Outlook(AnswerLengths(), 60.0)
    outlook.add(1.0)
    outlook.remove(1.0)
    assert outlook.answers == 0
    assert outlook.ahead(2.0)[-1] == 60.0


def test_arrivals_of_long_ago_are_forgotten() -> None:
    """Also in a window of a second, whose outlook is never worked out: its process may serve for months."""
    outlook = Outlook(AnswerLengths(), 1.0)
    for number in range(100):
        outlook.add(2.0 * number)
        outlook.remove(2.0 * number)
    assert len(outlook._arrivals) <= 3  # what is remembered cannot be told from outside


def test_a_grid_has_what_is_left_at_each_point() -> None:
    """The table of a window's steps says what the distribution says, also of ages that no answer has, and anew after an answer."""
    lengths = AnswerLengths({bin_of(40.0): 30.0})
    for _ in range(2):
        grid = lengths.grid(1.0, 5, 12)
        for age in (0, 1, 7, 59, 2_000):
            expected = [lengths.mean_left(age, 5.0 * point) for point in range(13)]
            assert grid.row(age) == pytest.approx(expected)
        lengths.record(3.0)
    assert lengths.grid(1.0, 5, 12) is not grid


def test_those_that_come_grow_for_the_integral_of_what_one_grows() -> None:
    """Of arrivals, one a second, of answers that never end in a window, the sum grows with the square of time."""
    grid = AnswerLengths({BINS - 1: 1e9}).grid(1.0, 5, 12)
    assert grid.coming() == pytest.approx([(5.0 * point) ** 2 / 2 for point in range(13)], rel=1e-6)
