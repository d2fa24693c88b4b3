"""`aion-bot.toml`: which value holds where, and that nothing is accepted without effect."""

import tomllib
from pathlib import Path

import pytest

import adapters
from aion_bot.config import DEFAULT, read_rules
from aion_bot.domain.allowance import Allowance
from aion_bot.domain.rule_keys import NOTIFY_AFTER, UPLOADS, Uploads
from aion_bot.domain.rules import Rule, Rules
from aion_bot.ports.events import Place
from aion_bot.ports.platform_package import id_forms_of

SERVER, CHANNEL = "123456789012345678", "223456789012345678"
FILE = f"""# The limits of this team.
[defaults]
questions_per_person_hour = 20

[workspaces."{SERVER}"]
questions_per_person_hour = 10
questions_per_channel_hour = 30

[channels.{CHANNEL}]
questions_per_channel_hour = 5

[channels."C1"]
questions_per_person_hour = 0
"""


def rules_of(text: str, folder: Path) -> tuple[Rules, list[str]]:
    """Write a file and read it; returns the rules and the problems as they are printed, without the folder."""
    (folder / "bot.toml").write_text(text)
    forms = [id_forms_of(platform) for platform in adapters.platforms()]
    rules, problems = read_rules(folder / "bot.toml", forms)
    return rules, [str(one).replace(f"{folder}/", "") for one in problems]


def test_the_narrower_section_wins_key_by_key(tmp_path: Path) -> None:
    """A channel's value wins over its workspace's, that over the default, each key for itself."""
    rules, problems = rules_of(FILE, tmp_path)
    assert problems == []
    assert rules.allowance(Place("T9", "C9")) == Allowance(20, 0)
    assert rules.allowance(Place(SERVER, "1")) == Allowance(10, 30)
    assert rules.allowance(Place(SERVER, CHANNEL)) == Allowance(10, 5)
    assert rules.allowance(Place("T9", "C1")) == Allowance(0, 0)


def test_each_value_has_its_source(tmp_path: Path) -> None:
    """What doctor and the start print names the line of each value, and says what is a default."""
    described = rules_of(FILE, tmp_path)[0].describe()
    person = described["questions_per_person_hour"].replace(f"{tmp_path}/", "")
    assert person.startswith("20 (bot.toml, line 3); ")
    assert f"in workspace {SERVER}: 10 (bot.toml, line 6)" in person
    assert "in channel C1: 0 (bot.toml, line 13)" in person
    assert described["questions_per_channel_hour"].startswith("0 (default); ")


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file named and none in the working directory: nothing is limited. One in the working directory is read."""
    monkeypatch.chdir(tmp_path)
    assert read_rules(None, ()) == (Rules(), [])
    DEFAULT.write_text("[defaults]\nquestions_per_person_hour = 3\n")
    assert read_rules(None, ())[0].allowance(Place("", "")) == Allowance(3, 0)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    """A file that is named and missing is a problem, not an empty file."""
    _, problems = read_rules(tmp_path / "none.toml", ())
    assert [one.variable for one in problems] == ["AION_BOT_CONFIG"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("[defaults]\n\nquestions_per_person_hours = 1\n", "bot.toml, line 3: *questions_per_person_hour?"),
        ("[defaults]\nenabld = true", "bot.toml, line 2: *did you mean enabled?"),
        ("[default]\nenabled = true", "bot.toml, line 1: *did you mean defaults?"),
        ('[channel."C1"]', "bot.toml, line 1: *did you mean channels?"),
        ("questions_per_person_hour = 1", "bot.toml, line 1: *must stand in a section"),
        ("footer = true", "bot.toml, line 1: *must stand in a section"),
        ("defaults = 1", "bot.toml, line 1: *must be a section"),
        ("[channels]\nC1 = 1", "bot.toml, line 2: *must be a section"),
        ('[channels."#general"]\n', "bot.toml, line 1: *no id of a channel"),
        ('[workspaces."C1"]\n', "bot.toml, line 1: *no id of a workspace"),
        ("[defaults]\nquestions_per_person_hour = -1", "bot.toml, line 2: *whole number"),
        ("[defaults]\nquestions_per_person_hour = true", "bot.toml, line 2: *whole number"),
        ('[defaults]\nquestions_per_person_hour = "20"', "bot.toml, line 2: *whole number"),
        ("[defaults]\nquestions_per_person_hour = 2.5", "bot.toml, line 2: *whole number"),
        ("[defaults]\nquestions_per_person_hour = [\n1,\n2\n]", "bot.toml, line 2: *whole number"),
        ("[defaults]\nearlier_messages = 101", "bot.toml, line 2: *whole number"),
        ("[defaults]\nearlier_messages = true", "bot.toml, line 2: *whole number"),
        ("[defaults]\nimages = []", "bot.toml, line 2: *image ids"),
        ('[defaults]\nimages = "some"', "bot.toml, line 2: *image ids"),
        ('[defaults]\nimages = ["a", 1]', "bot.toml, line 2: *image ids"),
        ("[defaults]\n# a\nx = [\n1,\n2\n]\nfeedbck = 1", "bot.toml, line 7: *did you mean feedback?"),
        ("defaults = {questions_per_person_hour = 'x'}", "bot.toml, line 1: *whole number"),
        ("defaults.questions_per_person_hour = 'x'", "bot.toml, line 1: *whole number"),
        ("[defaults]\nquestions_per_person_hour = \n", "bot.toml, line 2: *not valid TOML"),
        ("[defaults]\nfooter = 1\nfooter = 2\n", "bot.toml, line 3: *not valid TOML"),
        ("[defaults", "bot.toml, *not valid TOML"),
    ],
)
def test_what_has_no_effect_is_refused(text: str, found: str, tmp_path: Path) -> None:
    """Unknown keys and sections, values of another kind and what is no TOML are refused, with line and nearest name."""
    rules, problems = rules_of(text, tmp_path)
    start, _, end = found.partition("*")
    assert any(one.startswith(start) and end in one for one in problems), problems
    assert rules == Rules()


def test_every_problem_is_found_at_once_and_none_repeats_a_value(tmp_path: Path) -> None:
    """Two wrong lines are two problems; what stands behind the keys is not shown."""
    text = "[defaults]\nquestions_per_person_hour = 'hunter2'\n\n[channels.C1]\nprivat = 'hunter2'\n"
    _, problems = rules_of(text, tmp_path)
    assert [one.split(":")[0] for one in problems] == ["bot.toml, line 2", "bot.toml, line 5"]
    assert "hunter2" not in "".join(problems)


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"x" * 1_000_001])
def test_what_is_no_text_is_refused(raw: bytes, tmp_path: Path) -> None:
    """A file that is not UTF-8, or far too large, is a problem."""
    (tmp_path / "bot.toml").write_bytes(raw)
    assert len(read_rules(tmp_path / "bot.toml", ())[1]) == 1


def test_a_link_to_nothing_is_no_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that somebody has linked and that are not there would silently not hold."""
    monkeypatch.chdir(tmp_path)
    DEFAULT.symlink_to("elsewhere.toml")
    rules, problems = read_rules(None, ())
    assert rules == Rules()
    assert [one.variable for one in problems] == [str(DEFAULT)]


def test_uploads_are_decided_by_the_narrowest_section_and_then_the_variable(tmp_path: Path) -> None:
    """A channel may ask where its workspace is off; where nothing is said the variable holds, and its name is the source."""
    text = '[workspaces."T1"]\nuploads = "off"\n[channels."C1"]\nuploads = "ask"\n'
    rules, problems = rules_of(text, tmp_path)
    assert problems == []
    rules = rules.with_variables({UPLOADS: Rule(Uploads.ASK, "AION_BOT_UPLOADS")})
    assert rules.uploads(Place("T1", "C1")) is Uploads.ASK
    assert rules.uploads(Place("T1", "C2")) is Uploads.OFF
    assert rules.uploads(Place("T2", "C2")) is Uploads.ASK
    assert rules.describe()["uploads"].startswith("ask (AION_BOT_UPLOADS); ")
    assert Rules().uploads(Place("T2", "C2")) is Uploads.ON


def test_the_file_wins_over_the_variable(tmp_path: Path) -> None:
    """`[defaults]` of the file is narrower than the variable."""
    rules, _ = rules_of('[defaults]\nuploads = "off"\n', tmp_path)
    assert (
        rules.with_variables({UPLOADS: Rule(Uploads.ON, "AION_BOT_UPLOADS")}).uploads(Place("T", "C"))
        is Uploads.OFF
    )


@pytest.mark.parametrize("value", ["true", "1", '"On"', '"yes"', '["on"]', '""'])
def test_uploads_is_one_of_three_words(tmp_path: Path, value: str) -> None:
    """Anything else is refused with the words that there are."""
    _, (problem,) = rules_of(f"[defaults]\nuploads = {value}\n".replace("\\", ""), tmp_path)
    assert "line 2" in problem
    assert '"on", "off" or "ask"' in problem


@pytest.mark.parametrize(
    "text", ["notify_after = 1.5", "notify_after = -1", "notify_after = true", 'footer = "yes"']
)
def test_a_malformed_wait_or_switch_is_refused(tmp_path: Path, text: str) -> None:
    """With the words that say what it has to be."""
    _, (problem,) = rules_of(f"[defaults]\n{text}\n", tmp_path)
    assert "whole number of seconds" in problem or "true or false" in problem


def test_the_wait_before_a_mention_is_a_channel_s_own(tmp_path: Path) -> None:
    """The narrowest section wins, then the variable, whose name is the source."""
    rules, problems = rules_of('[channels."C1"]\nnotify_after = 5\n', tmp_path)
    assert problems == []
    rules = rules.with_variables({NOTIFY_AFTER: Rule(0, "AION_BOT_NOTIFY_AFTER")})
    assert [rules.value(NOTIFY_AFTER, Place("T", channel)) for channel in ("C1", "C2")] == [5, 0]
    assert rules.describe()["notify_after"].startswith("0 (AION_BOT_NOTIFY_AFTER); ")


def test_a_list_over_many_lines_is_parsed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand ids with a line each cost no more than in one line, and what stands behind them has its own line."""
    parse, parsed = tomllib.loads, list[int]()

    def counted(text: str) -> dict[str, object]:
        parsed.append(len(text))
        return parse(text)

    monkeypatch.setattr(tomllib, "loads", counted)
    ids = ",\n".join(f'    "U{number:010}"' for number in range(1000))
    text = f'[defaults]\nallow_users = [\n{ids},\n]\nfooter = """\nno"""\nguests = 1\n'
    _, problems = rules_of(text, tmp_path)
    assert [one.partition(":")[0] for one in problems] == ["bot.toml, line 1004", "bot.toml, line 1006"]
    assert sum(parsed) < 3 * len(text)
