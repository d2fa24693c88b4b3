"""A platform is found because its folder is there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import adapters
from aion_bot import cli, log_config

ROOT = Path(__file__).parents[2]
PLATFORM = '''
"""A platform that is never wanted."""


def variables():
    return ("PIGEON_URL", "PIGEON_SECRET")


def required():
    return ("PIGEON_SECRET",)


def loggers():
    return ("pigeon",)


def configure(env):
    return None, ()
'''


@pytest.fixture
def search_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A further folder in which platforms are looked for."""
    monkeypatch.setattr(adapters, "__path__", [*adapters.__path__, str(tmp_path)])
    return tmp_path


def add(search_path: Path, name: str, source: str) -> None:
    """Put a package into the folder."""
    (search_path / name).mkdir()
    (search_path / name / "__init__.py").write_text(source, "utf-8")


def test_platforms_come_by_name() -> None:
    """The order does not depend on the file system."""
    assert [platform.__name__ for platform in adapters.platforms()] == ["adapters.discord", "adapters.slack"]


def test_a_further_platform_is_found_and_named(search_path: Path) -> None:
    """A third folder is found with no edit: the command line names its variable, and quiets its library."""
    add(search_path, "pigeon", PLATFORM)
    assert adapters.platforms()[1].variables() == ("PIGEON_URL", "PIGEON_SECRET")
    _, platforms, problems = cli.compose({})
    assert platforms == []
    assert problems[-1].variable == "DISCORD_TOKEN, PIGEON_SECRET, SLACK_BOT_TOKEN, SLACK_APP_TOKEN"
    assert problems[-1].mend == (
        "no platform is set: give DISCORD_TOKEN, or PIGEON_SECRET, or SLACK_BOT_TOKEN and SLACK_APP_TOKEN, "
        "or those of several"
    )
    assert "pigeon" in cli.sdk_loggers()


def test_a_package_that_is_no_platform_is_named(search_path: Path) -> None:
    """A sub-package that lacks a function of a platform is an error that says which one it is."""
    add(search_path, "loft", "")
    with pytest.raises(TypeError, match=r"adapters\.loft is no platform"):
        adapters.platforms()


def test_every_required_variable_is_one_of_the_platforms() -> None:
    """What is required is also listed, and every variable that holds a secret is known by its name."""
    for platform in adapters.platforms():
        assert set(platform.required()) <= set(platform.variables())
        for name in platform.required():
            assert log_config.secrets_in({name: "a-secret-value"}) == {"a-secret-value"}


@pytest.mark.parametrize("ending", ["TOKEN", "KEY", "SECRET", "PASSWORD"])
def test_secrets_of_a_further_platform_are_known_by_their_names(ending: str) -> None:
    """The value of a variable of any platform that ends so never reaches a log."""
    env = {f"PIGEON_{ending}": "a-secret-value", "PIGEON_URL": "http://127.0.0.1"}
    assert log_config.secrets_in(env) == {"a-secret-value"}


def listed(*path: Path) -> str:
    """Start a Python with these folders on its path, and let it list the platforms."""
    code = "import adapters; print([one.__name__ for one in adapters.platforms()])"
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(map(str, (*path, ROOT)))}
    done = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.slow
def test_platforms_of_other_distributions_are_found(tmp_path: Path) -> None:
    """A folder `adapters` anywhere on the Python path adds its platforms."""
    (tmp_path / "adapters").mkdir()
    add(tmp_path / "adapters", "pigeon", PLATFORM)
    assert listed(tmp_path) == "['adapters.discord', 'adapters.pigeon', 'adapters.slack']"


@pytest.mark.slow
def test_another_package_of_the_same_name_is_left_alone(tmp_path: Path) -> None:
    """A package named `adapters` that has nothing to do with the bot is not searched."""
    (tmp_path / "adapters").mkdir()
    (tmp_path / "adapters" / "__init__.py").write_text("", "utf-8")
    add(tmp_path / "adapters", "models", "raise RuntimeError")
    assert listed(ROOT, tmp_path) == "['adapters.discord', 'adapters.slack']"
