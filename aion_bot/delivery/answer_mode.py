"""How the messages of one answer grow and end: its delivery mode, and what it holds of the limits for its end."""

from dataclasses import dataclass

from aion_bot.delivery.diff import MessageDiff
from aion_bot.delivery.replacement import edit_is_free, may_be_replaced
from aion_bot.delivery.steps import Edit, Post, StartStream, Step, StopStream
from aion_bot.delivery.strategy import DeliveryMode, foresee_page
from aion_bot.delivery.thread import Thread
from aion_bot.ports.messages import Reply
from aion_bot.ratelimit.fair_share import AnswerShare


@dataclass(eq=False, slots=True)
class AnswerMode:
    """The delivery mode of an answer in a `thread`; `diff` knows its messages."""

    thread: Thread
    diff: MessageDiff
    share: AnswerShare
    now: DeliveryMode | None = None
    """The mode since its first message that grows; None before."""
    of_posts: DeliveryMode = DeliveryMode.EDITS
    """The mode that a post begins."""

    def may_replace(self) -> bool:
        """Let the first message be replaced at the end where no edit can be kept for that; returns whether this is news."""
        if self.of_posts is DeliveryMode.REPLACED or not may_be_replaced(self.thread, self.share.began):
            return False
        self.of_posts = DeliveryMode.REPLACED
        return True

    def replaces(self, step: Step) -> bool:
        """Let a new message take the place of the one that `step` edits last, unless an edit is free; returns whether it does.

        The new one is posted before the other is deleted. After a crash in between, that one is found again by its Stop button.
        What is only left to show nothing waits for an edit.
        """
        if edit_is_free(self.thread):
            # Reserved at once, as others may end in the same moment.
            self.now = DeliveryMode.EDITS
            self.share.hold(self.thread.limits(self.now.end), self.share.previews)
        elif isinstance(step, Edit) and step.content != Reply(""):
            self.diff.edit_refused(step)
            return True
        return False

    def reserve(self, step: Step, *, urgent: bool) -> None:
        """Reserve the end of an answer whose message is about to be posted and will grow, and release it at the end."""
        if isinstance(step, StopStream):
            # Its permit counts the request from now on, and the reservation would count it twice.
            self.share.hold((), self.share.previews)
        if isinstance(step, Edit | Post):
            foresee_page(self.share, step, self.thread.page_format.limit, self.thread.limits)
        if self.share.reserved or not isinstance(step, Post | StartStream):
            return
        if isinstance(step, Post) and urgent:
            return  # it ends the answer itself
        self.now = DeliveryMode.STREAM if isinstance(step, StartStream) else self.of_posts
        self.share.hold(self.thread.limits(self.now.end), self.thread.limits(self.now.preview))

    def end(self) -> None:
        """Hold nothing any more, until the answer goes on."""
        reserved, self.share.reserved = self.share.reserved, ()
        self.share.hold((), ())
        # By the limiter: others may wait for what was reserved, and perhaps nothing else would let it look at them.
        self.thread.limiter.release(reserved)
        self.now = None
