"""An optional capability of a platform's package: one deployment serves several scopes, spread over its replicas.

A scope is what the platform counts its limits by: a Slack workspace, or the servers of a group of Discord shards. One
replica owns a scope at a time, and serves it with an adapter, a store and a pacing of its own. Any replica takes
requests of every scope.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.settings import Problem
from aion_bot.ports.shared_values import SharedValues


@dataclass(frozen=True, slots=True)
class Routed:
    """A request that was checked, and the id of the scope whose owner has to take it."""

    scope: str
    request: HttpRequest


@runtime_checkable
class TakesRouted(Protocol):
    """An adapter of a scope."""

    async def take(self, request: HttpRequest) -> HttpAnswer:
        """Take over a request that `HostedPlatform.route` has checked, maybe in another replica a while ago. Does not raise.

        The status has the meaning of `ReceivesRequests.receive`.
        """


class HostedPlatform(Protocol):
    """A platform of which one deployment serves several scopes."""

    platform: str
    http_paths: Sequence[str]
    """The paths of its requests, each behind a slash; none where the platform sends none."""

    changed: asyncio.Event
    """Set where `scopes` may return something else; whoever looks clears it first."""

    async def scopes(self) -> Sequence[str]:
        """Return the ids of all scopes: letters and digits, at most 40, unlike each other whatever their case."""

    async def adapter(self, scope: str) -> PlatformAdapter | None:
        """Build what serves a scope; None where it is not a scope any more. Connects to nothing."""

    async def route(self, path: str, request: HttpRequest) -> Routed | HttpAnswer:
        """Check a request: whose it is, or the answer where no scope has to take it. Does not raise."""

    async def left(self, scope: str) -> None:
        """Forget a scope after its rows were erased."""

    async def leaving(self) -> Sequence[str]:
        """Return the ids of scopes whose rows have to be erased: the app was removed from them."""

    async def close(self) -> None:
        """Close what is open."""


@runtime_checkable
class HasWorkspaces(Protocol):
    """A hosted platform of which a scope may hold several workspaces, that leave it one by one while the others stay."""

    async def leaving_workspaces(self) -> Sequence[tuple[str, str]]:
        """Return the scopes and ids of workspaces whose rows have to be erased. Raises `SharedValuesDown`."""

    async def workspace_left(self, scope: str, workspace: str) -> None:
        """Forget a workspace after its rows were erased. Raises `SharedValuesDown`."""


CheckKey = Callable[[str], Awaitable[bool]]
"""Asks Aion whether it takes a key, whatever it is; False where Aion cannot tell. Does not raise."""


@runtime_checkable
class OffersAionKeys(Protocol):
    """A hosted platform whose scopes may have keys of Aion's of their own, which their admins give in a form."""

    check_key: CheckKey | None
    """Set by whoever runs the platform, before the first `route`; without it no form is offered."""

    async def aion_key(self, scope: str) -> str | None:
        """Return the key of a scope, which may change at any time; None where it has none. Raises `SharedValuesDown`."""


@runtime_checkable
class HandsOver(Protocol):
    """A hosted platform that sends some of what belongs to one scope to another one's adapter.

    The adapters of its scopes are `TakesRouted`.
    """

    hand_over: Callable[[Routed], Awaitable[bool]]
    """Lets the owner of a scope take a request, now or later; False where it was not kept. Does not raise.

    Whoever runs the platform sets it before the first `adapter`.
    """


@runtime_checkable
class OffersHosting(Protocol):
    """A sub-package of `adapters` that can serve several scopes."""

    def configure_hosted(
        self, env: Mapping[str, str], values: SharedValues
    ) -> tuple[HostedPlatform | None, Sequence[Problem]]:
        """Build it where its variables ask for that; None where they do not. Connects to nothing."""

    def wants_hosting(self, env: Mapping[str, str]) -> bool:
        """Tell whether the variables ask for several scopes."""
