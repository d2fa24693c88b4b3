"""The one retry schedule, for adapters: `aion_bot.concurrency.backoff` explains it."""

from aion_bot.concurrency.backoff import Backoff, retry

__all__ = ["Backoff", "retry"]
