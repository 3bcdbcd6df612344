"""GET /portal/overdrachten/live: server-sent events for the pages of the inbox.

`changed` says that the list, or the handoff in `overdracht`, is another one than the page shows, and `present` which
colleagues have that handoff open now. The browser then gets the page again; nothing of a pupil goes along here.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Optional

import anyio
from sse_starlette import ServerSentEvent
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from bot.accounts import sessions
from bot.accounts.accounts import DECAAN
from bot.accounts.sessions import Session
from bot.handoff import presence
from bot.handoff.inbox import NotFound
from bot.handoff.presence import Glance, glance
from bot.storage.database import DatabaseDown
from web.events import HEARTBEAT_SECONDS, EventStream
from web.portal.door import INBOX, Refusal, Visit, route
from web.portal.inbox import GONE, ID

LOOK_SECONDS = 1.0  # pupils write from another process, so this one looks in the database
STAY_SECONDS = 10.0  # how often a listener proves that she may listen, and says that she has a handoff open
STREAMS_A_SESSION = 4  # a browser has six connections to one address, and the pages need some too
FULL = "Er staan al veel pagina's van Lobke open. Sluit er een; deze ververst dan weer."


class Listener:
    """One open connection: of a list, or of one handoff. `mark` and `names` are what was seen last."""

    def __init__(self, session: Session, handoff: Optional[str]) -> None:
        self.session, self.handoff = session, handoff
        self.account = session.account
        self.mark: Optional[str] = None  # None until the first look
        self.names: list[str] = []
        self.news = asyncio.Event()
        self.stopping = False

    def see(self, seen: Glance) -> None:
        """Keeps what matters here, and wakes the connection when that changed."""
        mark = seen.handoffs.get(self.handoff, "") if self.handoff else seen.of_list(self.account.schools)
        here = seen.present.get(self.handoff or "", {})
        names = [name for id, name in here.items() if id != self.account.id]
        if (mark, names) != (self.mark, self.names):
            self.mark, self.names = mark, names
            self.news.set()

    def set(self) -> None:
        """Called by sse-starlette when the process stops."""
        self.stopping = True
        self.news.set()


class Watch:
    """Looks in the database for all listeners of this process together, while there are any."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self._looking: Optional[asyncio.Task[None]] = None

    def open(self, session: Session, handoff: Optional[str]) -> Listener:
        """A new listener. Raises OverflowError when the session has its number already."""
        if sum(other.session.hash == session.hash for other in self.listeners) >= STREAMS_A_SESSION:
            raise OverflowError
        self.listeners.append(Listener(session, handoff))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return self.listeners[-1]

    def close(self, listener: Listener) -> bool:
        """Takes the listener away. Whether that was the last of her account for its handoff."""
        self.listeners.remove(listener)
        if not self.listeners and self._looking:
            self._looking.cancel()
        mine = listener.handoff, listener.account.id
        return all((other.handoff, other.account.id) != mine for other in self.listeners)

    async def _look(self) -> None:
        while True:
            listeners = list(self.listeners)
            schools = {school for listener in listeners if not listener.handoff for school in listener.account.schools}
            handoffs = {listener.handoff for listener in listeners if listener.handoff}
            with suppress(DatabaseDown):
                seen = await run_in_threadpool(glance, schools, handoffs)
                for listener in listeners:
                    listener.see(seen)
            await asyncio.sleep(LOOK_SECONDS)


class LiveResponse(EventStream):
    """Events for one page, from the mark `since` that the page was made with, until the session ends."""

    def __init__(self, watch: Watch, token: str, session: Session, handoff: Optional[str], since: str) -> None:
        self._watch, self._token, self._session = watch, token, session
        self._handoff, self._since = handoff, since

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            listener = self._watch.open(self._session, self._handoff)
        except OverflowError:
            await PlainTextResponse(FULL, 429, {"Retry-After": "30"})(scope, receive, send)
            return
        super().__init__(self._events(listener), listener, HEARTBEAT_SECONDS)
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self._watch.close(listener) and self._handoff:
                with anyio.CancelScope(shield=True), suppress(DatabaseDown):
                    await run_in_threadpool(presence.leave, self._handoff, self._session.account.id)

    async def _events(self, listener: Listener) -> AsyncIterator[ServerSentEvent]:
        yield ServerSentEvent(comment="verbonden", retry=3000)
        mark, names = self._since, list[str]()
        while await run_in_threadpool(self._may_stay):
            if listener.mark is not None and listener.mark != mark:
                mark = listener.mark
                yield ServerSentEvent("{}", event="changed", id=mark)
            if listener.names != names:
                names = listener.names
                yield ServerSentEvent(json.dumps({"names": names}, ensure_ascii=False), event="present")
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(listener.news.wait(), STAY_SECONDS)
            if listener.stopping:
                return
            listener.news.clear()
        yield ServerSentEvent("{}", event="ended")

    def _may_stay(self) -> bool:
        """Whether the session is still what it was when this began; it is not used by listening."""
        with suppress(DatabaseDown, NotFound):  # a handoff that is deleted is news, and the end of nothing
            session = sessions.find(self._token, used=False)
            if session is None or not session.complete:
                return False
            before, now = self._session.account, session.account
            if (now.role, now.schools) != (before.role, before.schools):
                return False
            if self._handoff:
                presence.look_in(self._handoff, now.id, now.schools)
        return True


def live(visit: Visit) -> Response:
    """GET /portal/overdrachten/live?sinds=MARK, and &overdracht=ID for one handoff."""
    assert visit.session is not None
    query = visit.request.query_params
    handoff = query.get("overdracht")
    if handoff is not None:
        try:
            if not ID.fullmatch(handoff):
                raise NotFound
            presence.look_in(handoff, visit.account.id, visit.account.schools)
        except NotFound:
            raise Refusal(404, "Niet gevonden", GONE) from None
    since = visit.request.headers.get("last-event-id") or query.get("sinds", "")
    return LiveResponse(visit.request.app.state.watch, visit.token, visit.session, handoff, since)


def busy(visit: Visit) -> Response:
    """POST /portal/overdrachten/bezig: she is typing, so her session is in use."""
    return Response(status_code=204)


routes = [
    route(f"{INBOX}/live", live, "GET", roles=(DECAAN,)),
    route(f"{INBOX}/bezig", busy, "POST", roles=(DECAAN,)),
]
