"""The servers that the bot is in, as Discord lists them to who asks without listening."""

from adapters.discord.client import RestClient

PAGE = 200
"""Servers that Discord lists at once (its documentation, *Get Current User Guilds*)."""


async def listed(rest: RestClient) -> dict[str, str]:
    """List the servers: their names by id, by one request for each `PAGE` of them. Raises the port's errors."""
    found: dict[str, str] = {}
    # A page that is not full is the last one; behind a full one there may be an empty one.
    while len(found) % PAGE == 0:
        async with rest.call() as client:
            page = await client.http.get_guilds(PAGE, after=max(map(int, found), default=None))
        if not page:
            break
        found |= {str(one["id"]): str(one["name"]) for one in page}
    return found
