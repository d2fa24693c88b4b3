"""Whether the Discord application is set up as the bot needs it: real calls that change nothing."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from typing import Any

import discord

from adapters.discord import strings
from adapters.discord.client import RestClient
from adapters.discord.config import MESSAGE_CONTENT, SHARDS, TOKEN, Settings
from adapters.discord.gateway import PERMISSIONS, SCOPES
from adapters.discord.http import RequestReporter
from adapters.discord.permissions import permissions
from adapters.discord.servers import listed
from aion_bot.ports.diagnosis import Diagnosis, Finding, Subjects, fail, ok, seconds_ahead, unfinished, warn
from aion_bot.ports.errors import Forbidden, MessageGone, PlatformDown, RateLimited, TokenRefused
from aion_bot.ports.events import Place
from aion_bot.ports.settings import IdKind
from aion_bot.ports.text import one_line

MOST_LOOKUPS = 20
"""Channels, and listed ids, that are looked up at most."""

_NAME = 80
"""Characters of a name that a finding repeats."""

_ALLOWED_SERVERS = "AION_BOT_ALLOW_WORKSPACES"

_PORTAL = "discord.com/developers/applications"

_DIRECT = {1, 3}
"""Types of channels without permissions (Discord's documentation, *Channel Types*)."""


class DiscordDiagnosis:
    """Asks through `rest`, which may be that of an adapter that listens."""

    def __init__(self, rest: RestClient, reporter: RequestReporter, settings: Settings) -> None:
        self._rest = rest
        self._reporter = reporter
        self._settings = settings
        self._servers: Mapping[str, str] = {}

    async def whole(self, subjects: Subjects) -> Diagnosis:
        """Check everything; a token that Discord refuses hides the rest. Raises `PlatformDown`."""
        findings, ahead = [], None
        try:
            async with self._rest.call() as client:
                ahead = seconds_ahead(self._reporter.date)
            is_limited = any(one.source == _ALLOWED_SERVERS for one in subjects.listed)
            findings += list(_application(client, self._settings, is_limited=is_limited))
            for check in self._reach(), self._channels(subjects.places), self._listed(subjects):
                findings += [one async for one in check]
        except RateLimited as error:  # a running bot may have used the limit up
            findings.append(unfinished(error))
        except TokenRefused:
            mend = f"copy it from the page Bot of {_PORTAL}, or reset it there"
            findings.append(fail(TOKEN, "refused by Discord", mend))
        return Diagnosis(findings, ahead)

    async def _reach(self) -> AsyncIterator[Finding]:
        """Ask for the gateway, whose sessions are counted when one begins, and for the servers."""
        try:
            await self._rest.gateway()
        except PlatformDown as error:
            mend = "wait until Discord grants new sessions; look what restarts the bot so often"
            yield fail("gateway", str(error), mend)
        else:
            for one in _shards(self._settings.shards, self._rest):
                yield one
        found = self._servers = await listed(self._rest)
        if found:
            names = ", ".join(one_line(one, _NAME) for one in list(found.values())[:5])
            yield ok("servers", f"the bot is in {len(found)}: {names}{'…' if len(found) > 5 else ''}")
        else:
            yield warn("servers", "the bot is in no server", "open the invitation link above")

    async def _channels(self, places: Iterable[Place]) -> AsyncIterator[Finding]:
        """Compute what the bot may do in the channels that have threads."""
        channels = {one.channel: one.home for one in places if one.home in self._servers}
        roles: dict[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {}
        looked_at = complete = 0
        for channel, server in list(channels.items())[:MOST_LOOKUPS]:
            try:
                async with self._rest.call() as client:
                    own = str(client.user.id) if client.user is not None else ""
                    found: Mapping[str, Any] = await client.http.get_channel(channel)
                    if found["type"] in _DIRECT:
                        continue
                    if server not in roles:
                        guild = await client.http.get_guild(server, with_counts=False)
                        roles[server] = guild, await client.http.get_member(server, own)
            except MessageGone:
                continue
            except Forbidden:
                yield _lacking(f"channel {channel}", ["View Channel"])
                continue
            looked_at += 1
            lacking = PERMISSIONS & ~permissions(*roles[server], own, found)
            if lacking.value:
                name = one_line(str(found.get("name") or ""), _NAME)
                yield _lacking(f"#{name} ({channel})", names_of(lacking))
            else:
                complete += 1
        if looked_at and complete == looked_at:
            yield ok("permissions", f"complete in {complete} channels that have threads")

    async def _listed(self, subjects: Subjects) -> AsyncIterator[Finding]:
        """Look up the ids that the settings list."""
        roles: set[str] | None = None
        for one in subjects.listed[:MOST_LOOKUPS]:
            unknown = one.kind is IdKind.WORKSPACE and one.id not in self._servers
            if one.kind is IdKind.ROLE and roles is None:
                roles = await self._roles()
            # Of more servers not all roles are known.
            whole = len(self._servers) <= MOST_LOOKUPS
            unknown = unknown or (one.kind is IdKind.ROLE and whole and one.id not in (roles or ()))
            with suppress(Forbidden):  # it exists
                try:
                    async with self._rest.call() as client:
                        if one.kind is IdKind.CHANNEL:
                            await client.http.get_channel(one.id)
                        elif one.kind is IdKind.PERSON:
                            await client.http.get_user(one.id)
                except MessageGone:
                    unknown = True
            if unknown:
                words = f"no {one.kind.value} {one.id} is shown to the bot by Discord"
                yield warn(one.source, words, "correct it")

    async def _roles(self) -> set[str]:
        """Ask for the roles of each server, of so many servers at most as ids are looked up."""
        found: set[str] = set()
        for server in list(self._servers)[:MOST_LOOKUPS]:
            with suppress(Forbidden, MessageGone):  # a server that the bot has left has no roles for it
                async with self._rest.call() as client:
                    guild = await client.http.get_guild(int(server), with_counts=False)
                found.update(str(one["id"]) for one in guild["roles"])
        return found


def _application(client: discord.Client, settings: Settings, *, is_limited: bool) -> Iterable[Finding]:
    """Read the application's own record, for which discord.py asks as it logs in."""
    app, name = client.application, client.user.name if client.user is not None else ""
    yield ok(TOKEN, f"of {one_line(name, _NAME)} ({client.application_id})")
    if app is None:
        return
    granted = app.flags.gateway_message_content or app.flags.gateway_message_content_limited
    page = f"the page Bot of {_PORTAL}/{app.id}"
    if settings.message_content and not granted:
        mend = f"switch on Message Content Intent on {page}, or set it to false"
        yield fail(MESSAGE_CONTENT, "asks for an intent that is off, so Discord refuses the connection", mend)
    elif not settings.message_content:
        yield ok(MESSAGE_CONTENT, "false: replies in threads need a mention of the bot")
    else:
        yield ok(MESSAGE_CONTENT, "the Message Content intent is on")
    if app.interactions_endpoint_url:
        mend = f"empty Interactions Endpoint URL on the page General Information of {_PORTAL}/{app.id}"
        yield fail("interactions", "commands and buttons go to a web address, and not to the bot", mend)
    if app.bot_public and not is_limited:
        yield warn("public bot", *strings.PUBLIC_BOT.split(": ", 1))
    else:
        yield ok("public bot", "off" if not app.bot_public else f"on; {_ALLOWED_SERVERS} limits it")
    if app.bot_require_code_grant:
        yield warn("invitation", "the link does not work", f"switch off Requires OAuth2 Code Grant on {page}")
    link = discord.utils.oauth_url(app.id, permissions=PERMISSIONS, scopes=SCOPES)
    yield ok("invitation link", link)


def _shards(wanted: int | None, rest: RestClient) -> Iterable[Finding]:
    """Compare the number of shards with the recommended one; nothing where one connection is enough."""
    recommended, starts = rest.recommended_shards, rest.session_starts
    count = wanted or recommended
    if count < recommended:
        yield warn(SHARDS, f"{count}, and Discord recommends {recommended}", "set it to auto")
    elif count > 1:
        yield ok(SHARDS, f"{count}; {starts['remaining']} of {starts['total']} session starts are left")


def names_of(lacking: discord.Permissions) -> list[str]:
    """Name permissions as Discord's settings do."""
    words = [name.replace("_", " ").title().replace(" In ", " in ") for name, is_set in lacking if is_set]
    return sorted(words)


def _lacking(where: str, lacking: Iterable[str]) -> Finding:
    names = ", ".join(lacking)
    mend = "give the bot's role what is missing in the channel's settings, page Permissions"
    return fail("permissions", f"{where}: the bot lacks {names}", mend)
