"""Building blocks for asyncio that know nothing of the bot: ordered work per key, background tasks, backoff."""
