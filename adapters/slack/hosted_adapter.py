"""The adapter of one workspace, or organisation, that installed the app by OAuth."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from adapters.slack.adapter import SlackAdapter
from adapters.slack.config import BOT_TOKEN
from adapters.slack.diagnosis import SlackDiagnosis
from adapters.slack.http_mode import payload_of
from adapters.slack.identity import owner_of
from adapters.slack.oauth.api import OAuthRefused
from adapters.slack.oauth.config import OAuthSettings
from adapters.slack.oauth.installation import Installation
from adapters.slack.oauth.removal import is_removal
from adapters.slack.oauth.rotation import RotationTimes, Stored, TokenKeeper
from adapters.slack.timeouts import Timeouts
from aion_bot.ports.diagnosis import Diagnosis, Subjects
from aion_bot.ports.errors import PlatformError, TokenRefused
from aion_bot.ports.host import Host
from aion_bot.ports.http_requests import HttpAnswer, HttpRequest
from aion_bot.ports.settings import Problem
from aion_bot.ports.shared_values import SharedValuesDown

_log = logging.getLogger(__name__)


class HostedSlackAdapter(SlackAdapter):
    """Takes requests that were checked before, and uses the token that is stored. `gone` is called once there is none."""

    # Slack lets an app that others install read once a minute, unless its Marketplace lists it:
    # https://docs.slack.dev/changelog/2025/05/29/rate-limit-changes-for-non-marketplace-apps
    reads_seldom = True

    def __init__(
        self,
        settings: OAuthSettings,
        installation: Installation,
        stored: Stored,
        gone: Callable[[], None],
        *,
        timeouts: Timeouts = Timeouts(),  # noqa: B008  # frozen
        times: RotationTimes = RotationTimes(),  # noqa: B008  # frozen
    ) -> None:
        super().__init__(settings.of_workspace(installation.token), timeouts)
        self.workspace = installation.scope
        # Requests reach it through `take`, and secrets of the environment are not its own.
        self.http_paths, self.secrets = (), ()
        self._app_settings, self._gone = settings, gone
        self._keeper = TokenKeeper(installation.scope, stored, self._use, times)

    async def listen(self, host: Host) -> None:
        """Serve until cancelled. A token that Slack refuses is waited for: somebody may install the app again."""
        with suppress(OAuthRefused, PlatformError, SharedValuesDown):  # the old token may be good still
            await self._keeper.look()
        keeping = asyncio.create_task(self._keeper.run())
        try:
            while True:
                # Before the token is tried: one that comes while Slack refuses the old one must not be missed.
                self._keeper.replaced.clear()
                try:
                    await super().listen(host)
                except TokenRefused as refusal:
                    _log.error(
                        "installation refused, waiting for another",
                        extra={"workspace": self.workspace, "reason": refusal.reason},
                    )
                await self._keeper.replaced.wait()
        finally:
            # A refresh goes on by itself, and `close` waits for it.
            keeping.cancel()

    async def take(self, request: HttpRequest) -> HttpAnswer:
        """Take over a request that `HostedSlack.route` has checked."""
        payload = payload_of(request)
        if not isinstance(payload, HttpAnswer):
            if is_removal(payload):
                # The installation is removed already: whoever runs this adapter has to look.
                self._gone()
                return HttpAnswer(200)
            if workspace := owner_of(payload).team:
                self._web.heard_of(workspace)
        return HttpAnswer(503) if self._http is None else await self._http.take(request)

    async def take_secrets(self, env: Mapping[str, str]) -> tuple[Sequence[str], Sequence[Problem]]:  # noqa: ARG002  # none is its own
        """Change nothing: the platform takes the app's secrets."""
        return (), ()

    async def diagnose(self, subjects: Subjects) -> Diagnosis:
        """Check what is this workspace's own, under its id."""
        found = await SlackDiagnosis(self._web, self._settings).of_installation(subjects)
        named = [
            replace(one, check=self.workspace if one.check == BOT_TOKEN else one.check)
            for one in found.findings
        ]
        return replace(found, findings=named)

    async def close(self) -> None:
        """Close the pool of connections, once a refresh that is under way has ended."""
        await self._keeper.close()
        await super().close()

    def _use(self, installation: Installation | None) -> None:
        if installation is None:
            self._gone()
            return
        self._settings = self._app_settings.of_workspace(installation.token)
        self._web.use(self._settings)
