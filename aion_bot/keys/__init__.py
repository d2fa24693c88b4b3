"""The keys of Aion's in use: a client for each that `aion-bot.toml` names, and the change of a key while the bot serves."""
