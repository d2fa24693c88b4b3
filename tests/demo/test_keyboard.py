"""The page's forms by keyboard alone."""

import pytest

from aion_bot.demo.page import Page
from aion_bot.simulators.services import SimulatedServices
from tests.demo.chromium import ABSENT, BROWSER, tab
from tests.demo.test_forms import opened

pytestmark = [
    pytest.mark.slow,  # starts a browser
    pytest.mark.skipif(BROWSER is None, reason=ABSENT),
]


async def test_a_form_keeps_the_focus_and_gives_it_back(services: SimulatedServices, page: Page) -> None:
    """A form is modal and takes the focus; Escape closes it, and the focus is where it was before."""
    async with tab() as browser:
        await browser.go(page.address)
        await browser.evaluate("(document.querySelector('#slack-send').focus(), 1)")
        opened(services, "slack")
        services.slack._happened.set()
        await browser.until("document.querySelector('#slack-form dialog')?.matches(':modal')")
        assert await browser.evaluate("document.activeElement.id") == "slack-form-words"
        await browser.key("Escape")
        await browser.until("document.querySelector('dialog') === null")
        assert await browser.evaluate("document.activeElement.id") == "slack-send"
        assert browser.errors == []
