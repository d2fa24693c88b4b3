"""Who may do what where: one function decides for every way in which people reach Aion. No I/O."""

from dataclasses import dataclass
from enum import StrEnum

from aion_bot.ports.events import Place
from aion_bot.ports.messages import Person

Approvers = str | frozenset[str]
"""`requester`, `anyone`, or the ids of those who may decide."""


class Intent(StrEnum):
    """A way to make the bot do something."""

    ASK = "ask"
    """A question that addresses the bot: a mention, a direct message, a command, a shortcut on a message."""
    FOLLOW_UP = "follow-up"
    """A message in a thread of the bot's that does not mention it."""
    EDIT = "edit"
    """Changing a question that still waits."""
    DECIDE = "decide"
    """Cancelling a plan, its cancellation by a Stop included; also whether somebody is among those who may decide."""
    APPROVE = "approve"
    """Approving a plan: what `DECIDE` needs, and with four eyes that somebody else asked for the plan."""
    STOP = "stop"
    """Ending an answer: by the bot's button or by the platform's own."""
    RETRY = "retry"
    REPLACE = "replace"
    """Ending the answer that runs by asking another question (`AION_BOT_BUSY=replace`)."""
    WITHDRAW = "withdraw"
    """Taking a question back that waits: its asker alone, and of an app's everybody."""
    RATE = "rate"
    """Saying whether an answer was good: everybody who may use the bot where it stands may."""
    EXPLAIN = "explain"
    """Adding a reason to one's own decision on a plan."""
    MANAGE = "manage"
    """A command about the person's own conversations: its answer is private."""
    CHANGE = "change"
    """Ending, renaming or replacing a conversation that somebody began."""
    ANNOUNCE = "announce"
    """What a command shows to everybody who reads a thread: a file, or that its conversation goes on elsewhere."""
    USAGE = "usage"
    """Seeing how much the bot is used, which is `OPERATOR`'s: those alone whom the list of approvers names by id."""
    SHARE = "share"
    """Posting a private answer where it was asked, which is its asker's alone."""
    RECOVER = "recover"
    """Going on, in the asker's name, with what was accepted earlier: after a restart, or for a retry."""


OPERATOR = Person("")
"""The owner of what belongs to nobody in the chat."""


class Refusal(StrEnum):
    """Why something is not done."""

    DISABLED = "switched off here"
    SHARED = "channel is shared with another organisation"
    UNCHECKED = "channel could not be looked up"
    UNKNOWN_STANDING = "roles or guests could not be looked up"
    LEFT = "has left"
    GUEST = "guests may not use the bot here"
    NOT_LISTED = "not on the allow lists"
    NEW_WORKSPACE = "workspace joined after the first start"
    UNSEEN = "bot may not write there"
    MUTED = "person may not write there"
    NOT_THEIRS = "belongs to somebody else"
    OWN_PLAN = "the requester's own approval does not count"
    APP = "apps may not do this"
    AFTER_APP = "an app asked last in this thread"


DESTRUCTIVE = ("delete", "remove", "move", "overwrite", "replace", "share", "merge")
"""Words that make a plan destructive unless the file names others."""


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """What holds on one platform, or at one place of it (`Rules.policy`); an empty list allows all.

    `allow_apps` are ids of apps that may ask; here an empty list allows none. `approvers` decide plans. `admitted` are the
    workspaces that may use the bot while no list names any, None where none has to be admitted. `allow_roles` are
    added to `allow_users`: whoever is on one of both may use the bot. `shared`: whether a channel that another
    organisation sees may use it; None where only the list of channels says so.

    Whoever has one of `approver_roles` decides plans as well. `approvals_required` different people have to approve, and
    `destructive_approvals_required` (0: as many as otherwise) a plan in which one of `destructive_words` stands; with
    `four_eyes` the requester is none of them. `approval_expires` and `approval_reminder` are in seconds after the plan was
    proposed; 0: never.
    """

    allow_channels: frozenset[str] = frozenset()
    allow_users: frozenset[str] = frozenset()
    allow_workspaces: frozenset[str] = frozenset()
    allow_apps: frozenset[str] = frozenset()
    approvers: Approvers = "requester"
    admitted: frozenset[str] | None = None
    enabled: bool = True
    allow_roles: frozenset[str] = frozenset()
    guests: bool = True
    shared: bool | None = None
    plans_refused: bool = False
    """Whether Aion refuses plan actions to the key in use, so that nobody can approve."""
    approver_roles: frozenset[str] = frozenset()
    approvals_required: int = 1
    four_eyes: bool = False
    approval_expires: int = 86_400
    approval_reminder: int = 0
    destructive_words: tuple[str, ...] = DESTRUCTIVE
    destructive_approvals_required: int = 0

    def depends_on_standing(self, person: Person, owner: Person | None = None) -> bool:
        """Return whether it counts for a person which roles they have, or whether they are a guest.

        `owner` as for `decide`, where the intent is one of `OWN`.
        """
        if person.id in person.apps or not self.enabled:
            return False
        listed = self.allow_roles or self.approver_roles
        return not self.guests or bool(listed and self.roles_that_count(person, owner))

    def roles_that_count(self, person: Person, owner: Person | None = None) -> frozenset[str]:
        """Return the roles of which it counts whether a person has them; `owner` as for `depends_on_standing`."""
        listed = not self.allow_roles or person.id in self.allow_users
        found = frozenset() if listed else self.allow_roles
        return found if owner is None or self.is_approver(person, owner) else found | self.approver_roles

    def is_approver(self, person: Person, owner: Person) -> bool:
        """Return whether a person may decide plans of `owner` whatever roles they have."""
        if isinstance(self.approvers, frozenset):
            return person.id in self.approvers
        return self.approvers == "anyone" or person.id == owner.id


NOBODY = frozenset({"nobody"})
"""Stands for a list of a file that is empty on purpose. It is no id of any platform."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the platform says of a person at a place: the roles or groups, and whether they are a guest.

    None: the platform did not say it, or was not asked. `left`: they cannot act there any more; of somebody who acts just now
    nobody asks it.
    """

    roles: frozenset[str] | None = None
    guest: bool | None = None
    left: bool | None = False


NOT_ASKED = Standing()


_POSTING = frozenset({Intent.ASK, Intent.FOLLOW_UP, Intent.RETRY, Intent.SHARE, Intent.ANNOUNCE})
"""Intents that lead to a new message in the place itself, unless it is private."""

_PRIVATE = frozenset({Intent.MANAGE, Intent.CHANGE})
"""Intents that may be used where the bot is not, as a platform offers them everywhere."""

_DECIDING = frozenset({Intent.DECIDE, Intent.APPROVE})

OWN = _DECIDING | {
    Intent.STOP,
    Intent.RETRY,
    Intent.REPLACE,
    Intent.WITHDRAW,
    Intent.CHANGE,
    Intent.USAGE,
    Intent.SHARE,
}
"""Intents for which it counts whose question it was."""

_OF_APPS = frozenset({Intent.ASK, Intent.RECOVER})
"""Intents of apps that are listed: a mention is asked, and nothing else of what an app writes counts."""


def decide(
    policy: AccessPolicy,
    intent: Intent,
    place: Place,
    person: Person,
    owner: Person | None = None,
    *,
    standing: Standing = NOT_ASKED,
) -> Refusal | None:
    """Return why `person` may not do this at this place, or None if they may.

    `policy` is that of the place, and `standing` the person's there, where the policy depends on it. `owner` asked the
    question that the intent is about; without an owner, ownership is not checked. Of an app's own question it is whoever
    asked last in the thread: two apps that answer each other would never end.
    """
    if not policy.enabled:
        return Refusal.DISABLED
    personal = _personal(policy, person, standing) if standing.left is False else _departed(standing)
    refusal = _membership(policy, place) or personal
    if person.apps and (intent not in _OF_APPS or not may_app_ask(policy, person.apps)):
        refusal = Refusal.APP
    elif person.apps and intent is Intent.ASK and owner is not None and owner.apps:
        refusal = Refusal.AFTER_APP
    if refusal is not None and not place.checked and personal is None:
        refusal = Refusal.UNCHECKED  # the reason may be something that the platform did not tell
    if refusal is Refusal.SHARED and intent in _POSTING | _PRIVATE and not place.bot_may_write:
        refusal = Refusal.UNSEEN  # a platform does not tell the bot who is in a channel that it is not in
    if refusal is None and intent in _POSTING and not place.private:
        if not place.bot_may_write:
            refusal = Refusal.UNSEEN if place.checked or place.lacks else Refusal.UNCHECKED
        elif not place.person_may_write:
            # The bot's answer would be public in a channel where the person may not write.
            refusal = Refusal.MUTED if place.checked else Refusal.UNCHECKED
    if refusal is None and owner is not None and intent in OWN:
        refusal = _ownership(policy, intent, person, owner, standing)
    return refusal


def may_app_ask(policy: AccessPolicy, apps: frozenset[str]) -> bool:
    """Return whether an app with any of these ids is listed."""
    return not apps.isdisjoint(policy.allow_apps)


def may_use_workspace(policy: AccessPolicy, workspace: str) -> bool:
    """Return whether a workspace may use the bot at all. A direct message has none: `workspace` is empty there."""
    if policy.allow_workspaces:
        return workspace in policy.allow_workspaces
    return policy.admitted is None or not workspace or workspace in policy.admitted


def _membership(policy: AccessPolicy, place: Place) -> Refusal | None:
    # Before the lists: an empty list allows all channels, but never one that strangers can read.
    listed = place.channel in policy.allow_channels
    if place.shared and not (listed if policy.shared is None else policy.shared):
        return Refusal.SHARED
    if policy.allow_channels and place.channel not in policy.allow_channels:
        return Refusal.NOT_LISTED
    # A person of another organisation comes through a workspace of the bot's, and belongs to their own.
    workspace = place.person_workspace or place.workspace
    if policy.allow_workspaces and not place.workspace:
        workspace = ""  # a direct message that belongs to no workspace is in none that is listed
    if not may_use_workspace(policy, workspace):
        return Refusal.NOT_LISTED if policy.allow_workspaces else Refusal.NEW_WORKSPACE
    return None


def _departed(standing: Standing) -> Refusal:
    """Return why who may have left may do nothing."""
    return Refusal.LEFT if standing.left else Refusal.UNKNOWN_STANDING


def _personal(policy: AccessPolicy, person: Person, standing: Standing) -> Refusal | None:
    """Return why a person may not use the bot, wherever the platform says that the place is."""
    # An app that speaks for itself is on its own list; one that acts for a person has no more rights than they have.
    if person.id in person.apps:
        return None
    limited = policy.allow_users or policy.allow_roles
    if limited and person.id not in policy.allow_users:
        if policy.allow_roles and standing.roles is None:
            return Refusal.UNKNOWN_STANDING
        if policy.allow_roles.isdisjoint(standing.roles or ()):
            return Refusal.NOT_LISTED
    if policy.guests:
        return None
    if standing.guest is None:
        return Refusal.UNKNOWN_STANDING
    return Refusal.GUEST if standing.guest else None


def _ownership(
    policy: AccessPolicy, intent: Intent, person: Person, owner: Person, standing: Standing
) -> Refusal | None:
    if intent is Intent.USAGE:
        named = isinstance(policy.approvers, frozenset) and person.id in policy.approvers
        return None if owner == OPERATOR and named else Refusal.NOT_THEIRS
    if intent in {Intent.REPLACE, Intent.WITHDRAW, Intent.SHARE}:
        by_app = intent is Intent.WITHDRAW and bool(owner.apps)
        return None if person.id == owner.id or by_app else Refusal.NOT_THEIRS
    # Those who may decide plans may also stop and retry what led to them; an app presses no buttons, so all others may.
    if intent not in _DECIDING and (person.id == owner.id or owner.apps):
        return None
    if not policy.is_approver(person, owner) and policy.approver_roles.isdisjoint(standing.roles or ()):
        unknown = policy.approver_roles and standing.roles is None
        return Refusal.UNKNOWN_STANDING if unknown else Refusal.NOT_THEIRS
    own = intent is Intent.APPROVE and policy.four_eyes and person.id == owner.id
    return Refusal.OWN_PLAN if own else None
