"""aion-bot: talk to Aion from Slack and Discord."""

__version__ = "0.1.0"
