"""Server-sent events: a browser hears of new messages in its conversation, such as a decaan's reply."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Optional

import structlog
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from bot.orientation.document import read_document
from bot.settings import settings
from bot.storage.conversations import Conversations, Message, message_id
from bot.storage.database import DatabaseDown
from bot.storage.shared import RedisAway, shared
from web.tokens import document_token

log = structlog.get_logger()

HEARTBEAT_SECONDS = 25.0  # a connection that is silent for half a minute is cut off on the way, by some
LOOK_SECONDS = 60.0  # how often to look in the database for what nobody told here
STREAMS_A_TOKEN = 3  # in each web process
CHANNEL = "lobke:changed"
AGAIN_SECONDS = 1.0


class Stream:
    """One open connection of one conversation."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()
        self.heard: list[Message] = []
        self.must_look = True  # there may be messages in the database that were not heard
        self.ended = False  # the conversation is over
        self.stopping = False  # this process is

    def hear(self, messages: Sequence[Message], ended: bool) -> None:
        """There are these new messages; with none of them, look in the database."""
        self.heard += messages
        self.must_look |= not messages
        self.ended |= ended
        self.changed.set()

    def set(self) -> None:
        """Called by sse-starlette when the process stops."""
        self.stopping = True
        self.changed.set()


class Hub:
    """Who listens to which conversation, in this process. With Redis it hears of the changes in others too."""

    def __init__(self) -> None:
        self._name = secrets.token_hex(8)
        self._streams: dict[str, list[Stream]] = {}

    def open(self, conversation_id: str) -> Stream:
        """A new stream. Raises OverflowError when the conversation has its number of streams already."""
        streams = self._streams.setdefault(conversation_id, [])
        if len(streams) >= STREAMS_A_TOKEN:
            raise OverflowError
        streams.append(Stream())
        return streams[-1]

    def close(self, conversation_id: str, stream: Stream) -> None:
        """Takes the stream off the list."""
        streams = self._streams.get(conversation_id, [])
        if stream in streams:
            streams.remove(stream)
        if not streams:
            self._streams.pop(conversation_id, None)

    def streams(self) -> int:
        """How many are open."""
        return sum(map(len, list(self._streams.values())))

    async def tell(self, conversation_id: str, messages: Sequence[Message] = (), ended: bool = False) -> None:
        """As `notify`, for the event loop."""
        if settings().redis_url:
            await run_in_threadpool(self.notify, conversation_id, messages, ended)
        else:
            self.notify(conversation_id, messages, ended)

    def notify(self, conversation_id: str, messages: Sequence[Message] = (), ended: bool = False) -> None:
        """Tells the listeners that there are these new messages, or that the conversation is over.

        From any thread but that of the event loop, which `tell` is for.
        """
        self._wake(conversation_id, messages, ended)
        if settings().redis_url:
            with suppress(RedisAway), shared() as redis:  # without it the others look within a minute
                redis.publish(CHANNEL, json.dumps([self._name, conversation_id, ended]))

    async def follow(self) -> None:
        """Until it is cancelled: wakes the streams here when another process notified. Only with Redis."""
        from redis.asyncio import Redis
        from redis.exceptions import RedisError

        while True:
            try:
                async with Redis.from_url(settings().redis_url, socket_keepalive=True) as redis, redis.pubsub() as news:
                    await news.subscribe(CHANNEL)
                    async for item in news.listen():
                        if item["type"] == "subscribe":  # what was said before nobody heard here
                            for conversation_id in list(self._streams):
                                self._wake(conversation_id, (), False)
                            continue
                        name, conversation_id, ended = json.loads(item["data"])
                        if name != self._name:
                            self._wake(conversation_id, (), ended)
            except (RedisError, OSError) as error:
                log.warning("redis_away", error=type(error).__name__)
            await asyncio.sleep(AGAIN_SECONDS)

    def _wake(self, conversation_id: str, messages: Sequence[Message], ended: bool) -> None:
        for stream in list(self._streams.get(conversation_id, [])):
            stream.loop.call_soon_threadsafe(stream.hear, messages, ended)


class EventStream(EventSourceResponse):
    """Server-sent events, with a sign of life every `heartbeat` seconds.

    When the process stops, `listener.set` is called and `events` has a second to end.
    """

    def __init__(self, events: AsyncIterator[ServerSentEvent], listener: Any, heartbeat: float) -> None:
        super().__init__(
            events,
            ping=heartbeat,
            ping_message_factory=lambda: ServerSentEvent(comment="nog verbonden"),
            send_timeout=30,
            shutdown_event=listener,
            shutdown_grace_period=1,
        )


class EventsResponse(EventStream):
    """Every message after `after`, or after now when it is empty, as it comes; `ended` when the conversation is."""

    def __init__(
        self, hub: Hub, conversations: Conversations, conversation_id: str, started_at: datetime, after: str
    ) -> None:
        self._hub, self._conversations = hub, conversations
        self._conversation_id, self._started_at = conversation_id, started_at
        self._stream = hub.open(conversation_id)
        super().__init__(self._events(after or message_id()), self._stream, HEARTBEAT_SECONDS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.close(self._conversation_id, self._stream)

    async def _events(self, looked: str) -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(comment="verbonden", retry=3000)
        stream, sent = self._stream, set[str]()  # after the message `looked`
        while True:
            stream.changed.clear()
            found, stream.heard = stream.heard, []
            if stream.must_look:
                stream.must_look = False
                found = await self._new(looked) or found
            for message in found:
                if message.id > looked and message.id not in sent:
                    yield _event(message)
                    sent.add(message.id)
            if stream.ended:
                yield ServerSentEvent("{}", event="ended")
                return
            try:
                await asyncio.wait_for(stream.changed.wait(), LOOK_SECONDS)
            except asyncio.TimeoutError:
                about = self._conversation_id, self._started_at
                stream.ended |= not await run_in_threadpool(self._conversations.is_open, *about)
                stream.must_look = True
            if stream.stopping:
                return

    async def _new(self, last: str) -> list[Message]:
        try:
            return await run_in_threadpool(self._conversations.messages, self._conversation_id, last)
        except DatabaseDown:
            return []


def _event(message: Message) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(as_json(message), ensure_ascii=False), event="message", id=message.id)


def as_json(message: Message, helpful: Optional[bool] = None) -> dict[str, Any]:
    """A message as the API shows it; `helpful` is what the pupil said of it."""
    shown = {"id": message.id, "from": message.sender, "at": message.at.isoformat(), "text": message.text}
    extra = {"choices": message.choices, "card": _card(message), "rate": bool(message.about)}
    rated = {} if helpful is None else {"helpful": helpful}
    return {**shown, **{name: value for name, value in extra.items() if value}, **rated}


def _card(message: Message) -> Optional[dict[str, Any]]:
    """The card with links to its document instead of the document itself."""
    if not message.card or "document" not in message.card:
        return message.card
    card = {name: value for name, value in message.card.items() if name != "document"}
    document = read_document(message.card["document"])
    if document is None:
        return card
    address = f"/mijn/{document_token(message.id)}"
    links = [{"label": "Bekijken en afdrukken", "url": address}, {"label": "PDF", "url": f"{address}.pdf"}]
    if document.is_written_on:
        links.append({"label": "Word", "url": f"{address}.docx"})
    return {**card, "links": [*links, *card.get("links", [])]}
