"""`.env` is merged, copied and replaced without losing what somebody else wrote."""

import errno
import io
import os
import stat
from pathlib import Path

import pytest
from dotenv.parser import parse_stream
from hypothesis import given
from hypothesis import strategies as st

from aion_bot.ports import env_file
from aion_bot.ports.env_file import EnvFile, merge
from aion_bot.ports.settings import EnvironmentFileError


def values_in(text: str) -> dict[str, str | None]:
    return {one.key: one.value for one in parse_stream(io.StringIO(text)) if one.key is not None}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "A=new\n"),
        ("# note\n\nB=2 # kept\nA=old\nC='x # y'\n", "# note\n\nB=2 # kept\nA=new\nC='x # y'\n"),
        ("A=old\r\nB=2\r\n", "A=new\r\nB=2\r\n"),
        ("B=2", "B=2\nA=new\n"),
        ("export A=old\n", "export A=new\n"),
        ("A=old\nA=older\n", "A=new\nA=new\n"),
        ("A=new # same\n", "A=new # same\n"),
        ("A='two\nlines'\nB=2\n", "A=new\nB=2\n"),
    ],
)
def test_other_lines_stay_as_they_are(before: str, after: str) -> None:
    """Comments, blank lines, line ends, `export` and unknown names stay; no older value of a name is left."""
    assert merge(before, {"A": "new"}) == after


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=40))
def test_a_value_is_read_as_it_was_given(value: str) -> None:
    """Quotes, `#`, `$`, blanks and backslashes round-trip; what no `.env` can hold is refused, not changed."""
    try:
        merged = merge("X='it\\'s'\nY=\"2\"\n", {"A": value})
    except EnvironmentFileError:
        assert value.endswith("\\")
    else:
        assert values_in(merged) == {"X": "it's", "Y": "2", "A": value}


def test_the_file_and_its_copy_are_private(tmp_path: Path) -> None:
    """A loose file becomes 0600, one copy of its first content is kept, and no write without a change."""
    path = tmp_path / ".env"
    path.write_text("A=old\n")
    path.chmod(0o644)
    file = EnvFile(path)
    assert file.write({"A": "new"})
    assert file.write({"B": "2"})
    assert not file.write({"B": "2"})
    assert file.copy is not None
    assert (path.read_text(), file.copy.read_text()) == ("A=new\nB=2\n", "A=old\n")
    assert {stat.S_IMODE(one.stat().st_mode) for one in (path, file.copy)} == {0o600}
    assert sorted(tmp_path.iterdir()) == sorted([path, file.copy])
    again = EnvFile(path)
    again.write({"A": "third"})
    assert again.copy != file.copy, "an earlier copy is not overwritten"


def test_a_link_keeps_leading_to_its_file(tmp_path: Path) -> None:
    """The file behind a link is replaced, and the link stays; so does the mark with which Windows begins a file."""
    real = tmp_path / "real"
    real.write_text("\ufeffA=old\n", "utf-8")
    path = tmp_path / ".env"
    path.symlink_to(real)
    EnvFile(path).write({"A": "new"})
    assert path.is_symlink()
    assert real.read_text("utf-8") == "\ufeffA=new\n"


def test_a_read_only_file_is_left(tmp_path: Path) -> None:
    """A file that its owner may not write is named with its mend, and stays; so does one that is no text."""
    path = tmp_path / ".env"
    path.write_text("A=old\n")
    path.chmod(0o400)
    with pytest.raises(EnvironmentFileError, match=r"read-only; chmod u\+w"):
        EnvFile(path).write({"A": "new"})
    assert path.read_text() == "A=old\n"
    path.chmod(0o600)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(EnvironmentFileError, match="UnicodeDecodeError"):
        EnvFile(path).write({"A": "new"})


def test_a_full_disk_leaves_the_file_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no space, the file is as before and nothing half-written stays beside it."""
    path = tmp_path / ".env"
    path.write_text("A=old\n")

    def full(_: Path, __: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(env_file, "_fill", full)
    with pytest.raises(EnvironmentFileError, match="No space left"):
        EnvFile(path).write({"A": "new"})
    assert path.read_text() == "A=old\n"
    assert list(tmp_path.iterdir()) == [path]
