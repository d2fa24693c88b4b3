"""The longer commands of `aion-bot`, one module each; `cli.py` parses their arguments."""
