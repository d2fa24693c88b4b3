"""Slack for the contract suite."""

from aion_bot.ports.capabilities import (
    ActivityIndicator,
    Files,
    Galleries,
    NativeStreaming,
    PrivateAnswers,
    QueuedMarker,
)
from aion_bot.ports.files import AttachedFiles
from aion_bot.ports.forms import OpensForms
from aion_bot.simulators.slack import SimulatedSlack
from tests.contract.harness import Harness
from tests.schemas import slack

HARNESS = Harness(
    lambda: SimulatedSlack(slack.inspect),
    frozenset(
        {
            ActivityIndicator,
            AttachedFiles,
            Files,
            Galleries,
            NativeStreaming,
            OpensForms,
            PrivateAnswers,
            QueuedMarker,
        }
    ),
)
