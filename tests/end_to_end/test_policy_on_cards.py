"""A change of policy while plans wait: SIGHUP shows it on the open cards, and no turn is lost."""

from pathlib import Path

import pytest
from structlog.testing import capture_logs

import adapters
from aion_bot.config import read_rules
from aion_bot.domain import strings
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.runtime.reloading import Reloading
from aion_bot.simulators.aion import script
from aion_bot.simulators.aion.scene import ENDING, Answer, Hold, PlanEnd, Scene, Speak
from tests.end_to_end.bot import Bot
from tests.support.logs import logged
from tests.support.loop_time import loop_seconds

FILE = "aion-bot.toml"


@pytest.fixture
async def bot(idle: Bot, tmp_path: Path) -> Bot:
    """A bot that reads its file again when it is asked to."""
    forms = [id_forms_of(one) for one in adapters.platforms()]
    idle.reloading = Reloading(idle.env(), lambda: read_rules(tmp_path / FILE, forms))
    await idle.start()
    return idle


async def reload(bot: Bot, folder: Path, rules: str) -> None:
    """Put these lines into the file's defaults, and ask for it as SIGHUP does."""
    (folder / FILE).write_text(f"[defaults]\n{rules}\n")
    assert bot.reloading is not None
    bot.reloading.asked.set()


async def test_open_cards_show_a_change_of_policy(bot: Bot, tmp_path: Path) -> None:
    """Approvers, approvals, four eyes and expiry: each is shown within 2 s, or acted on; an answer under way goes on.

    A bad file changes nothing, and the policy of the moment decides what a press does.
    """
    bot.aion.play(
        script.organize(PlanEnd.DONE),
        Scene((Speak("One. "), Hold("go", pings=True), Speak("Two."), *ENDING), Answer("One. Two.")),
    )
    thread = await bot.workspace.ask(bot.ada, "Organize the photos of site 7 into folders")
    await bot.card(thread)
    running = await bot.asked(bot.cy, "first", "One.")
    everybody = f'approvers = ["{bot.ada.id}", "{bot.ben.id}", "{bot.cy.id}"]'
    for rules, shown in (
        ('approvers = "anyone"', "Anyone here can approve or cancel this."),
        (everybody, f"@{bot.ben.name}"),
        (f"{everybody}\napprovals_required = 3", "Needs the approval of 3 people."),
        (f"{everybody}\napprovals_required = 2\nfour_eyes = true", "Needs the approval of 2 people."),
    ):
        await reload(bot, tmp_path, rules)
        async with loop_seconds(2):
            await bot.shows(thread, shown)
    before = bot.text(thread)
    with capture_logs() as logs:
        await reload(bot, tmp_path, "approvals_required = 0")
        await logged(logs, "rules refused", within=2)
    await bot.press(bot.ada, thread, "Approve")
    await bot.replies_privately(thread, bot.ada, strings.OWN_APPROVAL.strip())
    assert bot.text(thread) == before
    bot.aion.release("go")
    await bot.shows(running, "One. Two.")
    await reload(bot, tmp_path, 'approval_expires = "1s"')
    await bot.shows(thread, strings.DROPPED)
    assert bot.aion.count("plan_action") == 1
    assert bot.asked_words == ["Organize the photos of site 7 into folders", "first"]
