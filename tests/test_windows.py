"""The program starts where Python has no modules, signals and modes of POSIX. Nothing here was run on Windows itself."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow  # whole programs

AS_ON_WINDOWS = """
import asyncio, os, runpy, signal, subprocess, sys, tempfile, types
# The standard library has chosen its own modules for this system by now; from here on the bot's imports count.
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None  # an import of it raises ModuleNotFoundError
for name in ("SIGHUP", "SIGALRM", "SIGKILL", "SIGUSR1", "setitimer", "ITIMER_REAL"):
    delattr(signal, name)
def refuse(*_):
    raise NotImplementedError
asyncio.SelectorEventLoop.add_signal_handler = asyncio.SelectorEventLoop.remove_signal_handler = refuse
held = []
sys.modules["msvcrt"] = types.SimpleNamespace(LK_NBLCK=2, locking=lambda *call: held.append(call))
class Windows:
    name = "nt"
    def __getattr__(self, name):
        if name in ("fchmod", "getuid", "geteuid", "statvfs", "getloadavg"):
            raise AttributeError(name)
        return getattr(os, name)
from aion_bot.ports import private_files
from aion_bot.storage import copies, process_lock
private_files.os = copies.os = Windows()
process_lock.sys = types.SimpleNamespace(platform="win32")
sys.argv = ["aion-bot", *sys.argv[1:]]
try:
    runpy.run_module("aion_bot", run_name="__main__")
finally:
    print("locks:", len(held), file=sys.stderr)
"""

SETTINGS = {
    "AIONVISION_API_KEY": "aion_0123456789abcdefghij",
    "AIONVISION_BASE_URL": "http://127.0.0.1:9/api/v2",
    "SLACK_BOT_TOKEN": "xoxb-1-1-abcdefghijklmnop",
    "SLACK_APP_TOKEN": "xapp-1-A0-1-abcdefghijklmnop",
    "SLACK_API_URL": "http://127.0.0.1:9/",
}


def start(place: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the program in this folder, with services that refuse every connection."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.Popen(  # noqa: S603  # our own code
        [sys.executable, "-c", AS_ON_WINDOWS, *arguments],
        env=kept | SETTINGS | {"PYTHONPATH": str(ROOT)},
        cwd=place,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_the_bot_runs_and_stops(tmp_path: Path) -> None:
    """`run` takes its lock, serves, and a signal that reaches no event loop stops it with status 0."""
    bot = start(tmp_path, "run")
    assert bot.stderr is not None
    said = ""
    for line in bot.stderr:
        said += line
        if "starting" in line:
            break
    bot.send_signal(signal.SIGTERM)
    said += bot.communicate(timeout=300)[1]
    assert bot.returncode == 0, said
    assert "stopping" in said
    assert "locks: 1" in said


@pytest.mark.parametrize(
    ("arguments", "shown"), [(("doctor", "--offline"), "database"), (("demo", "--tour"), "Approved")]
)
def test_doctor_and_demo_end(tmp_path: Path, arguments: tuple[str, ...], shown: str) -> None:
    """`doctor` prints its findings and the demo plays its tour; neither meets a missing module or signal."""
    program = start(tmp_path, *arguments)
    out, err = program.communicate(timeout=300)
    assert "Traceback" not in err
    assert shown in out
    if arguments[0] == "demo":
        assert program.returncode == 0, err
