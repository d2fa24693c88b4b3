"""The default answers of a simulated Aion. No I/O.

Deterministic: the words of a question and the topic of its session choose the scene.
"""

import re
from collections.abc import Sequence
from hashlib import sha256

from aion_bot.simulators.aion import library, photos
from aion_bot.simulators.aion.long_report import LONG_REPORT
from aion_bot.simulators.aion.scene import (
    ENDING,
    Answer,
    AwaitDecision,
    Cut,
    Emit,
    Operation,
    Plan,
    PlanEnd,
    Propose,
    Scene,
    Speak,
    Step,
    proposed,
    refused,
)
from aion_bot.simulators.aion.sessions import Session
from aion_bot.simulators.aion.stored_files import StoredFile

DAMAGED = (library.PUMP, library.SCAFFOLD, library.LIFT)
DAMAGE = "damage"
SAFETY = "safety"
LEAK = "The ceiling is stained and cracked, and water drips from it into a bucket"


def respond(question: str, session: Session, files: Sequence[StoredFile] = ()) -> Scene:
    """Choose the scene of a question; one that names files of the session's selection is answered about those."""
    words = question.lower()
    named = [one for one in files if one.filename.lower() in words]
    if named:
        return about_files(named)
    follow_up = re.search(r"\b(which|worst|first|them|that|those|more|why|it)\b", words)
    if session.topic == DAMAGE and follow_up:
        return worst_damage()
    for pattern, scene in _SCENES:
        if re.search(pattern, words):
            return scene()
    return overview()


def damaged_equipment() -> Scene:
    """Three damaged things on site 7, with pictures, a report and a count."""
    pump, scaffold, lift = DAMAGED
    content = (
        "I found [[ref:damaged]] pieces of damaged equipment on **site 7**:\n\n"
        f"1. **Concrete pump**: the hydraulic hose is torn {pump.reference}\n"
        f"2. **Scaffold, north face**: a cross brace is bent {scaffold.reference}\n"
        f"3. **Hoist**: the gate no longer closes {lift.reference}\n\n"
        f"The last inspection already named the hoist, see {library.INSPECTION.reference('p:5')}."
    )
    return _searched(content, DAMAGE, DAMAGED, "Searching images of site 7…")


def worst_damage() -> Scene:
    """A follow-up that depends on the answer before."""
    content = (
        "Of the three, the **hoist** is the most urgent: its gate no longer closes, so nobody should ride it. "
        f"{library.LIFT.reference}\n\nThe pump can wait until the hose is replaced; {library.MANUAL.reference('pp:3-7')} "
        "says how."
    )
    return _searched(content, DAMAGE, (library.LIFT,), "Comparing what I found…")


def safety_report() -> Scene:
    """An answer with references to documents only."""
    content = (
        f"The safety report of March lists two open points {library.SAFETY.reference('pp:2-3')}:\n\n"
        "- the trench on site 3 has no edge protection\n"
        "- the crane hook on site 3 has a worn latch\n\n"
        f"Both are due this week {library.SAFETY.reference('p:9')}."
    )
    return _searched(content, SAFETY, (), "Searching documents…", agent="DocumentSearchAgent")


def about_files(files: Sequence[StoredFile]) -> Scene:
    """What is in files that somebody attached, with its pictures; of the photo that the demo offers it is known."""
    known = {sha256(photos.ROOF_LEAK.content).hexdigest(): LEAK}
    seen = {one.id: known.get(one.digest, f"Nothing is damaged, {one.size:,} bytes") for one in files}
    found = "\n".join(f"- {seen[one.id]} {one.reference}" for one in files)
    content = f"I looked at {len(files)} of your files:\n\n{found}"
    images = tuple(one.to_context(seen[one.id]) for one in files if one.media_type == "image")
    documents = [one for one in files if one.media_type == "document"]
    data = [{"document_id": one.id, "filename": one.filename} for one in documents]
    answer = Answer(content, {"tool_document_data": data}, images, ("VisualAnalysisAgent",))
    return Scene(
        (*_at_work("VisualAnalysisAgent", "Looking at your files…"), Speak(content), *ENDING), answer
    )


def long_report() -> Scene:
    """Some nine thousand characters of Markdown."""
    steps = _at_work("ReportSynthesisAgent", "Writing the report…")
    return Scene(
        (*steps, Speak(LONG_REPORT), *ENDING), Answer(LONG_REPORT, agents=("ReportSynthesisAgent",)), "report"
    )


def shouting() -> Scene:
    """Words that would notify people if a platform believed them."""
    content = (
        "The sign on the fence reads: <!channel> @everyone <!here> <@U0000001> <@&42> @here\n\n"
        "```\n<!channel> @everyone <@U0000001>\n```\nNobody has to come."
    )
    return Scene((Speak(content), *ENDING), Answer(content))


def overview() -> Scene:
    """A list of possible questions."""
    content = (
        f"I can look at {len(library.IMAGES)} photos and {len(library.DOCUMENTS)} documents of your building "
        "sites. Ask me what is damaged on site 7, what the safety report says, for a long report, or to organize "
        "the photos of site 7 into folders."
    )
    return Scene(
        (*_at_work("AnalyticsAgent", "Looking at the library…"), Speak(content), *ENDING), Answer(content)
    )


def organize(*ends: PlanEnd, stays_open: bool = False, verb: str = "Organize") -> Scene:
    """A plan over the photos of site 7."""
    plan = Plan(
        f"{verb} the photos of site 7 into folders",
        (
            Operation("ImageSearchAgent", "Find all photos of site 7"),
            Operation("VisualAnalysisAgent", "Tell damaged equipment from the rest", ("ImageSearchAgent",)),
            Operation(
                "FolderOrganizationAgent", "Make two folders and move the photos", ("VisualAnalysisAgent",)
            ),
        ),
        "Done: 3 photos are in two folders, **Damaged equipment** (3) and **Other** (0).",
        ends or (PlanEnd.DONE,),
    )
    lead = f"I will {verb.lower()} the photos of site 7 as soon as you agree."
    return proposed(plan, lead, stays_open=stays_open)


def duplicates() -> Scene:
    """A plan that deletes, two steps of which run at once, and which takes its time."""
    both = ("ImageSearchAgent", "DocumentSearchAgent")
    plan = Plan(
        "Delete 12 duplicates in *Site 7*.",
        (
            Operation(both[0], "Find photos that are there twice"),
            Operation(both[1], "Find reports that show them"),
            Operation("FolderOrganizationAgent", "Delete the 12 photos that no report shows", both),
        ),
        "Deleted 12 photos; every report still has its own.",
        (PlanEnd.ACCEPTED,),
    )
    lead = "I found 12 photos of site 7 twice."
    return Scene((Speak(lead), Propose(plan), AwaitDecision(works=True), *ENDING), Answer(lead))


def month_is_over() -> Scene:
    """The monthly limit, reported inside the stream."""
    error = Emit(
        "error", {"message": "Monthly chat limit reached (200/200).", "code": "USAGE_LIMIT_EXCEEDED"}
    )
    return Scene((error,))


def outage() -> Scene:
    """A server that is down."""
    return refused(503, code="SERVICE_UNAVAILABLE", message="The service is down for maintenance")


def broken_off() -> Scene:
    """A stream that breaks in the middle; the answer is stored."""
    whole = damaged_equipment()
    half = whole.answer.content[: len(whole.answer.content) // 2]
    return Scene((Speak(half), Cut(stored=True)), whole.answer, DAMAGE)


_SCENES = (
    (r"\boutage\b", outage),
    (r"\blimit\b", month_is_over),
    (r"\bbreaks? off\b", broken_off),
    (r"\bduplicates?\b", duplicates),
    (r"\borganiz", organize),
    (r"\barchive", lambda: organize(PlanEnd.ACCEPTED, verb="Archive")),
    (r"\bsort", lambda: organize(stays_open=True, verb="Sort")),
    (r"\bmerge", lambda: organize(PlanEnd.BUSY, verb="Merge")),
    (r"\bdelete", lambda: organize(PlanEnd.EXPIRED, verb="Delete")),
    (r"\bfence\b|\bsign\b|everyone", shouting),
    (r"\blong\b|\breport on everything\b", long_report),
    (r"\bsafety\b|\breport\b", safety_report),
    (r"\bdamaged?\b|\bbroken\b|\bequipment\b", damaged_equipment),
)


def _at_work(agent: str, message: str) -> tuple[Step, ...]:
    return (
        Emit("thinking", {"status": "processing"}),
        Emit("status", {"phase": "searching", "message": message, "agent_name": agent}),
        Emit("thinking_step", {"phase": "analysis", "agent_name": agent, "message": message}),
        Emit("tool_invocation", {"tool_name": "search", "agent_name": agent}),
    )


def _searched(
    content: str,
    topic: str,
    images: tuple[library.Image, ...],
    message: str,
    *,
    agent: str = "ImageSearchAgent",
) -> Scene:
    contexts = tuple(image.to_context() for image in images)
    found: list[Step] = [Emit("tool_result", {"tool_name": "search", "result_count": len(images)})]
    if contexts:
        found.append(Emit("image_results", {"images": list(contexts), "count": len(contexts)}))
    ids = [image.id for image in images]
    metadata = {
        "vision_used": bool(images),
        "tool_document_data": [document.to_data() for document in library.DOCUMENTS],
        "result_refs": {
            "damaged": {
                "count": len(ids),
                "ids": ids,
                "image_ids": ids,
                "id_type": "image",
                "label": "damaged equipment",
            }
        },
    }
    answer = Answer(content, metadata, contexts, (agent,))
    return Scene((*_at_work(agent, message), *found, Speak(content), *ENDING), answer, topic)
