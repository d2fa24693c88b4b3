"""Markers in an answer: found, named, put into plain words."""

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.aion import (
    DocumentRef,
    ImageRef,
    LinkRef,
    ParsedReferences,
    ResultRefData,
    parse_references,
    resolve_content,
)
from aion_bot.aion.references import find_markers
from tests.support.cases import each

IMAGE = "a1b2c3d4-0000-5000-8000-000000000001"
DOCUMENT = "d0c00001-0000-5000-8000-000000000002"
LINK = "11110001-0000-5000-8000-000000000003"
METADATA: Mapping[str, Any] = {
    "image_context": [{"image_id": IMAGE, "filename": "pole.jpg"}],
    "tool_document_data": [{"document_id": DOCUMENT}],
    "tool_link_data": {"links": [{"id": LINK, "source_url": "https://a.example/x", "domain": "a.example"}]},
    "result_refs": {
        "damaged": {"count": 47, "ids": ["1"], "image_ids": ["1"], "id_type": "image", "label": "damaged"},
        "odd": "not an object",
    },
}


@each(
    ("marker", "words"),
    [
        ("[[img:a1b2|pole.jpg]]", "pole.jpg"),
        ("[[doc:d0c0|report.pdf]]", "report.pdf"),
        ("[[doc:d0c0|report.pdf|p:5]]", "report.pdf (p.5)"),
        ("[[doc:d0c0|report.pdf|pp:3-7]]", "report.pdf (pp.3-7)"),
        ("[[link:1111|The page]]", "The page"),
        ("[[ref:damaged]]", "47"),
        ("[[ref:unheard_of]]", "some"),
        ("[[ref:odd]]", "some"),
        ("[[img:a1b2|one|two.jpg]]", "one|two.jpg"),
        ("[[doc:d0c0|a|b|p:x.pdf|p:2]]", "a|b|p:x.pdf (p.2)"),
        ("[[doc:d0c0|pp:3-7.pdf]]", "pp:3-7.pdf"),
        ("[[img:a1b2|photo[1]]]", "photo[1]"),
        ("[[img:a1b2|photo[1.jpg]]", "photo[1.jpg"),
        ("[[img:a1b2|photo]1.jpg]]", "photo]1.jpg"),
        ("[[img:a1b2|[[draft]].jpg]]", "[[draft]].jpg"),
        ("[[img:a1b2|[[ref:damaged]].jpg]]", "[[ref:damaged]].jpg"),
        ("[[img:a1b2|]]", "a1b2"),
        ("[[img:a1b2]]", "a1b2"),
        ("[[doc:d0c0|p:5]]", "d0c0 (p.5)"),
        ("[[doc:d0c0|r.pdf|p:5000000000]]", "r.pdf|p:5000000000"),
    ],
)
def test_each_form_in_plain_words(marker: str, words: str) -> None:
    """Every documented form, and names that hold bars, brackets or other markers."""
    assert resolve_content(f"See {marker}, please.", METADATA) == f"See {words}, please."


@pytest.mark.parametrize(
    "text",
    [
        "no marker",
        "[[",
        "[[img:",
        "[[img:a1b2|never closed",
        "[[video:a1b2|other kind]]",
        "[[img:|no id]]",
        "[[img:a1b2|over\nlines]]",
        "[img:a1b2|x]",
        "[[img:a1b2|" + "x" * 1001 + "]]",
        "a list [[1, 2], [3]]",
    ],
)
def test_what_is_no_marker_stays_as_it_is(text: str) -> None:
    """Text that only looks like a marker is neither changed nor lost."""
    assert resolve_content(text, METADATA) == text
    assert not parse_references(text, METADATA).has_references


def test_a_marker_after_a_broken_one_is_found() -> None:
    """A marker that never closes does not swallow the next."""
    assert resolve_content("[[img:ab|x and [[ref:damaged]]", METADATA) == "[[img:ab|x and 47"
    assert resolve_content("([[img:ab|x.jpg]]]", METADATA) == "(x.jpg]"


def test_references_are_resolved_through_the_metadata() -> None:
    """Prefixes become full ids, pages numbers, and counts their data."""
    found = parse_references(
        "[[img:a1b2c3d4|pole.jpg]] [[doc:d0c0|r.pdf|p:5]] [[doc:d0c0|r.pdf|pp:3-7]] [[link:1111|t]] "
        "[[ref:damaged]] [[ref:unheard_of]]",
        METADATA,
    )
    assert found == ParsedReferences(
        images=[ImageRef("a1b2c3d4", "pole.jpg", IMAGE)],
        documents=[
            DocumentRef("d0c0", "r.pdf", DOCUMENT, page=5),
            DocumentRef("d0c0", "r.pdf", DOCUMENT, page_range=(3, 7)),
        ],
        links=[LinkRef("1111", "t", LINK, "https://a.example/x", "a.example")],
        counts={"damaged": ResultRefData(47, ["1"], ["1"], "image", "damaged")},
    )
    assert found.has_references


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {},
        {"image_context": None, "tool_document_data": 7, "tool_link_data": "x", "result_refs": []},
        {"image_context": [{"image_id": "a1b2-1"}, {"image_id": "a1b2-2"}, "junk", {}]},
    ],
)
def test_what_the_metadata_does_not_tell_stays_none(metadata: Mapping[str, Any] | None) -> None:
    """Missing, odd or ambiguous metadata leaves the full id open."""
    found = parse_references("[[img:a1b2|x.jpg]] [[ref:damaged]]", metadata)
    assert found.images == [ImageRef("a1b2", "x.jpg", None)]
    assert found.counts == {}


def test_an_exact_id_wins_over_longer_ones() -> None:
    """An id that is itself the beginning of another one is not ambiguous."""
    metadata = {"image_context": [{"image_id": "a1"}, {"image_id": "a1b2"}]}
    assert parse_references("[[img:a1|x]]", metadata).images[0].full_id == "a1"


CHARACTERS = "ab |:.-157pdocimgé€\0\t\v\u2028\U0001f600"
"""All but brackets and line ends, of each kind that markers treat differently."""
names = st.text(CHARACTERS, min_size=1, max_size=40).filter(
    lambda name: name == name.strip() and not name.rpartition("|")[2].strip().startswith(("p:", "pp:"))
)
between = st.text(CHARACTERS + "\n", max_size=30)


@pytest.mark.slow
@given(st.lists(st.tuples(between, names), max_size=8), between)
def test_whatever_surrounds_them_markers_give_their_names(pairs: list[tuple[str, str]], rest: str) -> None:
    """Any text between markers stays, and each marker becomes exactly its name."""
    marked = "".join(f"{text}[[img:ab12|{name}]]" for text, name in pairs) + rest
    assert resolve_content(marked) == "".join(text + name for text, name in pairs) + rest
    assert [image.filename for image in parse_references(marked).images] == [name for _, name in pairs]


@given(st.text(st.sampled_from("[]|:\nimgdocrefp15-xy "), max_size=200))
def test_any_text_is_taken_apart_without_loss(text: str) -> None:
    """Markers lie in order, do not overlap, and what lies between them is kept."""
    done = 0
    for marker in find_markers(text):
        assert marker.start >= done
        assert text.startswith("[[", marker.start)
        assert text[: marker.end].endswith("]]")
        done = marker.end
    assert resolve_content(text).endswith(text[done:])


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        "[[",
        "[[img:",
        "[[ref:[",
        "[[img:a|[",
        "]]",
        "[[doc:a|[[",
        "[[img:a|]",
        "[[img:a|x]]",
        "[[ref:a]]]",
        "[[img:a|[]]",
    ],
)
def test_hostile_text_takes_linear_time(piece: str) -> None:
    """A megabyte of half markers takes about ten times as long as a tenth of it, and never long."""

    def seconds(size: int) -> float:
        text = piece * (size // len(piece))
        begun = time.process_time()
        parse_references(text, METADATA)
        return time.process_time() - begun

    small, large = min(seconds(100_000) for _ in range(2)), seconds(1_000_000)
    assert large < 4.0
    assert large < small * 10 * 3 + 0.05
