"""Simulated Aion, Slack and Discord on loopback sockets, for `aion-bot demo` and for the tests.

The bot's real client libraries talk to them. Nothing here knows the bot's inside.
"""
