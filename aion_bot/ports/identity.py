"""An optional capability of an adapter: it can say which bot its secrets belong to."""

from typing import Protocol, runtime_checkable


@runtime_checkable
class HasIdentity(Protocol):
    """A platform that says who the bot is before the adapter listens."""

    async def identity(self) -> str:
        """Ask the platform which bot the secrets belong to: other secrets of the same bot have the same answer.

        Raises the errors of `ports.errors`.
        """
