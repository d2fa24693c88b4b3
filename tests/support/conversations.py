"""Conversations that a question makes sense in, and not alone; and talk on a simulated platform."""

from collections.abc import Sequence

from aion_bot.simulators.workspace import FullWorkspace, SimulatedFile, SimulatedPerson
from tests.support.uses import use_of

CONVERSATIONS: Sequence[tuple[Sequence[str], str]] = (
    (("Beam 4 has a crack of 3 mm.", "Beam 7 leaks at the joint."), "Which of those is worse?"),
    (("The pump on site 7 stopped again.",), "Since when?"),
    (
        ("We inspect the north face on Monday.", "And the hoist on Tuesday."),
        "What do we need for the second one?",
    ),
    (("Roof or cellar first?",), "What do the pictures say?"),
    (("Ben: the gate is bent", "I think it is the hinge"), "Who is right?"),
    (("1. Scaffold\n2. Trench\n3. Crane",), "Tell me more about the last one."),
    (("Is the hook of crane 2 worn?", "No, of crane 3."), "Then show me that one."),
    (("The report of March lists two open points.",), "Are they closed?"),
    (("https://example.org/plan?a=1&b=2 is the plan.",), "What is wrong in it?"),
    (("`hose_id = 17`", "It is torn."), "Is there a spare for it?"),
    (("Der Kran auf Baustelle 3 klemmt.",), "Why?"),
    (("クレーンが動きません。",), "What does this mean for us?"),
    (("Site 3 had 14 defects.", "Site 7 had 9.", "Site 9 had 21."), "Which one first?"),
    (("> quoted by me", "and answered"), "Do you agree?"),
    (("*Urgent*: the fence is down.",), "How high was it?"),
    (("Nobody may enter the trench.", "Says who?"), "Yes, says who?"),
    (("Left is before, right is after.",), "What changed?"),
    (("The first photo is blurred.", "The second is not."), "Use the good one."),
    (("😀 all done", "Not the north side."), "What is left?"),
    (("Ask about beam 4.", "No, about beam 5."), "Well?"),
)
"""What two people said in turn, and the question that a third one asks then."""


class Talk:
    """A thread that people began without the bot, in which somebody then mentions it."""

    def __init__(self, workspace: FullWorkspace, person: SimulatedPerson, text: str) -> None:
        self._uses = use_of(workspace)
        self.first, self.thread = self._uses.begin_thread(person, text)

    def say(self, person: SimulatedPerson, text: str, *, files: Sequence[SimulatedFile] = ()) -> str:
        """Write in the thread; returns the message's id."""
        return self._uses.say(person, self.thread, text, files)

    def ask(self, person: SimulatedPerson, text: str) -> str:
        """Mention the bot in the thread."""
        return self.say(person, f"{self._uses.mention} {text}")
