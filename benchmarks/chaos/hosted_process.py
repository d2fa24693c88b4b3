"""A replica that serves many scopes, as a process: with the pauses of the soak test."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path


def serve(env: Mapping[str, str], log: Path) -> None:
    """Become a replica: runs in its process."""
    raise NotImplementedError
