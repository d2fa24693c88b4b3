"""The demo in a browser: both workspaces on one page, rendered on the server from what the bot sent.

`view` renders the page for one person, `server` serves it and sends its changes, `tour_file` writes the finished threads of
the tour as one file. Nothing here uses the bot: the page shows what the simulators hold.
"""

from aion_bot.demo.page.server import Page

__all__ = ["Page"]
