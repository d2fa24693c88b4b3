"""The environment: where settings come from, and how a wrong one is reported."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Self

from dotenv import dotenv_values

from aion_bot.environment.addresses import BaseUrl, is_loopback
from aion_bot.environment.model import EnvironmentSettings, Problem, Switch

__all__ = [
    "BaseUrl",
    "EnvironmentSettings",
    "IdForm",
    "IdForms",
    "IdKind",
    "PlatformSettings",
    "Problem",
    "Switch",
    "is_loopback",
    "read_environment",
]


class PlatformSettings(EnvironmentSettings):
    """The settings of one platform, which is wanted once a variable without a default is set.

    Where it is not wanted, what lacks is no problem, but what is malformed is: nothing is accepted without effect.
    """

    sentences: ClassVar[Mapping[str, str]] = {
        **EnvironmentSettings.sentences,
        "missing": "is missing although {given} is set",
    }

    @classmethod
    def is_wanted(cls, env: Mapping[str, str]) -> bool:
        """Tell whether a variable is set without which the platform is not used."""
        return any(env.get(name, "").strip() for name in cls.required())

    @classmethod
    def read(cls, env: Mapping[str, str]) -> tuple[Self | None, tuple[Problem, ...]]:
        """Read the platform's variables: the settings, or None and every problem. None alone: it is not wanted."""
        settings, problems = super().read(env)
        if not cls.is_wanted(env):
            problems = tuple(one for one in problems if one.variable not in cls.required())
        return settings, problems


class IdKind(StrEnum):
    """What an id names."""

    PERSON = "person"
    CHANNEL = "channel"
    WORKSPACE = "workspace"


@dataclass(frozen=True, slots=True)
class IdForm:
    """What a platform's ids look like; `words` describe it to the operator, with the platform's name."""

    pattern: re.Pattern[str]
    words: str

    def fits(self, one: str) -> bool:
        """Return whether an id has this form."""
        return self.pattern.fullmatch(one) is not None


IdForms = Mapping[IdKind, IdForm]
"""The form of each kind of id of one platform."""


def read_environment(folder: Path) -> Mapping[str, str]:
    """Merge `.env` of `folder` with the process's environment, which wins. Empty values count as unset, in both places.

    So an empty variable of the environment leaves what `.env` says: it would silently clear a list there, and an empty
    list allows all.
    """
    from_file = dotenv_values(folder / ".env", interpolate=False)
    given = [*from_file.items(), *os.environ.items()]
    return {name: value for name, value in given if value is not None and value.strip()}
