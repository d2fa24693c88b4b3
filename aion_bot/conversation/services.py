"""What every behaviour of a conversation needs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from aion_bot.aion import AionVision
from aion_bot.conversation.access_control import AccessControl
from aion_bot.conversation.aion_keys import AionKeys
from aion_bot.conversation.gallery import Pictures
from aion_bot.conversation.late_galleries import LateGalleries
from aion_bot.conversation.library import SharedUploads
from aion_bot.conversation.month_allowance import MonthAllowance
from aion_bot.conversation.session_history import Polling, SessionHistory
from aion_bot.delivery.registry import Registry
from aion_bot.domain.observer import Observer
from aion_bot.storage import Store


@dataclass(frozen=True, slots=True)
class Services:
    """One set for the process and for each key of Aion's."""

    store: Store
    aion: AionVision
    registry: Registry
    access: AccessControl
    polling: Polling = field(default_factory=Polling)
    observer: Observer | None = None
    """None: nobody learns what happens."""
    uploads: SharedUploads = field(default_factory=SharedUploads)
    agents_at_work: dict[str, Callable[[str], None]] = field(default_factory=dict)
    """What to call when the stream that brought a plan names an agent, in words for people; by the keys of plans that are decided."""
    pictures: Pictures | None = None
    """None: answers show no pictures."""
    late_galleries: LateGalleries = field(default_factory=LateGalleries)
    """Pictures whose platform was down."""
    sharing: set[str] = field(default_factory=set)
    """Keys of turns whose private answers are being shared by this process."""
    mentioning: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    """Held while the reply that a turn or a plan has made due is posted; by their keys."""
    month: MonthAllowance | None = None
    """None: the month's allowance is not looked at."""
    key: str = ""
    """The variable that holds the key of `aion`, "" for `AIONVISION_API_KEY`."""
    keys: AionKeys | None = None
    """None: there is one key for all places."""

    @property
    def history(self) -> SessionHistory:
        """What Aion has stored of a session."""
        return SessionHistory(self.aion)
