"""Collections of files."""

import pytest

from aion_bot.aion import FileCollection, FileRef

ONE, TWO, THREE = FileRef("1", filename="one.jpg"), FileRef("2"), FileRef("3")


def test_a_collection_is_a_sequence_of_files() -> None:
    """Length, truth, iteration, indexing and slicing; a slice is a collection of the same kind."""
    files = FileCollection([ONE, TWO, THREE], "images", "search")
    assert (len(files), files.count, bool(files), bool(FileCollection())) == (3, 3, True, False)
    assert list(files) == [ONE, TWO, THREE]
    assert files.refs == (ONE, TWO, THREE)
    assert files.ids == ["1", "2", "3"]
    assert files[0] is ONE
    assert files[1:] == FileCollection([TWO, THREE], "images", "search")
    assert repr(files) == "FileCollection(3 images)"


def test_filtering_makes_a_new_collection() -> None:
    """The collection itself stays as it is."""
    files = FileCollection.from_ids(["1", "2"], "documents")
    assert files.filter(lambda ref: ref.id == "2").ids == ["2"]
    assert files.ids == ["1", "2"]


def test_merging_keeps_each_file_once_and_the_one_that_says_more() -> None:
    """Of two files with one id, the one with more metadata or with a name stays, in the first one's place."""
    bare = FileRef("1")
    rich = FileRef("2", metadata={"a": 1})
    merged = FileCollection.merge(
        FileCollection([bare, TWO], "images", "search"),
        FileCollection([ONE, rich, THREE], "images", "upload"),
    )
    assert list(merged) == [ONE, rich, THREE]
    assert (merged.content_type, merged.source_capability) == ("images", "search+upload")


@pytest.mark.parametrize(
    ("types", "merged"),
    [
        ([], "unknown"),
        (["unknown"], "unknown"),
        (["images", "unknown"], "images"),
        (["images", "documents"], "mixed"),
        (["images", "images"], "images"),
    ],
)
def test_the_type_of_a_merged_collection(types: list[str], merged: str) -> None:
    """Different known types are "mixed"; an unknown one gives way."""
    assert FileCollection.merge(*(FileCollection([], each) for each in types)).content_type == merged


def test_a_collection_as_json() -> None:
    """`to_dict` has the files and what kind they are."""
    assert FileCollection([ONE], "images").to_dict() == {
        "refs": [{"id": "1", "media_type": "application/octet-stream", "filename": "one.jpg"}],
        "content_type": "images",
        "source_capability": None,
    }
