"""The recipes of docs/operations.md do what they say: their commands are run as they stand."""

import filecmp
import re
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from aion_bot.ports.secret_files import read_secret_files
from aion_bot.storage import Store, StoreError, migrations
from aion_bot.storage.database import open_database
from tests.storage.older_databases import write_older

RECIPES = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()

pytestmark = pytest.mark.sqlite


def run_recipe(name: str, folder: Path, typed: str = "") -> None:
    """Run the code block behind a recipe's mark in a folder, with the database `aion-bot.db` there, and this typed."""
    found = re.search(rf"<!-- recipe: {name} -->\n```sh\n(.*?)```", RECIPES, re.DOTALL)
    assert found is not None, name
    commands = found[1].replace("aion-bot backup", f"'{sys.executable}' -m aion_bot backup")
    subprocess.run(  # noqa: S603  # the document's own
        ["/bin/sh", "-ec", commands],
        cwd=folder,
        check=True,
        timeout=60,
        capture_output=True,
        input=typed,
        text=True,
    )


def test_a_secret_is_replaced_by_the_recipe(tmp_path: Path) -> None:
    """The bot reads the new token, from a file of the same mode as before, and nothing else is left in the folder."""
    file = tmp_path / "secrets" / "SLACK_BOT_TOKEN"
    file.parent.mkdir()
    file.write_text("xoxb-old-0123456789")
    file.chmod(0o640)
    run_recipe("rotate", tmp_path, "xoxb-new\n")
    read = read_secret_files({"SLACK_BOT_TOKEN_FILE": str(file)}, ["SLACK_BOT_TOKEN"])
    assert read.env["SLACK_BOT_TOKEN"] == "xoxb-new"
    assert (stat.S_IMODE(file.stat().st_mode), [*file.parent.iterdir()]) == (0o640, [file])


@pytest.mark.slow
async def test_a_backup_is_restored_by_the_recipe(tmp_path: Path) -> None:
    """What was there at the backup is there again; what came later stands in the replaced database."""
    store = await Store.open(tmp_path / "aion-bot.db")
    await store.kv.set("slack", "when", "before")
    run_recipe("backup", tmp_path)
    await store.kv.set("slack", "when", "after")
    await store.close()
    run_recipe("restore", tmp_path)
    store = await Store.open(tmp_path / "aion-bot.db")
    assert await store.kv.get("slack", "when") == "before"
    await store.close()
    replaced = await Store.open(tmp_path / "replaced" / "aion-bot.db")
    assert await replaced.kv.get("slack", "when") == "after"
    await replaced.close()


async def test_an_upgrade_is_taken_back_by_the_recipe(tmp_path: Path) -> None:
    """The log names the copy; the older version refuses the newer schema, and works with the copy as it was before."""
    path, older = tmp_path / "aion-bot.db", migrations()[:3]

    def rows() -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            return list(connection.iterdump())

    write_older(path, 3)
    before = rows()
    with capture_logs() as lines:
        store = await Store.open(path)
    await store.kv.set("slack", "when", "after")
    await store.close()
    (said,) = [one for one in lines if one["event"] == "database migrated"]
    assert (said["was"], said["schema"]) == (3, migrations()[-1][0])
    with pytest.raises(StoreError, match="was written by a newer aion-bot"):
        await open_database(path, older)
    run_recipe("go back", tmp_path)
    assert filecmp.cmp(path, said["copy"], shallow=False)
    database = await open_database(path, older)
    await database.connection.execute("INSERT INTO note VALUES ('slack', 'written', 'by the older one')")
    await database.close()
    assert [one for one in rows() if "by the older one" not in one] == before
    with capture_logs() as lines:
        await (await Store.open(path)).close()  # and the way forward again
    (again,) = [one["copy"] for one in lines if one["event"] == "database migrated"]
    assert again != said["copy"]
