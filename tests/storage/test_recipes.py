"""The recipes of docs/operations.md do what they say: their commands are run as they stand."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from aion_bot.storage import Store

RECIPES = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()


def run_recipe(name: str, folder: Path) -> None:
    """Run the code block behind a recipe's mark in a folder, with the database `aion-bot.db` there."""
    found = re.search(rf"<!-- recipe: {name} -->\n```sh\n(.*?)```", RECIPES, re.DOTALL)
    assert found is not None, name
    commands = found[1].replace("aion-bot backup", f"'{sys.executable}' -m aion_bot backup")
    subprocess.run(["/bin/sh", "-ec", commands], cwd=folder, check=True, timeout=60, capture_output=True)  # noqa: S603  # the document's own


@pytest.mark.slow
async def test_a_backup_is_restored_by_the_recipe(tmp_path: Path) -> None:
    """What was there at the backup is there again, what came later is not."""
    store = await Store.open(tmp_path / "aion-bot.db")
    await store.kv.set("slack", "when", "before")
    run_recipe("backup", tmp_path)
    await store.kv.set("slack", "when", "after")
    await store.close()
    run_recipe("restore", tmp_path)
    store = await Store.open(tmp_path / "aion-bot.db")
    assert await store.kv.get("slack", "when") == "before"
    await store.close()
