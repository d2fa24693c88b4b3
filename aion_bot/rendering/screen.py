"""What a thread should show of one answer, as a value. No I/O."""

from aion_bot.ports.messages import Content

Screen = tuple[Content | None, ...]
"""The messages of one answer in reading order: slot i is message i.

None is a message that should not be there. A slot keeps its meaning for as long as the answer lives, so that a message
is never moved: a slot that is wanted no more becomes None.
"""
