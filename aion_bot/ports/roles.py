"""What a platform can say of a person: the groups or roles that they have, and whether they are a guest."""

from typing import Protocol, runtime_checkable

from aion_bot.ports.events import Place
from aion_bot.ports.messages import ThreadKey


@runtime_checkable
class GroupMembers(Protocol):
    """A platform that lists who is in a group of people. Each call is one request, which may raise `PlatformError`."""

    async def group_members(self, group: str) -> frozenset[str]:
        """Return the ids of the people in a group; empty where there is no such group."""


@runtime_checkable
class MemberRoles(Protocol):
    """A platform that says which roles a member has. Each call is one request, which may raise `PlatformError`."""

    async def member_roles(self, workspace: str, person: str) -> frozenset[str]:
        """Return the ids of a person's roles in a workspace; empty where they are no member of it."""


@runtime_checkable
class Guests(Protocol):
    """A platform that has guests. Each call is one request, which may raise `PlatformError`."""

    async def is_guest(self, person: str) -> bool:
        """Return whether a person is a guest, or belongs to no workspace of the bot's."""


@runtime_checkable
class Departures(Protocol):
    """A platform that says whether somebody can still act there. Each call is one request, which may raise `PlatformError`."""

    async def has_left(self, workspace: str, person: str) -> bool:
        """Return whether an account was deactivated or removed, or is no member of a workspace any more.

        False where the platform does not let the bot know it.
        """


@runtime_checkable
class Writers(Protocol):
    """A platform that says whether somebody may write in a place now, by a few requests, which may raise `PlatformError`."""

    async def may_write(self, thread: ThreadKey, place: Place, person: str) -> bool:
        """Return whether a person may write in a thread or channel, of which `place` says where it is.

        True where the platform does not let the bot know it, or the bot itself is not there.
        """


@runtime_checkable
class PlaceLookup(Protocol):
    """An adapter that can say, without listening, what a place is to a person."""

    async def look_up_place(self, channel: str, person: str) -> Place:
        """Return the place of a mention by `person` in a channel or thread, as an event would. Raises `PlatformError`.

        Both ids have the platform's form. Rights to write are asked for only where that takes no more requests.
        """


class Roles(Protocol):
    """Tells which of some roles or groups a person has at a place."""

    async def held(
        self, platform: str, place: Place, person: str, roles: frozenset[str]
    ) -> frozenset[str] | None:
        """Return those of `roles` that a person has, as it was at most five minutes ago; None if that is not known."""
