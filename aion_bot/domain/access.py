"""Who may use the bot, and who may decide a plan."""

from dataclasses import dataclass

from aion_bot.domain import strings
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person

Approvers = str | frozenset[str]
"""`requester`, `anyone`, or the ids of those who may decide."""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """The lists in force; an empty list allows all. `approvers` decide plans."""

    allow_channels: frozenset[str] = frozenset()
    allow_users: frozenset[str] = frozenset()
    allow_workspaces: frozenset[str] = frozenset()
    approvers: Approvers = "requester"

    def refusal(self, place: Place, person: Person) -> str | None:
        """Return the sentence that refuses this person here, or None if they may use the bot.

        A channel that another organisation shares is served only if it is listed.
        """
        # Before the lists: an empty list allows all channels, but never one that strangers can read.
        if place.shared and place.channel not in self.allow_channels:
            return strings.SHARED
        lists = (
            (self.allow_users, person.id),
            (self.allow_workspaces, place.workspace),
            (self.allow_channels, place.channel),
        )
        if any(allowed and one not in allowed for allowed, one in lists):
            return strings.NOT_HERE
        return None

    def may_decide(self, person: Person, requester: Person) -> bool:
        """Return whether this person may decide a plan that `requester`'s question led to."""
        if isinstance(self.approvers, frozenset):
            return person.id in self.approvers
        return self.approvers == "anyone" or person.id == requester.id

    def may_stop(self, person: Person, asker: Person) -> bool:
        """Return whether this person may stop or retry what `asker` asked: the asker, and who may decide plans."""
        return person.id == asker.id or self.may_decide(person, asker)
