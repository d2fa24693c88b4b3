"""Toy shows that a third platform needs one folder, and docs/add-a-platform.md quotes its code."""

import ast
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

TOY = Path(__file__).parent
ROOT = TOY.parents[1]
ADAPTER = sorted((TOY / "adapters").rglob("*.py"))
SOURCES = [*ADAPTER, TOY / "simulator.py", TOY / "platform_harness.py"]
PAGE = MarkdownIt().parse((ROOT / "docs" / "add-a-platform.md").read_text("utf-8"))


def blocks(language: str) -> list[str]:
    """The page's code blocks in a language."""
    return [token.content for token in PAGE if token.type == "fence" and token.info == language]


def inline_code() -> Iterator[str]:
    """What the page's prose sets as code."""
    inside: list[Token] = [child for token in PAGE for child in token.children or ()]
    return (token.content for token in inside if token.type == "code_inline")


def test_the_example_is_small() -> None:
    """The adapter and its simulator have at most 300 lines together."""
    assert sum(len(path.read_text("utf-8").splitlines()) for path in SOURCES[:-1]) <= 300


def test_its_adapter_imports_the_ports_alone() -> None:
    """The adapter imports nothing of the bot but `aion_bot.ports`."""
    for path in ADAPTER:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("aion_bot"):
                assert (node.module or "").startswith("aion_bot.ports")


def test_nothing_else_names_toy() -> None:
    """No file outside Toy's folder names it."""
    files = [*(ROOT / "aion_bot").rglob("*.py"), *(ROOT / "adapters").rglob("*.py")]
    files += [path for path in (ROOT / "tests").rglob("*.py") if TOY not in path.parents]
    files += [ROOT / "pyproject.toml", ROOT / "Makefile"]
    assert [path for path in files if re.search(r"\btoy\b", path.read_text("utf-8"), re.IGNORECASE)] == []


@pytest.mark.parametrize("block", blocks("python"))
def test_the_page_quotes_the_code(block: str) -> None:
    """Every block of code on the page is in a file of Toy's, word for word."""
    assert any(block in path.read_text("utf-8") for path in SOURCES)


def test_the_page_names_files_that_exist() -> None:
    """Every path on the page exists."""
    paths = [code for code in inline_code() if re.fullmatch(r"(aion_bot|adapters|tests|docs)/[\w./-]+", code)]
    assert len(paths) >= 5
    assert [path for path in paths if not (ROOT / path).exists()] == []


def run(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command of the page, with a folder of its own for what it writes."""
    words = shlex.split(command)
    settings = dict(word.split("=", 1) for word in words if re.match(r"[A-Z_]+=", word))
    path = os.pathsep.join(str(ROOT / one) for one in (".", settings.pop("PYTHONPATH", ".")))
    _, *arguments = words[len(words) - len([word for word in words if not re.match(r"[A-Z_]+=", word)]) :]
    env = {"PATH": os.environ["PATH"], **settings, "PYTHONPATH": path}
    return subprocess.run(  # noqa: S603  # a command that this repository's own page gives
        [sys.executable, *arguments], env=env, cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_command_line_finds_toy(tmp_path: Path) -> None:
    """With Toy's folder on the Python path, the page's command names Toy's missing variables, and no other platform's."""
    doctor = next(block for block in blocks("sh") if "doctor" in block)
    done = run(doctor, tmp_path)
    assert done.returncode == 1
    assert "TOY_TOKEN: is missing although TOY_URL is set" in done.stdout
    assert "no platform is set" not in done.stdout


@pytest.mark.slow
def test_the_page_runs_the_suite() -> None:
    """The command at the end of the page selects tests of Toy."""
    suite = next(block for block in blocks("sh") if "pytest" in block)
    done = run(suite + " --collect-only -n0", ROOT)
    assert done.returncode == 0
    assert "test_whole_bot.py" in done.stdout
