"""Imports go one way."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

ROOMS = {
    "aion_bot.ports": 0,
    "aion_bot.aion": 0,
    "aion_bot.domain.turn": 1,
    "aion_bot.domain.strings": 1,
    "aion_bot.config": 1,
    "aion_bot.log_config": 1,
    "aion_bot.concurrency.keyed_queue": 1,
    "aion_bot.concurrency.background": 1,
    "aion_bot.domain.access": 2,
    "aion_bot.domain.prompts": 2,
    "aion_bot.domain.error_messages": 2,
    "aion_bot.delivery": 3,
    "aion_bot.storage": 3,
    "aion_bot.conversation.private_reply": 4,
    "aion_bot.runtime.reorder_buffer": 3,
    "aion_bot.conversation.session_history": 3,
    "aion_bot.conversation.indicators": 4,
    "aion_bot.conversation.aion_stream": 4,
    "aion_bot.runtime.supervisor": 4,
    "aion_bot.conversation": 5,
    "aion_bot.runtime.active_turns": 6,
    "aion_bot.runtime.actions": 7,
    "aion_bot.runtime.startup_recovery": 7,
    "aion_bot.runtime.dispatcher": 8,
    "aion_bot.app": 9,
    "aion_bot.doctor": 9,
    "aion_bot.demo": 10,
    "aion_bot.cli": 11,
    "aion_bot.__main__": 12,
}
"""A room may import itself and rooms with a smaller number."""

APART = {"aion_bot.aion", "aion_bot.demo", "aion_bot.ports"}
"""Rooms that import nothing of the bot but themselves."""


def _room(module: str) -> str | None:
    return next((room for room in ROOMS if module == room or module.startswith(room + ".")), None)


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


def test_rooms_import_downwards_only() -> None:
    """Every room of the bot imports only rooms below it."""
    wrong = []
    for module, path in _modules("aion_bot").items():
        room = _room(module)
        for imported in _imports(path):
            target = _room(imported)
            if room is None or target is None or target == room:
                continue
            if ROOMS[target] >= ROOMS[room] or room in APART:
                wrong.append(f"{module} imports {imported}")
    assert wrong == []


def test_every_module_has_a_room() -> None:
    """No module of the bot stands outside the table of rooms."""
    assert [module for module in _modules("aion_bot") if _room(module) is None and module != "aion_bot"] == []


def test_adapters_see_the_port_alone() -> None:
    """Adapters import `aion_bot.ports` and nothing else of the bot; one platform imports nothing of the other."""
    wrong = []
    for module, path in _modules("adapters").items():
        for imported in _imports(path):
            foreign = imported.startswith("aion_bot") and not imported.startswith("aion_bot.ports")
            platform = module.split(".")[1] if module.count(".") else ""
            other = (
                imported.startswith("adapters.")
                and platform
                and not imported.startswith(f"adapters.{platform}")
            )
            if foreign or other:
                wrong.append(f"{module} imports {imported}")
    assert wrong == []


def test_only_the_command_line_names_adapters() -> None:
    """Nothing of the bot but its command line knows that there are adapters."""
    named = [
        module
        for module, path in _modules("aion_bot").items()
        if any(imported.split(".")[0] == "adapters" for imported in _imports(path))
    ]
    assert named == ["aion_bot.cli"]


def test_the_bot_without_its_command_line_imports_no_sdk() -> None:
    """Importing every room of the bot but its command line loads neither Slack's nor Discord's library."""
    modules = [m for m in _modules("aion_bot") if m not in {"aion_bot.cli", "aion_bot.__main__"}]
    code = (
        f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\n"
        "print([m for m in ('slack_bolt', 'slack_sdk', 'discord') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603  # our own code
    assert done.stdout.strip() == "[]"


def test_a_platform_that_is_not_wanted_is_not_loaded() -> None:
    """Reading the settings without any platform loads neither library, so a start without one costs nothing."""
    code = (
        "import sys, adapters\nprint(adapters.discover({}))\n"
        "print([m for m in ('slack_bolt', 'slack_sdk', 'discord') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)  # noqa: S603  # our own code
    assert done.stdout.splitlines() == ["([], [])", "[]"]
