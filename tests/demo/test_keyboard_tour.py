"""All that a person does with the bot, on the page by keyboard alone: Tab, Enter, Escape, arrows and typing."""

import json

import pytest

from aion_bot.demo.bot_process import BotProcess
from aion_bot.demo.page import Page
from aion_bot.demo.page.discord_side import DiscordSide
from aion_bot.demo.page.slack_side import SlackSide
from aion_bot.domain import strings
from aion_bot.simulators.services import SimulatedServices
from tests.demo.chromium import ABSENT, BROWSER, Tab, tab

pytestmark = [
    pytest.mark.slow,  # starts a browser
    pytest.mark.skipif(BROWSER is None, reason=ABSENT),
]

MOST_STOPS = 300
"""Presses of Tab until a control is taken for one that cannot be reached."""


class Keyboard:
    """Somebody who uses one side of the page without a mouse."""

    def __init__(self, browser: Tab, side: str) -> None:
        self.browser, self.side = browser, side

    async def reach(self, condition: str) -> None:
        """Press Tab until the focused element, `now`, is on this side and meets a condition."""
        inside = f"now.closest('#{self.side}') !== null && ({condition})"
        expression = f"((now) => now !== null && {inside})(document.activeElement)"
        for _ in range(MOST_STOPS):
            if await self.browser.evaluate(expression):
                return
            await self.browser.key("Tab")
        raise AssertionError(f"not reached: {condition}")

    async def press(self, label: str) -> None:
        """Reach the last button of a label in the messages or in a form, and press Enter."""
        named = f"(one) => (one.innerText || one.value || '').trim() === {json.dumps(label)}"
        last = f"[...document.querySelectorAll('#{self.side} button, #{self.side} input[type=submit]')].filter({named}).at(-1)"
        await self.browser.until(f"{last} !== undefined")
        await self.reach(f"now === {last}")
        await self.browser.key("Enter", "\r")

    async def write(self, words: str) -> None:
        """Reach the composer, write, and press Enter."""
        await self.reach(f"now.id === '{self.side}-words'")
        await self.browser.type(words)
        await self.browser.key("Enter", "\r")

    async def submit(self, words: str) -> None:
        """Fill the open form in and submit it; again where the page was drawn anew meanwhile, as on a busy machine."""
        gone = "document.querySelector('dialog') === null"
        while not await self.browser.evaluate(gone):
            await self.reach(f"now.id === '{self.side}-form-words'")
            if not await self.browser.evaluate("document.activeElement.value"):
                await self.browser.type(words)
            await self.reach("now.closest('dialog') !== null && now.matches('button.primary')")
            await self.browser.key("Enter", "\r")
            await self.browser.evaluate(f"""new Promise((resolve) => {{
              const look = () => {{ if ({gone}) resolve(true); else setTimeout(look, 50); }};
              setTimeout(() => resolve(false), 5000);
              look();
            }})""")

    async def sees(self, words: str, times: int = 1) -> None:
        """Wait until the messages of this side show words so often."""
        shown = f"document.querySelector('#{self.side}-log').innerText"
        await self.browser.until(f"{shown}.split({json.dumps(words)}).length > {times}")

    async def goes(self, name: str) -> None:
        """Reach the link of a place whose name begins so, and press Enter."""
        named = f"title.startsWith({json.dumps(name)})"
        await self.browser.until(
            f"[...document.querySelectorAll('#{self.side} nav a')].some((one) => one.{named})"
        )
        await self.reach(f"now.matches('nav a') && now.{named}")
        await self.browser.key("Enter", "\r")
        await self.browser.until(f"document.querySelector('#{self.side} nav a[aria-current]')?.{named}")


@pytest.mark.parametrize("side", ["slack", "discord"])
async def test_a_tour_by_keyboard_alone(services: SimulatedServices, bot: BotProcess, side: str) -> None:
    """Ask, rate with a reason in a form, choose a document, stop, approve, ask privately and share: nothing needs a mouse."""
    async with Page(services, bot, 0) as page, tab() as browser:
        await browser.go(page.address)
        await browser.until("document.querySelectorAll('.online').length === 2")
        ada = Keyboard(browser, side)
        await ada.write("What is damaged on site 7?")
        await ada.sees("named the hoist")
        await ada.press(strings.BAD)
        await ada.press(strings.WHY)
        await browser.until(f"document.activeElement.id === '{side}-form-words'")
        await browser.key("Escape")
        await browser.until("document.querySelector('dialog') === null")
        await ada.press(strings.WHY)
        await browser.until(f"document.activeElement.id === '{side}-form-words'")
        await ada.submit("The gate is missing.")
        await ada.sees(strings.WHY_NOTED)
        await ada.write("/aion context documents hoist gate")
        await ada.press(strings.pick(1, chosen=False))
        await ada.sees("all images, 1 document")
        services.aion.token_delay = 0.5
        await ada.write("What does the safety report say?")
        await ada.press(strings.STOP)
        await ada.sees("Stopped by")
        services.aion.token_delay = 0.002
        await ada.write("Organize the photos of site 7 into folders")
        await ada.press(strings.APPROVE)
        await ada.sees("Approved by")
        private = (SlackSide if side == "slack" else DiscordSide).ask_privately
        await ada.write(f"{private}What is damaged on site 7?")
        await ada.goes("What is damaged on site 7? You asked this" if side == "slack" else "Aion")
        await ada.press(strings.SHARE)
        await ada.sees(strings.NOW_SHARED)
        assert browser.errors == []
