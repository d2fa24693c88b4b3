"""The people whom a message mentions, and those whom it notifies. No I/O."""

import re
from collections.abc import Collection, Mapping
from typing import Any

_USER = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYBODY = re.compile(r"@(everyone|here)\b")


def mentioned(content: str) -> list[str]:
    """Ids of the people named, in order."""
    return list(dict.fromkeys(_USER.findall(content)))


def mentioned_roles(content: str) -> list[str]:
    """Ids of the roles named, in order."""
    return list(dict.fromkeys(_ROLE.findall(content)))


def pinged(
    content: str, allowed: Mapping[str, Any] | None, people: Collection[str], replied_to: str | None = None
) -> list[str]:
    """Whom `content` notifies: ids of people and roles, "@everyone", "@here".

    Without `allowed_mentions` everything counts (Discord's documentation, *Allowed Mentions Object*).
    """
    users = [user for user in mentioned(content) if user in people and _allows(allowed, "users", user)]
    roles = [role for role in mentioned_roles(content) if _allows(allowed, "roles", role)]
    all_of_them = [
        f"@{name}"
        for name in _EVERYBODY.findall(content)
        if allowed is None or "everyone" in allowed.get("parse", [])
    ]
    answered = replied_to is not None and (allowed is None or bool(allowed.get("replied_user")))
    return [*users, *roles, *all_of_them, *([replied_to] if answered and replied_to else [])]


def _allows(allowed: Mapping[str, Any] | None, kind: str, name: str) -> bool:
    return allowed is None or kind in allowed.get("parse", []) or name in map(str, allowed.get(kind, []))
