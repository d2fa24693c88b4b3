"""The first sentence of a plan, and what its words say of the harm that it may do."""

import pytest

from aion_bot.ports.messages import PlanCard, Step
from aion_bot.rendering.headline import first_sentence, headline
from aion_bot.rendering.risks import deletes
from tests.support.cases import each


@pytest.mark.parametrize(
    ("description", "title", "rest"),
    [
        ("**Delete the copies.** Then move the rest", "Delete the copies.", "Then move the rest"),
        ("**Delete the copies. Then move the rest.**", "Delete the copies.", "whole"),
        ("Delete pump.jpg. Move the rest.", "Delete pump.jpg.", "Move the rest."),
        ("Delete photos, e.g. of site 7. Go on.", "Delete photos, e.g. of site 7.", "Go on."),
        ("Sort “all.” Then share", "Sort “all.”", "Then share"),
        ("Sort (approx. 5). Share", "Sort (approx. 5).", "Share"),
        ("删除12个重复项。然后移动其余的。", "删除12个重复项。", "然后移动其余的。"),
        ("重複を「すべて削除する。」次に移動", "重複を「すべて削除する。」", "次に移動"),
        ("هل تحذف الصور؟ ثم انقل.", "هل تحذف الصور؟", "ثم انقل."),
        ("---\nSort them. Go on", "Sort them.", "whole"),
        ("```\nrm *.jpg\n```", "rm *.jpg", "whole"),
    ],
)
def test_a_sentence_ends_where_people_end_it(description: str, title: str, rest: str) -> None:
    """Behind a file's name, bold words and quotation marks, and in scripts with other stops; below stands what is left."""
    assert headline(description) == title
    shown = PlanCard("", description, headline=title).rest
    assert shown == (description if rest == "whole" else rest)


def test_the_sentence_on_a_short_card_closes_what_it_opens() -> None:
    """Emphasis that goes on behind the first sentence leaves no mark of its beginning; a star alone stays."""
    assert first_sentence("Delete *.jpg in *Site 7*. Go on") == "Delete *.jpg in *Site 7*."
    assert first_sentence("**Delete *the copies. Then* move.** Go on") == "**Delete *the copies.***"


@each(
    ("step", "asks"),
    [
        ("Cancella gli originali", True),
        ("Apagar os originais", True),
        ("Originelen verwijderen", True),
        ("Удалить оригиналы", True),
        ("删除原件", True),
        ("元の写真を削除", True),
        ("원본 삭제", True),
        ("حذف الصور", True),
        ("Alle lo\u0308schen", True),
        ("d\u0336e\u0336l\u0336e\u0336t\u0336e\u0336 them", True),
        ("de\u00adlete them", True),
        ("Deduplicate them", True),
        ("Clear 12 duplicates", True),
        ("- Empty the folder", True),
        ("Clean up the old scans", True),
        ("Get rid of blurry photos", True),
        ("Radera bilderna", True),
        ("Ta bort originalen", True),
        ("Slet originalerne", True),
        ("Fjern alle kopier", True),
        ("Smazat originály", True),
        ("Odstranit kopie", True),
        ("Wyczyść folder", True),
        ("Törölje a képeket", True),
        ("Poista alkuperäiset", True),
        ("Șterge originalele", True),
        ("Orijinalleri silin", True),
        ("Kopyaları kaldır", True),  # noqa: RUF001  # Turkish has this letter
        ("Видалити копії", True),
        ("Διαγραφή αρχείων", True),
        ("Write a clear summary", False),
        ("Clearance of the site", False),
        ("Count silos and slots", False),
        ("Rensselaer photos", False),
        ("Sposta le foto", False),
        ("移动照片", False),
        ("Count cancelled orders", False),
        ("Exclude blurry photos", False),
    ],
)
def test_what_deletes_is_known_in_many_languages(step: str, asks: bool) -> None:
    """Whatever marks stand on its letters; a word that only begins alike is none."""
    assert deletes("", (Step("Agent", step),)) is asks
