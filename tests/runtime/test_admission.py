"""Which servers may use the bot while no list names any."""

from aion_bot.conversation.access_control import AccessControl
from aion_bot.domain.access import AccessPolicy, may_use_workspace
from aion_bot.ports.events import InboundEvent
from aion_bot.runtime.supervisor import PlatformHost, load_admitted
from aion_bot.storage import Store

HERE = "plain"


async def _ignore(_: InboundEvent) -> None:
    """Accept no event."""


class Start:
    """One start of the bot on a database; `listed` are the servers that the settings name."""

    def __init__(self, store: Store, listed: str = "") -> None:
        self.access = AccessControl({HERE: AccessPolicy(allow_workspaces=frozenset(listed.split()))})
        self.store = store
        self.host = PlatformHost(HERE, store, _ignore, several_workspaces_expected=True, access=self.access)

    async def __call__(self, present: str) -> "Start":
        await load_admitted(self.store, self.access, HERE)
        await self.host.present(dict.fromkeys(present.split(), ""))
        return self

    def answered(self, servers: str) -> str:
        """Those of these servers that may use the bot."""
        policy = self.access.policies[HERE]
        return " ".join(one for one in servers.split() if may_use_workspace(policy, one))


async def test_the_servers_of_the_first_start_are_admitted(store: Store) -> None:
    """So it is for a new database and for one of an older version; whatever comes later is not, seen or unseen."""
    start = await Start(store)("a b")
    await start.host.joined("c", "Southwind")
    assert start.answered("a b c") == "a b"
    assert (await Start(store)("a c d")).answered("a b c d") == "a b"


async def test_the_first_server_of_all_is_admitted(store: Store) -> None:
    """Of a bot that was in none, the first that invites it may use it, also if that was while nobody looked."""
    start = await Start(store)("")
    assert start.answered("a b") == ""
    assert (await Start(store)("a")).answered("a b") == "a"
    assert (await Start(store)("a b")).answered("a b") == "a"


async def test_several_that_came_unseen_are_not_admitted(store: Store) -> None:
    """Which of them was first nobody knows: they have to be listed."""
    await Start(store)("")
    assert (await Start(store)("a b")).answered("a b") == ""


async def test_a_list_wins(store: Store) -> None:
    """With a list the servers of the first start count no more than others; without it again they do."""
    await Start(store)("a")
    assert (await Start(store, "b")("a b")).answered("a b c") == "b"
    assert (await Start(store)("a b")).answered("a b c") == "a"
