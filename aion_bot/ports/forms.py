"""A question that a platform asks in a dialog of its own once a button was pressed."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

MOST_WORDS = 1_000
"""Characters that a person may write: fewer than any platform's field takes."""


@dataclass(frozen=True, slots=True)
class Form:
    """A dialog with one field for text, which must not stay empty.

    `title` and `submit` have 24 characters at most, `label` 45, and `hint`, which stands with the field, 100: what the
    strictest platform takes. A platform whose dialogs have a label of their own for submitting does not show `submit`. `most`
    characters can be written.
    """

    title: str
    label: str
    hint: str
    submit: str
    most: int = MOST_WORDS


@runtime_checkable
class OpensForms(Protocol):
    """A platform that opens the form which `Host.form` names for a press, and hands it over as a press with words."""

    opens_forms: bool
