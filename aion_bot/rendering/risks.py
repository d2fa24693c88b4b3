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
        "delet", "remov", "eras", "erasure", "purg", "destroy", "wip", "trash", "discard", "drop", "dropp", "truncat", "unlink",
        "dedup", "deduplicat", "prun", "expung"
    ),
    _forms("overwrit", "overwritten", "overwrot", "replac", "rewrit", "rewritten"),
    _forms("shar", "publish", "public", "send", "unshar", "invit", "grant", "upload", "export", "email"),
    _forms("mov", "merg", "renam", "archiv", "relocat", "transfer", "transferr"),
)  # fmt: skip


def _folded(text: str) -> str:
    """Return a text in letters as they are read: of another width or weight, or with marks, they are the same.

    Letter by letter, as long runs of marks are slow to sort; a mark, or what is invisible, parts no word.
    """
    return text.translate(
        {
            ord(sign): "".join(
                one
                for one in unicodedata.normalize("NFKD", sign)
                if unicodedata.category(one) not in {"Mn", "Me", "Cf"}
            )
            for sign in set(text)
        }
    )


# The same in other languages, as a plan may be in the language of the question: by the beginnings of words in German, French,
# Spanish, Polish, Italian, Portuguese, Dutch and Russian, and by characters in Chinese, Japanese, Korean and Arabic.
_RISKS_ELSEWHERE = tuple(
    tuple(map(_folded, beginnings))
    for beginnings in (
        (
            " lösch", " gelösch", " entfern", " supprim", " effac", " borra", " suprim", " elimin", " usuń", " usuwa",
            " usuni", " skasuj", " kasuj", " cancella ", " cancellar", " rimuov", " apag", " exclui", " verwijder", " удал", " стер", " стира",
            "删", "刪", "削除", "消去", "삭제", "حذف",
        ),
        (
            " überschr", " ersetz", " écras", " remplac", " sobrescri", " reemplaz", " nadpis", " zastąp", " sovrascr",
            " sostitu", " substitu", " vervang", " overschr", " замен", " перезапис", "覆盖", "覆蓋", "替换", "替換", "上書き",
            "置換", "덮어쓰", "교체", "استبد",
        ),
        (
            " freigeb", " freigab", " veröffentl", " teilen", " partag", " envoy", " compart", " envia", " udostępni",
            " condivid", " invia", " partilh", " delen ", " verstu", " поделит", " отправ", "共享", "分享", "共有", "送信", "공유",
            "مشارك", "شارك",
        ),
        (
            " verschieb", " verschob", " umbenen", " déplac", " renomm", " mueve", " mover ", " renombr", " przenie",
            " spost", " rinomin", " renomea", " verplaats", " hernoem", " перемещ", " перемест", " переимен", "移动", "移動",
            "이동", "نقل",
        ),
    )
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
    said = _folded(f"{step.agent} {step.description}")
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
