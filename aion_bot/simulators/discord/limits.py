"""Sizes that Discord enforces on what a bot sends, each with its documented number. No I/O."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from aion_bot.simulators.discord.errors import ApiError, empty_message, invalid_form, too_long

CONTENT = 2_000
NONCE = 25
FILE = 10 * 1024 * 1024
REQUEST = 25 * 1024 * 1024
"""Bytes of a request (Discord's documentation, *Uploading Files*)."""
FILES = 10
DESCRIPTION = 1_024
LISTED = 100
THREAD_NAME = 100
EMBEDS = 10
EMBED_SUM = 6_000
ROWS = 5
BUTTONS = 5
LABEL = 80
CUSTOM_ID = 100
MODAL_TITLE = 45
"""Characters of a modal's title, and of the label of a field in it."""
TEXT_INPUT = 4_000
_MODAL_SUBMIT = 5
ARCHIVE_AFTER = {60, 1_440, 4_320, 10_080}
_EMBED_TEXTS = {"title": 256, "description": 4_096}
_COMMAND_NAME = re.compile(r"[-_'\w]{1,32}")

Body = Mapping[str, Any]


def check_message(body: Body) -> None:
    """Check the sizes of a message that is created or edited."""
    _check_text(body, "content", CONTENT)
    _check_text(body, "nonce", NONCE)
    _check_embeds(body.get("embeds") or [])
    _check_components(body.get("components") or [])


def check_files(files: Mapping[str, bytes], body: Body) -> None:
    """Check the sizes of attached files, and that the body describes each of them."""
    if any(len(content) > FILE for content in files.values()):
        raise ApiError(413, 40005, "Request entity too large")
    if len(files) > FILES:
        raise invalid_form("attachments", "BASE_TYPE_MAX_LENGTH", f"Must be {FILES} or fewer in length.")
    for one in body.get("attachments") or []:
        _check_text(one, "description", DESCRIPTION)
    described = [str(one.get("filename")) for one in body.get("attachments") or []]
    if described != list(files):
        raise invalid_form("attachments", "ATTACHMENT_NOT_FOUND", "No such attachment")


def check_not_empty(content: str, embeds: Sequence[Any]) -> None:
    """Refuse a message with nothing to read."""
    if not content.strip() and not embeds:
        raise empty_message()


def check_thread(body: Body) -> None:
    """Check a thread's name and the time after which it is archived."""
    name = str(body.get("name", "")).strip()
    if not 1 <= len(name) <= THREAD_NAME:
        message = f"Must be between 1 and {THREAD_NAME} in length."
        raise invalid_form("name", "BASE_TYPE_BAD_LENGTH", message)
    if body.get("auto_archive_duration", 60) not in ARCHIVE_AFTER:
        raise invalid_form("auto_archive_duration", "BASE_TYPE_CHOICES", "Value must be one of its choices.")


def check_modal(answered: int, modal: Body) -> None:
    """Check a modal, which answers anything but a modal: its sizes, and that it has a field."""
    if answered == _MODAL_SUBMIT:
        raise invalid_form("type", "BASE_TYPE_CHOICES", "Value must be one of its choices.")
    for name, most in (("title", MODAL_TITLE), ("custom_id", CUSTOM_ID)):
        if not 1 <= len(str(modal.get(name) or "")) <= most:
            raise invalid_form(name, "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {most} in length.")
    holders = modal.get("components") or []
    if not 1 <= len(holders) <= ROWS:
        raise invalid_form("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {ROWS} in length.")
    for at, holder in enumerate(holders):
        _check_field(holder, f"components.{at}.")


def _check_field(holder: Body, path: str) -> None:
    inside: Body = holder.get("component") or next(iter(holder.get("components") or ()), {})
    _check_text(holder, "label", MODAL_TITLE, path)
    _check_text(holder, "description", 100, path)
    _check_text(inside, "placeholder", 100, path)
    least, most = inside.get("min_length") or 0, inside.get("max_length") or TEXT_INPUT
    if not 0 <= least <= most <= TEXT_INPUT:
        raise invalid_form(f"{path}max_length", "NUMBER_TYPE_MAX", f"Must be at most {TEXT_INPUT}.")


def check_commands(commands: Sequence[Body]) -> None:
    """Check names and descriptions of commands; one that appears in a menu may hold blanks and has no description."""
    for at, command in enumerate(commands):
        name, described = str(command.get("name", "")), str(command.get("description", ""))
        in_menu = command.get("type", 1) != 1
        if not 1 <= len(name) <= 32 or not (in_menu or _COMMAND_NAME.fullmatch(name)):
            raise invalid_form(f"{at}.name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
        if not in_menu and not 1 <= len(described) <= 100:
            raise invalid_form(
                f"{at}.description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length."
            )


def _check_text(body: Body, name: str, most: int, path: str = "") -> None:
    if len(str(body.get(name) or "")) > most:
        raise too_long(f"{path}{name}", most)


def _check_embeds(embeds: Sequence[Body]) -> None:
    if len(embeds) > EMBEDS:
        raise too_long("embeds", EMBEDS)
    for at, embed in enumerate(embeds):
        for name, most in _EMBED_TEXTS.items():
            _check_text(embed, name, most, f"embeds.{at}.")
        _check_text(embed.get("footer", {}), "text", 2_048, f"embeds.{at}.footer.")
        for number, field in enumerate(embed.get("fields", [])):
            _check_text(field, "name", 256, f"embeds.{at}.fields.{number}.")
            _check_text(field, "value", 1_024, f"embeds.{at}.fields.{number}.")
    if sum(len(text) for text in embed_texts(embeds)) > EMBED_SUM:
        raise invalid_form(
            "embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBED_SUM}"
        )


def embed_texts(embeds: Sequence[Body]) -> Iterable[str]:
    """Every text of these embeds, in reading order."""
    for embed in embeds:
        yield from (str(embed[name]) for name in _EMBED_TEXTS if embed.get(name))
        for field in embed.get("fields", []):
            yield from (str(field["name"]), str(field["value"]))
        if footer := embed.get("footer"):
            yield str(footer["text"])


def _check_components(rows: Sequence[Body]) -> None:
    if len(rows) > ROWS:
        raise too_long("components", ROWS)
    seen: set[str] = set()
    for at, row in enumerate(rows):
        buttons = row.get("components", [])
        if not 1 <= len(buttons) <= BUTTONS:
            message = f"Must be between 1 and {BUTTONS} in length."
            raise invalid_form(f"components.{at}.components", "BASE_TYPE_BAD_LENGTH", message)
        for number, button in enumerate(buttons):
            _check_button(button, f"components.{at}.components.{number}.", seen)


def _check_button(button: Body, path: str, seen: set[str]) -> None:
    _check_text(button, "label", LABEL, path)
    custom_id = str(button.get("custom_id", ""))
    if not 1 <= len(custom_id) <= CUSTOM_ID:
        raise invalid_form(
            f"{path}custom_id", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {CUSTOM_ID} in length."
        )
    if custom_id in seen:
        raise invalid_form(
            f"{path}custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
        )
    seen.add(custom_id)
