"""The page in a real browser."""

import pytest

from aion_bot.demo.bot_process import BotProcess
from aion_bot.demo.page import Page
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.slack.state import BOT, Message
from tests.demo.chromium import ABSENT, BROWSER, tab

pytestmark = [
    pytest.mark.slow,  # each starts a browser
    pytest.mark.skipif(BROWSER is None, reason=ABSENT),
]

SLACK, DISCORD = (
    "document.querySelector('#slack-log').innerText",
    "document.querySelector('#discord-log').innerText",
)


async def test_a_person_uses_both_sides(services: SimulatedServices, bot: BotProcess) -> None:
    """Questions are answered on both sides, others are refused privately, and an approval is recorded.

    The page loads nothing from elsewhere, and its console stays empty.
    """
    async with Page(services, bot, 0) as page, tab() as browser:
        await browser.resize(1280, 800)
        await browser.go(page.address)
        await browser.click("#slack .suggestions button:nth-of-type(1)")
        await browser.click("#discord .suggestions button:nth-of-type(3)")
        await browser.until(f"{SLACK}.includes('I found 3 pieces') && {SLACK}.includes('named the hoist')")
        await browser.until("document.querySelector('#discord-log button.primary') !== null")
        await browser.click("#as-cy")
        await browser.until("document.querySelector('#as-cy[aria-current]') !== null")
        await browser.click("#discord-log button.primary")
        await browser.until(
            "document.querySelector('#discord-log .private')?.innerText.includes(\"can approve\")"
        )
        await browser.click("#as-ada")
        await browser.until("document.querySelector('#discord-log .private') === null")
        await browser.click("#discord-log button.primary")
        await browser.until(f"{DISCORD}.includes('Approved by') && {DISCORD}.includes('Done')")
        await browser.until(
            "[...document.querySelectorAll('#discord-log button')].every(one => one.innerText === 'Add a reason')"
        )
        assert browser.errors == []
        assert [one for one in browser.requested if not one.startswith(page.address)] == []


async def test_the_page_works_with_the_keyboard_alone(services: SimulatedServices, bot: BotProcess) -> None:
    """Typing, Enter and replies need no mouse, and edits of the answer keep half-typed text."""
    async with Page(services, bot, 0) as page, tab() as browser:
        await browser.go(page.address)
        await browser.until("document.querySelectorAll('.online').length === 2")
        await browser.evaluate("document.querySelector('#slack-words').focus()")
        await browser.type("What is damaged on site 7?")
        await browser.key("Enter", "\r")
        await browser.until("document.querySelector('#slack-words').placeholder.startsWith('Reply')")
        await browser.type("Which of them is")
        await browser.until(f"{SLACK}.includes('named the hoist')")
        await browser.type(" the most urgent?")
        assert (
            await browser.evaluate("document.querySelector('#slack-words').value")
            == "Which of them is the most urgent?"
        )
        await browser.key("Enter", "\r")
        await browser.until(f"{SLACK}.includes('Of the three')")
        assert browser.errors == []


async def test_every_control_has_a_name_and_narrow_screens_scroll_only_down(
    services: SimulatedServices, bot: BotProcess
) -> None:
    """Buttons, links and fields have accessible names, and at 360 pixels the page does not scroll sideways."""
    async with Page(services, bot, 0) as page, tab() as browser:
        await browser.resize(360, 740)
        await browser.go(page.address)
        await browser.click("#slack .suggestions button:nth-of-type(3)")
        await browser.until("document.querySelector('#slack-log button.primary') !== null")
        nameless = (
            "[...document.querySelectorAll('button, a, input:not([type=hidden]), summary, section, nav')]"
            ".filter(one => !(one.getAttribute('aria-label') || one.textContent.trim())).length"
        )
        assert await browser.evaluate(nameless) == 0
        assert await browser.evaluate("document.documentElement.scrollWidth") <= 360
        assert browser.errors == []


async def test_menus_and_news_close_and_tables_keep_words_whole(
    services: SimulatedServices, page: Page
) -> None:
    """Escape and a click elsewhere close the menus, Escape with the focus on them; a button closes the news.

    A table is as wide as its words, and scrolls on a narrow page.
    """
    slack = services.slack
    thread = await slack.ask(slack.people[0], "A question")
    table = "| Identification | Responsibility |\n|---|---|\n| site7_scaffold_north_face.jpg | Construction |"
    blocks = [{"type": "markdown", "text": table}]
    slack.add(
        Message(
            slack.conversations.clock.ts(),
            slack.general.id,
            BOT,
            [{"text": "", "blocks": blocks}],
            thread_ts=thread,
        )
    )
    async with tab() as browser:
        await browser.resize(360, 700)
        await browser.go(f"{page.address}?slack={thread}")
        lines = (
            "[...document.querySelectorAll('td')].map(one => one.getClientRects().length && one.clientHeight)"
        )
        assert max(await browser.evaluate(lines)) < 60
        assert await browser.evaluate("document.documentElement.scrollWidth") <= 360
        for menu in (".trouble", "#slack-log .menu"):
            is_open = f"document.querySelector('{menu}').open"
            for close in (browser.key("Escape"), browser.click("h1")):
                await browser.click(f"{menu} summary")
                assert await browser.evaluate(is_open)
                await close
                assert not await browser.evaluate(is_open)
        await browser.evaluate("(document.querySelector('.trouble').open = true, 1)")
        await browser.evaluate("(document.querySelector('.trouble button').focus(), 1)")
        await browser.key("Escape")
        assert await browser.evaluate("document.activeElement.tagName") == "SUMMARY"
        await browser.evaluate("(document.querySelector('.trouble button[value=down]').click(), 1)")
        await browser.click("#close-news")
        await browser.until("document.querySelector('#news').innerText === ''")
        assert browser.errors == []
