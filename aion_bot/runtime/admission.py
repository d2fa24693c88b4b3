"""Workspaces that invite the bot: which of them may use it while no list names any.

Anybody can invite a public bot into a workspace of their own, and would reach the library of whoever runs it.
"""

import json
from collections.abc import Mapping

import structlog

from aion_bot.conversation.access_control import AccessControl
from aion_bot.domain import strings
from aion_bot.storage import Store, retry_write

_log = structlog.get_logger(__name__)

_ADMITTED = "workspaces"
"""Name of the value that holds the ids, as a JSON list."""


class Admission:
    """Admits the workspaces of a platform's first start, and while there was none the first that invites the bot.

    They are remembered; any other has to be listed. In a database of an older version the first start of this one counts.
    """

    def __init__(self, store: Store, access: AccessControl) -> None:
        self._store = store
        self._access = access
        self._admitted: dict[str, list[str]] = {}

    async def load(self, platform: str) -> None:
        """Read what an earlier process admitted."""
        stored = await self._store.kv.get(platform, _ADMITTED)
        if stored is not None:
            self._admit(platform, json.loads(stored))

    async def present(self, platform: str, workspaces: Mapping[str, str]) -> None:
        """Take note of where the bot is as its connection begins: names by id, empty where none is known yet."""
        admitted = self._admitted.get(platform)
        # Of several workspaces that joined while no process ran, the first is not known.
        if admitted is None or (not admitted and len(workspaces) == 1):
            await self._remember(platform, list(workspaces))
        for workspace, name in workspaces.items():
            if not self._access.may_use_workspace(platform, workspace):
                self._warn(platform, workspace, name)

    async def joined(self, platform: str, workspace: str, name: str) -> None:
        """Take note of a workspace that has invited the bot just now."""
        _log.info("workspace joined", platform=platform, workspace=workspace, name=name)
        if not self._admitted.get(platform):
            await self._remember(platform, [workspace])
        if not self._access.may_use_workspace(platform, workspace):
            self._warn(platform, workspace, name)

    def _admit(self, platform: str, workspaces: list[str]) -> None:
        self._admitted[platform] = workspaces
        self._access.admit(platform, workspaces)

    async def _remember(self, platform: str, workspaces: list[str]) -> None:
        # In force before it is written: a question may come meanwhile.
        self._admit(platform, workspaces)
        value = json.dumps(workspaces)
        await retry_write(lambda: self._store.kv.set(platform, _ADMITTED, value))

    @staticmethod
    def _warn(platform: str, workspace: str, name: str) -> None:
        _log.warning(
            "workspace not admitted", platform=platform, workspace=workspace, name=name, mend=strings.LIST_IT
        )
