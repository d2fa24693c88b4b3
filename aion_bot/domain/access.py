"""Who may use the bot, and who may decide a plan. No I/O."""

from aion_bot.config import Settings
from aion_bot.domain import strings
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person


def refusal(settings: Settings, place: Place, person: Person) -> str | None:
    """Return the sentence that refuses this person here, or None if they are welcome.

    A channel that another organisation shares is served only if it is listed.
    """
    if place.shared and place.channel not in settings.allow_channels:
        return strings.SHARED
    lists = (
        (settings.allow_users, person.id),
        (settings.allow_workspaces, place.workspace),
        (settings.allow_channels, place.channel),
    )
    if any(allowed and one not in allowed for allowed, one in lists):
        return strings.NOT_HERE
    return None


def may_stop(approvers: str | frozenset[str], person: Person, asker: Person) -> bool:
    """Tell whether this person may stop, or ask again, what `asker` asked: the asker, and who may decide plans."""
    return person.id == asker.id or may_decide(approvers, person, asker)


def may_decide(approvers: str | frozenset[str], person: Person, requester: Person) -> bool:
    """Tell whether this person may decide what `requester` brought about."""
    if isinstance(approvers, frozenset):
        return person.id in approvers
    return approvers == "anyone" or person.id == requester.id
