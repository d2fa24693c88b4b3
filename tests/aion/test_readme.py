"""The examples of the client's page run and print what stands under them."""

import ast
import asyncio
import inspect
import re
from pathlib import Path
from types import CodeType

import pytest

from aion_bot.simulators.aion import SimulatedAion

PAGE = Path(__file__).parents[2] / "aion_bot" / "aion" / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def compiled(source: str) -> CodeType:
    code: CodeType = compile(source, str(PAGE), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    return code


async def run(code: CodeType) -> None:
    """Run an example: on this loop if it awaits, in a thread if it blocks."""
    if code.co_flags & inspect.CO_COROUTINE:
        await eval(code, {})  # noqa: S307 # our own page
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
