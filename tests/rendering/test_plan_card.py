"""A plan's card: what it shows of a long plan, and what it tells of every attempt."""

from collections.abc import Callable
from types import ModuleType

import pytest

from adapters.discord import rate_limits as discord_limits
from adapters.discord import rendering as discord
from adapters.slack import rate_limits as slack_limits
from adapters.slack import rendering as slack
from aion_bot.aion import PlanActionResponse
from aion_bot.conversation.plan_outcome import answered, ended_plan
from aion_bot.domain import strings
from aion_bot.domain.access import AccessPolicy
from aion_bot.domain.plan import Attempt, Plan, PlanPhase
from aion_bot.ports.messages import (
    Action,
    Content,
    Document,
    Line,
    Person,
    PlanCard,
    Step,
    StepState,
    ThreadKey,
)
from aion_bot.rendering.citations import Sources
from aion_bot.rendering.plan_card import PlanCardView, PlanFormat, can_be_approved, pending_card, plan_card
from aion_bot.rendering.plan_record import in_words, record
from aion_bot.rendering.references import cited
from aion_bot.rendering.risks import riskiest_step
from aion_bot.rendering.screen import PageFormat
from tests.support.cases import each
from tests.support.plain_adapter import PlainAdapter, texts

ADA, BEN = Person("U1", "Ada"), Person("U2", "Ben")
LOST = Attempt(ADA, Action.APPROVE, 1, PlanPhase.UNKNOWN, PlanPhase.PENDING, "lost")


def plan(**fields: object) -> Plan:
    made = {"key": "k", "plan_id": "p", "session_id": "s", "thread": ThreadKey("slack", "T/C/1")}
    return Plan(**{**made, "requester": ADA, "description": "Sort", **fields})  # type: ignore[arg-type]  # any field


def said(lines: tuple[Line, ...]) -> list[str]:
    return ["".join(part if isinstance(part, str) else part.name for part in line) for line in lines]


@each(
    ("steps", "riskiest"),
    [
        (["Find photos", "Tell them apart"], 0),
        (["Move photos", "Delete the originals", "Share them"], 2),
        (["Share with all.", "Moving photos"], 1),
        (["Move photos", "Overwrites report.pdf"], 2),
        (["Look at movies", "(REMOVED) the rest"], 2),
        (["Move photos", "Copy, then delete/overwrite"], 2),
        (["Move photos", "“Deleted”… for good"], 2),
        (["Find photos", "Auto-merge_them"], 2),
        (["Find photos", "\U0001d41d\U0001d41e\U0001d425\U0001d41e\U0001d42d\U0001d41e them"], 2),
        (["Find photos", "\uff24\uff25\uff2c\uff25\uff34\uff25"], 2),
        (["Find photos", "deleteFiles in site 7"], 2),
        (["Transfer photos", "Drop the folder"], 2),
        (["Find photos", "Make the album public"], 2),
        (["Fotos verschieben", "Originale löschen"], 2),
        (["Déplacer les photos", "Supprimer les originaux"], 2),
        (["Mover las fotos", "Eliminar los originales"], 2),
        (["Przenieś zdjęcia", "Usuń oryginały"], 2),
        (["Find teams and movies", "Compare them: Übersicht, verschieden, sobre"], 0),
    ],
)
def test_the_riskiest_step(steps: list[str], riskiest: int) -> None:
    """What is lost comes before what is overwritten, shared and moved; forms and marks do not matter."""
    found = riskiest_step([Step("Agent", step) for step in steps])
    assert (0 if found is None else found.number) == riskiest


def test_what_no_card_can_hold_is_not_drawn() -> None:
    """Drawing some hundred thousand characters would hold up everybody for seconds."""
    drawn = []

    def measure(card: object) -> int:
        drawn.append(len(str(card)))
        return len(str(card))

    made = plan(description="Sort. " * 100_000, steps=(Step("A", "Delete them. " * 10_000),))
    card, above = plan_card(made, PlanFormat(PageFormat(measure, 5_000), AccessPolicy()))
    assert max(drawn) < 20_000
    assert card.description == "Sort."
    assert above.startswith(made.description)


@pytest.mark.parametrize(
    ("fields", "approvable"),
    [
        ({}, True),
        ({"description": ""}, False),
        ({"description": " \n"}, False),
        ({"description": "", "steps": (Step("A", "b"),)}, True),
        ({"unreadable": 2}, False),
        ({"unreadable": 2, "steps": (Step("A", "b"),)}, True),
    ],
)
def test_what_can_be_approved(fields: dict[str, object], approvable: bool) -> None:
    """A plan whose steps are all unreadable, or that has no words at all, has no Approve."""
    card, _ = plan_card(plan(**fields), PlanFormat(PageFormat(lambda _: 0, 2000), AccessPolicy()))
    assert can_be_approved(plan(**fields)) is approvable
    assert [button.action for button in card.buttons] == [Action.APPROVE] * approvable + [Action.CANCEL]


def test_a_second_person_does_not_replace_the_first() -> None:
    """Ada's answer was lost, Ben's cancellation got a 404: both are told, in order, and nothing was cancelled."""
    late = Attempt(BEN, Action.CANCEL, 2, PlanPhase.SENT, PlanPhase.SETTLED, "404")
    found = plan(
        phase=PlanPhase.SETTLED,
        action=Action.CANCEL,
        decider=BEN,
        detail=strings.SETTLED,
        attempts=(LOST, late),
    )
    assert said(record(found)) == [
        f"Approve pressed by Ada: {strings.UNKNOWN_THEN}",
        "Cancel pressed by Ben.",
        strings.SETTLED,
    ]


def test_an_approval_after_a_lost_cancellation_is_none() -> None:
    """A 404 says that an earlier attempt had decided; where that may have been a cancellation, nobody approved."""
    lost = Attempt(ADA, Action.CANCEL, 1, PlanPhase.UNKNOWN, PlanPhase.PENDING, "lost")
    late = Attempt(BEN, Action.APPROVE, 2, PlanPhase.SENT, PlanPhase.SETTLED, "404")
    settled = {
        "phase": PlanPhase.SETTLED,
        "action": Action.APPROVE,
        "decider": BEN,
        "detail": strings.SETTLED,
    }
    assert said(record(plan(attempts=(lost, late), **settled)))[1] == "Approve pressed by Ben."
    assert said(record(plan(attempts=(LOST, late), **settled)))[1] == "Approved by Ben."


@pytest.mark.parametrize(
    ("action", "answer", "earlier", "says"),
    [
        (Action.CANCEL, "409", (), "Cancel pressed by Ada."),
        (Action.CANCEL, "lost", (LOST,), "Cancel pressed by Ada."),
        (Action.APPROVE, "404", (), "Approve pressed by Ada."),
        (Action.APPROVE, "lost", (LOST,), "Approved by Ada."),
        (Action.CANCEL, "202", (), "Cancelled by Ada."),
    ],
)
def test_a_decision_is_nobodys_where_another_one_may_have_counted(
    action: Action, answer: str, earlier: tuple[Attempt, ...], says: str
) -> None:
    """After a 409, a lost answer and a 404 of an older card's plan the last press is a press, not the decision."""
    last = Attempt(ADA, action, 2, PlanPhase.UNKNOWN, PlanPhase.SETTLED, answer)
    found = plan(phase=PlanPhase.SETTLED, action=action, decider=ADA, attempts=(*earlier, last), detail="x")
    assert said(record(found))[-2] == says


@pytest.mark.parametrize(
    ("fields", "drawn"),
    [
        ({"description": "poison"}, ("", ())),
        ({"description": "First. And poison."}, ("First.", ())),
        ({"steps": (Step("A", "Look"), Step("A", "Move poison"))}, ("", ())),
        ({"steps": (Step("A", "See poison"), Step("A", "Move"))}, ("Sort", (Step("A", "Move", 2),))),
        ({"said": "poison"}, ("Sort", ())),
    ],
)
def test_words_that_cannot_be_drawn_are_not_on_the_card(fields: dict[str, object], drawn: object) -> None:
    """A card whose words make a platform's renderer fail is one without these words, and can be decided."""

    def measure(content: Content) -> int:
        assert isinstance(content, PlanCard)
        if "poison" in str(content):
            raise RuntimeError("the words of a person")
        return 0

    found = plan(**fields)
    card, above = plan_card(found, PlanFormat(PageFormat(measure, 2000), AccessPolicy()))
    assert (card.description, card.steps) == drawn
    assert card.said == ""
    assert [button.action for button in card.buttons] == [Action.APPROVE, Action.CANCEL]
    assert ("poison" in above) == (not found.said)


def test_many_attempts_keep_the_first_and_the_last() -> None:
    """A card has room for a few; how many are left out is said."""
    lines = said(record(plan(attempts=(LOST,) * 9, detail="x")))
    assert len(lines) == 6
    assert "5 more attempts" in lines[1]


def test_a_card_with_every_line_fits() -> None:
    """However often it was tried and whatever Aion said, the card of a plan that just fitted is no larger than a page."""

    def measure(content: Content) -> int:
        assert isinstance(content, PlanCard)
        words = [
            content.title,
            content.description,
            content.said,
            *(step.description for step in content.steps),
        ]
        mentions = sum(isinstance(part, Person) for line in content.record for part in line)
        return sum(map(len, (*words, *said(content.facts), *said(content.record)))) + 20 * mentions

    # The largest description that still stands on the card itself.
    size = 2000 - 1100 - len(strings.PLAN_TITLE)
    attempts = (LOST,) * 9
    full = plan(description="x" * size, attempts=attempts, detail="d" * 400)
    card, above = plan_card(full, PlanFormat(PageFormat(measure, 2000), AccessPolicy()))
    assert above == ""
    assert measure(card) <= 2000


def test_the_name_of_an_agent_counts() -> None:
    """What an agent is called may say more than the words of its step."""
    found = riskiest_step([Step("Move", "Look"), Step("File deletion", "Tidy up")])
    assert found is not None
    assert found.number == 2


SIZES = [
    (discord.measure, discord_limits.LIMITS.page, "1" * 19),
    (slack.measure, slack_limits.LIMITS.page, "U" + "1" * 10),
]


@each(("measure", "limit", "person"), SIZES)
@each("phase", [PlanPhase.PENDING, PlanPhase.FAILED, PlanPhase.REPLACED])
@each("words", ["d" * 700, "|" * 400, "First. " + "x" * 5000])
@each("approvers", ["anyone", 100])
def test_a_card_is_never_larger_than_a_message(
    measure: Callable[[Content], int],
    limit: int,
    person: str,
    phase: PlanPhase,
    words: str,
    approvers: str | int,
) -> None:
    """Long words, many attempts, Aion's words about the outcome, a hundred approvers: the platform takes the card.

    A refused edit would leave the buttons on a decided plan.
    """
    if isinstance(approvers, int):
        listed = frozenset(f"{person[:-3]}{number:03}" for number in range(approvers))
    ada = Person(person, "Ada")
    attempt = Attempt(ada, Action.APPROVE, 1, PlanPhase.BUSY, PlanPhase.PENDING, "409")
    found = plan(
        requester=ada,
        description=words,
        steps=(Step("Folder organization", "Move them"),),
        operations=10**9,
        unreadable=10**6,
        phase=phase,
        decider=ada,
        action=Action.APPROVE,
        detail="w" * 400,
        said="|" * 400,
        attempts=(attempt,) * 9,
    )
    named = listed if isinstance(approvers, int) else approvers
    card, _ = plan_card(found, PlanFormat(PageFormat(measure, limit), AccessPolicy(approvers=named)))
    assert measure(card) <= limit
    assert any("more attempts" in str(line) for line in card.record)
    assert any("w" * 400 in str(line) for line in card.record) == (phase is not PlanPhase.REPLACED)


def test_a_card_names_ten_approvers() -> None:
    """Of more the number is told."""
    people = frozenset(f"U{number:02}" for number in range(12))
    line = strings.deciders(people, ADA)
    assert sum(isinstance(part, Person) for part in line) == 10
    assert line[-1] == " and 2 more can approve or cancel this."


SIMPLE = PlanFormat(PageFormat(lambda _: 0, 2000), AccessPolicy())


@pytest.mark.parametrize(
    ("description", "headline", "rest"),
    [
        ("Delete 12 duplicates in *Site 7*.", "Delete 12 duplicates in Site 7.", ""),
        ("**Delete** *.jpg in *Site 7*. Then rest", "Delete *.jpg in Site 7.", "Then rest"),
        ("* Delete them", "Delete them", "whole"),
        ("Sort the photos", "Sort the photos", ""),
        ("Sort the photos. Then share them.", "Sort the photos.", "Then share them."),
        ("Sort photos of Dr. Who at No. 5. Share them.", "Sort photos of Dr. Who at No. 5.", "Share them."),
        ("1. Sort. 2. Move", "1. Sort.", "2. Move"),
        ("# Tidy up\nMove all", "Tidy up", "whole"),
        ("Delete ~~no~~ file", "Delete no file", "whole"),
        ("See [this](https://x.example) first", "See this first", "whole"),
        ("Sort " + "x " * 200, "Sort " + "x " * 46 + "x…", "whole"),
        ("Sort them!", "Sort them!", ""),
        ("Sort it.py now", "Sort it.py now", ""),
    ],
)
def test_the_title_is_the_plans_own_first_sentence(description: str, headline: str, rest: str) -> None:
    """Plain words of the first sentence; what they leave out stands below, and nothing stands there twice."""
    card, _ = plan_card(plan(description=description), SIMPLE)
    assert card.heading == f"{strings.PLAN_TITLE}: {headline}"
    assert card.rest == (description if rest == "whole" else rest)


@pytest.mark.parametrize(
    ("description", "step", "asks"),
    [
        ("Tidy up", "Delete the originals", True),
        ("Remove duplicates", "Do it", True),
        ("Aufräumen", "Originale löschen", True),
        ("Tidy up", "Move the originals", False),
        ("Overwrite them", "Copy", False),
    ],
)
def test_what_deletes_asks_once_more(description: str, step: str, asks: bool) -> None:
    """Approve of a plan that deletes something has a caution; Cancel has none."""
    card, _ = plan_card(plan(description=description, steps=(Step("Agent", step),)), SIMPLE)
    assert [bool(button.caution) for button in card.buttons] == [asks, False]


@pytest.mark.parametrize(
    ("phase", "action", "begins"),
    [
        (PlanPhase.PENDING, None, strings.PLAN_TITLE),
        (PlanPhase.RUNNING, Action.APPROVE, "⏳ Working"),
        (PlanPhase.SENT, Action.CANCEL, "⏳ Cancelling"),
        (PlanPhase.DONE, Action.APPROVE, "✅ Done"),
        (PlanPhase.FAILED, Action.APPROVE, "⚠️"),
        (PlanPhase.CANCELLED, Action.CANCEL, "🚫 Cancelled"),
        (PlanPhase.EXPIRED, Action.APPROVE, "⌛ Closed"),
        (PlanPhase.SETTLED, Action.APPROVE, "☑️ Decided"),
        (PlanPhase.REPLACED, None, "↪️ Replaced"),
    ],
)
def test_a_card_looks_decided_at_a_glance(phase: PlanPhase, action: Action | None, begins: str) -> None:
    """The title begins with how far a plan is, and a decision has its time."""
    attempts = (Attempt(ADA, action, 1_700_000_000),) if action else ()
    card, _ = plan_card(
        plan(phase=phase, action=action, decider=ADA if action else None, attempts=attempts), SIMPLE
    )
    assert card.heading.startswith(begins)
    assert (card.decided_at == 1_700_000_000) is bool(action)
    decides = {Action.APPROVE, Action.CANCEL} & {one.action for one in card.buttons}
    assert bool(decides) == (phase is PlanPhase.PENDING)


def test_steps_show_how_far_they_are() -> None:
    """Marks stand before the number, the mark of parallel steps behind it; both are also said in words."""
    steps = (
        Step("A", "a", state=StepState.DONE),
        Step("B", "b", state=StepState.FAILED),
        Step("C", "c", parallel=True, state=StepState.RUNNING),
    )
    card, _ = plan_card(
        plan(steps=steps, phase=PlanPhase.RUNNING, action=Action.APPROVE, decider=ADA), SIMPLE
    )
    assert [step.numbered(at) for at, step in enumerate(card.steps, 1)] == ["✅ 1. ", "❌ 2. ", "⏳ 3. ∥ "]
    assert {"1 of 3 steps done", strings.PARALLEL_STEPS} <= set(said(card.facts))


def test_the_smallest_page_becomes_no_smaller() -> None:
    """Where the platform refuses it as well, a result stays in as many messages as it has."""
    view = PlanCardView(plan(), PlanFormat(PlainAdapter().page_format, AccessPolicy()))
    view.show(view.plan, "word " * 300)
    while view.shrink():
        smallest = view.screen()
    assert view.screen() == smallest


def test_the_sources_of_a_result_stand_under_it() -> None:
    """A plan's result ends with the list of what it cites, and so does its file where it is too long for messages."""
    one, sources = Plan("k", "p", "s", ThreadKey("slack", "t"), Person("U1"), "Move"), Sources()
    view = PlanCardView(one, PlanFormat(PlainAdapter().page_format, AccessPolicy(approvers="anyone")))
    view.show(one, cited("Moved [[img:a|a.jpg]].", sources), sources)
    assert texts(view.screen())[1:] == ["Moved [1].\n\n**Sources**\n- [1] a.jpg"]
    view.show(one, cited("[[img:a|a.jpg]] " + "word " * 9000, sources), sources)
    view.ended = True
    *_, document = view.screen()
    assert isinstance(document, Document)
    assert document.text.endswith("**Sources**\n- [1] a.jpg")


@pytest.mark.parametrize("adapter", [slack, discord])
def test_a_finished_card_says_once_that_it_is_done(adapter: ModuleType) -> None:
    """The title has it; the record names the person, the outcome is Aion's words without it. A press later is told all."""
    steps = (Step("Search", "Find them", state=StepState.DONE),)
    response = PlanActionResponse(True, "p", "Done: 3 photos are in two folders.", "approve")
    asked = plan(phase=PlanPhase.SENT, action=Action.APPROVE, decider=ADA, steps=steps, attempts=(LOST,))
    ended = ended_plan(asked, answered(asked, response))
    card, _ = plan_card(ended, SIMPLE)
    shown = str(adapter.arguments(card)["blocks"] if adapter is slack else adapter.body(card)["content"])
    assert shown.lower().count("done") == 1
    assert "3 photos are in two folders." in shown
    assert said(in_words(ended)) == ["✅ Done.", "Approved by Ada."]


@pytest.mark.parametrize(
    ("phase", "action", "detail", "once"),
    [
        (PlanPhase.CLAIMED, Action.APPROVE, "", "working"),
        (PlanPhase.SENT, Action.CANCEL, "", "cancelling"),
        (PlanPhase.RUNNING, Action.APPROVE, "", "working"),
        (PlanPhase.RUNNING, Action.CANCEL, "", "cancel"),
        (PlanPhase.BUSY, Action.CANCEL, "", "checking"),
        (PlanPhase.UNKNOWN, Action.APPROVE, "", "checking"),
        (PlanPhase.DONE, Action.APPROVE, strings.DONE, "done"),
        (PlanPhase.FAILED, Action.APPROVE, strings.NOT_DONE, "failed"),
        (PlanPhase.FAILED, Action.APPROVE, strings.PARTLY_DONE, "failed"),
        (PlanPhase.CANCELLED, Action.CANCEL, strings.DROPPED, "cancel"),
        (PlanPhase.CANCELLED, Action.CANCEL, strings.SEE_BELOW, "cancel"),
        (PlanPhase.EXPIRED, Action.APPROVE, strings.EXPIRED, "expired"),
        (PlanPhase.SETTLED, Action.APPROVE, strings.SETTLED, "decided"),
        (PlanPhase.SETTLED, Action.CANCEL, strings.ANOTHER_DECIDED, "decided"),
        (PlanPhase.SETTLED, Action.APPROVE, strings.UNSEEN_END, "decided"),
        (PlanPhase.SETTLED, Action.APPROVE, strings.UNREADABLE_OUTCOME, "decided"),
        (PlanPhase.SETTLED, Action.APPROVE, strings.MORE_TO_CONFIRM, "decided"),
    ],
)
def test_a_card_and_its_private_replies_say_it_in_the_same_words_and_once(
    phase: PlanPhase, action: Action, detail: str, once: str
) -> None:
    """How far a plan is stands once on the card, and once in what a late press is told, which has the card's lines."""
    attempts = (Attempt(ADA, action, 1),)
    found = plan(phase=phase, action=action, decider=ADA, detail=detail, attempts=attempts)
    card, _ = plan_card(found, SIMPLE)
    (replied,) = said((strings.already(in_words(found)),))
    assert all(line in replied for line in said(card.record))
    assert [text.lower().count(once) for text in (" ".join([card.title, *said(card.record)]), replied)] == [
        1,
        1,
    ]


def test_what_needs_confirmation_is_said_once() -> None:
    """The card of the plan leads to the card below it, which says what is needed and how to go on."""
    card, _ = plan_card(plan(phase=PlanPhase.SETTLED, detail=strings.MORE_TO_CONFIRM), SIMPLE)
    below = pending_card("k", [None], SIMPLE.page)
    shown = " ".join([card.title, *said(card.record), below.title, *said(below.facts)])
    assert (shown.count("needs another confirmation"), shown.count("Ask me how to go on")) == (1, 1)


def test_an_attempt_that_came_to_nothing_says_so_once() -> None:
    """The line of the attempt and the sentence that brings the buttons back do not repeat each other."""
    lost = Attempt(ADA, Action.APPROVE, 1, PlanPhase.SENT, PlanPhase.PENDING, "429")
    told = said(record(plan(detail=strings.refused("Aion is busy."), attempts=(lost,))))
    assert " ".join(told).count("Nothing was changed") == 1


@pytest.mark.parametrize(
    ("source", "detail", "words"),
    [
        (PlanPhase.UNKNOWN, strings.STILL_UNKNOWN, "couldn't see"),
        (PlanPhase.BUSY, strings.STILL_BUSY, "couldn't see"),
        (PlanPhase.CLAIMED, strings.refused(strings.NEVER_TOLD), "told"),
    ],
)
def test_a_press_that_brings_the_buttons_back_tells_why_once(
    source: PlanPhase, detail: str, words: str
) -> None:
    """The line of the press has the reason, the sentence below it what to do."""
    press = Attempt(ADA, Action.APPROVE, 1, source, PlanPhase.PENDING)
    press_line, then = said(record(plan(detail=detail, attempts=(press,))))
    assert press_line.startswith("Approve pressed by Ada: ")
    assert (press_line + then).count(words) == 1
    assert "You can decide again" in then
