"""What importing loads. The layers themselves are contracts of import-linter: `make check`, `pyproject.toml`."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@functools.cache
def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def _modules(folder: str) -> dict[str, Path]:
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in sorted((ROOT / folder).rglob("*.py"))
    }


@pytest.mark.slow
def test_only_the_command_line_names_adapters() -> None:
    """Nothing of the bot but its command line knows that there are adapters."""
    named = [
        module
        for module, path in _modules("aion_bot").items()
        if any(imported.split(".")[0] == "adapters" for imported in _imports(path))
    ]
    assert named == ["aion_bot.cli"]


@pytest.mark.slow
def test_the_bot_without_its_command_line_imports_no_sdk() -> None:
    """Importing every module of the bot but its command line loads neither Slack's nor Discord's library."""
    modules = [m for m in _modules("aion_bot") if m not in {"aion_bot.cli", "aion_bot.__main__"}]
    code = (
        f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\n"
        "print([m for m in ('slack_bolt', 'slack_sdk', 'discord') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603  # our own code
    assert done.stdout.strip() == "[]"


def test_only_the_monitoring_package_needs_the_libraries_of_metrics_and_spans() -> None:
    """The core calls an observer and does not know the libraries."""

    def named(library: str) -> set[str]:
        return {
            module
            for module, path in {**_modules("aion_bot"), **_modules("adapters")}.items()
            # A file that does not have the name cannot import it, and is not worth parsing.
            if library in path.read_text("utf-8")
            and any(imported.split(".")[0] == library for imported in _imports(path))
        }

    assert named("prometheus_client") == {"aion_bot.monitoring.metrics"}
    assert named("opentelemetry") == {"aion_bot.monitoring.tracing", "aion_bot.monitoring.trace_export"}


@pytest.mark.slow
def test_the_command_line_loads_what_a_real_workspace_needs() -> None:
    """Neither the demo with its simulators nor the library of the metrics is loaded before it is wanted."""
    code = (
        "import sys, aion_bot.cli\n"
        "print([m for m in ('prometheus_client', 'aion_bot.demo', 'aion_bot.simulators') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603  # our own code
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_a_platform_that_is_not_wanted_is_not_loaded() -> None:
    """Reading the settings without any platform loads neither library, so a start without one costs nothing."""
    code = (
        "import sys, adapters\nprint(adapters.discover({}))\n"
        "print([m for m in ('slack_bolt', 'slack_sdk', 'discord') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603  # our own code
    assert done.stdout.splitlines() == ["([], [])", "[]"]
