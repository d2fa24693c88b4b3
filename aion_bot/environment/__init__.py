"""Settings from environment variables: what every component's settings model shares. Knows nothing of the bot."""
