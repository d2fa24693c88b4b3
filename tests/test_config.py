"""Settings."""

import errno
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aion_bot.cli import program
from aion_bot.config import Settings
from aion_bot.ports.settings import EnvironmentFileError, is_loopback, read_environment

KEY = "aion_" + "k" * 24
GOOD = {"AIONVISION_API_KEY": KEY}


def test_the_defaults_are_those_of_the_interface() -> None:
    """With nothing but a key, every setting has its documented default."""
    settings, problems = Settings.read(GOOD)
    assert problems == ()
    assert settings is not None
    assert settings.base_url == "https://api.aionvision.tech/api/v2"
    assert (settings.timeout, settings.max_retries, settings.retry_delay) == (300.0, 3, 1.0)
    assert (str(settings.database), settings.approvers, settings.busy) == (
        "aion-bot.db",
        "requester",
        "queue",
    )
    assert settings.retention_days == 90
    assert (settings.shutdown_grace, settings.log_level, settings.log_format) == (20.0, "info", "text")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AIONVISION_API_KEY", "no key at all"),
        ("AIONVISION_BASE_URL", "http://api.example.com"),
        ("AIONVISION_BASE_URL", "api.example.com"),
        ("AIONVISION_TIMEOUT", "soon"),
        ("AIONVISION_TIMEOUT", "nan"),
        ("AIONVISION_TIMEOUT", "0"),
        ("AIONVISION_MAX_RETRIES", "-1"),
        ("AIONVISION_MAX_RETRIES", "1.5"),
        ("AIONVISION_RETRY_DELAY", "inf"),
        ("AIONVISION_PROXY_URL", "proxy"),
        ("AION_BOT_DATABASE_URL", "postgres://x"),
        ("AION_BOT_DATABASE_URL", "sqlite:///"),
        ("AION_BOT_APPROVERS", ","),
        ("AION_BOT_ALLOW_USERS", "U1 U2"),
        ("AION_BOT_BUSY", "later"),
        ("AION_BOT_UPLOADS", "true"),
        ("AION_BOT_SHUTDOWN_GRACE", "-1"),
        ("AION_BOT_RETENTION_DAYS", "0"),
        ("AION_BOT_RETENTION_DAYS", "-90"),
        ("AION_BOT_RETENTION_DAYS", "1.5"),
        ("AION_BOT_RETENTION_DAYS", "never"),
        ("AION_BOT_RETENTION_DAYS", "99999999999"),
        ("AION_BOT_LOG_LEVEL", "loud"),
        ("AION_BOT_LOG_FORMAT", "xml"),
        ("AION_BOT_HTTP_ADDRESS", "127.0.0.1"),
        ("AION_BOT_FOOTER", "perhaps"),
        ("AION_BOT_NOTIFY_AFTER", "-1"),
        ("AION_BOT_NOTIFY_AFTER", "a minute"),
        ("AION_BOT_NOTIFY_AFTER", "86401"),
        ("AION_BOT_REPLICA", "a b"),
    ],
)
def test_a_malformed_value_is_refused(variable: str, value: str) -> None:
    """A malformed or unimplemented setting is a problem with its name."""
    settings, problems = Settings.read(GOOD | {variable: value})
    assert settings is None
    assert [problem.variable for problem in problems] == [variable]


def test_a_malformed_key_is_not_repeated() -> None:
    """What may be a mistyped secret appears in no sentence about it."""
    _, problems = Settings.read({"AIONVISION_API_KEY": "aion_mistyped!secret"})
    assert "mistyped" not in str(problems[0])


def test_every_problem_is_found_at_once() -> None:
    """Three wrong settings are three problems, in one go."""
    _, problems = Settings.read({"AIONVISION_TIMEOUT": "x", "AION_BOT_BUSY": "y"})
    assert {problem.variable for problem in problems} == {
        "AIONVISION_API_KEY",
        "AIONVISION_TIMEOUT",
        "AION_BOT_BUSY",
    }


def test_a_database_may_be_relative_or_absolute() -> None:
    """Three slashes are relative to the working directory, four are absolute."""
    relative, _ = Settings.read(GOOD | {"AION_BOT_DATABASE_URL": "sqlite:///data/x.db"})
    absolute, _ = Settings.read(GOOD | {"AION_BOT_DATABASE_URL": "sqlite:////var/x.db"})
    assert relative is not None
    assert absolute is not None
    assert (str(relative.database), str(absolute.database)) == ("data/x.db", "/var/x.db")


def test_lists_are_ids_between_commas() -> None:
    """Approvers may be people; spaces around ids do not count."""
    settings, _ = Settings.read(GOOD | {"AION_BOT_APPROVERS": "U1, U2", "AION_BOT_ALLOW_CHANNELS": "C1"})
    assert settings is not None
    assert settings.approvers == {"U1", "U2"}
    assert settings.allow_channels == {"C1"}


def test_the_key_is_in_no_representation() -> None:
    """Settings can be printed without showing the key or a proxy's password."""
    settings, _ = Settings.read(GOOD | {"AIONVISION_PROXY_URL": "http://u:verysecret@proxy:1"})
    assert KEY not in repr(settings)
    assert "verysecret" not in repr(settings)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("127.evil.com", False),
        ("10.0.0.1", False),
        (None, False),
    ],
)
def test_loopback_is_this_machine_alone(host: str | None, loopback: bool) -> None:
    """Http is for loopback hosts, and a name that merely begins like one is none."""
    assert is_loopback(host) is loopback


def test_the_environment_wins_over_the_file(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable in both places has the environment's value; one that is empty counts as unset."""
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / ".env").write_text("AION_BOT_BUSY=reject\nAION_BOT_LOG_LEVEL=debug\nAION_BOT_APPROVERS=\n")
    monkeypatch.setenv("AION_BOT_BUSY", "replace")
    env = read_environment(folder)
    assert (env["AION_BOT_BUSY"], env["AION_BOT_LOG_LEVEL"]) == ("replace", "debug")
    assert "AION_BOT_APPROVERS" not in env


def _link(path: Path) -> None:
    path.symlink_to("missing")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path.write_bytes(b"AION_BOT_BUSY=\xe9\n"), "UTF-8"),
        (lambda path: path.write_bytes("AION_BOT_BUSY=queue\n".encode("utf-16")), "UTF-8"),
        (lambda path: path.write_bytes("AION_BOT_BUSY=queue\n".encode("utf-16-le")), "UTF-8"),
        (lambda path: path.write_bytes(b"#" * 1_000_001), "1000000 bytes"),
        (lambda path: path.write_text("A=1\n\nAION_BOT_ALLOW_USERS: U1\n"), "line 3 cannot be read"),
        (lambda path: path.write_text("AION_BOT_ALLOW_USERS U1\n"), "line 1 cannot be read"),
        (lambda path: path.write_text("AION_BOT_ALLOW_USERS\n"), "line 1 cannot be read"),
        (lambda path: path.write_text("A=1\nAION_BOT_ALLOW_USERS='U1\n"), "line 2 cannot be read"),
        (lambda path: path.write_text("AION_BOT_ALLOW_USERS=U1,\n  U2\n"), "line 2 cannot be read"),
        (Path.mkdir, "cannot be read (Is a directory)"),
        (_link, "cannot be read (No such file or directory)"),
    ],
    ids=[
        "latin-1",
        "utf-16",
        "utf-16 without its mark",
        "too long",
        "a colon for the sign",
        "no sign",
        "a name alone",
        "an open quote",
        "a list over two lines",
        "a folder",
        "a link to nothing",
    ],
)
@pytest.mark.parametrize("command", ["run", "doctor", "backup copy.db"])
def test_an_env_file_that_cannot_be_read_is_one_sentence(
    command: str,
    make: Callable[[Path], object],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A `.env` that is no text in UTF-8, or no file, ends each command with one sentence: 2, or 1 as doctor's finding."""
    monkeypatch.chdir(tmp_path)
    make(tmp_path / ".env")
    ended = CliRunner().invoke(program, command.split())
    assert ended.exit_code == (1 if command == "doctor" else 2)
    (line,) = ended.output.splitlines()
    assert ".env: " in line
    assert words in line


def test_an_env_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A `.env` that may not be read is refused with the reason; root may read all, so the system's refusal is played."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    (tmp_path / ".env").touch()
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(EnvironmentFileError, match="Permission denied"):
        read_environment(tmp_path)


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    """The first variable of a file that an editor of Windows wrote is read."""
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfAION_BOT_BUSY=reject\n")
    assert read_environment(tmp_path)["AION_BOT_BUSY"] == "reject"
