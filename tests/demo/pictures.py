"""The pictures of the README: screenshots of the tour's file. `python -m tests.demo.pictures FILE FOLDER`."""

import asyncio
import sys
from pathlib import Path

from tests.demo.chromium import ABSENT, BROWSER, tab

PICTURES = {"question.png": ("#step-1", False), "plan.png": ("#step-2", True)}
"""The step of the tour that each picture shows, and its colour scheme."""

WIDTH = 1120
SCALE = 1.5
MARGIN = 18


async def take(address: str, folder: Path) -> None:
    """Take all of them."""
    async with tab() as browser:
        for name, (step, dark) in PICTURES.items():
            await browser.resize(WIDTH, 800, dark=dark, scale=SCALE)
            await browser.go(address)
            (folder / name).write_bytes(await browser.picture(step, margin=MARGIN))


if __name__ == "__main__":
    if BROWSER is None:
        sys.exit(ABSENT)
    asyncio.run(take(Path(sys.argv[1]).resolve().as_uri(), Path(sys.argv[2])))
