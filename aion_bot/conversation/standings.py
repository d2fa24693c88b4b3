"""What the platforms say of people, remembered for some minutes: roles, groups, guests."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping
from typing import TypeVar, cast

import structlog

from aion_bot.concurrency.backoff import Backoff, retry
from aion_bot.domain.access import AccessPolicy, Standing
from aion_bot.ports.errors import PlatformDown, PlatformError, RateLimited
from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.ports.roles import Departures, GroupMembers, Guests, MemberRoles, Writers
from aion_bot.ports.settings import IdKind

T = TypeVar("T")

_log = structlog.get_logger(__name__)

LIFETIME = 240.0
"""Seconds for which an answer counts: a change has to show within five minutes."""

TIMEOUT = 1.5
"""Seconds for one look-up: a command on Discord has to be acknowledged within three."""

_AGAIN = Backoff(0.2, attempts=3)

_CAPACITY = 10_000
"""Answers that are remembered; the oldest is forgotten."""


class Standings:
    """Asks the platforms, at most once at a time about the same. `offered` are the adapters by platform.

    An answer that could not be had is not remembered, and never stands for another one: it is None.
    """

    def __init__(self, offered: Mapping[str, object]) -> None:
        self._offered = offered
        self._known: OrderedDict[Hashable, tuple[object, float]] = OrderedDict()
        self._asking: dict[Hashable, asyncio.Task[object]] = {}

    async def of(
        self, platform: str, place: Place, person: Person, policy: AccessPolicy, owner: Person | None = None
    ) -> Standing:
        """Return what the policy needs to know of a person. `place` is where they did something just now.

        `owner` as for `AccessPolicy.depends_on_standing`.
        """
        wanted = policy.roles_that_count(person, owner)
        roles = None
        if wanted and place.roles is not None:
            roles = place.roles & wanted
        elif wanted:
            roles = await self.held(platform, place, person.id, wanted)
        return Standing(roles, None if policy.guests else await self._is_guest(platform, person.id))

    async def held(
        self, platform: str, place: Place, person: str, roles: frozenset[str]
    ) -> frozenset[str] | None:
        """Implement `ports.roles.Roles`. None also where one group of several cannot be looked up and no other is held."""
        adapter = self._offered.get(platform)
        if isinstance(adapter, GroupMembers):
            groups, found = await self._members(platform, adapter, roles)
            has = frozenset(
                one for one, members in zip(groups, found, strict=True) if members and person in members
            )
            return None if None in found and not has else has
        if isinstance(adapter, MemberRoles) and place.home:
            key, home = (platform, place.home, person), place.home
            all_held = await self._ask(key, lambda: adapter.member_roles(home, person))
            return None if all_held is None else all_held & roles
        return frozenset()

    async def members(self, platform: str, roles: frozenset[str]) -> frozenset[str]:
        """Return the people in some groups, as far as the platform lists them now; nobody where it lists no members."""
        adapter = self._offered.get(platform)
        if not isinstance(adapter, GroupMembers):
            return frozenset()
        _, found = await self._members(platform, adapter, roles)
        return frozenset[str]().union(*(one for one in found if one is not None))

    async def _members(
        self, platform: str, adapter: GroupMembers, roles: frozenset[str]
    ) -> tuple[list[str], list[frozenset[str] | None]]:
        """Return those of some roles that are groups of this platform, and who is in each; None where it does not say."""
        form = id_forms_of(adapter).get(IdKind.ROLE)
        # A list may hold the ids of both platforms.
        groups = sorted(one for one in roles if form is None or form.fits(one))
        return groups, [
            await self._ask((platform, "group", one), lambda one=one: adapter.group_members(one))  # type: ignore[misc]  # mypy infers no type for a default of a lambda
            for one in groups
        ]

    async def has_left(self, platform: str, place: Place, person: str) -> bool | None:
        """Return whether a person cannot act at a place any more; None where the platform does not say it now."""
        adapter = self._offered.get(platform)
        form = id_forms_of(adapter).get(IdKind.PERSON)
        # An erased person, or one of another platform, is nobody whom this one knows.
        if not isinstance(adapter, Departures) or not (form is None or form.fits(person)):
            return False
        key, home = (platform, "left", place.home, person), place.home
        return await self._ask(key, lambda: adapter.has_left(home, person))

    async def may_write(self, thread: ThreadKey, place: Place, person: str) -> bool | None:
        """Return whether a person may write in a thread or channel; None where the platform does not say it now."""
        adapter = self._offered.get(thread.platform)
        if not isinstance(adapter, Writers):
            return True
        key = (thread, "writes", place.channel, person)
        return await self._ask(key, lambda: adapter.may_write(thread, place, person))

    async def _is_guest(self, platform: str, person: str) -> bool | None:
        adapter = self._offered.get(platform)
        if not isinstance(adapter, Guests):
            return False
        return await self._ask((platform, "guest", person), lambda: adapter.is_guest(person))

    async def _ask(self, key: Hashable, look: Callable[[], Awaitable[T]]) -> T | None:
        """Return what was answered before, or ask; None where no answer comes in time."""
        answer, until = self._known.get(key, (None, 0.0))
        if until > time.monotonic():
            return cast("T", answer)
        if (asking := self._asking.get(key)) is None:
            asking = self._asking[key] = asyncio.create_task(self._look_up(key, look))
            asking.add_done_callback(lambda _: self._asking.pop(key, None))
        # Whoever waits may be cancelled, and the others go on waiting.
        return cast("T | None", await asyncio.shield(asking))

    async def _look_up(self, key: Hashable, look: Callable[[], Awaitable[object]]) -> object:
        try:
            async with asyncio.timeout(TIMEOUT):
                answer = await retry(look, backoff=_AGAIN, on=_worth_another)
        except (PlatformError, TimeoutError) as error:
            _log.warning("standing lookup failed", reason=repr(error))
            return None
        self._known[key] = (answer, time.monotonic() + LIFETIME)
        self._known.move_to_end(key)
        if len(self._known) > _CAPACITY:
            self._known.popitem(last=False)
        return answer


def _worth_another(error: Exception) -> bool | float:
    if isinstance(error, RateLimited):
        return error.retry_after if error.retry_after < TIMEOUT else False
    return isinstance(error, PlatformDown)
