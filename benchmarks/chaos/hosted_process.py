"""A replica that serves many scopes, as a process: with the pauses of the soak test."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path


def serve(env: Mapping[str, str], log: Path) -> None:
    """Become a replica: runs in its process."""
    os.environ.clear()
    os.environ.update(env)
    with log.open("ab") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.exit(asyncio.run(_served(env)))
