"""The one function that calls Toy: it reports every request and translates every failure."""

from typing import Any

import httpx

from adapters.toy import Settings
from aion_bot.ports import errors
from aion_bot.ports.rate_limits import Charge, PlatformRequest, RequestObserver, RequestStatus

_ERRORS = {403: errors.Forbidden, 404: errors.MessageGone, 413: errors.TooLong}
_STATUS = {200: RequestStatus.OK, 429: RequestStatus.RATE_LIMITED, 503: RequestStatus.ERROR}


class Client:
    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": token}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)
        self.close = self._http.aclose
        self.observer: RequestObserver | None = None

    async def call(self, route: str, *charges: Charge, body: Any = None, **ids: str) -> Any:
        """Send one request, such as "GET /events/{after}", and return its answer."""
        request, status, pause = PlatformRequest(route, charges), RequestStatus.ERROR, 0.0
        if self.observer is not None:
            self.observer.sent(request)
        try:
            answer = await self._http.request(*route.format(**ids).split(" "), json=body)
            status = _STATUS.get(answer.status_code, RequestStatus.REFUSED)
            pause = float(answer.headers.get("Retry-After", 0))
        except (httpx.HTTPError, RuntimeError) as error:  # the latter once it is closed
            raise errors.PlatformDown(f"{route}: {type(error).__name__}") from None
        finally:
            if self.observer is not None:
                self.observer.answered(request, status, pause)
        if status is RequestStatus.OK:
            return answer.json()
        if status is RequestStatus.RATE_LIMITED:
            raise errors.RateLimited(pause)
        if answer.status_code == 401:
            raise errors.TokenRefused(Settings.variable("token"), "Toy does not accept it")
        raise _ERRORS.get(answer.status_code, errors.PlatformDown)(f"{route}: {answer.status_code}")
