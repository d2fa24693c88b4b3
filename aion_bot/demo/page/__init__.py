"""The demo in a browser: both workspaces on one page, drawn on the server from what the bot sent.

`view` is one look at the page, `server` serves it and tells its changes, `tour_file` writes the ended threads of the tour
as one file. Nothing of it knows the bot: it draws what the simulators hold.
"""

from aion_bot.demo.page.server import Page

__all__ = ["Page"]
