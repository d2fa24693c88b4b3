"""Fifty people on a key with thirty requests a minute, through the whole bot: nobody is refused, and everybody is answered.

How much of a window one person has depends on how fast the machine serves the others, as time runs forty times as fast. The same
crowd has its fair shares in virtual time: `tests/ratelimit/test_request_pace.py`.
"""

import asyncio
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.long
async def test_fifty_people_share_thirty_requests_a_minute() -> None:
    """The program of docs/performance.md, with time forty times as fast: no request is refused, and waits are told."""
    command = [sys.executable, "-m", "benchmarks.crowd", "--speed", "40"]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, timeout=300
    )
    assert "0 requests refused; 186 of 186 questions answered" in done.stdout, done.stdout + done.stderr
    assert int(done.stdout.partition(" waits told")[0].rpartition("\n")[2]) >= 186
