"""Whether the Slack app is set up as the bot needs it: real calls that change nothing."""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from typing import Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack import http_diagnosis, methods
from adapters.slack.client import WebApi
from adapters.slack.commands import COMMAND, MENU
from adapters.slack.config import (
    APP_TOKEN,
    BOT_TOKEN,
    CONFIG_TOKEN,
    PUBLIC_URL,
    SIGNING_SECRET,
    SlackSettings,
)
from adapters.slack.errors import BAD_APP_TOKEN
from adapters.slack.events import SHORTCUT
from adapters.slack.http_mode import PATH
from adapters.slack.methods import Method
from aion_bot.ports.diagnosis import Diagnosis, Finding, Subjects, fail, ok, seconds_ahead, unfinished, warn
from aion_bot.ports.errors import RateLimited
from aion_bot.ports.events import Place
from aion_bot.ports.settings import IdKind
from aion_bot.ports.text import one_line

MOST_LOOKUPS = 20
"""Channels, and listed ids, that are looked up at most: Slack takes 50 such requests a minute, of a running bot as well."""

_NAME = 80
"""Characters of a name or code that a finding repeats."""

_PAGES = "your app's pages (api.slack.com/apps)"

_LOST: Mapping[str, str] = {
    "files:read": "attached files cannot be read",
    "files:write": "pictures, and the rest of a very long answer, cannot be posted",
    "reactions:write": "a queued question has no mark",
    "search:read.public": "what was said before is not found where Slack limits reading",
    "usergroups:read": "names of mentioned groups are not read, and allow_roles lets nobody in",
    "users:read": "names of mentioned people are not read, guests = false refuses everybody, and reactions do nothing",
}
"""What does not work without each of `methods.OPTIONAL`."""

_ALLOWED_WORKSPACES = "AION_BOT_ALLOW_WORKSPACES"

_REINSTALL = {"account_inactive", "token_expired", "token_revoked"}
"""Codes of a bot token that was good once."""

_LOOKUPS: Mapping[IdKind, tuple[Method, str, str]] = {
    IdKind.CHANNEL: (Method.CONVERSATIONS_INFO, "channel", "channel_not_found"),
    IdKind.PERSON: (Method.USERS_INFO, "user", "user_not_found"),
    IdKind.ROLE: (Method.USERGROUPS_USERS_LIST, "usergroup", "no_such_subteam"),
}
"""How an id is looked up: method, argument, and the code that says that there is none."""


class SlackDiagnosis:
    """Asks through `web`, which may be that of an adapter that listens.

    `app` is the id of the app, where it is known; `installations`: workspaces install it.
    """

    def __init__(
        self, web: WebApi, settings: SlackSettings, *, app: str = "", installations: bool = False
    ) -> None:
        self._web = web
        self._settings = settings
        self._ahead: float | None = None
        self._team, self._app, self._installations = "", app, installations
        self._granted: set[str] = set()
        self._reactions = False

    async def whole(self, subjects: Subjects) -> Diagnosis:
        """Check everything; a token that Slack refuses hides what needs it. Raises `PlatformDown`."""
        findings: list[Finding] = []
        self._reactions = subjects.reactions
        over_http = self._settings.signing_secret is not None
        way = (
            [http_diagnosis.signing_secret(), http_diagnosis.request_url(self._settings)]
            if over_http
            else [self.app_token()]
        )
        checks = [self.bot_token(), *way, self.configuration(reactions=self._reactions)]
        try:
            for check in [*checks, self._channels(subjects.places), self._listed(subjects)]:
                findings += [one async for one in check]
        except RateLimited as error:  # a running bot may have used the limit up
            findings.append(unfinished(error))
        return Diagnosis(findings, self._ahead)

    async def one(self, variable: str) -> Diagnosis:
        """Check one variable. Raises `PlatformDown` and `RateLimited`."""
        checks: dict[str, Callable[[], AsyncIterator[Finding]]] = {
            BOT_TOKEN: self.bot_token,
            SIGNING_SECRET: http_diagnosis.signing_secret,
            PUBLIC_URL: lambda: http_diagnosis.request_url(self._settings),
        }
        return Diagnosis([one async for one in checks.get(variable, self.app_token)()], self._ahead)

    async def bot_token(self) -> AsyncIterator[Finding]:
        """Ask whose the bot token is, and which scopes it has."""
        answer = await self._web.ask(Method.AUTH_TEST)
        self._ahead = seconds_ahead(_header(answer, "date"))
        if code := code_of(answer):
            mend = f"copy the token that begins with xoxb- from OAuth & Permissions of {_PAGES}"
            if code in _REINSTALL:
                mend = f"install the app again on {_PAGES}, then copy the new token that begins with xoxb-"
            yield fail(BOT_TOKEN, f"refused by Slack ({code})", mend)
            return
        said = data_of(answer)
        self._team = str(said.get("team_id") or "")
        self._app = str(said.get("app_id") or "") or await self._app_of(str(said.get("bot_id") or ""))
        name, team = (one_line(str(said.get(key) or ""), _NAME) for key in ("user", "team"))
        yield ok(BOT_TOKEN, f"of @{name} in {team} ({self._team})")
        self._granted = {one.strip() for one in _header(answer, "x-oauth-scopes").split(",") if one.strip()}
        if self._granted:  # a proxy may drop the header
            for finding in _scopes(self._granted, methods.required(reactions=self._reactions)):
                yield finding

    async def app_token(self) -> AsyncIterator[Finding]:
        """Ask for an address of Socket Mode, which is not used, and compare the tokens' apps."""
        token = self._settings.app_level_token
        answer = await self._web.ask(Method.APPS_CONNECTIONS_OPEN, self._team, token=token)
        self._ahead = self._ahead if self._ahead is not None else seconds_ahead(_header(answer, "date"))
        code = code_of(answer)
        if code in {"missing_scope", "no_permission"}:
            mend = f"make an app-level token with the scope connections:write under Basic Information of {_PAGES}"
            yield fail(APP_TOKEN, "it lacks the scope connections:write", mend)
        elif code in BAD_APP_TOKEN:
            mend = f"copy the token that begins with xapp- from Basic Information of {_PAGES}"
            yield fail(APP_TOKEN, f"refused by Slack ({code})", mend)
        elif code:
            yield fail(APP_TOKEN, f"it opens no connection ({code})", f"switch on Socket Mode on {_PAGES}")
        elif self._app and (other := _app_in(token)) and other != self._app:
            mend = f"take both tokens from the pages of one app, {self._app} or {other}"
            yield fail(APP_TOKEN, f"it belongs to the app {other}, and {BOT_TOKEN} to {self._app}", mend)
        else:
            yield ok(APP_TOKEN, "it opens connections")

    async def _app_of(self, bot: str) -> str:
        """Return the app of a bot, "" where Slack does not tell: that takes the optional scope `users:read`."""
        answer = data_of(await self._web.ask(Method.BOTS_INFO, self._team, bot=bot)).get("bot")
        return str(answer.get("app_id") or "") if isinstance(answer, dict) else ""

    async def of_installation(self, subjects: Subjects) -> Diagnosis:
        """Check what is a workspace's own: its token, its scopes, its channels, its ids. Raises `PlatformDown`."""
        findings: list[Finding] = []
        self._reactions = subjects.reactions
        try:
            for check in [self.bot_token(), self._channels(subjects.places), self._listed(subjects)]:
                findings += [one async for one in check]
        except RateLimited as error:  # the running bot may have used the limit up
            findings.append(unfinished(error))
        return Diagnosis(findings, self._ahead)

    async def configuration(self, *, reactions: bool) -> AsyncIterator[Finding]:
        """Compare the app's configuration with what the bot needs of `manifest.yml`."""
        app = self._app or _app_in(self._settings.app_level_token)
        if not app or self._settings.config_token is None:
            return
        token = self._settings.config_token.get_secret_value()
        answer = await self._web.ask(Method.APPS_MANIFEST_EXPORT, self._team, token=token, app_id=app)
        if code := code_of(answer):
            mend = "make a new app configuration token on api.slack.com/apps, or remove it: only this check uses it"
            yield warn(CONFIG_TOKEN, f"it does not open the app's configuration ({code})", mend)
            return
        manifest = data_of(answer).get("manifest")
        events = methods.events(reactions=reactions, installations=self._installations)
        way = _way_problems(manifest, self._settings.public_url)
        problems = [*_manifest_problems(manifest, events), *way, *_scope_problems(manifest, self._granted)]
        for finding in problems:
            yield finding
        if not problems:
            way_name = "Socket Mode" if self._settings.public_url is None else "the request URL"
            yield ok(
                "app configuration",
                f"events, scopes, {way_name}, interactivity and the shortcut are as needed",
            )

    async def _channels(self, places: Iterable[Place]) -> AsyncIterator[Finding]:
        """Look whether the bot is in the channels that have threads."""
        if not self._team:
            return
        channels = dict.fromkeys(one.channel for one in places if not one.channel.startswith("D"))
        for channel in list(channels)[:MOST_LOOKUPS]:
            answer = await self._web.ask(Method.CONVERSATIONS_INFO, self._team, channel=channel)
            code, found = code_of(answer), data_of(answer).get("channel")
            shown = found if isinstance(found, dict) else {}
            if shown.get("is_archived") or code not in {"", "channel_not_found"}:
                continue  # nobody asks there any more, or Slack does not tell
            if code or not (shown.get("is_member") or shown.get("is_im") or shown.get("is_mpim")):
                name = one_line(str(shown.get("name") or ""), _NAME)
                where = f"#{name} ({channel})" if name else channel
                yield warn(
                    "channel", f"the bot is not in {where}, which has threads of its own", "invite it there"
                )

    async def _listed(self, subjects: Subjects) -> AsyncIterator[Finding]:
        """Look up the ids that the settings list; a workspace may be another organisation's, but the bot's own is needed."""
        if not self._team:
            return
        workspaces = {one.id for one in subjects.listed if one.source == _ALLOWED_WORKSPACES}
        if workspaces and self._team not in workspaces and not any(one[:1] == "E" for one in workspaces):
            words = (
                f"it does not name {self._team}, the workspace of the bot token, so nobody there is answered"
            )
            yield warn(_ALLOWED_WORKSPACES, words, f"add {self._team}")
        for one in subjects.listed[:MOST_LOOKUPS]:
            if one.kind not in _LOOKUPS:
                continue
            method, argument, none = _LOOKUPS[one.kind]
            if code_of(await self._web.ask(method, self._team, **{argument: one.id})) == none:
                private = "; a private channel is seen once the bot is in it"
                mend = f"correct it{private if one.kind is IdKind.CHANNEL else ''}"
                yield warn(one.source, f"no {one.kind.value} {one.id} is shown to the bot by Slack", mend)


def _scopes(granted: set[str], required: Collection[str]) -> Iterable[Finding]:
    """Compare the scopes of a token with those of the manifest."""
    mend = f"add what is missing under OAuth & Permissions of {_PAGES}, then reinstall the app"
    missing = sorted(set(required) - granted)
    if missing:
        yield fail("scopes", f"the bot token lacks {', '.join(missing)}", mend)
    left_out = [one for one in methods.OPTIONAL if one not in granted]
    if left_out:
        lost = ", ".join(f"{one} ({_LOST[one]})" for one in left_out)
        yield warn("optional scopes", f"the bot token lacks {lost}", mend)
    if not missing and not left_out:
        yield ok("scopes", "the bot token has all that the manifest asks for")


def _manifest_problems(manifest: object, needed: Collection[str]) -> Iterable[Finding]:
    """Find what the exported manifest of an app lacks: https://docs.slack.dev/reference/app-manifest."""
    settings, features = _part(manifest, "settings"), _part(manifest, "features")
    events = _part(settings, "event_subscriptions").get("bot_events")
    missing = sorted(set(needed) - set(map(str, events if isinstance(events, list) else ())))
    if missing:
        mend = f"add what is missing under Event Subscriptions of {_PAGES}, then reinstall the app"
        yield fail("events", f"the app is not subscribed to {', '.join(missing)}", mend)
    if not _part(settings, "interactivity").get("is_enabled"):
        mend = f"switch it on under Interactivity & Shortcuts of {_PAGES}"
        yield fail("interactivity", "it is off, so buttons do nothing", mend)
    shortcuts = _named(features.get("shortcuts"), "callback_id")
    for one in (SHORTCUT, MENU):
        if one not in shortcuts:
            mend = f"add it as manifest.yml has it under Interactivity & Shortcuts of {_PAGES}"
            yield warn("shortcut", f"the message shortcut {one} is missing", mend)
    if COMMAND not in _named(features.get("slash_commands"), "command"):
        mend = f"add it as manifest.yml has it under Slash Commands of {_PAGES}, then reinstall the app"
        yield warn("command", f"the command {COMMAND} is missing", mend)


def _way_problems(manifest: object, public_url: str | None) -> Iterable[Finding]:
    """Find what keeps Slack from delivering in the way that the settings name: Socket Mode, or HTTP to `public_url`."""
    settings = _part(manifest, "settings")
    over_sockets = settings.get("socket_mode_enabled")
    if public_url is None and not over_sockets:
        yield fail("Socket Mode", "it is off, so no event arrives", f"switch it on, on {_PAGES}")
    if public_url is None:
        return
    if over_sockets:
        said = "it is on, so nothing comes over HTTP"
        yield fail("Socket Mode", said, f"switch it off, on {_PAGES}, or use SLACK_APP_TOKEN instead")
    for part, where in (
        ("event_subscriptions", "Event Subscriptions"),
        ("interactivity", "Interactivity & Shortcuts"),
    ):
        if _part(settings, part).get("request_url") != f"{public_url}{PATH}":
            mend = f"enter {public_url}{PATH} under {where} of {_PAGES}"
            yield fail("request URL", f"that of {where} is another one", mend)


def _named(listed: object, name: str) -> set[object]:
    return {one.get(name) for one in listed if isinstance(one, dict)} if isinstance(listed, list) else set()


def _scope_problems(manifest: object, granted: Collection[str]) -> Iterable[Finding]:
    """Find scopes that the token has and the app no longer asks for; what the token lacks is said of the token."""
    lists = _part(_part(manifest, "oauth_config"), "scopes")
    asked = {str(one) for kind in ("bot", "bot_optional") for one in lists.get(kind) or ()}
    needed = [*sorted(methods.required()), *methods.OPTIONAL]
    if lost := [one for one in needed if one in granted and one not in asked]:
        said = f"the app no longer asks for {', '.join(lost)}, so the next installation loses it"
        yield warn("scopes of the app", said, f"add it under OAuth & Permissions of {_PAGES}")


def _part(of: object, name: str) -> Mapping[str, Any]:
    part = of.get(name) if isinstance(of, dict) else None
    return part if isinstance(part, dict) else {}


def data_of(answer: AsyncSlackResponse) -> Mapping[str, Any]:
    """Return the fields of an answer, none where it is no object."""
    return answer.data if isinstance(answer.data, dict) else {}


def code_of(answer: AsyncSlackResponse) -> str:
    """Return Slack's error code; empty where the call succeeded."""
    said = data_of(answer)
    return "" if said.get("ok") else one_line(str(said.get("error") or "no code"), _NAME)


def _header(answer: AsyncSlackResponse, name: str) -> str:
    return next((str(value) for key, value in answer.headers.items() if key.lower() == name), "")


def _app_in(token: str) -> str:
    """Return the app's id in an app-level token, `xapp-1-<app>-…` as all that were seen; Slack does not document it."""
    parts = token.split("-")
    return parts[2] if len(parts) >= 5 and parts[2].startswith("A") else ""
