"""What every component's settings model does."""

from collections.abc import Iterator, Mapping
from typing import Annotated

import pytest
from pydantic import BeforeValidator, Field, SecretStr
from pydantic.fields import FieldInfo

from adapters.discord.config import Settings as DiscordSettings
from adapters.slack.config import SlackSettings
from aion_bot.aion.settings import ClientSettings
from aion_bot.config import Settings as CoreSettings
from aion_bot.environment.model import EnvironmentSettings, Problem, Switch
from aion_bot.ports.settings import PlatformSettings

MODELS: tuple[type[EnvironmentSettings], ...] = (ClientSettings, CoreSettings, SlackSettings, DiscordSettings)


def _refuse(_: object) -> object:
    raise ValueError("must be another one")


class Example(EnvironmentSettings):
    """Two secrets that are needed, and what has a default."""

    first: SecretStr = Field(validation_alias="EXAMPLE_FIRST_TOKEN")
    second: SecretStr = Field(validation_alias="EXAMPLE_SECOND_TOKEN")
    size: int = Field(3, ge=1, le=9, validation_alias="EXAMPLE_SIZE")
    wide: Switch = Field(False, validation_alias="EXAMPLE_WIDE")
    never: Annotated[str, BeforeValidator(_refuse)] = Field("", validation_alias="EXAMPLE_NEVER")


class PlatformExample(PlatformSettings):
    """The settings of a platform that needs an address and a token."""

    url: str = Field(validation_alias="EXAMPLE_URL")
    token: SecretStr = Field(validation_alias="EXAMPLE_TOKEN")
    size: int = Field(3, validation_alias="EXAMPLE_SIZE")


WHOLE = {"EXAMPLE_FIRST_TOKEN": "one", "EXAMPLE_SECOND_TOKEN": "two"}


def test_every_problem_is_found_in_the_order_of_the_fields() -> None:
    """Whatever is wrong is said at once, each with its variable and how to mend it."""
    env = {"EXAMPLE_SIZE": "10", "EXAMPLE_WIDE": "yes", "EXAMPLE_NEVER": "x", "EXAMPLE_FIRST_TOKEN": " "}
    assert Example.read(env) == (
        None,
        (
            Problem("EXAMPLE_FIRST_TOKEN", "is not set"),
            Problem("EXAMPLE_SECOND_TOKEN", "is not set"),
            Problem("EXAMPLE_SIZE", "must be at most 9"),
            Problem("EXAMPLE_WIDE", "must be true or false"),
            Problem("EXAMPLE_NEVER", "must be another one"),
        ),
    )


def test_blanks_around_a_value_do_not_count() -> None:
    """A value is read without the blanks around it, and only blanks count as unset."""
    settings, problems = Example.read(
        WHOLE | {"EXAMPLE_SIZE": " 4\n", "EXAMPLE_WIDE": "TRUE", "EXAMPLE_NEVER": "\t"}
    )
    assert problems == ()
    assert settings is not None
    assert (settings.size, settings.wide, settings.never) == (4, True, "")


def test_the_process_s_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings come from the mapping alone."""
    monkeypatch.setenv("EXAMPLE_SIZE", "5")
    settings, _ = Example.read(WHOLE)
    assert settings is not None
    assert settings.size == 3


@pytest.mark.parametrize(
    ("env", "problems"),
    [
        ({}, ()),
        ({"EXAMPLE_SIZE": "3"}, ()),
        ({"EXAMPLE_SIZE": "x"}, (Problem("EXAMPLE_SIZE", "must be a whole number"),)),
        ({"EXAMPLE_URL": "u"}, (Problem("EXAMPLE_TOKEN", "is missing although EXAMPLE_URL is set"),)),
        ({"EXAMPLE_TOKEN": "t"}, (Problem("EXAMPLE_URL", "is missing although EXAMPLE_TOKEN is set"),)),
    ],
)
def test_a_platform_is_wanted_once_something_it_needs_is_set(
    env: Mapping[str, str], problems: tuple[Problem, ...]
) -> None:
    """Without anything that it needs a platform is not wanted; with a part of it the rest is missing."""
    assert PlatformExample.read(env) == (None, problems)


def _fields() -> Iterator[tuple[str, FieldInfo]]:
    for model in MODELS:
        for name, field in model.model_fields.items():
            yield model.variable(name), field


def test_every_secret_is_a_secret_string() -> None:
    """A variable whose name says that it holds a secret is a `SecretStr`, and no other name holds one."""
    named = {name for name, _ in _fields() if name.endswith(("TOKEN", "KEY", "SECRET", "PASSWORD"))}
    typed = {name for name, field in _fields() if "SecretStr" in str(field.annotation)}  # optional ones, too
    assert named == typed != set()


@pytest.mark.parametrize("model", MODELS)
def test_no_problem_repeats_a_value(model: type[EnvironmentSettings]) -> None:
    """Every variable may hold a secret that was pasted into the wrong one; of free text and of a path nothing is wrong."""
    found = {
        problem for name in model.variables() for problem in model.read({name: "hunter2 \x00{hunter2}"})[1]
    }
    assert {one.variable for one in found} >= {*model.variables()} - {
        "AIONVISION_TENANT_ID",
        "AION_BOT_CONFIG",
    }
    assert [one for one in found if "hunter2" in str(one)] == []
