"""Server-sent events: a browser hears of new messages in its conversation, such as a decaan's reply."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, Optional

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.types import Receive, Scope, Send

from bot.orientation.document import read_document
from bot.storage.conversations import Conversations, Message, message_id
from bot.storage.database import DatabaseDown
from web.tokens import document_token

HEARTBEAT_SECONDS = 15.0  # also how often to look for messages that another process stored
STREAMS_A_TOKEN = 3


class Stream:
    """One open connection of one conversation."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.changed = asyncio.Event()
        self.ended = False  # the conversation is over
        self.stopping = False  # this process is

    def set(self) -> None:
        """Called by sse-starlette when the process stops."""
        self.stopping = True
        self.changed.set()


class Hub:
    """Who listens to which conversation, in this process."""

    def __init__(self) -> None:
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

    def notify(self, conversation_id: str, ended: bool = False) -> None:
        """Tells the listeners that there are new messages, or that the conversation is over. From any thread."""
        for stream in list(self._streams.get(conversation_id, [])):
            stream.ended |= ended
            stream.loop.call_soon_threadsafe(stream.changed.set)


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

    async def _events(self, last: str) -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(comment="verbonden", retry=3000)
        while True:
            for message in await self._new(last):
                yield ServerSentEvent(json.dumps(as_json(message), ensure_ascii=False), event="message", id=message.id)
                last = message.id
            try:
                await asyncio.wait_for(self._stream.changed.wait(), HEARTBEAT_SECONDS)
            except asyncio.TimeoutError:
                about = self._conversation_id, self._started_at
                self._stream.ended |= not await run_in_threadpool(self._conversations.is_open, *about)
            if self._stream.stopping:
                return
            self._stream.changed.clear()
            if self._stream.ended:
                yield ServerSentEvent("{}", event="ended")
                return

    async def _new(self, last: str) -> list[Message]:
        try:
            return await run_in_threadpool(self._conversations.messages, self._conversation_id, last)
        except DatabaseDown:
            return []


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
