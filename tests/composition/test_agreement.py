"""A replica whose settings are another deployment's is refused, and keys can be replaced one by one."""

from pathlib import Path

import pytest

from aion_bot.composition.agreement import ENCRYPTION_KEYS, agree, agree_anew
from aion_bot.config import Settings
from aion_bot.storage import UnfitServer
from tests.support.scope_database import MemoryDatabase, MemoryServer
from tests.support.shared_values import MemoryValues

ENV = {"AIONVISION_API_KEY": "aion_first_0123456789abcdef0123", "APP_ID": "1.2", ENCRYPTION_KEYS: "old"}
ALIKE = ("APP_ID",)


class Replicas:
    """Replicas of one database, each with an environment."""

    def __init__(self) -> None:
        self.server, self.values = MemoryServer(), MemoryValues()

    def begin(self) -> MemoryDatabase:
        """A further replica."""
        return MemoryDatabase(self.server, f"replica {len(self.server.replicas)}", self.values)

    async def agrees(self, **changed: str) -> MemoryDatabase:
        """Let a replica start with these changes. Raises `UnfitServer`."""
        env, made = {**ENV, **changed}, self.begin()
        await agree(made, settings_of(env), env, ALIKE)
        return made


def settings_of(env: dict[str, str]) -> Settings:
    """Read settings."""
    settings, problems = Settings.read(env)
    assert settings is not None, problems
    return settings


@pytest.fixture
async def replicas() -> Replicas:
    """One replica lives."""
    made = Replicas()
    await made.agrees()
    return made


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"AIONVISION_API_KEY": "aion_other_0123456789abcdef0123"}, "another AIONVISION_API_KEY."),
        ({"AIONVISION_BASE_URL": "https://other.example/api/v2"}, "another AIONVISION_BASE_URL."),
        ({"APP_ID": "3.4"}, "another APP_ID."),
        ({ENCRYPTION_KEYS: "another"}, "has none of the keys"),
        ({ENCRYPTION_KEYS: ""}, "has none of the keys"),
    ],
)
async def test_another_deployment_is_refused(replicas: Replicas, changed: dict[str, str], named: str) -> None:
    """The sentence names the variables, and no value of theirs."""
    with pytest.raises(UnfitServer, match=named) as refused:
        await replicas.agrees(**changed)
    assert not any(value and value in str(refused.value) for value in changed.values())


async def test_a_replica_with_the_same_settings_agrees(replicas: Replicas) -> None:
    """Also with a log level, a port or a secret of its own."""
    await replicas.agrees(AION_BOT_LOG_LEVEL="debug", SOME_SECRET="other")


async def test_encryption_keys_are_replaced_one_by_one(replicas: Replicas) -> None:
    """A new one in front of the old one, then alone: each start shares a key with the one before, and the old one is refused then."""
    await replicas.agrees(**{ENCRYPTION_KEYS: "new, old"})
    await replicas.agrees(**{ENCRYPTION_KEYS: "new"})
    with pytest.raises(UnfitServer):
        await replicas.agrees(**{ENCRYPTION_KEYS: "old"})


async def test_what_was_read_again_counts_for_the_next_replica(replicas: Replicas, tmp_path: Path) -> None:
    """After SIGHUP the digests are those of the new key, and of the encryption keys of the file."""
    keys = tmp_path / "keys"
    keys.write_text("new,old")
    one, other = replicas.begin(), "aion_other_0123456789abcdef0123"
    replicas.server.digests.clear()
    env = {key: value for key, value in ENV.items() if key != ENCRYPTION_KEYS}
    new = {**env, f"{ENCRYPTION_KEYS}_FILE": str(keys)}
    await agree_anew(one, settings_of({**ENV, "AIONVISION_API_KEY": other}), new, ALIKE)
    await replicas.agrees(AIONVISION_API_KEY=other, **{ENCRYPTION_KEYS: "new"})
    with pytest.raises(UnfitServer, match="AIONVISION_API_KEY"):
        await replicas.agrees(**{ENCRYPTION_KEYS: "new"})
