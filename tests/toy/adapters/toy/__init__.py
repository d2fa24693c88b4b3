"""Toy: a plain chat over HTTP, the worked example of docs/add-a-platform.md."""

from collections.abc import Mapping, Sequence

from aion_bot.ports.adapter import PlatformAdapter
from aion_bot.ports.settings import Problem, check_base_url

URL, TOKEN = "TOY_URL", "TOY_TOKEN"


def variables() -> Sequence[str]:
    return (URL, TOKEN)


required = variables


def loggers() -> Sequence[str]:
    return ("httpcore", "httpx")


def configure(env: Mapping[str, str]) -> tuple[PlatformAdapter | None, Sequence[Problem]]:
    url, token = env.get(URL, ""), env.get(TOKEN, "")
    if not url and not token:
        return None, ()
    problem = check_base_url(URL, url) if token else Problem(TOKEN, f"is missing although {URL} is set")
    if problem is not None:
        return None, (problem,)
    from adapters.toy.adapter import ToyAdapter

    return ToyAdapter(url, token), ()
