"""Secrets in files, which `<NAME>_FILE` names: what is read, what is refused, and what doctor and init make of them."""

import errno
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from aion_bot import doctor
from aion_bot.cli import compose, read_secrets
from aion_bot.ports.diagnosis import Status
from aion_bot.ports.secret_files import loose
from aion_bot.ports.secrets import KNOWN

KEY = "aion_" + "k" * 24
VALUES = {
    "AIONVISION_API_KEY": KEY,
    "SLACK_BOT_TOKEN": "xoxb-1-bot-in-a-file",
    "SLACK_APP_TOKEN": "xapp-1-app-in-a-file",
    "DISCORD_TOKEN": "MTA0NTU2Nzg5MDEyMzQ1Njc4.GabcDE.abcdefghijklmnopqrstuvwxyz0123456789AB",
}


def in_files(folder: Path, end: str = "\n") -> dict[str, str]:
    """Write each secret into a file of its own; returns the environment that names them."""
    env = {}
    for name, value in VALUES.items():
        path = folder / name
        path.write_text(value + end)
        path.chmod(0o600)
        env[f"{name}_FILE"] = str(path)
    return env


def said(env: Mapping[str, str]) -> list[str]:
    """Every problem of an environment, as `run` prints it."""
    return [str(problem) for problem in compose(env)[2]]


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_every_secret_may_stand_in_a_file(tmp_path: Path, end: str) -> None:
    """The secret is what the file holds before the end of its line; it is struck out of logs like any other."""
    settings, adapters, problems = compose(in_files(tmp_path, end))
    assert problems == []
    assert settings is not None
    assert settings.api_key.get_secret_value() == KEY
    assert [one.platform for one in adapters] == ["discord", "slack"]
    assert read_secrets(in_files(tmp_path, end)).env.items() >= VALUES.items()
    assert all(value not in KNOWN.strike(f"a {value} b") for value in VALUES.values())


@pytest.mark.parametrize("name", VALUES)
def test_a_secret_given_twice_is_refused(tmp_path: Path, name: str) -> None:
    """Both at once is one line that names both, whichever is right."""
    problem = f"{name}_FILE: is set together with {name}; remove one of the two"
    assert said(in_files(tmp_path) | {name: VALUES[name]}) == [problem]


def missing(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nothing")


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


SPOILT: list[tuple[Callable[[Path], object], str]] = [
    (missing, "the file cannot be read (No such file or directory); name one that this user can read"),
    (dangling, "the file cannot be read (No such file or directory); name one that this user can read"),
    (folder, "the file cannot be read (Is a directory); name one that this user can read"),
    (pipe, "names something that is no file; name one that holds the secret alone"),
    (lambda path: path.write_text(""), "the file is empty; write the secret into it"),
    (lambda path: path.write_text(" \n\n"), "the file is empty; write the secret into it"),
    (
        lambda path: path.write_bytes(KEY.encode("utf-16")),
        "the file must be text in UTF-8 of at most 65536 bytes that holds the secret alone",
    ),
    (
        lambda path: path.write_text("k" * 65_537),
        "the file must be text in UTF-8 of at most 65536 bytes that holds the secret alone",
    ),
]


@pytest.mark.parametrize("name", ["AIONVISION_API_KEY", "SLACK_APP_TOKEN", "DISCORD_TOKEN"])
@pytest.mark.parametrize(("spoil", "mend"), SPOILT)
def test_a_file_that_holds_no_secret_is_refused(
    tmp_path: Path, name: str, spoil: Callable[[Path], object], mend: str
) -> None:
    """One line names the variable and says what to do; the missing value is no second line. No file is waited for."""
    env = in_files(tmp_path)
    spoil(tmp_path / name)
    assert said(env) == [f"{name}_FILE: {mend}"]


def test_a_file_of_somebody_else_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that this user may not open is said as such. Root may open all, so that the system's refusal is made up."""

    def refuse(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    env = in_files(tmp_path)
    monkeypatch.setattr(os, "open", refuse)
    reason = "the file cannot be read (Permission denied); name one that this user can read"
    assert {str(one) for one in read_secrets(env).problems} == {f"{name}_FILE: {reason}" for name in VALUES}


def test_what_the_file_holds_is_checked_as_the_variable_is(tmp_path: Path) -> None:
    """A malformed value is named by the variable; two lines are no token."""
    env = in_files(tmp_path)
    (tmp_path / "SLACK_BOT_TOKEN").write_text("xoxb-1\nxoxb-2\n")
    (found,) = said(env)
    assert found.startswith("SLACK_BOT_TOKEN: ")


def test_a_secret_in_the_place_of_a_path_is_not_repeated(tmp_path: Path) -> None:
    """Whoever writes the token into `<NAME>_FILE` is told so without the token."""
    (found,) = said(in_files(tmp_path) | {"DISCORD_TOKEN_FILE": VALUES["DISCORD_TOKEN"]})
    assert VALUES["DISCORD_TOKEN"] not in found
    assert found.startswith("DISCORD_TOKEN_FILE: the file cannot be read")


def test_a_file_variable_with_a_wrong_name_is_refused(tmp_path: Path) -> None:
    """The nearest name is that of the file."""
    found = said(in_files(tmp_path) | {"AIONVISION_API_KEY_FILES": "x"})
    assert found == [one for one in found if "AIONVISION_API_KEY_FILE?" in one]
    assert len(found) == 1


async def test_doctor_warns_of_a_secret_that_others_can_read(tmp_path: Path) -> None:
    """The warning names the file and the command that mends it; a link counts as what it leads to."""
    env = in_files(tmp_path)
    env["DISCORD_TOKEN_FILE"] = str(tmp_path / "link")
    (tmp_path / "link").symlink_to(tmp_path / "DISCORD_TOKEN")
    (tmp_path / "DISCORD_TOKEN").chmod(0o640)
    settings, _, problems = compose(env | {"AION_BOT_DATABASE_URL": f"sqlite:///{tmp_path / 'bot.db'}"})
    paths = read_secrets(env).paths
    found = await doctor.examine(settings, problems, [], secret_files=paths, env_file=tmp_path / ".env")
    warnings = [one for one in found if one.status is Status.WARN and one.check == "file mode"]
    assert [one.mend for one in warnings] == [f"chmod 600 {tmp_path / 'link'}"]
    assert "0640" in warnings[0].message


def test_another_owner_may_let_the_group_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of root's that this process reads through its group is not loose; one that everybody reads is."""
    path = tmp_path / "secret"
    path.write_text("s")
    other = path.stat().st_uid + 1
    monkeypatch.setattr(os, "geteuid", lambda: other)
    path.chmod(0o440)
    assert loose([path, tmp_path / "missing"]) == {}
    for mode in (0o460, 0o444):
        path.chmod(mode)
        assert loose([path]) == {path: mode}


@pytest.mark.parametrize(
    ("mode", "owner", "group", "mend"),
    [
        (0o600, "own", "own", ""),
        (0o400, "own", "own", ""),  # a systemd credential of a unit with a user of its own
        (0o440, "other", "own", ""),  # a systemd credential of a unit with a dynamic user
        (0o640, "other", "own", ""),
        (0o640, "own", "own", "chmod 600 {}"),
        (0o644, "own", "own", "chmod 600 {}"),
        (0o644, "other", "own", "as its owner or root: chmod 640 {}"),
        (0o660, "other", "own", "as its owner or root: chmod 640 {}"),
        (0o644, "other", "other", "as root: chgrp 4711 {0} && chmod 640 {0}"),
        (0o640, "root", "bot", ""),  # root runs doctor, and the bot's user reads the file by its group
        (0o644, "root", "bot", "as its owner or root: chmod 640 {}"),
        (0o644, "mounted", "own", "give it mode 0400 where it is mounted from"),
    ],
)
def test_the_mend_leaves_the_bot_able_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, owner: str, group: str, mend: str
) -> None:
    """What doctor says of a file's mode fits its owner and group, through a link as well: it never shuts the bot out."""
    path, link = tmp_path / "secret", tmp_path / "link"
    path.write_text("s")
    path.chmod(mode)
    link.symlink_to(path)
    real = path.stat()
    uid, gid = (0, 0) if owner == "root" else (1000, 4711)
    fields = list(real)
    fields[stat.ST_UID] = 0 if owner in {"root", "other"} else uid
    fields[stat.ST_GID] = gid if group == "own" else 4712
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setattr(os, "getegid", lambda: gid)
    monkeypatch.setattr(os, "getgroups", list)
    monkeypatch.setattr(Path, "stat", lambda _, **__: os.stat_result(fields))
    if owner == "mounted":
        flags = list(os.statvfs(tmp_path))
        flags[8] |= os.ST_RDONLY
        monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(flags))
    found = [one.mend for one in doctor._modes([], [link])]  # the whole of doctor asks more
    assert found == ([mend.format(link)] if mend else [])
