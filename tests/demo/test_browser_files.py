"""Files, pictures and dialogs of the page in a real browser."""

import json
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path

import pytest

from aion_bot.demo.bot_process import BotProcess
from aion_bot.demo.page import Page
from aion_bot.simulators.aion import photos
from aion_bot.simulators.aion.pictures import pdf, png
from aion_bot.simulators.services import SimulatedServices
from tests.demo.chromium import ABSENT, BROWSER, Tab, tab

pytestmark = [
    pytest.mark.slow,  # each starts a browser
    pytest.mark.skipif(BROWSER is None, reason=ABSENT),
]

LOG = "document.querySelector('#{}-log').innerText"
CHOSEN = "[...document.querySelectorAll('#{}-chosen li')].map(one => one.firstChild.data)"
HOSTILE = "<img src=x onerror=alert(1)>.txt"


async def drop(browser: Tab, target: str, *names: str) -> None:
    """Drop text files on an element, or paste them with the event's name before it."""
    event, _, selector = target.rpartition(" on ")
    carrier = "clipboardData" if event == "paste" else "dataTransfer"
    maker = "ClipboardEvent" if event == "paste" else "DragEvent"
    await browser.evaluate(
        f"""(() => {{ const carried = new DataTransfer();
        for (const name of {json.dumps(names)}) carried.items.add(new File(["words"], name, {{type: "text/plain"}}));
        document.querySelector({json.dumps(selector)}).dispatchEvent(new {maker}({json.dumps(event or "drop")},
          {{bubbles: true, cancelable: true, {carrier}: carried}})); }})()"""
    )


async def choose(browser: Tab, selector: str, *files: Path) -> None:
    """Choose files as the browser's own dialog does."""
    found = await browser.send(
        "Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})"
    )
    await browser.send(
        "DOM.setFileInputFiles", files=[str(one) for one in files], objectId=found["result"]["objectId"]
    )


async def test_files_are_chosen_dropped_pasted_and_taken_out(
    services: SimulatedServices, page: Page, tmp_path: Path
) -> None:
    """Files from all three ways are listed as text, one can be taken out by keyboard, and a reload is not needed to send them.

    What is dropped beside the sides changes nothing; words that are dragged are none of this.
    """
    slack = services.slack
    chosen = tmp_path / "photo.jpg"
    chosen.write_bytes(photos.ROOF_LEAK.content)
    async with tab() as browser:
        await browser.go(page.address)
        await choose(browser, "#slack-files", chosen)
        await browser.until(f"{CHOSEN.format('slack')}.length === 1")
        await drop(browser, "#slack-log", HOSTILE, "gone.txt")
        await drop(browser, "paste on #slack-words", "pasted.txt")
        await drop(browser, "h1", "nowhere.txt")
        assert await browser.evaluate(CHOSEN.format("slack")) == [
            "photo.jpg",
            HOSTILE,
            "gone.txt",
            "pasted.txt",
        ]
        assert await browser.evaluate(CHOSEN.format("discord")) == []
        await browser.evaluate("(document.querySelector('[aria-label=\"Remove gone.txt\"]').focus(), 1)")
        await browser.key("Enter", "\r")
        assert await browser.evaluate("document.activeElement.ariaLabel") == "Remove photo.jpg"
        await browser.evaluate("(document.querySelector('#slack-words').focus(), 1)")
        await browser.type("What is in these?")
        await browser.key("Enter", "\r")
        await browser.until(f"{LOG.format('slack')}.includes('pasted.txt, 5 bytes')")
        await browser.until(f"{CHOSEN.format('slack')}.length === 0")
        await browser.until("document.querySelector('#slack-log img').naturalWidth === 720")
        assert browser.errors == []
        assert [one for one in browser.requested if not one.startswith(page.address)] == []
    given = [slack.uploads.given[one["id"]].file for one in slack.conversations.messages[-1].files]
    assert [one.name for one in given] == ["photo.jpg", HOSTILE, "pasted.txt"]
    assert given[0].content == photos.ROOF_LEAK.content


async def test_an_empty_composer_sends_nothing_and_files_need_no_words(
    services: SimulatedServices, page: Page
) -> None:
    """Enter in an empty composer does nothing; with a file alone it sends that."""
    async with tab() as browser:
        await browser.go(page.address)
        await browser.evaluate("(document.querySelector('#discord-words').focus(), 1)")
        await browser.key("Enter", "\r")
        await drop(browser, "#discord", "alone.txt")
        await browser.key("Enter", "\r")
        await browser.until(f"{LOG.format('discord')}.includes('alone.txt')")
        assert browser.errors == []
    assert [one.attachments for one in services.discord.world.everything()] == [("alone.txt",)]


async def test_a_dialog_asks_before_a_plan_that_deletes(services: SimulatedServices, bot: BotProcess) -> None:
    """By keyboard: Approve opens Slack's dialog, Escape and its second button lead back, its first one approves.

    Changes of the card keep the dialog open.
    """
    async with Page(services, bot, 0) as page, tab() as browser:
        await browser.go(page.address)
        await browser.until("document.querySelectorAll('.online').length === 2")
        await browser.click("#slack .suggestions button:nth-of-type(4)")
        await browser.until("document.querySelector('#slack-log button.primary') !== null")
        is_open = "document.querySelector('#slack-log .asked').matches(':popover-open')"
        await browser.evaluate("(document.querySelector('#slack-log button.primary').focus(), 1)")
        for leave in (("Escape", ""), ("Enter", "\r")):
            await browser.key("Enter", "\r")
            assert await browser.evaluate(is_open)
            if leave[0] == "Enter":
                await browser.key("Tab")
            await browser.key(*leave)
            assert not await browser.evaluate(is_open)
            assert await browser.evaluate("document.activeElement.innerText") == "Approve"
        await browser.key("Enter", "\r")
        services.slack.conversations.messages[-1].reactions.append("eyes")
        services.slack._happened.set()
        await browser.until("document.querySelector('#slack-log .mark') !== null")
        assert await browser.evaluate(is_open)
        await browser.evaluate("(document.querySelector('#slack-log .asked .danger').focus(), 1)")
        await browser.key("Enter", "\r")
        await browser.until(f"{LOG.format('slack')}.includes('Deleted 12 photos')")
        assert browser.errors == []


async def drop_bytes(browser: Tab, selector: str, files: Mapping[str, tuple[str, bytes]]) -> None:
    """Drop files with these types and contents on an element, by their names."""
    given = [[name, kind, b64encode(data).decode()] for name, (kind, data) in files.items()]
    await browser.evaluate(
        f"""(() => {{ const carried = new DataTransfer();
        for (const [name, type, data] of {json.dumps(given)})
          carried.items.add(new File([Uint8Array.from(atob(data), one => one.charCodeAt(0))], name, {{type}}));
        document.querySelector({json.dumps(selector)}).dispatchEvent(
          new DragEvent("drop", {{bubbles: true, cancelable: true, dataTransfer: carried}})); }})()"""
    )


async def test_dropped_files_are_answered(services: SimulatedServices, bot: BotProcess) -> None:
    """A picture and a PDF that are dropped into each side's composer: their outcomes, the answer about them, the picture under it."""
    dropped = {"roof.png": ("image/png", png("roof")), "notes.pdf": ("application/pdf", pdf("notes"))}
    async with Page(services, bot, 0) as page, tab() as browser:
        await browser.go(page.address)
        await browser.until("document.querySelectorAll('.online').length === 2")
        for side, outcome in (("slack", "added"), ("discord", "already there")):
            await drop_bytes(browser, f"#{side}-words", dropped)
            assert await browser.evaluate(CHOSEN.format(side)) == list(dropped)
            await browser.evaluate(f"(document.querySelector('#{side}-words').focus(), 1)")
            await browser.type("What are these?")
            await browser.key("Enter", "\r")
            log = LOG.format(side)
            for words in (f"roof.png: {outcome} · notes.pdf: {outcome}", "I looked at 2 of your files"):
                await browser.until(f"{log}.includes({json.dumps(words)})")
            # What was dropped, and what the answer refers to; a PDF has no picture.
            await browser.until(f"document.querySelectorAll('#{side}-log img').length === 2")
        assert browser.errors == []
        assert [one for one in browser.requested if not one.startswith(page.address)] == []
    assert [one.content for one in services.aion.files.uploaded] == [one for _, one in dropped.values()]
