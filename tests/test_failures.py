"""A sentence about a failure reaches its person with a reference; those that are no failures are named here."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import adapters.discord.strings
import adapters.slack.strings  # noqa: F401  # both add themselves to the catalogue
from aion_bot.conversation.private_reply import refused
from aion_bot.domain import strings
from aion_bot.domain.access import Refusal
from aion_bot.ports import catalogue
from aion_bot.ports.events import Place, StopRequest
from aion_bot.ports.failures import with_reference
from aion_bot.ports.messages import Person, ThreadKey

ROOT = Path(__file__).parents[1]
SEARCHED = (
    "aion_bot/conversation",
    "aion_bot/delivery",
    "aion_bot/rendering",
    "aion_bot/runtime",
    "adapters",
)

# What holds as somebody set or decided it, or as a queue or a plan stands; docs/operations.md lists these.
REFUSALS = {
    "ASKED_ALREADY", "DIRECT_CLOSED", "SHARED_ALREADY", "SHARING", "STAYS_PRIVATE", "STAYS_PUBLIC", "FILES_OFF", "FULL", "FULL_PERSON", "FULL_PROCESS", "MUTED", "NEW_SERVER",
    "NOBODY_DECIDES", "NOT_HERE", "ONLY_FILES", "PLAN_MOVED_ON", "PLAN_REPLACED", "PLAN_REPLACED_PRESSED", "QUESTION_DELETED", "RETRY_LAPSED",
    "RETRY_NOT_YOURS", "RETRY_WITHDRAWN", "SHARED", "STOP_GONE", "STOP_NOT_YOURS", "TOO_LONG", "UNKNOWN_BUTTON", "UNKNOWN_COMMAND", "WAIT", "WITHDRAW_GONE", "WITHDRAW_NOT_YOURS", "WITHDRAW_TOO_LATE",
    "already", "not_yours", "used_up", "DEADLINE_PASSED", "own_plan", "approved_before",
    "NOTHING_TO_EXPLAIN", "NOTHING_WRITTEN", "REQUESTER_LEFT", "NOT_YOUR_DECISION", "REASON_GIVEN",
    "CHANGED_MEANWHILE", "context_full", "CONVERSATION_GONE", "EXPORT_HOW", "EXPORT_NOTHING", "EXPORT_TOO_LARGE",
    "FOUND_NOTHING", "LIST_OLD", "NOTHING_YET", "NOT_BEGUN_BY_YOU", "NO_CONVERSATIONS", "NO_MORE_CONVERSATIONS",
    "NO_PRIVATE_QUESTIONS", "NO_THREAD", "NOT_MY_THREAD", "RENAME_HOW", "SEARCH_HOW", "WORDS_TOO_LONG", "commands_like",
    "MUTED_HERE", "SHARE_MUTED", "takes_no_words", "NOT_INSTALLED", "KEY_ADMINS", "KEY_NOT_TAKEN",
}  # fmt: skip

# Notes under an answer that stands: it has less than it could have, and the note says what.
PARTS = {
    "CUT_HERE", "CUT_IN_FILE", "MODE_LOST", "NEW_SESSION", "SESSION_RAN_OUT", "NO_FILES", "OTHER_KEY", "NO_FILES_HERE", "NO_FILE_TO_USE", "ONLY_BEGINNING",
    "SOME_FILES", "WITHHELD", "also_read", "file_outcome", "files_line", "other_pictures", "pictures_gone", "files_gone", "pictures_refused",
    "unreadable",
}  # fmt: skip

# Labels, titles, and how things are while nothing failed.
STATES = {
    "ABOUT_PICTURES", "ANOTHER_PLAN", "ANOTHER_PLAN_ASKED", "ANSWERED_DIRECTLY", "ANSWER_FILE", "ANSWER_READY", "ANSWER_WITHOUT", "APPROVE", "ARRIVED",
    "ANSWERED_PRIVATELY", "ASKS_YOU_TO_DECIDE", "ASKED_PRIVATELY", "ASK_COMMAND", "ASK_PRIVATE", "ASK_PRIVATELY", "NOW_SHARED", "LEFT_PRIVATE", "SHARE", "SHARED_BY",
    "ASKING_AION", "ASK_DESCRIPTION", "ASK_DETAIL", "ASK_FILE", "ASK_PROMPT", "ASK_UPLOAD", "ASK_WHAT", "ASK_WHAT_AND_UPLOAD", "BUSY",
    "BAD", "CANCEL", "CLOSER", "CLOSER_LOOK", "DELETES", "DONE", "DROPPED", "FETCHING", "FETCHING_AFTER_RESTART", "GO_BACK", "GOOD", "GO_ON", "DIRECT_THREADS", "HINT", "TRY_NEXT", "MENTION_ME",
    "ONLY_THESE", "PARALLEL_STEPS", "PENDING_HOW", "PENDING_TITLE", "PLAN_ENDED", "PLAN_FILE", "PLAN_LEAD", "PLAN_TITLE", "PLAN_WAITS",
    "REPLACED", "REPLACED_WAITING", "WITHDRAW", "WITHDRAWN", "ahead", "also_waiting", "status_of_crowd", "REST_FOLLOWS", "RATED", "RATED_AGAIN", "RETRY", "RETRY_WAITS", "RUNNING", "SEE_BELOW", "SESSION_FULL", "SOURCES", "STILL_QUEUED",
    "lapsed", "ADD_REASON", "REASON_HINT", "REASON_LABEL", "reason_given", "WHY", "WHY_HINT", "WHY_LABEL", "WHY_NOTED", "WHY_TITLE", "SEND", "CLOSE_FORM",
    "STILL_WAITING", "STILL_WORKING", "STOP", "STOPPING_BUT_PLAN", "THINKING", "TOKENS_LOW", "UNCOUNTED", "UNKNOWN",
    "UNTITLED", "UPLOAD", "WHOLE_IN_FILE", "about", "activity", "agent", "and_more", "answering_others", "attempts_between",
    "approvals", "decided", "decided_by", "deciders", "destructive", "reminder", "duration", "file_name", "file_size", "folded", "found_so_far", "in_aions_words",
    "messages_left", "more_sources", "operations", "pages", "plan_above", "plan_state", "plan_title", "pressed", "question",
    "question_about", "question_about_by", "question_by", "quote", "steps_done", "stopped_by", "without_done",
    "AION_DESCRIPTION", "ASK_NOW", "BEGAN_ANEW", "BEGUN_ANEW", "CHOSEN", "CLOSE_BUTTON", "CONTEXT_ALL", "CONTEXT_CLEARED",
    "ENDED", "ENDED_HERE", "EXPORTED", "EXPORTED_PRIVATELY", "EXPORT_BUTTON", "EXPORT_FILE", "HELP_BEGINS", "NEWEST_THREAD", "MORE", "MY_ANSWER",
    "NEW_BUTTON", "OPENED_HERE", "OPTION_CONTEXT", "OPTION_FORMAT", "OPTION_PRIVATE", "OPTION_METADATA", "OPTION_SEARCH", "OPTION_TITLE",
    "SENT_DIRECTLY", "SESSIONS_BUTTON", "THESE", "YOUR_QUESTION", "chosen", "CLEAR_CHOICE", "REFERRED", "also_chosen", "ask_next", "found_of", "with_files", "code", "command_line", "conversation",
    "counted", "found", "left_in_conversation", "left_of_plan", "listed", "named_thread", "open_here", "opened", "pick",
    "picture_line", "renamed", "waiting_for_aion",
    "month_short", "month_used", "HOME_TITLE", "HOME_BEGIN", "HOME_CONVERSATIONS", "HOME_LEFT", "HOME_OPEN", "USAGE_TITLE",
    "REACTIONS_HELP", "greeting", "in_list", "questions_left", "things_to_try", "try_next",
}  # fmt: skip

# What adds the reference: by a call around the sentence, or later to what the call makes.
ROADS = {"with_reference", "failed", "not_taken", "_gone", "Outcome", "Decided"}

# A sentence that reaches its road in a variable, or as a part of another sentence; by file.
INDIRECT = {
    "aion_bot/conversation/notices.py": {  # `told` adds the reference, and whoever calls `unrecorded`
        "without_retry", "NO_RECORD", "NO_RECORD_ANY_MORE", "STORAGE_AWAY", "STORAGE_LOST",
    },
    "aion_bot/conversation/plan_outcome.py": {  # each becomes the detail of a `Decided`, and `_told` adds the reference
        "ANOTHER_DECIDED", "MORE_TO_CONFIRM", "NOT_DONE", "PARTLY_DONE", "STILL_BUSY", "STILL_UNKNOWN",
        "UNREADABLE_OUTCOME",
    },
    "aion_bot/conversation/private_reply.py": {"refusal"},  # `refused` adds it
    "aion_bot/conversation/approval.py": {"decided_unseen"},  # a line, whose last part it is
    "aion_bot/rendering/answer_parts.py": {"PLAN_NO_ROOM"},  # `with_reference` is around the joined sentence
    "aion_bot/rendering/plan_record.py": {"NEVER_SENT", "NOT_TAKEN", "BUSY_THEN", "UNKNOWN_THEN"},  # records of presses
    "aion_bot/runtime/actions.py": {"PICTURES_GONE", "sentence"},  # `failed` is around both
    "aion_bot/conversation/picture_questions.py": {"PICTURES_DELETED", "PICTURES_GONE"},  # the same `failed`
    "aion_bot/conversation/another_plan.py": {"PLAN_FORGOTTEN"},  # the same `failed`
    "aion_bot/conversation/sharing.py": {"SHARE_GONE", "SHARE_NOT_YET", "not_shown", "sentence"},  # `failed` is around each
    "adapters/discord/private_answers.py": {"FILE_TOO_LARGE"},  # a clause of `no_private_file`
    "aion_bot/conversation/manage/management.py": {"sentence"},  # `failed` is around it
    "adapters/discord/files.py": {"NO_ATTACHMENTS", "FILE_TOO_LARGE"},  # clauses of `no_file`
    "adapters/slack/files.py": {"no_upload"},
    "aion_bot/conversation/earlier.py": {"EARLIER_WITHHELD", "read_earlier"},  # no failures: how things are
}  # fmt: skip


def bare(source: str) -> Iterator[str]:
    """Yield the names of sentences that a source uses outside of every road."""

    def walk(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in ROADS:
            return
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id in {"strings", "error_messages"}
        ):
            yield node.attr
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    return walk(ast.parse(source))


@pytest.mark.slow
def test_a_failure_has_a_reference() -> None:
    """Each sentence of the catalogue is listed as no failure, or is used only where its reference is added."""
    people = {name for module in catalogue.sentences().values() for name in module} | {
        "sentence",
        "not_shown",
    }
    failures = people - REFUSALS - PARTS - STATES
    assert {"UNCHECKED", "NOT_TAKEN", "RETRY_GONE", "PICTURES_GONE", "INTERNAL", "trouble"} <= failures
    found = {
        (path, name)
        for folder in SEARCHED
        for file in sorted((ROOT / folder).rglob("*.py"))
        if (path := str(file.relative_to(ROOT)))
        for name in bare(file.read_text("utf-8"))
        if name in failures
    }
    assert found == {(path, name) for path, names in INDIRECT.items() for name in names}


def test_the_search_finds_a_bare_sentence() -> None:
    """A sentence that is told as it is counts; one inside a call that adds the reference does not."""
    source = (
        "say(strings.NEW)\nsay(with_reference(strings.OLD, key))\nrunner.end(Outcome(FAILED, strings.OLD))\n"
    )
    assert list(bare(source)) == ["NEW"]


def test_the_documents_list_the_refusals() -> None:
    """docs/operations.md quotes each refusal that is one fixed sentence."""
    said = " ".join((ROOT / "docs" / "operations.md").read_text("utf-8").split())
    fixed = [
        words
        for module in catalogue.sentences().values()
        for name, words in module.items()
        if name in REFUSALS and isinstance(words, str)
    ]
    assert len(fixed) > 20
    assert [words for words in fixed if words not in said] == []


@pytest.mark.parametrize("refusal", list(Refusal))
def test_a_refusal_that_is_a_failure_has_the_logs_reference(refusal: Refusal) -> None:
    """Where the bot could not look, or may not write, sentence and log share a reference; what was decided has none."""
    stop = StopRequest(ThreadKey("slack", "T1"), Place("W", "C"), Person("U1"))
    sentence = strings.refusal(refusal)
    with capture_logs() as logs:
        told = refused("slack", stop, refusal)
    if refusal in {Refusal.UNCHECKED, Refusal.UNSEEN, Refusal.UNKNOWN_STANDING}:
        assert told == with_reference(sentence, "T1")
        assert f"(ref {logs[0]['ref']})" in told
    else:
        assert (told, logs) == (sentence, [])
