"""A form that a press opened is a dialog of the page: named, labelled, and usable without a script."""

import aiohttp
import pytest

from aion_bot.demo.page import Page, view
from aion_bot.demo.page.discord_side import DiscordSide
from aion_bot.demo.page.pictures import embedded
from aion_bot.demo.page.server import NO_FORM
from aion_bot.demo.page.sides import Side
from aion_bot.demo.page.slack_side import SlackSide
from aion_bot.demo.page.view import Look
from aion_bot.simulators.discord.model import Interaction
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.workspace import FormFilling
from tests.demo.test_server import post

SLACK_FORM = {
    "type": "modal",
    "id": "V1",
    "title": {"type": "plain_text", "text": "A <b>title</b>"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "words",
            "label": {"type": "plain_text", "text": "Why?"},
            "hint": {"type": "plain_text", "text": "Nobody sees it."},
            "element": {"type": "plain_text_input", "action_id": "words", "max_length": 40},
        }
    ],
}
DISCORD_FORM = {
    "custom_id": "aion:why:k",
    "title": "A <b>title</b>",
    "components": [
        {"type": 18, "label": "Why?", "description": "Nobody sees it.", "component": {"type": 4, "custom_id": "w", "max_length": 40}}
    ],
}  # fmt: skip


def opened(services: SimulatedServices, key: str) -> tuple[Side, FormFilling]:
    """A side on which Ada sees a form."""
    if key == "slack":
        slack = services.slack
        slack.conversations.forms.open[slack.people[0].id] = SLACK_FORM
        return SlackSide(slack), slack
    discord = services.discord
    ada, world = discord.people[0], discord.world
    pressed = Interaction(world.new_id(), "t", 3, ada, world.named("general").id, {})
    world.modals[ada.id] = pressed, DISCORD_FORM
    return DiscordSide(discord), discord


@pytest.mark.parametrize("key", ["slack", "discord"])
async def test_a_form_is_a_labelled_dialog(services: SimulatedServices, key: str) -> None:
    """Its title names it, its field has a label, a description and the platform's limit; nobody else sees it."""
    side, _ = opened(services, key)
    shown = view.draw([side], Look("Ada", {}), "", embedded).pieces[f"{key}-form"]
    assert f'aria-labelledby="{key}-form-title"' in shown
    assert f'<label for="{key}-form-words">Why?</label>' in shown
    assert f'aria-describedby="{key}-form-hint"' in shown
    assert 'maxlength="40"' in shown
    assert "A &lt;b&gt;title&lt;/b&gt;" in shown
    assert "dialog" not in view.draw([side], Look("Ben", {}), "", embedded).pieces[f"{key}-form"]


@pytest.mark.parametrize("key", ["slack", "discord"])
async def test_a_form_is_sent_or_closed(
    services: SimulatedServices, page: Page, http: aiohttp.ClientSession, key: str
) -> None:
    """Both buttons end it; what is too long, and a form that is gone, show a sentence."""
    _, workspace = opened(services, key)
    ada = (services.slack if key == "slack" else services.discord).people[0]
    fields = {"as": "Ada", "side": key}
    assert await post(http, page, "fill", **fields, do="send", words="w" * 41) == 303
    async with http.get(page.address) as answer:
        assert NO_FORM in await answer.text()
    assert workspace.open_form(ada) is not None
    assert await post(http, page, "fill", **fields, do="close") == 303
    assert workspace.open_form(ada) is None
    opened(services, key)
    assert await post(http, page, "fill", **fields, do="send", words="Because") == 303
    assert workspace.open_form(ada) is None
    assert await post(http, page, "fill", side="irc", do="send") == 400
