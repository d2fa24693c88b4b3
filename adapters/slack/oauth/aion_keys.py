"""The Aion key of a workspace of its own: given by one of its admins in a form, tried, and stored sealed.

A request with a key is handled by whichever replica gets it, and is never handed over: the key would stand in a row.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from typing import Any

from adapters.slack import rate_limits
from adapters.slack import strings as slack_strings
from adapters.slack.client import WebApi
from adapters.slack.commands import COMMAND
from adapters.slack.methods import Method
from adapters.slack.oauth import strings
from adapters.slack.oauth.config import OAuthSettings
from adapters.slack.oauth.installation import Installation
from adapters.slack.oauth.rotation import Stored
from adapters.slack.oauth.sealing import CannotOpen
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.hosting import CheckKey
from aion_bot.ports.http_requests import HttpAnswer
from aion_bot.ports.secrets import KNOWN

_log = logging.getLogger(__name__)

KIND = "slack aion key"
SUBCOMMAND = "key"
CALLBACK = "aion_key"
_BLOCK, _FIELD = "key", "key"
_LONGEST = 300
"""Characters of a key."""

_REQUEST = 1.2
"""Seconds for one request of Slack's Web API: Slack shows the form, or its outcome, within three seconds of the press."""
_CHECK = 1.5
"""Seconds in which Aion has to say whether it takes a key."""

Payload = Mapping[str, Any]


class AionKeys:
    """Reads and writes them. Each call raises `SharedValuesDown`."""

    def __init__(self, stored: Stored) -> None:
        self._stored = stored

    async def get(self, scope: str) -> str | None:
        """Return the key of a scope; None where it has none, or no encryption key opens it."""
        sealed = await self._stored.values.get(KIND, scope)
        if sealed is None:
            return None
        sealer = self._stored.installations.sealer
        try:
            key = sealer.open(sealed)
        except CannotOpen as error:
            _log.error(
                "aion key not readable", extra={"workspace": scope, "reason": str(error)}
            )  # the fields say what to do
            return None
        KNOWN.know([key])
        if not sealer.is_current(sealed):
            await self._stored.values.replace(KIND, scope, sealed, sealer.seal(key))
        return key

    async def save(self, scope: str, key: str) -> None:
        """Write a key in the place of an earlier one."""
        await self._stored.values.set(KIND, scope, self._stored.installations.sealer.seal(key))
        _log.info("aion key stored", extra={"workspace": scope})

    async def forget(self, scope: str) -> None:
        """Remove a key; the key of the deployment is used then."""
        if await self._stored.values.take(KIND, scope) is not None:
            _log.info("aion key removed", extra={"workspace": scope})


def is_asked_for(payload: Payload) -> bool:
    """Tell whether somebody uses `/aion key`, whatever stands behind it."""
    return payload.get("command") == COMMAND and str(payload.get("text") or "").lower().split()[:1] == [
        SUBCOMMAND
    ]


def is_given(payload: Payload) -> bool:
    """Tell whether somebody sends the form."""
    view = payload.get("view")
    return (
        payload.get("type") == "view_submission"
        and isinstance(view, Mapping)
        and view.get("callback_id") == CALLBACK
    )


class KeyForm:
    """Opens the form for admins, and takes what they send."""

    def __init__(self, settings: OAuthSettings, stored: Stored, keys: AionKeys) -> None:
        self._settings, self._stored, self._keys = settings, stored, keys

    async def open(self, scope: str, payload: Payload) -> HttpAnswer:
        """Show the form to an admin, and a sentence to anybody else. Raises `SharedValuesDown`."""
        found = await self._stored.installations.get(scope)
        if found is None:
            return HttpAnswer(200, strings.NOT_INSTALLED)
        web = self._web(found)
        try:
            if not await _is_admin(web, found, str(payload.get("user_id") or "")):
                return HttpAnswer(200, strings.KEY_ADMINS)
            view, trigger = _form(), str(payload.get("trigger_id") or "")
            await web.call(Method.VIEWS_OPEN, found.team, trigger_id=trigger, view=view)
        except PlatformError as error:
            _log.warning("key form not opened", extra={"workspace": scope, "reason": str(error)})
            return HttpAnswer(200, strings.KEY_NOT_NOW)
        finally:
            await web.close()
        return HttpAnswer(200)

    async def take(self, scope: str, payload: Payload, check: CheckKey) -> HttpAnswer:
        """Try what an admin sent, and store it if Aion takes it; the answer is shown in the form. Raises `SharedValuesDown`."""
        key = _key_in(payload)
        # First, so that nothing that fails below can log it.
        KNOWN.know([key])
        if refused := await self._objection(scope, payload):
            return _refused(refused)
        if not key:
            await self._keys.forget(scope)
            return _shown(strings.KEY_REMOVED)
        try:
            async with asyncio.timeout(_CHECK):
                if not await check(key):
                    return _refused(strings.KEY_NOT_TAKEN)
        except TimeoutError:
            return _refused(strings.KEY_NO_ANSWER)
        await self._keys.save(scope, key)
        return _shown(strings.KEY_SAVED)

    async def _objection(self, scope: str, payload: Payload) -> str:
        """Say why somebody may not give a key, "" where they may: who opened the form may be no admin any more."""
        found, person = await self._stored.installations.get(scope), payload.get("user")
        if found is None or not isinstance(person, Mapping):
            return strings.KEY_NOT_NOW
        web = self._web(found)
        try:
            admin = await _is_admin(web, found, str(person.get("id") or ""))
        except PlatformError as error:
            _log.warning("key form not taken", extra={"workspace": scope, "reason": str(error)})
            return strings.KEY_NOT_NOW
        finally:
            await web.close()
        return "" if admin else strings.KEY_ADMINS

    def _web(self, found: Installation) -> WebApi:
        settings = self._settings.of_workspace(found.token)
        return WebApi(settings, lambda: rate_limits.LIMITS, timeout=_REQUEST)


async def _is_admin(web: WebApi, found: Installation, person: str) -> bool:
    """Tell whether somebody is an admin or owner of the workspace, or of the organisation that has the app as a whole.

    https://docs.slack.dev/reference/objects/user-object. Raises PlatformError, also without the scope `users:read`.
    """
    user = (await web.call(Method.USERS_INFO, found.team, user=person)).get("user")
    if not isinstance(user, Mapping) or user.get("id") != person or user.get("deleted"):
        return False
    # A person of another organisation may be an admin there.
    if not found.is_enterprise:
        return user.get("team_id") == found.team and bool(user.get("is_admin") or user.get("is_owner"))
    whole = user.get("enterprise_user")
    if not isinstance(whole, Mapping) or whole.get("enterprise_id") != found.enterprise:
        return False
    return bool(whole.get("is_admin") or whole.get("is_owner"))


def _key_in(payload: Payload) -> str:
    view: Any = payload.get("view")
    try:
        value = view["state"]["values"][_BLOCK][_FIELD]["value"]
    except (KeyError, TypeError):
        return ""
    return str(value or "").strip()[: _LONGEST + 1]


def _form() -> Payload:
    element = {"type": "plain_text_input", "action_id": _FIELD, "max_length": _LONGEST, "focus_on_load": True}
    field = {
        "type": "input",
        "block_id": _BLOCK,
        "optional": True,
        "label": _plain(strings.KEY_LABEL),
        "hint": _plain(strings.KEY_HINT),
        "element": element,
    }
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": _plain(strings.KEY_TITLE),
        "submit": _plain(strings.KEY_SAVE),
        "close": _plain(slack_strings.CLOSE_FORM),
        "blocks": [field],
    }


def _refused(sentence: str) -> HttpAnswer:
    """Let the form say why it was not taken: https://docs.slack.dev/surfaces/modals#displaying_errors"""
    return _json({"response_action": "errors", "errors": {_BLOCK: sentence}})


def _shown(sentence: str) -> HttpAnswer:
    """Let the form show what was done, and no more of what it held."""
    view = {
        "type": "modal",
        "title": _plain(strings.KEY_TITLE),
        "blocks": [{"type": "section", "text": _plain(sentence)}],
    }
    return _json({"response_action": "update", "view": view})


def _json(said: Payload) -> HttpAnswer:
    return HttpAnswer(200, json.dumps(said), headers={"Content-Type": "application/json"})


def _plain(text: str) -> Mapping[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
