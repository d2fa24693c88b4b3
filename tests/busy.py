"""Run the suite again and again beside two busy loops: `make busy`, `python -m tests.busy 10`.

A test that waits for a time instead of a condition fails here sooner or later. Prints each run's seconds; stops at the
first failure with the suite's exit status.
"""

import subprocess
import sys
import time

LOOPS = 2
LOOP = [sys.executable, "-c", "while True: pass"]
SUITE = [sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "tests.support.forked", "--forks", "6"]
"""As `make test` has it, without the tracer of coverage."""

TESTS = ["tests/end_to_end", "tests/adapters", "tests"]
"""Folders with the longest tests first."""


def main(times: int) -> int:
    """Run the suite so many times; returns the exit status of the last run."""
    loops = [subprocess.Popen(LOOP) for _ in range(LOOPS)]  # noqa: S603  # our own code
    try:
        for number in range(1, times + 1):
            began = time.monotonic()
            status = subprocess.run([*SUITE, *TESTS], check=False).returncode  # noqa: S603  # our own code
            print(f"run {number} of {times}: status {status}, {time.monotonic() - began:.0f} s", flush=True)  # noqa: T201  # a program
            if status:
                return status
        return 0
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
