"""The style sheet and the script, which lie in the package."""

from importlib import resources


def asset(name: str) -> str:
    """Read one of them."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")
