"""The chat platforms: each sub-package is one, and `docs/add-a-platform.md` tells how to add another.

A platform is a sub-package that offers `aion_bot.ports.platform_package.Platform`. The bot finds it in this folder, or in a
folder `adapters/<name>/` anywhere on the Python path, for instance of another distribution. There is no list of names.
Such a further folder `adapters` has no `__init__.py` of its own; a folder that has one is another package, and the bot
does not search it.
Adapters import nothing of the bot but `aion_bot.ports`, and their SDK only once they are configured.
"""

import importlib
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.platform_package import Platform
from aion_bot.ports.settings import Problem

# pkgutil.extend_path would also search other packages that are named "adapters"
__path__ += [
    str(folder)
    for folder in (Path(entry, __name__) for entry in sys.path)
    if folder.is_dir() and not (folder / "__init__.py").exists()
]


def platforms() -> Sequence[Platform]:
    """Import every platform and return them by name; loads no SDK.

    Raises:
        TypeError: a sub-package is no platform, because it lacks a function of `Platform`.
    """
    return [_platform(f"{__name__}.{name}") for name in _names(tuple(__path__))]


@cache  # a start asks several times, and each look reads every folder
def _names(folders: Sequence[str]) -> Sequence[str]:
    return sorted({found.name for found in pkgutil.iter_modules(folders) if found.ispkg})


def discover(
    env: Mapping[str, str], among: Sequence[Platform] | None = None
) -> tuple[list[PlatformAdapter], list[Problem]]:
    """Build the adapter of every platform whose variables are set, of `among` or all; connects to nothing."""
    adapters: list[PlatformAdapter] = []
    problems: list[Problem] = []
    for platform in platforms() if among is None else among:
        adapter, found = platform.configure(env)
        problems.extend(found)
        if adapter is not None:
            adapters.append(adapter)
    return adapters, problems


def _platform(name: str) -> Platform:
    module = importlib.import_module(name)
    if not isinstance(module, Platform):
        raise TypeError(
            f"{name} is no platform: its __init__ lacks a function of aion_bot.ports.platform_package.Platform"
        )
    return module
