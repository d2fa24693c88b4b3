"""aion-bot: talk to Aion from Slack and Discord."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036  # a clone is run by whatever Python is at hand, and gets this sentence
    sys.exit(f"aion-bot needs Python 3.11 or newer; this is {sys.version_info[0]}.{sys.version_info[1]}")

__version__ = "0.1.0"
