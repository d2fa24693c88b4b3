"""A bot's set-up against the simulators, for doctor to look at."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from aion_bot import doctor
from aion_bot.cli import compose, read_file
from aion_bot.domain.turn import Turn
from aion_bot.ports.diagnosis import Finding
from aion_bot.ports.events import Place, Prompt
from aion_bot.ports.messages import Person, ThreadKey
from aion_bot.simulators.aion import SimulatedAion
from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.services import SimulatedServices
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.storage import Store


@dataclass(slots=True)
class Setup:
    """A set-up in which all is well, for a case to spoil."""

    services: SimulatedServices
    folder: Path
    patch: pytest.MonkeyPatch
    env: dict[str, str] = field(default_factory=dict)

    @property
    def slack(self) -> SimulatedSlack:
        return self.services.slack

    @property
    def discord(self) -> SimulatedDiscord:
        return self.services.discord

    @property
    def aion(self) -> SimulatedAion:
        return self.services.aion

    @property
    def database(self) -> Path:
        return self.folder / "bot.db"

    async def thread(self, platform: str, place: Place) -> None:
        """Write that somebody has asked in a place."""
        store = await Store.open(self.database)
        thread, ada = ThreadKey(platform, f"{place.channel}/1"), Person("U1")
        prompt = Prompt(f"{platform}:1", thread, place, ada, "What?")
        await store.turns.accept(Turn("t1", thread, ada, "What?"), prompt)
        await store.close()

    async def findings(self) -> list[Finding]:
        """What doctor says."""
        settings, adapters, problems = compose(self.env)
        rules, more = read_file(self.env)
        names = [one.platform for one in adapters]
        return await doctor.examine(
            settings, [*problems, *more], names, adapters,
            rules=rules, env_file=self.folder / ".env", env=self.env,
        )  # fmt: skip
