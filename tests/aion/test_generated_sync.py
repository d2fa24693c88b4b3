"""The synchronous client is the one that the asynchronous client's files generate."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "unasync.py"
CLIENT = ROOT / "aion_bot" / "aion"


def unasync(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # our own script


@pytest.fixture
def client(tmp_path: Path) -> Path:
    """A copy of the client's two packages, to change."""
    for name in ("_async", "_sync"):
        shutil.copytree(CLIENT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


@pytest.mark.slow  # `make check` checks it as well
def test_the_generated_client_is_current() -> None:
    """`_sync` is what `make sync-client` writes."""
    done = unasync("--check")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_file_that_is_not_current_is_named(client: Path) -> None:
    """A changed source, a missing file and one without a source each fail the check by name; nothing is written."""
    source = client / "_async" / "client.py"
    source.write_text(source.read_text("utf-8").replace("Close every connection", "Close them all"), "utf-8")
    (client / "_sync" / "session.py").unlink()
    (client / "_sync" / "left_over.py").write_text("", "utf-8")
    done = unasync("--check", "--client", client)
    assert done.returncode == 1
    assert [line.split(";")[0] for line in done.stderr.splitlines()] == [
        f"not current: {client / '_sync' / name}" for name in ("client.py", "left_over.py", "session.py")
    ]
    assert not (client / "_sync" / "session.py").exists()


@pytest.mark.slow
def test_generating_makes_it_current(client: Path) -> None:
    """What the script writes passes its own check, and has nothing of `async` in it."""
    shutil.rmtree(client / "_sync")
    assert unasync("--client", client).returncode == 0
    assert unasync("--check", "--client", client).returncode == 0
    for path in (client / "_sync").glob("*.py"):
        assert path.read_text("utf-8") == (CLIENT / "_sync" / path.name).read_text("utf-8")
        code = "".join(path.read_text("utf-8").splitlines(keepends=True)[1:])
        assert not {"await", "asyncio", "AsyncClient", "async-only"} & set(code.replace(".", " ").split())


def test_markers_that_do_not_match_are_refused(client: Path) -> None:
    """A block that is not closed would silently lose the rest of its file."""
    source = client / "_async" / "chats.py"
    source.write_text(source.read_text("utf-8").replace("# async-only: end", "# the end", 1), "utf-8")
    done = unasync("--check", "--client", client)
    assert done.returncode == 1
    assert done.stderr.startswith("chats.py: unexpected marker")
