"""The catalogue of the words that people read: short, one voice, nothing from inside the bot, and something to do."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.discord import strings as discord_strings
from adapters.slack import strings as slack_strings
from aion_bot.domain import strings
from aion_bot.domain.access import Refusal
from aion_bot.domain.allowance import UsedUp, Whose
from aion_bot.domain.file_types import FileKind
from aion_bot.domain.plan import PlanPhase
from aion_bot.domain.uploads import AttachedFile, FilePhase, FileReason
from aion_bot.ports import catalogue
from aion_bot.ports.errors import Hindrance
from aion_bot.ports.events import QuoteSource
from aion_bot.ports.failures import with_reference
from aion_bot.ports.files import Attachment
from aion_bot.ports.messages import Action, Line, Person
from aion_bot.ports.subcommands import SUBCOMMANDS
from tests.support.cases import each

ROOT = Path(__file__).parents[1]
ADA, BEN = Person("U1", "Ada"), Person("U2", "Ben")

LONGEST = 110
"""Characters of a sentence, or of the few that stand together."""

LONGEST_NOTE = 160
"""Characters of the small line under a page: a page leaves so much room, `rendering.answer.ROOM`."""

FORBIDDEN = re.compile(
    r"\b(session|record|records|recorded|log|logs|logged|database|process|variable|setting|settings|row|token|scope|API"
    r"|person who runs|operator|adapter|thread id|error code)\b|[A-Z]{3,}_",
    re.IGNORECASE,
)

ACTIONS = re.compile(
    r"\b(ask|press|open|mention|invite|try|wait|allow|use|reload|shorten|rephrase|read|decide|tell|can approve|upload"
    r"|see below|is below|by itself|will be|I'll|needs? it|Put)\b",
    re.IGNORECASE,
)

# What tells how things are, where there is nothing to do, or where the buttons beside it say what can be done.
STATES = {
    "ANOTHER_PLAN_ASKED", "OWN_PLAN", "OWN_APPROVAL", "NOT_IN_TIME",
    "ANSWERED_PRIVATELY", "ASKS_YOU_TO_DECIDE", "ASKED_PRIVATELY", "ASK_PRIVATE", "ASK_PRIVATELY", "NOW_SHARED", "SHARE", "SHARED_BY", "SHARED_ALREADY",
    "REACTIONS_HELP", "OPTION_METADATA",
    "THINKING", "STILL_WORKING", "FETCHING", "FETCHING_AFTER_RESTART", "REST_FOLLOWS", "UNCOUNTED", "SOURCES", "CLOSER", "USAGE_TITLE", "ABOUT_PICTURES", "CLOSER_LOOK", "ASKED_ALREADY", "ANSWER_FILE", "PLAN_FILE", "PLAIN_TEXT", "ONLY_BEGINNING",
    "NEW_SESSION", "SESSION_RAN_OUT", "PLAN_LEAD", "REPLACED", "REPLACED_WAITING", "WITHDRAW", "WITHDRAWN", "WITHDRAW_GONE", "WITHDRAW_NOT_YOURS", "STOP_GONE", "STOPPING_BUT_PLAN", "RETRY_WAITS", "PLAN_TITLE",
    "PARALLEL_STEPS", "PENDING_TITLE", "GO_BACK", "ANSWER_READY", "GOOD", "BAD", "RATED", "RATED_AGAIN", "RATING_GONE", "PLAN_ENDED", "PLAN_WAITS", "TOKENS_LOW", "SESSION_FULL",
    "WHY", "WHY_TITLE", "WHY_LABEL", "WHY_HINT", "SEND", "WHY_NOTED", "CLOSE_FORM",
    "ADD_REASON", "REASON_LABEL", "REASON_HINT",
    "STOP", "RETRY", "APPROVE", "CANCEL", "NO_FILES", "STOP_NOT_YOURS",
    "NEVER_SENT", "NEVER_TOLD", "NOT_TAKEN", "BUSY_THEN", "UNKNOWN_THEN",
    "ASKING_AION", "RUNNING", "BUSY", "UNKNOWN", "DONE", "DROPPED", "SEE_BELOW", "ANOTHER_DECIDED",
    "UNTITLED", "ASK_DESCRIPTION", "ASK_DETAIL", "ASK_FILE", "ASK_PROMPT", "ANSWERED_DIRECTLY", "NO_ATTACHMENTS", "FILE_TOO_LARGE",
    "NEWEST_THREAD", "BEGAN_ANEW", "ENDED_HERE", "OPENED_HERE", "MORE", "NEW_BUTTON", "SESSIONS_BUTTON", "EXPORT_BUTTON", "CLOSE_BUTTON",
    "YOUR_QUESTION", "MY_ANSWER", "EXPORT_FILE", "EXPORTED_PRIVATELY", "AION_DESCRIPTION", "OPTION_TITLE", "OPTION_SEARCH",
    "OPTION_CONTEXT", "OPTION_FORMAT", "OPTION_PRIVATE", "BEGUN_ANEW", "ENDED", "CHOSEN", "REFERRED", "CLEAR_CHOICE", "HOME_CONVERSATIONS", "HOME_LEFT",
    "ERASED_PERSON", "NO_FILES_HERE", "SOME_FILES", "ASK_WHAT", "ASK_WHAT_AND_UPLOAD", "ASK_UPLOAD", "UPLOAD", "ANSWER_WITHOUT",
}  # fmt: skip

APPROVERS = frozenset(f"U{number:02}" for number in range(12))

# Every sentence that a function makes, by the function, with each of its cases.
MADE: dict[str, list[str | Line]] = {
    "cannot_write": [strings.cannot_write(one) for one in Hindrance]
    + [strings.cannot_write(Hindrance.PERMISSION, "Create Public Threads")],
    "refusal": [strings.refusal(one) for one in Refusal],
    "used_up": [
        strings.used_up(UsedUp(whose, limit, wait), own=own)
        for whose in Whose for limit in (1, 20) for wait in (1.0, 3000.0) for own in (True, False)
    ],
    "no_file": [strings.no_file(one) for one in ("", discord_strings.NO_ATTACHMENTS, discord_strings.FILE_TOO_LARGE)],
    "answering_others": [strings.answering_others(people, own=own) for people in (1, 7) for own in (True, False)],
    "ahead": [strings.ahead(count, 5) for count in (0, 1, 5, 6)],
    "also_waiting": [strings.also_waiting(count) for count in (1, 25)],
    "status_of_crowd": [strings.status_of_crowd(count) for count in (1, 25)],
    "about": [strings.about("Which photos of site 7 show damage, and " * 9)],
    "also_read": [strings.also_read(list(QuoteSource)[:3], cut=cut) for cut in (True, False)],
    "agent": [strings.agent("FolderOrganizationAgent")],
    "activity": [strings.activity("FolderOrganizationAgent")],
    "found_so_far": [strings.found_so_far("Searching documents", found) for found in (None, 0, 5)],
    "plan_state": [strings.plan_state(phase, action) for phase in PlanPhase if phase is not PlanPhase.PENDING for action in (Action.APPROVE, Action.CANCEL)],
    "plan_title": [strings.plan_title(phase, action) for phase in PlanPhase for action in (Action.APPROVE, Action.CANCEL)],
    "duration": [strings.duration(seconds) for seconds in (0.2, 59.6, 75.0)],
    "and_more": [strings.and_more(2)],
    "messages_left": [strings.messages_left(count) for count in (1, 3)],
    "steps_done": [strings.steps_done(1, steps) for steps in (1, 3)],
    "folded": strings.folded(["a: 1", "b: 2", "c: 3", "d: 4", "e: 5"], str),
    "trouble": [strings.trouble(one, 20.0, retry=retry) for one in strings._TROUBLE for retry in (True, False)],
    "without_retry": [strings.without_retry(strings.trouble(one, 20.0)) for one in strings._TROUBLE],
    "stopped_by": [strings.stopped_by(ADA)],
    "operations": [strings.operations(one) for one in (1, 9)],
    "unreadable": [strings.unreadable(one) for one in (1, 9)],
    "pages": [strings.pages(one) for one in ([(5, 5)], [(3, 7), (9, 9)])],
    "other_pictures": [strings.other_pictures(one, names) for one in (0, 1, 9) for names in ([], ["a.jpg"], ["a.jpg"] * 9)],
    "more_sources": [strings.more_sources(9)],
    "plan_above": [strings.plan_above(one, riskiest=risky) for one in (1, 9) for risky in (True, False)],
    "deciders": [strings.deciders(one, ADA) for one in ("requester", "anyone", frozenset({"U2"}), APPROVERS)]
    + [strings.deciders(one, ADA, roles=True, four_eyes=eyes) for one in (frozenset[str](), frozenset({"U2"})) for eyes in (True, False)],
    "own_plan": [strings.own_plan(strings.deciders("anyone", ADA, four_eyes=True))],
    "destructive": [strings.destructive(one) for one in ("delete", "")],
    "approvals": [strings.approvals([ADA] * one, 2, why) for one in (0, 1, 2) for why in ("", strings.destructive("delete"))],
    "approved_before": [strings.approved_before(one) for one in (1, 3)],
    "lapsed": [strings.lapsed([ADA, BEN])],
    "reason_given": [strings.reason_given(one, ADA, "w") for one in (Action.APPROVE, Action.CANCEL)],
    "reminder": [strings.reminder([ADA] * one) for one in (0, 1, 3)],
    "not_yours": [strings.not_yours(strings.deciders("requester", ADA))],
    "decided_by": [strings.decided_by(ADA)],
    "decided": [strings.decided(one, ADA) for one in (Action.APPROVE, Action.CANCEL)],
    "pressed": [strings.pressed(one, ADA, why) for one in (Action.APPROVE, Action.CANCEL) for why in ("", strings.NEVER_SENT)],
    "attempts_between": [strings.attempts_between(3)],
    "already": [strings.already((strings.decided(Action.APPROVE, ADA),))],
    "decided_unseen": [strings.decided_unseen((strings.decided(Action.APPROVE, ADA),))],
    "without_done": [strings.without_done(one) for one in ("Done: moved 3", "done.", "Donegal has 3")],
    "in_aions_words": [strings.in_aions_words("Moved them", {"photos_moved": 3})],
    "refused": [strings.refused(strings.NEVER_TOLD), strings.refused(strings.trouble("SERVER_ERROR", retry=False))],
    "question": [discord_strings.question("What?")],
    "question_by": [discord_strings.question_by("1", "What?")],
    "question_about": [discord_strings.question_about("Ben", "https://discord.test/1", "What?")],
    "question_about_by": [discord_strings.question_about_by("1", "Ben", "https://discord.test/1", "What?")],
    "file_size": [strings.file_size(one) for one in (0, 1, 2048, 25 * 1024**2, 10**12)],
    "file_name": [strings.file_name(one) for one in ("", "a.jpg", "long name " * 30)],
    "file_outcome": [
        strings.file_outcome(AttachedFile("t", 0, Attachment("f", "long name " * 9), phase, reason, size=10**9, limit=10**8))
        for phase in FilePhase
        for reason in (FileReason if phase in {FilePhase.REFUSED, FilePhase.FAILED} else [FileReason.NONE])
        if reason or phase not in {FilePhase.REFUSED, FilePhase.FAILED}
    ],
    "files_line": [strings.files_line(["`a.jpg`: added"], more) for more in (0, 3)],
    "code": [strings.code(one, 20) for one in ("", "a `b`", "long name " * 9)],
    "commands_like": [strings.commands_like("exprot", one) for one in ("export", "")],
    "takes_no_words": [strings.takes_no_words(one) for one in ("new", "sessions")],
    "command_line": [strings.command_line(one) for one in SUBCOMMANDS],
    "named_thread": [strings.named_thread("Roof damage " * 9)],
    "conversation": [strings.conversation("Roof damage " * 9)],
    "renamed": [strings.renamed("Roof damage " * 9)],
    "counted": [strings.counted(one, "message") for one in (0, 1, 2_000)],
    "left_in_conversation": [strings.left_in_conversation(98, 99), strings.left_in_conversation(1, 0)],
    "questions_left": [strings.questions_left(0, 1), strings.questions_left(19, 20)],
    "in_list": [strings.in_list("Roof damage " * 9), strings.in_list("")],
    "greeting": [strings.greeting(strings.HINT)],
    "things_to_try": [strings.things_to_try(["a.jpg", "long name " * 9, "b"])],
    "try_next": [strings.try_next(["a.jpg", "long name " * 9, "b"])],
    "month_used": [strings.month_used(one) for one in (1, 80, 120)],
    "month_short": [strings.month_short(*one) for one in ((80, 1_600, 2_000), (95, 10, 10))],
    "waiting_for_aion": [strings.waiting_for_aion(one) for one in (0, 2, 38, 110, 119, 3_000)],
    "left_of_plan": [strings.left_of_plan(*one) for one in ((1_988, 97), (None, 97), (1, None), (None, None))],
    "chosen": [strings.chosen(*one) for one in ((0, 1, 0), (1, 0, 2), (1_000, 100, 100))],
    "with_files": [strings.with_files(*one) for one in ((1, 0), (0, 1), (100, 100))],
    "files_gone": [strings.files_gone(one) for one in (1, 3)],
    "ask_next": [strings.ask_next(one) for one in (1, 10)],
    "context_full": [strings.context_full(FileKind.IMAGE, 1_000)],
    "also_chosen": [strings.also_chosen(["A pump"] * one) for one in (1, 12)],
    "found_of": [strings.found_of(kind, one, "cracked beam") for kind in FileKind for one in (0, 1, 10)],
    "listed": [strings.listed(12, "Roof", last, left) for last in ("", "What?") for left in (None, 1, 98)],
    "open_here": [strings.open_here(12)],
    "opened": [strings.opened("Roof")],
    "found": [strings.found(one, "cracked beam") for one in (1, 10)],
    "picture_line": [strings.picture_line(10, "A pump")],
    "pick": [strings.pick(10, chosen=chosen) for chosen in (True, False)],
    "no_private_file": [strings.no_private_file(one) for one in ("", slack_strings.no_upload("missing_scope"))],
    "pictures_gone": [strings.pictures_gone(one) for one in (1, 3)],
    "pictures_refused": [slack_strings.pictures_refused(["A pump"]), slack_strings.pictures_refused(["A pump", "A lift"])],
    "read_earlier": [strings.read_earlier(one) for one in (1, 14)],
    "no_upload": [slack_strings.no_upload("missing_scope"), slack_strings.no_upload("other")],
}  # fmt: skip

# Lines of two things: what happened, and what was decided.
JOINED = {
    "decided_unseen",
    "refused",
    "no_file",
    "also_read",
    "question_about",
    "question_about_by",
    "deciders",
    "own_plan",
    "approvals",
    "approved_before",
    "greeting",
    "things_to_try",
    "try_next",
}

SENTENCES = [
    (name, value) for module in catalogue.sentences().values() for name, value in module.items()
    if isinstance(value, str)
]  # fmt: skip


def written(said: str | Line) -> str:
    return (
        said if isinstance(said, str) else "".join(one if isinstance(one, str) else one.name for one in said)
    )


def every() -> Iterator[tuple[str, str]]:
    yield from SENTENCES
    for name, lines in MADE.items():
        yield from ((name, written(line)) for line in lines)


def test_each_function_of_the_catalogue_is_tried() -> None:
    """A function that makes sentences for people has its cases above."""
    functions = {
        name for module in catalogue.sentences().values() for name, value in module.items() if callable(value)
    }
    assert functions == set(MADE)


@each(("name", "sentence"), sorted(set(every())))
def test_a_sentence_is_short_and_plain(name: str, sentence: str) -> None:
    """It fits into a glance, names nothing from inside the bot, and speaks of the bot as I."""
    assert len(sentence) <= (2 * LONGEST if name in JOINED else LONGEST), len(sentence)
    assert FORBIDDEN.search(sentence) is None
    assert "the bot" not in sentence


@each(("name", "sentence"), SENTENCES)
def test_a_sentence_says_what_to_do(name: str, sentence: str) -> None:
    """What tells of something that a person can act on says how; the others are named."""
    assert (ACTIONS.search(sentence) is not None) or name in STATES


def test_the_named_states_exist() -> None:
    """No name in the table above is of a sentence that is gone."""
    assert STATES - {name for name, _ in SENTENCES} == set()


def test_a_note_fits_under_its_page() -> None:
    """With its reference it is not longer than the room that a page leaves."""
    notes = [
        *map(written, MADE["no_file"]),
        strings.WHOLE_IN_FILE,
        strings.CUT_IN_FILE,
        strings.ONLY_BEGINNING,
    ]
    assert max(len(with_reference(note, "k1")) for note in notes) <= LONGEST_NOTE


def test_the_words_of_the_issue_are_literal() -> None:
    """The sentences that the issue names are said as it names them."""
    assert strings.not_yours(strings.deciders("requester", ADA)) == (
        "Only ",
        ADA,
        " can approve or cancel this.",
    )
    assert strings.DROPPED == "Nothing was changed."
    assert strings.EXPIRED == "This plan has expired. Ask again if you still need it."
    assert strings.INTERRUPTED == "I was restarted before I finished. Press Retry to ask again."


# Where no sentence for people may stand, and what is none although it looks like one.

SEARCHED = (
    "aion_bot/conversation",
    "aion_bot/delivery",
    "aion_bot/rendering",
    "aion_bot/runtime",
    "aion_bot/domain",
    "adapters",
)
NO_SENTENCES = {
    "Create Public Threads", "Send Messages in Threads", "Read Message History", "Add Reactions",  # Discord's own names
    "Discord answered x", "Discord answered x with code x", "Slack's library failed in %s (%s)",  # the text of an error, of a log
}  # fmt: skip
# What only a log or an exception gets: its words reach no chat.
LOGGING = {"debug", "info", "warning", "error", "exception", "bind", "critical"}
LOOKS_LIKE_ONE = re.compile(r"^[^a-z]*[A-Z][\w']*(?:[ ,]+[\w']+){2,}")


def test_the_search_finds_sentences() -> None:
    """A sentence in an assignment, a call or an f-string counts; docstrings, logs, enum reasons and exceptions do not."""
    source = (
        '"""A sentence of prose."""\nx = "I am not here."\nsay(f"You have {n} left of them.")\n'
        'log.info("Something went very wrong")\nraise ValueError("This is not right")\n'
    )
    assert sorted(stray(source)) == ["I am not here.", "You have x left of them."]


def stray(source: str) -> Iterator[str]:
    """Yield every string that reads like a sentence, and that people could see."""
    tree = ast.parse(source)
    unseen: set[int] = set()
    for node in ast.walk(tree):
        prose = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if prose or isinstance(node, ast.Raise) or (isinstance(node, ast.Call) and _logs(node)):
            unseen.update(id(inner) for inner in ast.walk(node))
    for node in ast.walk(tree):
        text = ""
        if isinstance(node, ast.JoinedStr) and id(node) not in unseen:
            text = "".join(str(one.value) if isinstance(one, ast.Constant) else "x" for one in node.values)
            unseen.update(id(inner) for inner in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in unseen:
            text = node.value
        if LOOKS_LIKE_ONE.match(text) and text not in NO_SENTENCES:
            yield text


def _logs(call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr in LOGGING
    return isinstance(call.func, ast.Name) and call.func.id.endswith(
        ("Error", "Down", "Refused", "Unsupported")
    )


@pytest.mark.slow
def test_no_sentence_stands_outside_the_catalogue() -> None:
    """What people read is in a module of sentences, where it can be translated."""
    found = [
        f"{path.relative_to(ROOT)}: {text}"
        for folder in SEARCHED
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name != "strings.py"
        for text in stray(path.read_text("utf-8"))
    ]
    assert found == []


@pytest.mark.slow
def test_words_are_looked_up_when_they_are_said() -> None:
    """A word that a module keeps from its import could not be replaced: only what is registered once may be."""
    kept_at_import = {"ASK_DETAIL", "ASK_FILE", "ASK_PRIVATE", "ASK_PROMPT", "BOTH_NEEDED"}
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for folder in SEARCHED
        for path in sorted((ROOT / folder).rglob("*.py"))
        if path.name != "strings.py"
        for name in kept(path.read_text("utf-8"))
        if name not in kept_at_import
    ]
    assert found == []


def kept(source: str) -> Iterator[str]:
    """Yield the names of sentences that a module reads while it is imported."""
    tree = ast.parse(source)
    later: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            body = node.body if isinstance(node.body, list) else [node.body]
            later.update(id(inner) for one in body for inner in ast.walk(one))
    known = {name for module in catalogue.sentences().values() for name in module}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(".strings"):
            yield from (one.name for one in node.names if one.name in known)
        elif (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "strings"
        ) and id(node) not in later:
            yield node.attr
