"""Which files of earlier answers the card of `/aion context` offers."""

from aion_bot.aion import ChatMessage, MessageRole
from aion_bot.conversation.manage.context import referred_files

DATA = {
    "tool_document_data": [{"document_id": f"{one}-full", "filename": f"{one}.pdf"} for one in ("a1", "b2", "c3")],
    "result_refs": {
        "seen": {"count": 1, "ids": ["v1"], "id_type": "video", "label": "Walk"},
        "unseen": {"count": 1, "ids": ["v2"], "id_type": "video", "label": "Run"},
    },
}  # fmt: skip


def test_a_file_that_nobody_saw_named_is_not_offered() -> None:
    """Files that an answer names only in a comment or in code are none that it refers to, and so are counts of videos."""
    text = "See [[doc:a1|a1.pdf]] and `[[doc:b2|b2.pdf]]`, [[ref:seen]].\n\n<!-- [[doc:c3|c3.pdf]] [[ref:unseen]] -->"
    found = referred_files([ChatMessage("m", MessageRole.ASSISTANT, text, metadata=DATA)])
    assert [one.id for one in found] == ["a1-full", "v1"]
