"""Who installs the package gets its types."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
USER = """\
from aion_bot.aion import AionVision, ChatResponse, SyncAionVision

client = SyncAionVision("aion_0123456789abcdefghij")
reveal_type(client.chats.send("?", session_id="s"))
reveal_type(client.chat_session().session)
reveal_type(AionVision.from_env().chats.send_stream("?", session_id="s"))

def content(response: ChatResponse) -> str:
    return response.content

client.chats.send_stream("?", session_id="s")
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the built wheel's files, as an installation does."""
    folder = tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, check=True, capture_output=True, cwd=ROOT)  # noqa: S603  # our own arguments
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)  # built here, from our own files
    return folder


@pytest.mark.parametrize("package", ["aion_bot", "aion_bot/aion", "adapters"])
@pytest.mark.slow
def test_the_wheel_says_that_it_has_types(installed: Path, package: str) -> None:
    """Each package that others may import has the marker of PEP 561, and no test or script is shipped."""
    assert (installed / package / "py.typed").is_file()
    assert not (installed / "tests").exists()
    assert not (installed / "scripts").exists()


@pytest.mark.slow
def test_a_user_under_strict_sees_types(installed: Path, tmp_path: Path) -> None:
    """Mypy finds real types behind the public names, and that the synchronous client has no streams."""
    (tmp_path / "user.py").write_text(USER, "utf-8")
    # The types of other packages do not matter here, and reading them takes most of the time.
    (tmp_path / "mypy.ini").write_text(
        "[mypy]\n[mypy-httpx.*,pydantic.*,pydantic_settings.*]\nfollow_imports = skip\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir=cache", "user.py"]
    # mypy takes PYTHONPATH as a place of installed packages, where it wants py.typed.
    done = subprocess.run(  # noqa: S603  # our own arguments
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )
    found = [line.split(": ", 2)[1:] for line in done.stdout.splitlines()]
    assert found[:4] == [
        ["note", 'Revealed type is "aion_bot.aion.types.ChatResponse"'],
        ["note", 'Revealed type is "aion_bot.aion.types.ChatSession"'],
        [
            "note",
            'Revealed type is "typing.AsyncGenerator[aion_bot.aion.events.ChatToken, None]"',
        ],
        ["error", '"SyncChatResource" has no attribute "send_stream"  [attr-defined]'],
    ]
    assert len(found) == 5, done.stdout
