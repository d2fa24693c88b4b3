"""The button under a plan that somebody cancelled: it asks Aion in the same session for another plan."""

from aion_bot.conversation.services import Services
from aion_bot.domain import strings
from aion_bot.ports.events import Click, Prompt
from aion_bot.ports.messages import Action


async def question_after(services: Services, click: Click) -> Prompt | str:
    """Return what a press asks, in the name of whoever pressed; a sentence where the plan's session is not the thread's any more.

    Its key is made of the plan's: a second press, also in another process, asks nothing more. Raises `sqlite3.Error`.
    """
    plan = await services.store.plans.get(click.key)
    # A press can be forged: it counts in the thread of a plan that somebody cancelled.
    if plan is None or plan.thread != click.thread or not plan.was_refused:
        return strings.PLAN_FORGOTTEN
    if await services.store.threads.session(click.thread) != plan.session_id:
        return strings.PLAN_FORGOTTEN
    return Prompt(
        f"{plan.key}-{Action.ANOTHER_PLAN}",
        click.thread,
        click.place,
        click.person,
        strings.ANOTHER_PLAN_QUESTION,
        reply_token=click.reply_token,
    )


def asks_for_another(prompt: Prompt) -> bool:
    """Tell whether a question came of the button."""
    return prompt.key.endswith(f"-{Action.ANOTHER_PLAN}") and prompt.text == strings.ANOTHER_PLAN_QUESTION
