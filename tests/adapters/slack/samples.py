"""The recorded payloads, by the name of their situation."""

import json
from pathlib import Path
from typing import Any

from adapters.slack.identity import BotIdentity

ME = BotIdentity(team="T024SITES", team_name="Sites", user="U07AION00", bot="B07AION00", name="aion")

FOLDER = Path(__file__).resolve().parents[2] / "samples" / "slack"


def sample(situation: str) -> dict[str, Any]:
    """The payload that Slack sends in this situation."""
    return json.loads((FOLDER / f"{situation}.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]  # JSON has any type
