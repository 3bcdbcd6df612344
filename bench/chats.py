"""Chats that follow a dialogue: with Lobke over her public API, and with plain Rasa over its REST channel."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bench.dialogues import Dialogue, Step, dialogue
from bot.knowledge.loader import current

Body = dict[str, str]
Messages = list[dict[str, Any]]


@dataclass
class Refused(Exception):
    """An answer that is no 2xx. `is_friendly`: a problem document with a Dutch detail and a time to wait."""

    status: int
    wait: float = 1.0
    is_friendly: bool = False


def client() -> aiohttp.ClientSession:
    """A client for many chats at once; it shares connections among them, as a proxy in front of Lobke does."""
    # A server closes a connection that is idle for 5 seconds.
    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=4)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=60))


class Chat:
    """What both have in common: `offered` has what pressing each label sends, `strayed` counts labels that were not
    there, after which the first choice is pressed."""

    def __init__(self, http: aiohttp.ClientSession, url: str, number: int) -> None:
        self.http, self.url, self.number = http, url, number
        self.offered: dict[str, str] = {}
        self.strayed = 0

    async def open(self) -> None:
        """Begin."""
        raise NotImplementedError

    def body(self, step: Step) -> Body:
        """What to send for this step."""
        if isinstance(step, str):
            return self._typed(step)
        if step.label not in self.offered:
            self.strayed += step.label is not None
            if not self.offered:
                return self._typed("welke opleidingen zijn er")
        return self._pressed(self.offered.get(step.label or "") or next(iter(self.offered.values())))

    async def post(self, body: Body, key: str = "") -> Messages:
        """Send it; the messages of the answer. Raises Refused, aiohttp.ClientError and asyncio.TimeoutError."""
        raise NotImplementedError

    def _typed(self, text: str) -> Body:
        raise NotImplementedError

    def _pressed(self, what: str) -> Body:
        raise NotImplementedError


class LobkeChat(Chat):
    """A pupil with an address of her own, as the proxy tells it (LOBKE_TRUSTED_PROXY)."""

    headers: dict[str, str]

    async def open(self) -> None:
        """A new session, with its greeting."""
        number = self.number
        self.headers = {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        async with self.http.post(f"{self.url}/api/sessions", json={}, headers=self.headers) as answer:
            session = await _read(answer)
        self.headers["Authorization"] = f"Bearer {session['token']}"
        self._listen(session["messages"])

    async def post(self, body: Body, key: str = "") -> Messages:
        """Send it with this Idempotency-Key."""
        headers = {**self.headers, "Idempotency-Key": key} if key else self.headers
        async with self.http.post(f"{self.url}/api/messages", json=body, headers=headers) as answer:
            found: Messages = (await _read(answer))["messages"]
        self._listen(found)
        return found

    async def stored(self) -> Messages:
        """The whole conversation, as it is kept."""
        async with self.http.get(f"{self.url}/api/messages", headers=self.headers) as answer:
            found: Messages = (await _read(answer))["messages"]
        return found

    def _listen(self, messages: Messages) -> None:
        self.offered = {choice["label"]: choice["id"] for one in messages for choice in one.get("choices") or ()}

    def _typed(self, text: str) -> Body:
        return {"text": text}

    def _pressed(self, what: str) -> Body:
        return {"choice": what}


def offered_by_rasa(messages: Messages) -> dict[str, str]:
    """What pressing each label sends, of messages as Rasa's channels give them."""
    found: dict[str, str] = {}
    for one in messages:
        found |= {button["title"]: button["payload"] for button in one.get("buttons") or ()}
        offered = (one.get("custom") or {}).get("choices") or ()
        found |= {choice["label"]: choice["meaning"] for choice in offered}
    return found


def pressed(what: str) -> str:
    """A pressed choice as Rasa reads it."""
    return "/kies" + json.dumps({"keuze": what})


class RasaChat(Chat):
    """A sender of a channel of Rasa: its own REST channel, or Lobke's with the token of that."""

    def __init__(self, http: aiohttp.ClientSession, url: str, number: int, token: str = "") -> None:
        super().__init__(http, url, number)
        self.sender = f"pupil-{number}"
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def open(self) -> None:
        """The greeting is Lobke's web process's; here its choices are only known."""
        self.offered = {choice["label"]: choice["meaning"] for choice in current().greeting()["choices"]}

    async def post(self, body: Body, key: str = "") -> Messages:
        """Send it; Rasa knows no keys."""
        async with self.http.post(self.url, json=body, headers=self.headers) as answer:
            found = await _read(answer)
        self.offered = offered_by_rasa(found)
        if not found:
            raise Refused(204)
        messages: Messages = found
        return messages

    def _typed(self, text: str) -> Body:
        return {"sender": self.sender, "message": text}

    def _pressed(self, what: str) -> Body:
        return {"sender": self.sender, "message": pressed(what)}


async def _read(answer: aiohttp.ClientResponse) -> Any:
    if answer.status < 300:
        return json.loads(await answer.read())
    wait = answer.headers.get("Retry-After", "")
    try:
        problem = json.loads(await answer.read())
    except ValueError:
        problem = None
    is_document = answer.content_type == "application/problem+json" and isinstance(problem, dict)
    is_friendly = is_document and bool(problem.get("detail")) and wait.isdecimal()
    raise Refused(answer.status, float(wait) if wait.isdecimal() else 1.0, is_friendly)


@dataclass
class Run:
    """What a run of messages came to."""

    took: list[float] = field(default_factory=list)
    seconds: float = 0.0
    failed: int = 0


class Pool:
    """Chats that are open, so that each gets a message now and then, as a chat may send no more than 5 a second."""

    def __init__(self, new: Callable[[int], Chat], size: int) -> None:
        self.new, self.size = new, size
        self.number = self.conversations = self.strayed = 0
        self._waiting: deque[tuple[Chat, deque[Step]]] = deque()

    async def run(self, at_once: int, seconds: float, least: int) -> Run:
        """So many messages at once, one after the other, for these seconds and at least so many messages."""
        while len(self._waiting) < max(self.size, at_once):
            self._waiting.append(await self._open(dialogue(self.number)))
        run, began = Run(), time.perf_counter()
        sent = 0

        async def send() -> None:
            nonlocal sent
            while time.perf_counter() < began + seconds or sent < least:
                sent += 1
                await self._one(run)

        await asyncio.gather(*(send() for _ in range(at_once)))
        run.seconds = time.perf_counter() - began
        return run

    async def whole(self, number: int, at_once: int) -> Run:
        """So many dialogues from begin to end."""
        for _ in range(number):
            self._waiting.append(await self._open(dialogue(self.number)))
        run, began = Run(), time.perf_counter()

        async def send() -> None:
            while self._waiting:
                await self._one(run, again=False)

        await asyncio.gather(*(send() for _ in range(at_once)))
        run.seconds = time.perf_counter() - began
        return run

    async def _open(self, steps: Dialogue) -> tuple[Chat, deque[Step]]:
        chat = self.new(self.number)
        self.number += 1
        self.conversations += 1
        await chat.open()
        return chat, deque(steps)

    async def _one(self, run: Run, again: bool = True) -> None:
        chat, steps = self._waiting.popleft()
        strayed, before = chat.strayed, time.perf_counter()
        try:
            await chat.post(chat.body(steps.popleft()))
            run.took.append(time.perf_counter() - before)
        except Refused as refused:
            run.failed += 1
            await asyncio.sleep(refused.wait if refused.status in (429, 503) else 0)
        self.strayed += chat.strayed - strayed
        if steps:
            self._waiting.append((chat, steps))
        elif again:
            self._waiting.append(await self._open(dialogue(self.number)))


def percentile(values: list[float], percent: float) -> float:
    """The value that so many percent stay under; 0 of no values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] if ordered else 0.0
