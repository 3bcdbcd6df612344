"""How many requests a conversation and an address may make: moving windows; and how many messages may be under way.

The windows are in the memory of this process; with Redis, all web processes count together, and this one alone only
while Redis is away.
"""

import ipaddress
import math
import random
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Lock
from typing import Optional

from prometheus_client import Counter
from starlette.requests import Request

from bot.settings import settings
from bot.storage.shared import RedisAway, shared, shared_key
from web.problems import Problem
from web.rasa import addresses_of_rasa

PURGE_SECONDS = 60.0
MOST_UNDER_WAY = 60  # messages, for each Rasa process: it answers these in about a second
MOST_BEGINNING = 20  # conversations at the same moment
COME_BACK = (5, 15)  # seconds; not all at the same moment, and later when many were refused
SETTLE_SECONDS = 10.0  # for so long it counts that somebody was refused
MESSAGES, SESSIONS = "/api/messages", "/api/sessions"
BUSY = "Het is nu erg druk. Wacht even en stuur je bericht dan nog eens."

# KEYS: for each use a list of moments, in microseconds. ARGV: for each use its milliseconds to live, how many limits it
# has, and these: number, microseconds. Answers how many microseconds each use has to wait; it counts when none has to.
_COUNT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local waits, kept, lives, place, refused = {}, {}, {}, 1, false
for use, key in ipairs(KEYS) do
    waits[use], kept[use], lives[use] = 0, 0, ARGV[place]
    for limit = 1, ARGV[place + 1] do
        local number, span = tonumber(ARGV[place + 2 * limit]), tonumber(ARGV[place + 2 * limit + 1])
        local seen = redis.call('LINDEX', key, -number)
        waits[use] = math.max(waits[use], seen and seen + span - now or 0)
        kept[use] = math.max(kept[use], number)
    end
    place = place + 2 + 2 * ARGV[place + 1]
    refused = refused or waits[use] > 0
end
if not refused then
    for use, key in ipairs(KEYS) do
        redis.call('RPUSH', key, string.format('%.0f', now))
        redis.call('LTRIM', key, -kept[use], -1)
        redis.call('PEXPIRE', key, lives[use])
    end
end
return waits
"""

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
        waits = self._count(uses)
        for rule in {rule for (rule, _), wait in waits.items() if wait > 0}:
            refused.labels(rule).inc()
        wait = max(waits.values(), default=0.0)
        if wait > 0:
            raise Problem(429, headers={"Retry-After": str(math.ceil(wait))})

    def give_back(self, *uses: tuple[str, str]) -> None:
        """Undoes one count for each (rule, key), for rules that limit what fails."""
        if settings().redis_url:
            with suppress(RedisAway), shared() as redis, redis.pipeline(transaction=False) as commands:
                for use in uses:
                    commands.rpop(_key(*use))
                commands.execute()
                return
        with self._lock:
            for use in uses:
                if self._seen.get(use):
                    self._seen[use].pop()

    def _count(self, uses: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
        """Seconds that each use has to wait; all are counted when none has to."""
        if settings().redis_url:
            with suppress(RedisAway):
                return self._count_shared(uses)
        now = time.monotonic()
        with self._lock:
            self._purge(now)
            waits = {use: self._wait(*use, now) for use in uses}
            if all(wait <= 0 for wait in waits.values()):
                for use in uses:
                    self._seen.setdefault(use, deque()).append(now)
        return waits

    def _count_shared(self, uses: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
        options: list[int] = []
        for rule, _ in uses:
            limits = self.rules[rule]
            options += [max((math.ceil(1000 * limit.seconds) for limit in limits), default=0), len(limits)]
            options += [value for limit in limits for value in (limit.number, int(1_000_000 * limit.seconds))]
        with shared() as redis:
            waits = redis.register_script(_COUNT)([_key(*use) for use in uses], options)
        return {use: wait / 1_000_000 for use, wait in zip(uses, waits, strict=True)}

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


class Rush:
    """How many requests are under way. More than Lobke can answer soon are refused at once, so that it costs little.

    Those that are under way go on, and who chats already goes before who begins.
    """

    def __init__(self) -> None:
        self._most = {MESSAGES: MOST_UNDER_WAY * len(addresses_of_rasa()), SESSIONS: MOST_BEGINNING}
        self._number = dict.fromkeys(self._most, 0)
        self._refused, self._at = 0.0, 0.0

    def refusal(self, path: str) -> Optional[Problem]:
        """A 503 Problem when there is no place for one more on MESSAGES or SESSIONS, None when there is."""
        if all(self._number[one] < self._most[one] for one in {path, MESSAGES}):
            return None
        refused.labels("requests under way").inc()
        now = time.monotonic()
        self._refused = self._refused * math.exp((self._at - now) / SETTLE_SECONDS) + 1
        self._at = now
        least, most = COME_BACK
        most += int(self._refused / self._most[MESSAGES])  # no faster than they can be answered
        return Problem(503, BUSY, {"Retry-After": str(random.randint(least, most))})

    @contextmanager
    def place(self, path: str) -> Iterator[None]:
        """A request on this path is under way."""
        self._number[path] += 1
        try:
            yield
        finally:
            self._number[path] -= 1


def _key(rule: str, key: str) -> str:
    return shared_key("limit", f"{rule}\0{key}")


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
