"""Talking to Rasa: what a pupil types is never a command there, what she presses is."""

import asyncio
import json
import secrets
import time
import unicodedata
import zlib
from typing import Any, Optional

import aiohttp
import structlog
from prometheus_client import Counter, Histogram

from bot import logs
from bot.keys import derived_key
from bot.settings import settings
from bot.storage.conversations import Choice, Reply

# Rasa takes a message that starts with "/" as a command. These look like it or turn into it when text is normalised.
_SLASHES = "/\u2044\u2215\u2571\u27cb\u29f8\uff0f"
# Letters and symbols without ink, and a joiner that hides between letters.
_BLANKS = dict.fromkeys(map(ord, "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"))
PATIENCE = 0.9  # of the time for an answer, a message may wait for a free connection
CONNECTIONS = 20  # to each Rasa process: it answers one at a time, and reads those that wait together
LONGEST = 1000  # characters; normalising can make a text longer
AWAY_SECONDS = 5.0  # a process that cannot be reached is asked last, as trying it may take two seconds
DIED = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError)
ROLES = {"step"}  # of a choice, as the widget knows them
ABOUT = ("intent", "kind", "subject")

log = structlog.get_logger()
messages = Counter("lobke_messages", "Messages for Rasa; shed: no connection came free in time.", ("outcome",))
duration = Histogram(
    "lobke_rasa_seconds", "Seconds that a call to Rasa took.", buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
)
for _outcome in ("answered", "failed", "timeout", "shed"):
    messages.labels(_outcome)  # it is there, as 0, before the first time


class RasaFailed(Exception):
    """Rasa cannot be reached, takes too long, or has no answer. An empty list is a failure too.

    `outcome`: failed, timeout, or shed.
    """

    def __init__(self, reason: str, outcome: str = "failed") -> None:
        super().__init__(reason)
        self.outcome = outcome


def addresses_of_rasa() -> list[str]:
    """Where the channel of each Rasa process is."""
    return [f"{address}/webhooks/lobke" for address in settings().rasa_addresses]


def authorization() -> dict[str, str]:
    """The header that the channel asks for (bot/components/channel.py)."""
    return {"Authorization": f"Bearer {derived_key('rasa')}"}


class Rasa:
    """A keep-alive client for the channel of each Rasa process. Use it as an async context manager.

    A conversation goes to the same process each time, or to the next one while that one does not run.
    """

    def __init__(self) -> None:
        self._addresses = [f"{address}/webhook" for address in addresses_of_rasa()]
        self._away_until: dict[str, float] = {}

    async def __aenter__(self) -> "Rasa":
        self._session = aiohttp.ClientSession(
            headers=authorization(),
            timeout=aiohttp.ClientTimeout(connect=PATIENCE * settings().rasa_timeout, sock_connect=2.0),
            connector=aiohttp.TCPConnector(limit=0, limit_per_host=CONNECTIONS),
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._session.close()

    async def say(
        self, conversation_id: str, text: str, school: Optional[str] = None, key: Optional[str] = None
    ) -> list[Reply]:
        """The replies to typed text; `school` is where the chat was opened, for the log. Raises RasaFailed.

        With the `key` of the message before it, the same replies, without handling it again.
        """
        return await self._post(conversation_id, plain(text) or "?", school, key)

    async def choose(
        self, conversation_id: str, choice: Choice, school: Optional[str] = None, key: Optional[str] = None
    ) -> list[Reply]:
        """The replies to a pressed choice, as `say` does. Raises RasaFailed."""
        return await self._post(conversation_id, "/kies" + json.dumps({"keuze": choice.meaning}), school, key)

    async def _post(self, conversation_id: str, message: str, school: Optional[str], key: Optional[str]) -> list[Reply]:
        started = time.perf_counter()
        try:
            found = await self._call(conversation_id, message, school, key or secrets.token_hex(16))
        except RasaFailed as error:
            _count(error.outcome, started, reason=str(error))
            raise
        _count("answered", started)
        return found

    async def _call(self, conversation_id: str, message: str, school: Optional[str], key: str) -> list[Reply]:
        body = {"sender": conversation_id, "message": message, "key": key, **({"school": school} if school else {})}
        try:
            found = await asyncio.wait_for(self._send(conversation_id, body), settings().rasa_timeout)
        except aiohttp.ServerTimeoutError as error:
            raise RasaFailed(type(error).__name__, "shed") from error
        except asyncio.TimeoutError as error:
            raise RasaFailed(type(error).__name__, "timeout") from error
        except (aiohttp.ClientError, ValueError) as error:
            raise RasaFailed(type(error).__name__) from error
        if not found:
            raise RasaFailed("no answer")
        return found

    async def _send(self, conversation_id: str, body: dict[str, str]) -> list[Reply]:
        """The answer of the first process that takes the message; when it dies meanwhile, that of the next one."""
        first, now = zlib.crc32(conversation_id.encode()) % len(self._addresses), time.monotonic()
        ordered = self._addresses[first:] + self._addresses[:first]
        *others, last = sorted(ordered, key=lambda address: self._away_until.get(address, 0.0) > now)
        died = False
        for address in others:
            try:
                return await self._ask(address, body)
            except (aiohttp.ClientConnectorError, aiohttp.ServerTimeoutError):  # nobody took the message
                self._away_until[address] = now + AWAY_SECONDS
            except DIED:
                if died:
                    raise
                died = True
        return await self._ask(last, body)

    async def _ask(self, address: str, body: dict[str, str]) -> list[Reply]:
        asked = self._session.post(address, json=body, headers=logs.headers(), allow_redirects=False)
        async with asked as answer:
            if answer.status != 200:
                raise RasaFailed(f"status {answer.status}")
            return replies(json.loads(await answer.read()))


def _count(outcome: str, started: float, **more: str) -> None:
    seconds = time.perf_counter() - started
    messages.labels(outcome).inc()
    duration.observe(seconds)
    tell = log.info if outcome == "answered" else log.warning
    tell("message", outcome=outcome, milliseconds=round(1000 * seconds), **more)


def plain(text: str) -> str:
    """Typed text as Rasa may read it: compatible letters, no invisible characters, no slash in front.

    Empty when nothing readable is left.
    """
    text = unicodedata.normalize("NFKC", text).translate(_BLANKS)
    text = "".join(_visible(character) for character in text)
    return " ".join(text.split()).lstrip(_SLASHES + " ")[:LONGEST]


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing at all."""
    text = unicodedata.normalize("NFKC", text).translate(_BLANKS)
    return not "".join(_visible(character) for character in text).strip()


def _visible(character: str) -> str:
    category = unicodedata.category(character)
    if category in ("Cf", "Cs", "Co", "Cn"):
        return ""
    return " " if category[0] == "Z" or category == "Cc" else character


def replies(items: Any) -> list[Reply]:
    """Rasa's list of messages as replies.

    A `custom` message adds its "card", "choices" ({"label", "meaning", "role"?}) and "about" ({"intent"?, "kind"?,
    "subject"?}, of an answer that can be rated) to the message before it. What has another shape is left out. Raises
    ValueError when it is no list.
    """
    if not isinstance(items, list):
        raise ValueError("no list")
    found: list[Reply] = []
    for item in (item for item in items if isinstance(item, dict)):
        custom = _object(item.get("custom")) or {}
        text = item.get("text") or custom.get("text")
        offered = [_choice(button, "title", "payload") for button in _list(item.get("buttons"))]
        offered += [_choice(choice, "label", "meaning") for choice in _list(custom.get("choices"))]
        choices = tuple(choice for choice in offered if choice)
        card, about = _object(custom.get("card")), _about(custom.get("about"))
        if isinstance(text, str) and text.strip():
            found.append(Reply(text, choices, card, about))
        elif found and (choices or card or about):
            last = found.pop()
            found.append(Reply(last.text, (*last.choices, *choices), card or last.card, about or last.about))
        elif choices or card:
            found.append(Reply("", choices, card))
    return found


def _choice(item: Any, label: str, meaning: str) -> Optional[Choice]:
    found = _object(item) or {}
    shown, meant = found.get(label), found.get(meaning)
    if not (isinstance(shown, str) and isinstance(meant, str) and shown and meant):
        return None
    role = found.get("role")
    return Choice(shown, meant, role if isinstance(role, str) and role in ROLES else None)


def _about(item: Any) -> Optional[dict[str, str]]:
    found = _object(item) or {}
    about = {name: value for name in ABOUT if isinstance(value := found.get(name), str)}
    return about or None


def _object(value: Any) -> Optional[dict[str, Any]]:
    return value if isinstance(value, dict) else None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
