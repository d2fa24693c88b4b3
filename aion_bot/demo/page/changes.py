"""Computes what a browser does not show yet. No I/O."""

from typing import Any

from aion_bot.demo.page.view import Parts


def changes(parts: Parts, shown: dict[str, str]) -> dict[str, Any]:
    """Return what a browser does not show yet, and record it in `shown`.

    Pieces by id, and of each changed log all messages in order, None for those that are unchanged.
    """
    pieces = {key: drawn for key, drawn in parts.pieces.items() if shown.get(key) != drawn}
    shown.update(pieces)
    logs = {}
    for log, messages in parts.logs.items():
        order = " ".join(key for key, _ in messages)
        changed = [[key, None if shown.get(key) == drawn else drawn] for key, drawn in messages]
        if shown.get(log) != order or any(drawn is not None for _, drawn in changed):
            logs[log] = changed
        shown.update({log: order, **dict(messages)})
    return {"pieces": pieces, "logs": logs} if pieces or logs else {}
