"""What leaves for a platform has no secret that the bot knows."""

import pytest

from aion_bot.delivery import thread
from aion_bot.ports.messages import Document
from aion_bot.ports.secrets import Secrets


def test_a_file_has_no_secret_and_stays_its_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret goes out of the text of a plan's file, which still belongs to its plan."""
    known = Secrets()
    known.know(["sk-very-secret-0123456789"])
    monkeypatch.setattr(thread, "KNOWN", known)
    (shown,) = thread.struck_screen((Document("plan.md", "1. send sk-very-secret-0123456789 away", "k1"),))
    assert isinstance(shown, Document)
    assert shown.key == "k1"
    assert "very-secret" not in shown.text
    assert shown.text.startswith("1. send ")
