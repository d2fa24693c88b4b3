"""`aion-bot --help` works wherever Python does."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

WITHOUT_POSIX = """
import asyncio, runpy, subprocess, sys, tempfile
# The standard library has chosen its own modules for this system by now; from here on the bot's imports count.
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules[name] = None  # an import of it raises ModuleNotFoundError
sys.argv = ["aion-bot", "--help"]
runpy.run_module("aion_bot", run_name="__main__")
"""


@pytest.mark.slow
def test_help_needs_no_module_of_posix() -> None:
    """On Windows `resource` and `fcntl` do not exist; the program still starts and prints its commands."""
    command = [sys.executable, "-c", WITHOUT_POSIX]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603  # our own code
    assert done.returncode == 0, done.stderr
    assert "doctor" in done.stdout
