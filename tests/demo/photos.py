"""Draws the photos of the simulated library: `python -m tests.demo.photos`. They are ours, under the project's licence.

Each file of `drawings` is the inside of an SVG of `WIDTH` by `HEIGHT`; Chromium makes a JPEG of it.
"""

import asyncio
import sys
from pathlib import Path

from aion_bot.simulators.aion import photos
from tests.demo.chromium import ABSENT, BROWSER, Tab, tab

WIDTH, HEIGHT = 720, 480
DRAWINGS = Path(__file__).with_name("drawings")
QUALITY = 82
"""Of 100: some 30 kB for each photo."""

_SHARED = """
<linearGradient id="sky" x2="0" y2="1"><stop stop-color="#86b2d6"/><stop offset=".75" stop-color="#dfe9ee"/></linearGradient>
<linearGradient id="dusk" x2="0" y2="1"><stop stop-color="#5d7f9f"/><stop offset="1" stop-color="#f0d2ac"/></linearGradient>
<linearGradient id="ground" x2="0" y2="1"><stop stop-color="#b39a77"/><stop offset="1" stop-color="#806847"/></linearGradient>
<pattern id="brick" width="48" height="24" patternUnits="userSpaceOnUse">
  <path d="M0 0 H48 M0 12 H48 M12 0 V12 M36 12 V24" stroke="#a8937a" stroke-width="1.5"/>
</pattern>
<radialGradient id="vignette" r=".75">
  <stop offset=".6" stop-opacity="0"/><stop offset="1" stop-opacity=".38"/>
</radialGradient>
<filter id="grain"><feTurbulence type="fractalNoise" baseFrequency=".75" numOctaves="2" seed="7"/>
  <feColorMatrix values="0 0 0 0 .5  0 0 0 0 .5  0 0 0 0 .5  .35 .35 .35 0 -.36"/></filter>
"""


def drawing(name: str) -> str:
    """Return a photo as a page: its drawing, with grain and dark corners."""
    whole = f'<rect width="{WIDTH}" height="{HEIGHT}"'
    inside = (DRAWINGS / f"{name}.svg").read_text("utf-8")
    return (
        f'<body style="margin:0"><svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
        f"<defs>{_SHARED}</defs>{inside}"
        f'{whole} filter="url(#grain)" opacity=".5"/>{whole} fill="url(#vignette)"/></svg>'
    )


async def draw(browser: Tab, name: str) -> bytes:
    """Return a photo as JPEG."""
    await browser.resize(WIDTH, HEIGHT)
    await browser.show(drawing(name))
    return await browser.picture("svg", kind="jpeg", quality=QUALITY)


async def draw_all() -> None:
    """Draw every photo anew."""
    async with tab() as browser:
        for name in photos.NAMES:
            photos.path(name).write_bytes(await draw(browser, Path(name).stem))


if __name__ == "__main__":
    if BROWSER is None:
        sys.exit(ABSENT)
    asyncio.run(draw_all())
