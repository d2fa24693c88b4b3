"""Verifies every question of a round from the threads, Aion's records, and the bot's database."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from adapters.discord.strings import NOT_TAKEN
from aion_bot.domain import strings
from aion_bot.ports.errors import Hindrance
from benchmarks.chaos import journal, scenes
from benchmarks.chaos.environment import Environment, Record
from benchmarks.chaos.journal import Row
from benchmarks.chaos.people import People
from benchmarks.chaos.round_end import RoundEnd, unfinished
from benchmarks.chaos.scenarios import Behaviour, Extra

WITHIN_A_DEPLOYMENT = "late or crossed"
"""Names what is wrong beyond single questions."""
BOUNDS: Mapping[str, int] = {
    "lost": 0, "doubled": 0, "stuck": 0, "plan actions doubled": 0, "done by a replica that did not serve": 0, WITHIN_A_DEPLOYMENT: 0, "reported as unanswered though Aion had answered": 0,
}  # fmt: skip
SHOWN = 0.999
"""The minimum share of stored answers that are shown in full."""

_REFUSED = {429, 500, 503}
"""Statuses of a plan action that did nothing."""


@dataclass(slots=True)
class Findings:
    """Counts of outcomes, and all violations."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, int]] = field(default_factory=list)
    """The violations, with the number of the question."""

    def add_violation(self, kind: str, number: int, why: str) -> None:
        """Count a violation of a question."""
        self.counts[kind] += 1
        self.wrong.append((f"{kind}: {why}", number))

    def add(self, other: "Findings") -> None:
        """Add the findings of another round."""
        self.counts += other.counts
        self.reasons += other.reasons
        self.wrong += other.wrong

    @property
    def share_shown(self) -> float:
        """The share of the stored answers that are shown in full."""
        return self.counts["shown in full"] / max(1, self.counts["stored by Aion"])

    @property
    def holds(self) -> bool:
        """Whether every bound holds."""
        return all(self.counts[kind] <= most for kind, most in BOUNDS.items()) and self.share_shown >= SHOWN


_FORBIDS = (Hindrance.NOT_A_MEMBER, Hindrance.ARCHIVED, Hindrance.LOCKED, Hindrance.PERMISSION)
"""What keeps the bot from writing after a workspace's `forbid`."""


class Verifier:
    """Verifies one round, after its end and after the bot has ended."""

    def __init__(self, environment: Environment, people: People, round_end: RoundEnd) -> None:
        self._environment = environment
        self._people = people
        self._round_end = round_end
        self.rows = journal.rows(environment)
        """The turns of each question."""
        self._plans = journal.plans(environment.databases)
        self._findings = Findings()
        self._shown = {
            (platform, thread): workspace.shown(thread)
            for platform, workspace in environment.workspaces.items()
            for thread in workspace.threads()
        }
        self._found = {
            where: scenes.labels(one.text for one in shown) for where, shown in self._shown.items()
        }
        self._stored = scenes.labels(
            text for session in environment.aion.sessions for text in session.texts("assistant")
        )
        self._private = {
            platform: workspace.private_replies() for platform, workspace in environment.workspaces.items()
        }
        self._not_taken = {platform: replies.count(NOT_TAKEN) for platform, replies in self._private.items()}
        """How often a private reply said that a question could not be recorded: for each, one may be missing."""

    def verify(self) -> Findings:
        """Verify every question, and then everything that belongs to none."""
        for record in self._environment.records.values():
            self._verify(record)
        self._verify_indicators()
        self._verify_foreign_answers()
        self._verify_retries()
        return self._findings

    def _verify(self, record: Record) -> None:
        counts, number = self._findings.counts, record.scenario.number
        counts["asked"] += 1
        rows = self.rows[number]
        failed = sum(row.attempt for row in rows)
        for row in rows:
            record.reasons += self._people.reasons.get(row.key, ())
        self._findings.reasons.update(record.reasons)
        ended = self._outcome(record, rows)
        counts[ended] += 1
        counts["first reported as failed"] += bool(failed)
        counts["Retries that were answered"] += bool(failed) and ended == "answered once"
        if len(rows) > 1:
            self._findings.add_violation("doubled", number, "two rows")
        if any(row.phase not in {"shown", "cleared"} for row in rows):
            self._findings.add_violation("stuck", number, "its row is not closed")
        self._verify_answers(record)
        if record.scenario.behaviour in {Behaviour.PLAN, Behaviour.OPEN_PLAN}:
            self._verify_plan(record)

    def _outcome(self, record: Record, rows: list[Row]) -> str:
        """The outcome of a question, as the name of a count."""
        thread = record.scenario.platform, record.thread
        found = self._found.get(thread, {}).get((record.scenario.number, record.accepted), [])
        limited = record.scenario.behaviour is Behaviour.LIMIT and self._says(
            thread, strings.trouble("QUOTA_EXCEEDED")
        )
        forbidden = record.forbidden and record.thread and self._told_cannot_write(record)
        unrecorded = not record.calls and self._says(thread, strings.NO_RECORD)
        unasked = (
            record.withdrawn
            and not found
            and all(row.reason not in {"failed", "interrupted"} for row in rows)
        )
        outcomes = {
            "answered once": scenes.is_whole(found),
            "stopped by a person": record.stopped and self._says(thread, "Stopped by"),
            "finally reported as failed": limited or forbidden or unrecorded,
            "withdrawn in time": unasked,
            "deleted after it failed": self._failed_and_deleted(record, rows),
            "never arrived": not rows and self._environment.was_not_delivered(record),
        }
        for ended, holds in outcomes.items():
            if holds:
                return ended
        if not rows and not record.calls and self._not_taken[record.scenario.platform]:
            self._not_taken[record.scenario.platform] -= 1
            return "reported as not taken"
        ends = [f"{row.phase} {row.reason} at attempt {row.attempt}" for row in rows]
        self._findings.add_violation("lost", record.scenario.number, f"{len(found)} labels, rows: {ends}")
        return "lost and no more"

    @staticmethod
    def _failed_and_deleted(record: Record, rows: list[Row]) -> bool:
        return record.withdrawn and bool(rows) and all(row.failed_and_deleted for row in rows)

    def _says(self, thread: tuple[str, str], words: str) -> bool:
        return any(words in one.text for one in self._shown.get(thread, ()))

    def _told_cannot_write(self, record: Record) -> bool:
        told = self._private[record.scenario.platform]
        return any(strings.cannot_write(hindrance) in told for hindrance in _FORBIDS)

    def _verify_answers(self, record: Record) -> None:
        """Every stored answer is in its thread once, unless a Retry has replaced it."""
        number, counts = record.scenario.number, self._findings.counts
        for (_, attempt), stored in [item for item in self._stored.items() if item[0][0] == number]:
            found = self._found.get((record.scenario.platform, record.thread), {}).get((number, attempt), [])
            if len(found) != len(set(found)):
                self._findings.add_violation("doubled", number, f"attempt {attempt} is shown more than once")
            if record.stopped or record.forbidden:
                continue
            if self._failed_and_deleted(record, self.rows[number]):
                continue
            if attempt < record.accepted:
                self._verify_superseded(record, attempt, shown=bool(found))
                continue
            counts["stored by Aion"] += 1
            counts["shown in full"] += found == sorted(set(stored))
            if found and found != sorted(set(stored)):
                self._findings.add_violation("lost", number, f"attempt {attempt} is shown in part")

    def _verify_superseded(self, record: Record, attempt: int, *, shown: bool) -> None:
        if shown:
            self._findings.add_violation(
                "doubled", record.scenario.number, f"attempt {attempt} stands beside a later one"
            )
        if record.scenario.extra is Extra.FILE:
            return  # answered without the file, which a Retry brings
        if any(strings.INTERRUPTED in reason for reason in record.reasons):
            self._findings.counts["interrupted by a stop"] += 1
        elif any(strings.GIVEN_UP in reason for reason in record.reasons):
            self._findings.counts["given up after two kills"] += 1  # never taken up a third time
        else:
            reasons = "; ".join(record.reasons) or "nobody pressed Retry"
            self._findings.counts["stored by Aion"] += 1
            self._findings.add_violation(
                "reported as unanswered though Aion had answered", record.scenario.number, reasons
            )

    def _verify_plan(self, record: Record) -> None:
        number, shown = record.scenario.number, self._shown.get((record.scenario.platform, record.thread), [])
        responses = (
            self._environment.aion.decision_responses[plan.id] if (plan := self._people.plan(record)) else []
        )
        self._findings.counts["plans"] += plan is not None
        self._findings.counts["plans cut off before they came"] += bool(plan and plan.id not in self._plans)
        self._findings.counts["plan actions"] += len(responses)
        cards = [one for one in shown if f"as question {number} says" in one.text]
        if plan and plan.id in self._plans and not cards and not (record.stopped or record.forbidden):
            self._findings.add_violation("lost", number, "its plan has no card")
        # After a Retry Aion proposes another plan; the old card remains as a record.
        if len(cards) > record.accepted:
            self._findings.add_violation(
                "doubled", number, f"{len(cards)} cards, asked {record.accepted} times"
            )
        ends = [*(begin for begin, _ in record.episodes[1:]), len(responses)]
        if record.episodes and record.episodes[0][0] > 0:
            self._findings.add_violation(
                "plan actions doubled", number, "Aion got an action before anybody pressed"
            )
        if not record.episodes and responses and not record.stopped:
            self._findings.add_violation(
                "plan actions doubled", number, "Aion got an action although nobody pressed"
            )
        for (begin, presses), end in zip(record.episodes, ends, strict=False):
            answers = responses[begin:end]
            if len(answers) > presses or any(answer not in _REFUSED for answer in answers[:-1]):
                self._findings.add_violation(
                    "plan actions doubled", number, f"{presses} presses, answered {answers}"
                )
        # The card quotes the result in short. One message below it may have the full text.
        below = [one for message in shown if message not in cards for one in scenes.results(message.text)]
        if len([one for one in below if one[0] == number]) > 1:
            self._findings.add_violation("doubled", number, "the plan's result is shown twice")

    def _verify_indicators(self) -> None:
        """No indicator remains, except where the platform lets nobody change it."""
        closed = {one.thread for one in self._environment.records.values() if one.forbidden}
        for (_, thread), shown in self._shown.items():
            if thread not in closed and any(strings.WITHDRAW in one.buttons for one in shown):
                self._findings.add_violation("stuck", self._number(thread), "a sign of a question that waits")
            if thread not in closed and any(one.id in self._round_end.unanswered_buttons for one in shown):
                self._findings.add_violation("stuck", self._number(thread), "a button that does nothing")
            if thread not in closed and unfinished(shown):
                self._findings.add_violation(
                    "stuck", self._number(thread), "the thread says that the bot works"
                )
        for workspace in self._environment.workspaces.values():
            for thread, indicator in workspace.indicators():
                if thread not in closed:
                    self._findings.add_violation("stuck", self._number(thread), f"{indicator} in {thread}")

    def _verify_foreign_answers(self) -> None:
        """No answer is in a thread in which it was not asked for, or belongs to an earlier round."""
        for (platform, thread), found in self._found.items():
            for number, attempt in found:
                record = self._environment.records.get(number)
                if record is None or (record.scenario.platform, record.thread) != (platform, thread):
                    self._findings.add_violation(
                        "doubled", number, f"attempt {attempt} is in a thread of others"
                    )

    def _verify_retries(self) -> None:
        """Aion takes a question again only after a press of Retry, or when its session was gone."""
        for record in self._environment.records.values():
            free = 1 + (record.scenario.behaviour is Behaviour.GONE)
            claimed = sum(row.attempt for row in self.rows[record.scenario.number])
            if record.accepted > free + claimed:
                self._findings.add_violation(
                    "doubled",
                    record.scenario.number,
                    f"Aion took it {record.accepted} times, {claimed} retries",
                )
        pressed = sum(self._people.retried.values())
        claimed = sum(row.attempt for rows in self.rows.values() for row in rows)
        if claimed > pressed:
            self._findings.add_violation("doubled", 0, f"{claimed} retries, {pressed} presses")

    def _number(self, thread: str) -> int:
        return next(
            (one.scenario.number for one in self._environment.records.values() if one.thread == thread), 0
        )
