"""How many requests a conversation and an address may make: moving windows, in the memory of this process."""

import ipaddress
import math
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from prometheus_client import Counter
from starlette.requests import Request

from bot.settings import settings
from web.problems import Problem

PURGE_SECONDS = 60.0

refused = Counter("lobke_refused", "Requests that went over a limit (429).", ("limit",))


@dataclass(frozen=True)
class Limit:
    """At most `number` requests in any `seconds` seconds."""

    number: int
    seconds: float


# A whole school may share one address, so the limits an address has are wide.
RULES: Mapping[str, tuple[Limit, ...]] = {
    "sessions of an address": (Limit(300, 60),),
    "views of an address": (Limit(1200, 60),),
    "messages of an address": (Limit(1200, 60),),
    "messages of a token": (Limit(5, 1), Limit(40, 60)),
    "votes of a token": (Limit(5, 1), Limit(40, 60)),
    "reading with a token": (Limit(120, 60),),
    "pages of a document": (Limit(20, 60),),
    "pages of an address": (Limit(300, 60),),
    "logins of an address": (Limit(30, 60),),
    "logins of an account": (Limit(5, 60), Limit(30, 3600)),
    "codes of an account": (Limit(5, 60), Limit(30, 3600)),
    "forgotten passwords of an address": (Limit(30, 3600),),
    "forgotten passwords of an account": (Limit(3, 3600), Limit(6, 86_400)),
    "wrong codes of an address": (Limit(10, 600),),
    "wrong codes": (Limit(1000, 600),),
    "evaluations of an address": (Limit(240, 60),),
    "messages with a code": (Limit(5, 60), Limit(30, 3600)),
}


class Limits:
    """Counts what it allows; what it refuses does not count."""

    def __init__(self, rules: Mapping[str, tuple[Limit, ...]] = RULES) -> None:
        self.rules = rules
        self._lock = Lock()
        self._seen: dict[tuple[str, str], deque[float]] = {}
        self._purged = 0.0

    def count(self, *uses: tuple[str, str]) -> None:
        """Counts one request for each (rule, key). Raises a 429 Problem when one of them is over its limit."""
        now = time.monotonic()
        with self._lock:
            self._purge(now)
            wait = max((self._wait(rule, key, now) for rule, key in uses), default=0.0)
            if wait > 0:
                for rule in {rule for rule, key in uses if self._wait(rule, key, now) > 0}:
                    refused.labels(rule).inc()
                raise Problem(429, headers={"Retry-After": str(math.ceil(wait))})
            for use in uses:
                self._seen.setdefault(use, deque()).append(now)

    def give_back(self, *uses: tuple[str, str]) -> None:
        """Undoes one count for each (rule, key), for rules that limit what fails."""
        with self._lock:
            for use in uses:
                if self._seen.get(use):
                    self._seen[use].pop()

    def _wait(self, rule: str, key: str, now: float) -> float:
        """Seconds until this rule allows one more; 0 or less when it does now."""
        seen = self._seen.get((rule, key), ())
        return max(
            (seen[-limit.number] + limit.seconds - now for limit in self.rules[rule] if len(seen) >= limit.number),
            default=0.0,
        )

    def _purge(self, now: float) -> None:
        if now - self._purged < PURGE_SECONDS:
            return
        self._purged = now
        for use, seen in list(self._seen.items()):
            longest = max((limit.seconds for limit in self.rules[use[0]]), default=0.0)
            while seen and seen[0] < now - longest:
                seen.popleft()
            if not seen:
                del self._seen[use]


def wait_of(error: Problem) -> str:
    """How long a 429 Problem says to wait, in words: "een minuut", "3 minuten"."""
    minutes = math.ceil(int((error.headers or {})["Retry-After"]) / 60)
    return "een minuut" if minutes == 1 else f"{minutes} minuten"


def address(request: Request) -> str:
    """Who asks: an IPv4 address, or the /64 network of an IPv6 address, since one house or school has a whole one.

    Behind a trusted proxy it is the last address in X-Forwarded-For: the one that this proxy itself saw.
    """
    found = request.client.host if request.client else ""
    if settings().trusted_proxy:
        found = request.headers.get("x-forwarded-for", "").rsplit(",", 1)[-1].strip() or found
    try:
        parsed = ipaddress.ip_address(found)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
