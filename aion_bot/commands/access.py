"""`aion-bot access`: whether somebody may use the bot at a place, and what says so. Asks the platform; changes nothing."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from aion_bot.config import Settings, policy_of
from aion_bot.conversation.access_control import AccessControl
from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy, Intent, Refusal, may_use_workspace
from aion_bot.domain.rule_keys import ACCESS_KEYS, ALLOW_ROLES, ALLOW_USERS, ENABLED, GUESTS, KEYS, SHARED
from aion_bot.domain.rules import Rule, Rules, shown
from aion_bot.environment.database_location import PostgresUrl
from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import Place
from aion_bot.ports.hosting import HostedPlatform
from aion_bot.ports.messages import Person
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.ports.roles import PlaceLookup
from aion_bot.ports.settings import IdKind
from aion_bot.ports.shared_values import SharedValues, SharedValuesDown
from aion_bot.runtime.supervisor import ADMITTED
from aion_bot.storage import StoreError, remembered
from aion_bot.storage.hosting import check_shared, known_scopes, open_shared

_MOST_ASKED = 20
"""Scopes whose platforms are asked where no workspace is named."""

_CHANNELS, _WORKSPACES = "AION_BOT_ALLOW_CHANNELS", "AION_BOT_ALLOW_WORKSPACES"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the bot would decide of a mention, and a line for each value that says so."""

    refusal: Refusal | None
    because: Sequence[str]


class NoSuchPlaceError(Exception):
    """No connected platform has ids like these, or the platform does not say what is asked; the text says what to do."""


async def judge_and_close(
    settings: Settings,
    rules: Rules,
    adapters: Sequence[PlatformAdapter],
    where: tuple[str, str],
    person: str,
) -> Verdict:
    """Do what `judge` does, and close the adapters."""
    try:
        return await judge(settings, rules, adapters, where, person)
    finally:
        await asyncio.gather(*(adapter.close() for adapter in adapters), return_exceptions=True)


async def judge_hosted(
    settings: Settings,
    rules: Rules,
    platforms: Callable[[SharedValues], Sequence[HostedPlatform]],
    where: tuple[str, str],
    person: str,
) -> Verdict:
    """Do what `judge` does with the adapter of the scope that `where` is in: of its workspace, or the first that knows the channel.

    Raises `NoSuchPlaceError`, and `StoreError` where what the replicas share cannot be read.
    """
    location = settings.database
    if not isinstance(location, PostgresUrl) or await asyncio.to_thread(check_shared, location) is None:
        raise NoSuchPlaceError(strings.NO_PLATFORM_OF_IDS)
    scopes = await asyncio.to_thread(known_scopes, location)
    meant = [one for one in scopes if one.name.partition(":")[2] == where[1]] or scopes
    shared = await open_shared(location, "access")
    hosted = {one.platform: one for one in platforms(shared.values)}
    problem = NoSuchPlaceError(strings.NO_PLATFORM_OF_IDS)
    try:
        for scope in meant[:_MOST_ASKED]:
            name, _, number = scope.name.partition(":")
            adapter = await hosted[name].adapter(number) if name in hosted else None
            if adapter is None:
                continue
            own = settings.model_copy(update={"database": scope.location})
            try:
                return await judge_and_close(own, rules, [adapter], where, person)
            except NoSuchPlaceError as error:
                problem = error
        raise problem
    except SharedValuesDown as error:
        raise StoreError(str(error)) from None
    finally:
        await asyncio.gather(*(one.close() for one in hosted.values()), return_exceptions=True)
        await shared.close()


async def judge(
    settings: Settings,
    rules: Rules,
    adapters: Sequence[PlatformAdapter],
    where: tuple[str, str],
    person: str,
) -> Verdict:
    """Decide of a mention by `person` as the running bot would; `where` is a channel or thread, and its workspace or "".

    Raises `NoSuchPlaceError`.
    """
    channel, workspace = where
    ids = ((IdKind.CHANNEL, channel), (IdKind.PERSON, person))
    fitting = [one for one in adapters if all(id_forms_of(one)[kind].fits(given) for kind, given in ids)]
    adapter = next(iter(fitting), None)
    if adapter is None or not isinstance(adapter, PlaceLookup):
        raise NoSuchPlaceError(strings.NO_PLATFORM_OF_IDS)
    platform, rules = adapter.platform, rules.with_variables(settings.rules())
    try:
        place = await adapter.look_up_place(channel, person)
    except PlatformError as error:
        raise NoSuchPlaceError(strings.not_looked_up(str(error) or type(error).__name__)) from error
    if workspace and workspace != place.home:
        raise NoSuchPlaceError(strings.in_another_workspace(place.home))
    access = AccessControl({platform: policy_of(settings, id_forms_of(adapter))}, rules, {platform: adapter})
    admitted = remembered(settings.database, ADMITTED).get(platform)
    if admitted is not None:
        access.admit(platform, json.loads(admitted))
    refusal = await access.judge(platform, Intent.ASK, place, Person(person))
    return Verdict(refusal, list(_because(refusal, access.policy(platform, place), rules, place, person)))


def _because(
    refusal: Refusal | None, policy: AccessPolicy, rules: Rules, place: Place, person: str
) -> Iterator[str]:
    """Yield the values that allow or refuse, each with its source."""
    for key in ACCESS_KEYS if refusal is None else _keys_behind(refusal, policy, person):
        rule = rules.said(key, place) or Rule(KEYS[key].default, "default")
        yield f"{key}: {shown(rule.value)} ({rule.source})"
    listed = place.channel in policy.allow_channels
    if (refusal is Refusal.SHARED and policy.shared is None) or (
        refusal is Refusal.NOT_LISTED and policy.allow_channels and not listed
    ):
        yield strings.not_among(_CHANNELS, place.channel)
    home = place.person_workspace or place.workspace
    if refusal is Refusal.NEW_WORKSPACE or (
        refusal is Refusal.NOT_LISTED and policy.allow_workspaces and not may_use_workspace(policy, home)
    ):
        yield strings.not_among(_WORKSPACES, home or "-")


def _keys_behind(refusal: Refusal, policy: AccessPolicy, person: str) -> Iterator[str]:
    if refusal is Refusal.DISABLED:
        yield ENABLED
    elif refusal is Refusal.SHARED:
        yield SHARED
    elif refusal is Refusal.GUEST or (refusal is Refusal.UNKNOWN_STANDING and not policy.guests):
        yield GUESTS
    listed = refusal in {Refusal.NOT_LISTED, Refusal.UNKNOWN_STANDING}
    if listed and person not in policy.allow_users:
        yield from (key for key in (ALLOW_USERS, ALLOW_ROLES) if getattr(policy, key))
