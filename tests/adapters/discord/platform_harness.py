"""Discord for the contract suite."""

from aion_bot.ports.capabilities import (
    ActivityIndicator,
    ClaimedQuestions,
    Files,
    Fingerprints,
    Galleries,
    PrivateAnswers,
    QueuedMarker,
    ReplyReferences,
)
from aion_bot.ports.files import AttachedFiles
from aion_bot.ports.forms import OpensForms
from aion_bot.simulators.discord import SimulatedDiscord
from tests.contract.harness import Harness
from tests.schemas import discord

HARNESS = Harness(
    lambda: SimulatedDiscord(discord.inspect),
    frozenset(
        {
            ActivityIndicator,
            AttachedFiles,
            ClaimedQuestions,
            Files,
            Fingerprints,
            Galleries,
            OpensForms,
            PrivateAnswers,
            QueuedMarker,
            ReplyReferences,
        }
    ),
)
