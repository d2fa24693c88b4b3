"""What a step of a plan could do: delete, overwrite, share or move, by its words. No I/O."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from aion_bot.ports.messages import Step
from aion_bot.ports.text import one_line

_STEP = 400
"""Characters of the riskiest step on the card of a long plan; above the card it is whole."""


_OPENING, _LIST_MARKS = 40, " \t>*+-_`#0123456789.()"
"""Characters that may hold a step's first word, and what may stand before it."""


def _forms(*stems: str) -> frozenset[str]:
    """Every form of regular verbs: delete, deletes, deleted, deleting; remove, removal."""
    endings = ("", "e", "es", "s", "ed", "ing", "al", "ion", "ions")
    return frozenset(stem + ending for stem in stems for ending in endings)


_IRREGULAR = {
    "overwrite": ("overwrote", "overwritten"),
    "rewrite": ("rewrote", "rewritten"),
    "send": ("sent",),
}
"""Forms of the verbs of `_RISKS` that no rule makes."""


def _forms_of(word: str) -> frozenset[str]:
    """Every form of a verb, as somebody names it: also dropped of drop, and copied of copy."""
    forms = _forms(word.removesuffix("e")) | {word, *_IRREGULAR.get(word, ())}
    if word.endswith("y"):
        forms |= {f"{word[:-1]}ies", f"{word[:-1]}ied"}
    # Of every verb: where the last letter is not doubled, nobody writes such a form.
    return forms | {f"{word}{word[-1:]}ed", f"{word}{word[-1:]}ing"}


# The most harmful first: what deletes, what overwrites, what shares, what moves.
_RISKS = (
    _forms(
        "delet", "remov", "eras", "erasure", "purg", "destroy", "wip", "trash", "discard", "drop", "dropp", "truncat", "unlink",
        "dedup", "deduplicat", "prun", "expung"
    ) | {"clears", "cleared", "clearing", "empties", "emptied", "emptying", "cleanup"},
    _forms("overwrit", "overwritten", "overwrot", "replac", "rewrit", "rewritten", "rewrot"),
    _forms("shar", "publish", "public", "send", "unshar", "invit", "grant", "upload", "export", "email"),
    _forms("mov", "merg", "renam", "archiv", "relocat", "transfer", "transferr"),
)  # fmt: skip


def _folded(text: str) -> str:
    """Return a text in letters as they are read: of another width or weight, or with marks, they are the same.

    Letter by letter, as long runs of marks are slow to sort; a mark, or what is invisible, parts no word.
    """
    if text.isascii():
        return text  # as every sign of it is
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
# Spanish, Polish, Italian, Portuguese, Dutch and Russian, for what deletes also in Swedish, Danish, Norwegian, Czech, Slovak,
# Hungarian, Finnish, Romanian, Turkish, Ukrainian, Greek, Vietnamese and Indonesian; of several words in English; by characters in Chinese, Japanese, Korean and Arabic.
_RISKS_ELSEWHERE = tuple(
    tuple(map(_folded, beginnings))
    for beginnings in (
        (
            " lösch", " gelösch", " entfern", " supprim", " effac", " borra", " suprim", " elimin", " usuń", " usuwa",
            " usuni", " skasuj", " kasuj", " cancella ", " cancellar", " rimuov", " apag", " exclui", " verwijder", " удал", " стер", " стира",
            " clean up", " cleans up", " cleaned up", " cleaning up", " get rid of", " gets rid of", " getting rid of",
            " got rid of", " throw away", " throws away", " throwing away", " thrown away",
            " skasow", " wyczyść", " wyczyszcz", " wyrzuc", " pozbądź", " pozby",
            " radera", " ta bort", " tar bort", " tas bort", " borttag", " rensa", " släng",
            " slet", " fjern", " ryd op", " rydd opp",
            " smaz", " smaž", " odstran", " vymaz", " vymaž",
            " töröl", " törl", " kitöröl", " kitörl", " eltávolít", " kiürít", " ürít",
            " poist", " tyhjenn", " hävit",
            " șterg", " șters", " înlătur", " golește", " golesc",
            " sil ", " siler", " silin", " siliy", " silme", " silec", " silip ", " kaldır", " kaldir", " temizle",  # noqa: RUF001  # Turkish has this letter
            " видал", " вилуч", " διαγρ", " xóa", " hapus", " menghapus",
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
        risk = _risk(step.agent, step.description)
        if risk and (found is None or risk > found[0]):
            found = risk, Step(step.agent, one_line(step.description, _STEP), number)
    return None if found is None else found[1]


def deletes(description: str, steps: Sequence[Step]) -> bool:
    """Tell whether the words of a plan or of one of its steps say that something is deleted."""
    said = [("", description), *((step.agent, step.description) for step in steps)]
    return any(_risk(agent, words) == len(_RISKS) for agent, words in said)


def destructive_word(description: str, steps: Sequence[Step], words: Sequence[str]) -> str:
    """Return the first of `words` that a plan says in one of its forms, or by its name in another language; "" for none.

    Of several words in one, and of words in other letters, every occurrence counts; of others a word of the text has to be one
    of its forms: "move" is in "moved", and not in "movies".
    """
    said = [
        _spaced(one)
        for one in (f"{step.agent} {step.description}" for step in (Step("", description), *steps))
    ]
    spoken = {word for spaced in said for word in spaced.split()}
    together = [f" {' '.join(spaced.split())} " for spaced in said]
    for word in words:
        sought = _folded(word).lower().strip()
        forms = _forms_of(sought)
        beginnings = next(
            (_RISKS_ELSEWHERE[at] for at, known in enumerate(_RISKS) if sought in known), ()
        ) + (() if sought.isascii() and sought.isalpha() else (sought,))
        if spoken & forms or any(one in text for text in together for one in beginnings):
            return word
    return ""


def _spaced(said: str) -> str:
    """Return the words of a text in small letters, with spaces between and around them."""
    folded = _folded(said)
    # A capital may begin a word, as in `deleteFiles`; whatever joins words, such as a slash, hides none of them.
    # Sign by sign as above: a text of thousands has some dozens of different ones.
    parted = folded.translate({ord(one): f" {one}" for one in set(folded) if one.isupper()})
    both = f" {folded} {parted}".lower()
    return both.translate({ord(one): " " for one in set(both) if not one.isalpha()})


@lru_cache(
    maxsize=512
)  # a card is drawn again for each change of its plan, whose hundreds of steps stay the same
def _risk(agent: str, description: str) -> int:
    spaced = _spaced(f"{agent} {description}")
    words = set(spaced.split())
    # Anywhere else these two may be adjectives.
    if _folded(description[:_OPENING].lstrip(_LIST_MARKS)).lower().startswith(("clear ", "empty ")):
        words.add("delete")
    for at, (forms, beginnings) in enumerate(zip(_RISKS, _RISKS_ELSEWHERE, strict=True)):
        if not words.isdisjoint(forms) or any(beginning in spaced for beginning in beginnings):
            return len(_RISKS) - at
    return 0
