"""Which form a press opens, for a platform that has to open it within seconds, and what is said where none was filled in."""

from aion_bot.conversation.private_reply import failed
from aion_bot.domain import strings
from aion_bot.domain.reason import decision_of
from aion_bot.ports.events import Click
from aion_bot.ports.forms import Form
from aion_bot.ports.messages import Action
from aion_bot.storage import Store


def unwritten(click: Click) -> str:
    """Return what a person is told whose press came without words: they wrote none that can be seen, or saw no form."""
    if click.words:
        return strings.NOTHING_WRITTEN
    return failed(click.thread.platform, click, strings.FORM_NOT_OPENED)


async def form_of(store: Store, click: Click) -> Form | None:
    """Return the form that a press opens, by the rows alone; None where it counts as it is, or where it will be refused.

    Whether the person may use the bot there is judged when they have written: asking the platform may take too long here.
    """
    if click.action is Action.WHY and await store.ratings.is_bad(click.key, click.person):
        return Form(strings.WHY_TITLE, strings.WHY_LABEL, strings.WHY_HINT, strings.SEND)
    if click.action is Action.REASON:
        plan = await store.plans.get(click.key)
        # The card of a private plan has copies, which stand elsewhere.
        here = plan is not None and (
            plan.thread == click.thread or await store.plan_copies.is_of(plan.key, click.person, click.thread)
        )
        action = decision_of(plan, click.person) if plan is not None and here else None
        if action is not None and not await store.reasons.has(click.key, click.person, action):
            return Form(strings.ADD_REASON, strings.REASON_LABEL, strings.REASON_HINT, strings.SEND)
    return None
