"""The examples of the client's page run and print what stands under them."""

import ast
import asyncio
import inspect
import re
from pathlib import Path
from types import CodeType

import pytest

import aion_bot.aion as published
from aion_bot.aion import AionvisionError
from aion_bot.aion.settings import ClientSettings
from aion_bot.simulators.aion import SimulatedAion

CLIENT = Path(__file__).parents[2] / "aion_bot" / "aion"
PAGE = CLIENT / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def compiled(source: str) -> CodeType:
    code: CodeType = compile(source, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return code


async def run(code: CodeType) -> None:
    """Run an example: on this loop if it awaits, in a thread if it blocks."""
    if code.co_flags & inspect.CO_COROUTINE:
        await eval(code, {})  # noqa: S307  # our own page
    else:
        await asyncio.to_thread(exec, code, {})


def test_every_example_is_run() -> None:
    """Each block of Python on the page has its output under it."""
    assert len(EXAMPLES) == PAGE.read_text("utf-8").count("```python") > 8


@pytest.mark.parametrize(("source", "printed"), EXAMPLES, ids=[source.count("\n") for source, _ in EXAMPLES])
async def test_the_example_prints_what_the_page_says(
    source: str,
    printed: str,
    aion: SimulatedAion,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An example of the page works as it stands there."""
    monkeypatch.chdir(tmp_path)
    for name, value in aion.env.items():
        monkeypatch.setenv(name, value)
    await run(compiled(source))
    assert capsys.readouterr().out == printed


def section(title: str) -> str:
    return PAGE.read_text("utf-8").split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def test_the_table_of_modules_is_the_folder() -> None:
    """Each module is in the table, and the table names no other."""
    named = {name.rpartition("/")[2] for name in re.findall(r"`([\w/]+\.py)`", section("Modules"))}
    sources = [*CLIENT.glob("*.py"), *CLIENT.glob("_async/*.py")]
    assert named == {path.name for path in sources} - {"__init__.py"}


def test_the_table_of_settings_is_the_model() -> None:
    """Each argument stands with its variable and its default."""
    rows = [row.split(" | ") for row in section("Settings").splitlines() if row.startswith("| `")]
    found = [(row[0].strip("|` "), row[1].strip("`")) for row in rows]
    fields = ClientSettings.model_fields
    assert found == [(name, field.validation_alias) for name, field in fields.items()]
    for name, row in zip(fields, rows, strict=True):
        if isinstance(fields[name].default, int | float):
            assert float(row[3].strip("| ")) == fields[name].default


def test_the_table_of_errors_is_the_tree() -> None:
    """Each error that a chat call raises is in the table with its code."""
    pattern = re.compile(r"^\| `(\w+)` \| (?:the server's, or )?`(\w+)`", re.MULTILINE)
    rows = dict(pattern.findall(section("When something goes wrong")))
    uploads = {"UploadError", "DocumentProcessingError"}
    errors = {
        name
        for name in published.__all__
        if isinstance(kind := getattr(published, name), type) and issubclass(kind, AionvisionError)
    }
    assert rows.keys() == errors - uploads - {"AionvisionError"}
