"""The style sheet, the script and the icon of the page."""

from importlib import resources


def asset(name: str) -> str:
    """Read one asset."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")
