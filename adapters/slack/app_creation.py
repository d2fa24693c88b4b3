"""Slack's Manifest API: https://docs.slack.dev/app-manifests/configuring-apps-with-app-manifests."""

from collections.abc import Iterator, Mapping
from typing import Any

from slack_sdk.web.async_slack_response import AsyncSlackResponse

from adapters.slack import app_manifest, strings
from adapters.slack.client import WebApi
from adapters.slack.config import CONFIG_TOKEN
from adapters.slack.diagnosis import code_of, data_of
from adapters.slack.errors import BAD_TOKEN
from adapters.slack.methods import Method
from aion_bot.ports.diagnosis import CreatedApp, Finding, fail, ok
from aion_bot.ports.errors import PlatformDown
from aion_bot.ports.text import one_line

_MOST_PROBLEMS = 10
"""Problems of the manifest that are named."""

_LENGTH = 200
"""Characters of what Slack says about one problem."""


async def create_app(web: WebApi, token: str, url: str = "") -> CreatedApp:
    """Create the app in the workspace of an app configuration token, once Slack finds the manifest valid; `url` is that of HTTP.

    The credentials in the answer are left unread: Socket Mode takes none of them, and the signing secret of HTTP is shown on
    the app's pages. Raises `PlatformDown` and `RateLimited`.
    """
    manifest = app_manifest.as_json(url)
    answer = await web.ask(Method.APPS_MANIFEST_VALIDATE, token=token, manifest=manifest)
    if not (problems := list(_problems(answer))):
        try:
            answer = await web.ask(Method.APPS_MANIFEST_CREATE, token=token, manifest=manifest)
        except PlatformDown as error:  # Slack may have created the app before the answer was lost
            said = f"it is not known whether Slack created the app ({error})"
            return CreatedApp("", [fail(CONFIG_TOKEN, said, strings.LOOK_FOR_APP)])
        problems = list(_problems(answer))
    if problems:
        return CreatedApp("", problems)
    app = one_line(str(data_of(answer).get("app_id") or ""), _LENGTH)
    # It becomes a part of addresses that a person is asked to open.
    if not app.isalnum():
        return CreatedApp("", [fail(CONFIG_TOKEN, strings.NO_APP_ID, strings.LOOK_FOR_APP)])
    return CreatedApp(app, [ok("the app", strings.app_created(app))])


def _problems(answer: AsyncSlackResponse) -> Iterator[Finding]:
    """Tell why Slack refuses; for an invalid manifest each problem with its JSON pointer."""
    code = code_of(answer)
    if code == "invalid_manifest":
        named: Any = data_of(answer).get("errors")
        problems = [one for one in named if isinstance(one, Mapping)] if isinstance(named, list) else []
        for one in problems[:_MOST_PROBLEMS] or [{}]:
            said, where = (one_line(str(one.get(key) or ""), _LENGTH) for key in ("message", "pointer"))
            yield fail("manifest", strings.manifest_refused(where, said or code), strings.MANIFEST_REFUSED)
    elif code in BAD_TOKEN:
        yield fail(CONFIG_TOKEN, f"refused by Slack ({code})", strings.STALE_CONFIG)
    elif code:
        yield fail(CONFIG_TOKEN, strings.no_app(code), strings.NO_APP_CREATED)
