"""A few random mixes of Markdown; `python -m tests.mixes` tries more of them."""

import pytest

from tests.adapters.test_markdown_samples import EXAMPLES, MEASURES
from tests.mixes import faults, mix


@pytest.mark.skipif(not EXAMPLES, reason="the published contracts are not beside this checkout")
@pytest.mark.parametrize("platform", MEASURES)
@pytest.mark.slow
def test_mixes_have_the_properties_of_rendering(platform: str) -> None:
    """No word is lost, limits are kept, nobody is pinged, and neither the stream's cuts nor a second drawing change anything."""
    assert {seed: found for seed in range(30) if (found := list(faults(mix(seed), platform)))} == {}


FOUND = {
    "slack": [
        1795889446039,
        1795891102898,
        1795894645527,
        1795900466270,
        1795901499520,
        1795902054713,
        1795902058626,
    ],
    "discord": [
        1795889603029,
        1795890947107,
        1795890952450,
        1795890954414,
        1795881564611,
        1795879366550,
        1795889601629,
        1795889603267,
        1795889603550,
        1795890951672,
        1795890952172,
        1795893158251,
        1795893159637,
        1795889602633,
        1795890953971,
        1795900460490,
        1795900716634,
        1795901488959,
    ],
}
"""Seeds of mixes that differed once, each for another reason."""


@pytest.mark.skipif(not EXAMPLES, reason="the published contracts are not beside this checkout")
@pytest.mark.parametrize("platform", FOUND)
@pytest.mark.slow
def test_mixes_that_differed_once(platform: str) -> None:
    """Among them a row of a table that is not whole and measures more than the whole one: pages end in the same places."""
    assert {seed: found for seed in FOUND[platform] if (found := list(faults(mix(seed), platform)))} == {}
