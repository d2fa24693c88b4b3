"""The demo's page shows Slack's Home tab as the bot publishes it for whoever opens it."""

import asyncio

import aiohttp
import pytest

from aion_bot.demo.page import Page
from aion_bot.domain import strings
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.slack.state import direct_channel
from tests.demo.test_server import event_with


@pytest.mark.slow
async def test_the_home_tab_is_shown_to_whoever_opens_it(
    services: SimulatedServices, http: aiohttp.ClientSession, page_with_bot: Page
) -> None:
    """A look at the tab lets the bot publish it, with files of the library; words there go to the Messages beside it."""
    ada = services.slack.people[0]
    look = {"as": ada.name, "slack": f"home-{ada.id}"}
    async with asyncio.timeout(30), http.get(page_with_bot.address + "events", params=look) as stream:
        shown = str(await event_with(stream, strings.HOME_BEGIN[:30]))
    assert strings.HOME_TITLE in shown
    async with http.get(page_with_bot.address, params=look) as whole:
        text = await whole.text()
    assert "Write to the bot beside Home" in text
    assert strings.HOME_BEGIN[:30] in text
    side = page_with_bot._sides[0]  # the page's own side
    home = next(one for one in side.places(ada) if one.kind == "home")
    assert home.parent == direct_channel(ada.id)
    thread = await side.say(ada, home, "What is damaged on site 7?")
    await services.slack.until(
        lambda: any("I found 3 pieces" in one.text for one in services.slack.thread(thread))
    )
