"""Forms as Slack's modals: opened by the `trigger_id` of a press, which is good for three seconds, and read when submitted.

https://docs.slack.dev/surfaces/modals and https://docs.slack.dev/reference/interaction-payloads/view-interactions-payload
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack import ids, strings
from adapters.slack.client import WebApi
from adapters.slack.events import ChannelFacts, Payload, place_of, user_of
from adapters.slack.identity import BotIdentity
from adapters.slack.methods import Method
from aion_bot.ports.errors import PlatformError
from aion_bot.ports.events import Click
from aion_bot.ports.forms import Form
from aion_bot.ports.messages import Action, MessageRef, ThreadKey

CALLBACK = "aion_form"
"""Names our modals, as `callback_id`."""
_BLOCK, _FIELD = "words", "words"
_MOST_METADATA = 3_000
"""Characters of `private_metadata`."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Submission:
    """A submitted form, which names the press that had opened it: the payload itself names no channel."""

    action: Action
    key: str
    message: MessageRef
    reply_token: str
    words: str

    def press(self, body: Payload, me: BotIdentity) -> Payload:
        """Return the press in the form in which `events` asks about its channel: one on a message of the bot's own."""
        channel = {"id": ids.message(self.message).channel}
        return {"user": body["user"], "channel": channel, "message": {"user": me.user}}

    def click(self, body: Payload, me: BotIdentity, facts: ChannelFacts) -> Click:
        """Return the press with the words, made where `facts` are of the channel."""
        channel, team = ids.message(self.message).channel, body["user"].get("team_id") or ""
        place = place_of(me, channel, facts, team)
        person = user_of(body)
        return Click(self.action, self.key, self.message, place, person, self.reply_token, self.words)


async def opened(web: WebApi, trigger: str, click: Click, form: Form) -> bool:
    """Open a form for whoever pressed, by one request; False where Slack did not take it, as after three seconds."""
    metadata = _packed(click)
    if not trigger or len(metadata) > _MOST_METADATA:
        return False
    team = ids.thread(click.thread).team
    try:
        await web.call(Method.VIEWS_OPEN, team, trigger_id=trigger, view=_view(form, metadata))
    except PlatformError as error:
        _log.warning("form not opened", extra={"reason": str(error)})
        return False
    return True


def submission(body: Payload) -> Submission | None:
    """Read a submitted form; None if it is none of ours. Raises what reading another shape raises."""
    view: Payload = body.get("view") or {}
    if view.get("callback_id") != CALLBACK:
        return None
    action, key, thread, message, reply_token = json.loads(view.get("private_metadata") or "[]")
    values = (view.get("state") or {}).get("values") or {}
    words = ((values.get(_BLOCK) or {}).get(_FIELD) or {}).get("value")
    where = ThreadKey(ids.PLATFORM, thread)
    return Submission(Action(action), key, MessageRef(where, message), reply_token, str(words or ""))


def _packed(click: Click) -> str:
    """Write down what the submission has to be told again: it arrives without its press."""
    said = [click.action, click.key, click.thread.id, click.message.id, click.reply_token]
    # Slack counts characters, and an escape would be six of them.
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def _view(form: Form, metadata: str) -> Mapping[str, Any]:
    field = {
        "type": "plain_text_input",
        "action_id": _FIELD,
        "multiline": True,
        "min_length": 1,
        "max_length": form.most,
        "focus_on_load": True,
    }
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": metadata,
        "title": _plain(form.title),
        "submit": _plain(form.submit),
        "close": _plain(strings.CLOSE_FORM),
        "blocks": [
            {
                "type": "input",
                "block_id": _BLOCK,
                "label": _plain(form.label),
                "hint": _plain(form.hint),
                "element": field,
            }
        ],
    }


def _plain(text: str) -> Mapping[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
