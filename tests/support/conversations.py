"""Conversations that a question makes sense in, and not alone; and talk on a simulated platform."""

from collections.abc import Sequence

from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.slack import SimulatedSlack
from aion_bot.simulators.slack.state import BOT
from aion_bot.simulators.workspace import SimulatedFile, SimulatedPerson

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

    def __init__(
        self, workspace: SimulatedSlack | SimulatedDiscord, person: SimulatedPerson, text: str
    ) -> None:
        self.workspace = workspace
        if isinstance(workspace, SimulatedSlack):
            self.first = self.thread = workspace.remark(person, text)
        else:
            began = workspace.say(person, text)
            self.first = began.id
            self.thread = workspace.backend.open_thread(began, {"name": text[:50]}, by=person).id

    def say(self, person: SimulatedPerson, text: str, *, files: Sequence[SimulatedFile] = ()) -> str:
        """Write in the thread; returns the message's id."""
        if isinstance(self.workspace, SimulatedSlack):
            channel = self.workspace.general
            return self.workspace.say(person, channel, text, thread=self.thread, files=files).ts
        attached = {"attachments": tuple(one.name for one in files), "contents": tuple(files)}
        return self.workspace.say(person, text, self.thread, **attached).id

    def ask(self, person: SimulatedPerson, text: str) -> str:
        """Mention the bot in the thread."""
        bot = BOT.id if isinstance(self.workspace, SimulatedSlack) else self.workspace.world.bot.id
        return self.say(person, f"<@{bot}> {text}")
