"""Discord, as `tests.support.uses` has it used."""

from collections.abc import Mapping, Sequence

from aion_bot.simulators.discord import SimulatedDiscord
from aion_bot.simulators.discord.gateway import DIRECT_REACTIONS, GUILD_REACTIONS
from aion_bot.simulators.discord.model import attached
from aion_bot.simulators.discord.rates import DiscordLimits
from aion_bot.simulators.workspace import SimulatedFile, SimulatedPerson


class Use:
    """A server of Discord."""

    reads = ("GET /channels/{channel_id}/messages",)
    blanks = 1_900
    most_messages, most_posts = 20, 21
    refers_to_replies = True

    def __init__(self, discord: SimulatedDiscord) -> None:
        self._discord = discord
        self.general = discord.world.named("general").id
        self.mention = f"<@{discord.world.bot.id}>"

    def show_every_message(self) -> Mapping[str, str]:
        self._discord.gateway.message_content = True
        return {"AION_BOT_DISCORD_MESSAGE_CONTENT": "true"}

    def begin_thread(self, person: SimulatedPerson, text: str) -> tuple[str, str]:
        began = self._discord.say(person, text)
        return began.id, self._discord.backend.open_thread(began, {"name": text[:50]}, by=person).id

    def say(
        self, person: SimulatedPerson, thread: str, text: str, files: Sequence[SimulatedFile] = ()
    ) -> str:
        return self._discord.say(person, text, thread, **attached(files)).id

    def reply_to(self, person: SimulatedPerson, message: str, text: str) -> str:
        said = f"{self.mention} {text}".strip()
        return self._discord.say(person, said, replied_to=self._discord.world.anywhere(message)).id

    def place_of(self, question: str) -> str:  # noqa: ARG002  # of any question
        return self.general

    def referring(self, thread: str) -> Sequence[str]:
        return [one.content for one in self._discord.world.messages[thread] if one.replied_to]

    def shown_in_general(self, person: SimulatedPerson, thread: str) -> Sequence[str]:
        return [one.text for one in self._discord.private_messages(thread, person)]

    def rename(self, thread: str, title: str) -> None:
        self._discord.world.channel(thread).name = title

    def silence(self, person: SimulatedPerson) -> None:
        self._discord.world.muted.add(person.id)

    def withhold_rights(self) -> None:
        self._discord.fail_next("GET /guilds/{guild_id}", status=503, times=99)

    def allow_reactions(self) -> None:
        """Do nothing: a session asks for them."""

    def react_as_bot(self, message: str, emoji: str) -> None:
        self._discord.react(self._discord.world.bot, message, emoji)

    def hears_reactions(self) -> bool:
        asked = GUILD_REACTIONS | DIRECT_REACTIONS
        return any(one.intents & asked for one in self._discord.gateway.listening)

    async def stop_session(self, person: SimulatedPerson, thread: str) -> None:
        raise LookupError(f"Discord has no Stop of its own: {person} in {thread}")

    async def ask_for_status(self, person: SimulatedPerson, thread: str) -> None:
        await self._discord.command(person, "status", thread=thread)

    def rotate(self, number: int) -> Mapping[str, str]:
        token = f"rotated.{number}.0123456789abcdef"
        self._discord.server.tokens.clear()
        self._discord.server.tokens.add(token)
        return {"DISCORD_TOKEN": token}

    async def end_connections(self) -> None:
        await self._discord.gateway.drop(4004)

    def limit(self) -> None:
        self._discord.rates.limits = DiscordLimits()

    def strangers(self, count: int) -> Sequence[SimulatedPerson]:
        first = 200_000_000_000_000_000
        return [SimulatedPerson(str(first + number), f"Person {number}") for number in range(count)]
