"""What the command line writes by itself holds no secret: problems, and exceptions that nobody caught."""

import gc
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

import adapters
from aion_bot import app, cli, doctor
from aion_bot.config import read_rules
from aion_bot.ports.platform_package import id_forms_of
from aion_bot.simulators.aion import API_KEY
from tests.support.logs import logs_put_back

PASTED = "xapp-1-A0PASTED-0123456789-abcdef"
"""A secret that stands where it does not belong, and nowhere else."""

ENV = {
    "AIONVISION_API_KEY": API_KEY,
    "DISCORD_TOKEN": "MTA0NTU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB",
}

FORMS = [id_forms_of(platform) for platform in adapters.platforms()]


@pytest.fixture(autouse=True)
def _process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Python's own hooks and the logs are put back after a test; nothing of this folder's is read."""
    monkeypatch.chdir(tmp_path)
    for owner, name in (threading, "excepthook"), (sys, "unraisablehook"), (sys, "excepthook"):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    with logs_put_back():
        yield


def run(command: str, monkeypatch: pytest.MonkeyPatch, **env: str) -> object:
    """Run a command with these variables; returns its exit status."""
    for name, value in {**ENV, **env}.items():
        monkeypatch.setenv(name, value)
    offline = ["--offline"] if command == "doctor" else []
    monkeypatch.setattr(sys, "argv", ["aion-bot", command, *offline])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_secret_pasted_as_the_files_path_is_not_repeated(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path in AION_BOT_CONFIG that cannot be read is named by its variable alone."""
    assert run(command, monkeypatch, AION_BOT_CONFIG=PASTED) == (2 if command == "run" else 1)
    said = "".join(capsys.readouterr())
    assert "AION_BOT_CONFIG: the file cannot be read" in said
    assert PASTED not in said


@pytest.mark.parametrize(
    "text",
    [
        PASTED,
        f"{PASTED} = 1",
        f"[{PASTED}]",
        f"[defaults]\n{PASTED} = 1",
        f"[channels.{PASTED}]",
        f"a = '{PASTED}'",
    ],
)
def test_a_file_of_secrets_is_not_repeated(text: str, tmp_path: Path) -> None:
    """A file that holds a secret, wherever in it, is refused without it."""
    (tmp_path / "secret").write_text(text)
    _, problems = read_rules(tmp_path / "secret", FORMS)
    assert problems
    assert PASTED not in "".join(map(str, problems))


def test_a_path_with_a_zero_byte_is_not_repeated() -> None:
    """No path of any form raises, or is shown."""
    _, problems = read_rules(Path(f"{PASTED}\0"), ())
    assert [one.variable for one in problems] == ["AION_BOT_CONFIG"]
    assert PASTED not in str(problems)


def test_a_crash_is_written_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An exception that nobody caught has its traceback on stderr, with the key and the token struck out."""

    async def crash(*_: object) -> bool:
        raise RuntimeError(f"header: Bot {ENV['DISCORD_TOKEN']}") from OSError(f"key {API_KEY}")

    monkeypatch.setattr(app, "serve_until_signal", crash)
    assert run("run", monkeypatch) == 1
    said = capsys.readouterr().err
    assert "RuntimeError: header: Bot ***" in said
    assert "OSError: key ***" in said
    assert "Traceback" in said
    assert not any(secret in said for secret in ENV.values())


@pytest.mark.slow
def test_a_crash_elsewhere_is_written_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same holds for threads, and for what an object raises while it is removed."""
    monkeypatch.setattr(app, "serve_until_signal", None)
    run("run", monkeypatch)
    capsys.readouterr()

    def crash() -> None:
        raise RuntimeError(f"key {API_KEY}")

    class Raises:
        def __del__(self) -> None:
            crash()

    thread = threading.Thread(target=crash)
    thread.start()
    thread.join()
    Raises()
    gc.collect()
    said = capsys.readouterr().err
    assert said.count("RuntimeError: key ***") == 2
    assert API_KEY not in said


def test_doctor_logs_without_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a library warns of while doctor asks a platform goes through the same processors as in `run`."""

    async def warn(*_: object, **__: object) -> list[object]:
        structlog.get_logger("x").warning("asked", header=f"Bot {ENV['DISCORD_TOKEN']}")
        return []

    monkeypatch.setattr(doctor, "examine", warn)
    assert run("doctor", monkeypatch) == 0
    said = "".join(capsys.readouterr())
    assert "asked" in said
    assert ENV["DISCORD_TOKEN"] not in said
