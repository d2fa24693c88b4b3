"""Forms as Discord's modals: the first answer to a press, and what is submitted. No I/O.

Discord's documentation, *Interactions* (response type 9) and *Component Reference* (Label, Text Input).
"""

from typing import Any

import discord

from adapters.discord import ids
from aion_bot.ports.events import Click
from aion_bot.ports.forms import Form
from aion_bot.ports.messages import Button

_FIELD = "words"
_ROW, _LABEL = 1, 18
"""Types of components that hold a field."""


def modal(click: Click, form: Form) -> discord.ui.Modal:
    """Draw a form. Its `custom_id` is that of the button, so that it can be submitted to a later process."""
    shown = discord.ui.Modal(title=form.title, custom_id=ids.custom_id(Button(click.action, click.key, "")))
    field: discord.ui.TextInput[Any] = discord.ui.TextInput(
        custom_id=_FIELD, style=discord.TextStyle.paragraph, min_length=1, max_length=form.most
    )
    shown.add_item(discord.ui.Label(text=form.label, description=form.hint, component=field))
    # discord.py would keep it, and wait for its submission by an object that the next process does not have.
    shown.stop()
    return shown


def words(interaction: discord.Interaction[Any]) -> str:
    """Return what was written into a submitted form, "" where nothing can be found."""
    data: dict[str, Any] = dict(interaction.data or {})
    for holder in data.get("components") or ():
        inside = [holder.get("component")] if holder.get("type") == _LABEL else holder.get("components") or ()
        for one in inside:
            if one and one.get("custom_id") == _FIELD:
                return str(one.get("value") or "")
    return ""
