"""Rotating the log as docs/operations.md says: a file that is opened for appending is copied and truncated."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OPERATIONS = Path(__file__).parents[1] / "docs" / "operations.md"

WRITER = """
import sys, structlog
from aion_bot import log_config
log_config.configure("info", "text", ())
for line in sys.stdin:
    structlog.get_logger("writer").info(line.strip())
    print("written", flush=True)
"""


def rotate(log: Path, rules: str) -> Path:
    """Rotate as these rules of logrotate say, by logrotate where it is at hand; returns the file with the older lines."""
    assert re.search(r"^\s*copytruncate$", rules, re.MULTILINE)
    rotated = log.with_name(f"{log.name}.1")
    program = shutil.which("logrotate")
    if program is None:
        shutil.copyfile(log, rotated)
        with log.open("r+b") as opened:
            opened.truncate(0)
        return rotated
    config = log.with_name("rules")
    config.write_text(rules.replace("/var/log/aion-bot.log", str(log)))
    config.chmod(0o600)
    state = str(log.with_name("state"))
    subprocess.run([program, "--force", "--state", state, str(config)], check=True, timeout=60)  # noqa: S603  # the document's own
    return rotated


@pytest.mark.slow
@pytest.mark.parametrize("appends", [True, False])
def test_a_log_that_is_copied_and_truncated_goes_on(tmp_path: Path, appends: bool) -> None:
    """No line is lost and none is broken where the file was opened for appending; otherwise a hole comes before the next line."""
    found = re.search(
        r"<!-- recipe: logrotate -->\n```text\n(.*?)```", OPERATIONS.read_text("utf-8"), re.DOTALL
    )
    assert found is not None
    log = tmp_path / "aion-bot.log"
    with log.open("ab" if appends else "wb") as stderr:
        writer = subprocess.Popen(  # noqa: S603  # our own code
            [sys.executable, "-c", WRITER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert writer.stdin is not None
    assert writer.stdout is not None
    with writer:
        writer.stdin.write("the first line\n")
        writer.stdin.flush()
        assert writer.stdout.readline() == "written\n"
        older = rotate(log, found[1])
        writer.stdin.write("the second line\n")
        writer.stdin.close()
        assert writer.stdout.readline() == "written\n"
    assert writer.returncode == 0
    assert ("the first line" in older.read_text(), "the second line" in older.read_text()) == (True, False)
    assert ("the first line" in log.read_text(), "the second line" in log.read_text()) == (False, True)
    assert log.read_bytes().startswith(b"timestamp=") is appends
