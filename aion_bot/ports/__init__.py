"""The one room of the bot that adapters import: the values that cross, and the Protocols both sides keep."""
