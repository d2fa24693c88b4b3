"""The demo: a page and a terminal for simulated Aion, Slack and Discord on loopback sockets.

The bot's real client libraries connect to the simulators. Nothing here uses the bot's internals.
"""
