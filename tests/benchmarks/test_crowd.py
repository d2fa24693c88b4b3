"""Fifty people on a key with thirty requests a minute: nobody is refused, and nobody has more than twice the fair share."""

import asyncio
import subprocess
import sys

import pytest


@pytest.mark.slow
async def test_fifty_people_share_thirty_requests_a_minute() -> None:
    """The program of docs/performance.md, with time forty times as fast, ends with status 0."""
    command = [sys.executable, "-m", "benchmarks.crowd", "--speed", "40"]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 requests refused; 186 of 186 questions answered" in done.stdout
    share = float(done.stdout.partition("largest share of five minutes: ")[2].split()[0])
    assert 0 < share <= 2
