"""What a step of a plan could do: delete, overwrite, share or move, by its words. No I/O."""

import unicodedata
from collections.abc import Sequence

from aion_bot.ports.messages import Step
from aion_bot.ports.text import one_line

_STEP = 400
"""Characters of the riskiest step on the card of a long plan; above the card it is whole."""


def _forms(*stems: str) -> frozenset[str]:
    """Every form of regular verbs: delete, deletes, deleted, deleting; remove, removal."""
    endings = ("", "e", "es", "s", "ed", "ing", "al", "ion", "ions")
    return frozenset(stem + ending for stem in stems for ending in endings)


# The most harmful first: what deletes, what overwrites, what shares, what moves.
_RISKS = (
    _forms(
        "delet", "remov", "eras", "erasure", "purg", "destroy", "wip", "trash", "discard", "drop", "dropp", "truncat", "unlink"
    ),
    _forms("overwrit", "overwritten", "overwrot", "replac", "rewrit", "rewritten"),
    _forms("shar", "publish", "public", "send", "unshar", "invit", "grant", "upload", "export", "email"),
    _forms("mov", "merg", "renam", "archiv", "relocat", "transfer", "transferr"),
)  # fmt: skip

# The same in German, French, Spanish and Polish, by the beginnings of words: a plan may be in the language of the question.
_RISKS_ELSEWHERE = (
    (" lösch", " gelösch", " entfern", " supprim", " effac", " borra", " elimin", " usuń", " usuwa", " usuni"),
    (" überschr", " ersetz", " écras", " remplac", " sobrescri", " reemplaz", " nadpis", " zastąp"),
    (" freigeb", " freigab", " veröffentl", " teilen", " partag", " envoy", " compart", " envia", " udostępni"),
    (" verschieb", " verschob", " umbenen", " déplac", " renomm", " mueve", " mover ", " renombr", " przenie"),
)  # fmt: skip


def riskiest_step(steps: Sequence[Step]) -> Step | None:
    """Return the step that could do the most harm, with its number; None where no word of any says so."""
    found: tuple[int, Step] | None = None
    for number, step in enumerate(steps, 1):
        risk = _risk(step)
        if risk and (found is None or risk > found[0]):
            found = risk, Step(step.agent, one_line(step.description, _STEP), number)
    return None if found is None else found[1]


def deletes(description: str, steps: Sequence[Step]) -> bool:
    """Tell whether the words of a plan or of one of its steps say that something is deleted."""
    return any(_risk(step) == len(_RISKS) for step in (Step("", description), *steps))


def _risk(step: Step) -> int:
    said = f"{step.agent} {step.description}"
    # Letters of another width or weight are read as what they are; one by one, as long runs of marks are slow to sort.
    said = said.translate({ord(one): unicodedata.normalize("NFKC", one) for one in set(said)})
    # A capital may begin a word, as in `deleteFiles`; whatever joins words, such as a slash, hides none of them.
    said = f" {said} {''.join(f' {one}' if one.isupper() else one for one in said)}"
    spaced = "".join(one if one.isalpha() else " " for one in said.lower())
    words = set(spaced.split())
    found = (
        len(_RISKS) - at
        for at, (forms, beginnings) in enumerate(zip(_RISKS, _RISKS_ELSEWHERE, strict=True))
        if words & forms or any(beginning in spaced for beginning in beginnings)
    )
    return max(found, default=0)
