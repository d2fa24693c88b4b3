"""Another key of Aion's takes over while the bot serves, if Aion takes it."""

from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import structlog

from aion_bot.aion import AionVision
from aion_bot.aion.pictures import PictureReader
from aion_bot.config import Settings
from aion_bot.conversation.month_allowance import MonthAllowance
from aion_bot.keys.rotation import KeyRotation
from aion_bot.simulators.aion import API_KEY, SimulatedAion
from aion_bot.storage import Store
from tests.support.databases import lay_database

NEW = "aion_rotated_0123456789abcdef"
MISSING, FILE = "missing", "AIONVISION_API_KEY_FILE"


@pytest.mark.parametrize(
    ("held", "taken", "variable"),
    [
        (NEW, API_KEY, "AIONVISION_API_KEY"),  # Aion refuses it
        ("no key", API_KEY, "AIONVISION_API_KEY"),
        ("", API_KEY, FILE),
        (MISSING, API_KEY, FILE),
        (NEW, NEW, ""),
    ],
)
async def test_a_key_takes_over_only_if_aion_takes_it(
    tmp_path: Path, held: str, taken: str, variable: str
) -> None:
    """A refused key, a malformed one, an empty and a missing file are each named by the variable, and the old key stays."""
    file = tmp_path / "key"
    if held != MISSING:
        file.write_text(held)
    async with SimulatedAion() as aion:
        settings, _ = Settings.read(aion.env)
        assert settings is not None
        aion.api_key = taken
        store = await Store.open(lay_database(tmp_path / "bot.db"))
        async with AionVision.from_settings(settings) as client, AsyncExitStack() as ends:
            ends.push_async_callback(store.close)
            month = MonthAllowance(store, client)
            keys = KeyRotation(settings, client, PictureReader(settings), month)
            with structlog.testing.capture_logs() as lines:
                await keys.rotate({"AIONVISION_BASE_URL": aion.base_url, FILE: str(file)})
            named = [line["variable"] for line in lines if line["event"] == "key refused"]
            assert named == ([variable] if variable else [])
            assert NEW not in str(lines)
            await client.chats.get_all_images(limit=1)
        expected = "Bearer " + (NEW if not variable else API_KEY)
        assert aion.requests[-1].headers["Authorization"] == expected
