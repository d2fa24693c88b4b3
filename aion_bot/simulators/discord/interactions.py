"""The routes that respond to an interaction. The token in the path is the permission."""

from collections.abc import Mapping
from typing import Any

from aion_bot.simulators.discord import limits, payloads
from aion_bot.simulators.discord.backend import Backend
from aion_bot.simulators.discord.errors import (
    already_acknowledged,
    expired_token,
    unknown_interaction,
    unknown_message,
    unknown_webhook,
)
from aion_bot.simulators.discord.model import EPHEMERAL, TEXT, Interaction, Message
from aion_bot.simulators.discord.rest import NOTHING, Call, Handler

MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, MODAL = 4, 5, 6, 7, 9
COMMAND_ANSWER, MENU_ANSWER = 20, 23
THINKING = "…"


def acknowledge(backend: Backend, call: Call) -> Any:
    """Respond for the first time."""
    interaction = backend.world.interactions.get(call.path["interaction_token"])
    if interaction is None or interaction.id != call.path["interaction_id"] or interaction.too_late:
        raise unknown_interaction()
    if interaction.answered:
        raise already_acknowledged()
    kind, data = int(call.body["type"]), call.body.get("data") or {}
    if kind == MODAL:
        limits.check_modal(interaction.kind, data)
        backend.world.modals[interaction.person.id] = interaction, data
    elif kind in {MESSAGE, DEFERRED}:
        shown = data if kind == MESSAGE else {"content": THINKING, "flags": data.get("flags", 0)}
        interaction.answer = _post(backend, interaction, shown)
    elif kind == UPDATE and interaction.message is not None:
        interaction.answer = backend.edit(interaction.message, data)
    elif kind == DEFERRED_UPDATE:
        interaction.answer = interaction.message
    interaction.answered = True
    backend.gateway.changed.set()
    return payloads.callback(interaction, kind, backend.world) if "with_response" in call.query else NOTHING


def follow_up(backend: Backend, call: Call) -> Any:
    """Create a follow-up."""
    limits.check_files(call.files, call.body)
    message = _post(backend, _answered(backend, call), call.body, call.files)
    return payloads.message(message, backend.world)


def get_original(backend: Backend, call: Call) -> Any:
    """Return the first response."""
    return payloads.message(_original(backend, call), backend.world)


def patch_original(backend: Backend, call: Call) -> Any:
    """Edit the first response."""
    limits.check_files(call.files, call.body)
    edited = backend.edit(_original(backend, call), call.body, call.files)
    return payloads.message(edited, backend.world)


def delete_original(backend: Backend, call: Call) -> Any:
    """Delete the first response."""
    backend.delete(_original(backend, call))
    return NOTHING


def patch_follow_up(backend: Backend, call: Call) -> Any:
    """Edit a follow-up."""
    interaction = _answered(backend, call)
    message = backend.world.message(interaction.channel, call.path["message_id"])
    return payloads.message(backend.edit(message, call.body), backend.world)


ROUTES: Mapping[str, Handler] = {
    "POST /interactions/{interaction_id}/{interaction_token}/callback": acknowledge,
    "POST /webhooks/{webhook_id}/{webhook_token}": follow_up,
    "GET /webhooks/{webhook_id}/{webhook_token}/messages/@original": get_original,
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/@original": patch_original,
    "DELETE /webhooks/{webhook_id}/{webhook_token}/messages/@original": delete_original,
    "PATCH /webhooks/{webhook_id}/{webhook_token}/messages/{message_id}": patch_follow_up,
}


def _post(
    backend: Backend,
    interaction: Interaction,
    body: Mapping[str, Any],
    files: Mapping[str, bytes] | None = None,
) -> Message:
    """Post a response. A private one in a channel is shown in the thread that the first response opens."""
    first = interaction.answer
    # A private first response, such as an answer to `/aion`, opens no thread.
    beside = (
        first is not None
        and first.only_for is None
        and backend.world.channel(interaction.channel).kind == TEXT
    )
    private = int(body.get("flags") or 0) & EPHEMERAL
    return backend.post_as_bot(
        interaction.channel,
        body,
        files=files,
        kind=MENU_ANSWER if interaction.data.get("type") == 3 else COMMAND_ANSWER,
        asked_by=interaction.person,
        seen_in=first.id if beside and private and first is not None else None,
    )


def _answered(backend: Backend, call: Call) -> Interaction:
    interaction = backend.world.interactions.get(call.path["webhook_token"])
    if interaction is None or not interaction.answered:
        raise unknown_webhook()
    if interaction.expired:
        raise expired_token()
    return interaction


def _original(backend: Backend, call: Call) -> Message:
    message = _answered(backend, call).answer
    if message is None:
        raise unknown_message()
    return message
