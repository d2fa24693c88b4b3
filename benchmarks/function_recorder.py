"""`aion-bot run` with a recording of the functions that it enters; `benchmarks.shape` starts it as a program.

Usage: `PYTHONPATH=CHECKOUT python function_recorder.py RECORD`. It imports nothing but the checkout in `PYTHONPATH`.
"""

import json
import signal
import sys
import threading
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from aion_bot import cli


def run_and_record(target: Path) -> None:
    """Run `aion-bot run`; SIGUSR1 starts a recording of entered functions, SIGUSR2 writes it to `target`.

    The signal handlers run in the thread of the event loop. The database's thread is recorded because the profile is
    set before any thread exists.
    """
    root = Path(cli.__file__).parents[1]
    codes: set[CodeType] = set()

    def profile(frame: FrameType, event: str, _: Any) -> None:
        if event == "call":
            codes.add(frame.f_code)

    def write(*_: object) -> None:
        own = sorted(
            (str(path.relative_to(root)), code.co_qualname)
            for code in codes.copy()
            if code.co_name[0] != "<"  # lambdas, comprehensions, modules
            for path in [Path(code.co_filename)]
            if path.is_relative_to(root) and path.relative_to(root).parts[0] in {"aion_bot", "adapters"}
        )
        partial = target.with_suffix(".partial")
        partial.write_text(json.dumps(own), "utf-8")
        partial.rename(target)  # the rename makes the whole file visible at once

    signal.signal(signal.SIGUSR1, lambda *_: codes.clear())
    signal.signal(signal.SIGUSR2, write)
    threading.setprofile(profile)
    sys.setprofile(profile)
    sys.argv = ["aion-bot", "run"]
    cli.main()


if __name__ == "__main__":
    run_and_record(Path(sys.argv[1]))
