"""What a platform can say of a person: the groups or roles that they have, and whether they are a guest."""

from typing import Protocol, runtime_checkable

from aion_bot.ports.events import Place


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


class Roles(Protocol):
    """Tells which of some roles or groups a person has at a place."""

    async def held(
        self, platform: str, place: Place, person: str, roles: frozenset[str]
    ) -> frozenset[str] | None:
        """Return those of `roles` that a person has, as it was at most five minutes ago; None if that is not known."""
