"""A few random mixes of Markdown; `python -m tests.mixes` tries more of them."""

import pytest

from tests.adapters.test_markdown_samples import EXAMPLES, MEASURES
from tests.mixes import faults, mix


@pytest.mark.skipif(not EXAMPLES, reason="the published contracts are not beside this checkout")
@pytest.mark.parametrize("platform", MEASURES)
def test_mixes_have_the_properties_of_rendering(platform: str) -> None:
    """No word is lost, limits are kept, nobody is pinged, and neither the stream's cuts nor a second drawing change anything."""
    assert {seed: found for seed in range(30) if (found := list(faults(mix(seed), platform)))} == {}
