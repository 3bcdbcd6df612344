"""GET /metrics: numbers for Prometheus about this process and what waits. No label names a school or anybody."""

import hmac
import time
from collections.abc import Iterable, Mapping
from typing import Optional

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    Counter,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Scope

from bot.knowledge import loader
from bot.notices import outbox
from bot.settings import settings
from bot.storage import spool, tables
from bot.storage.database import DatabaseDown, transaction
from web.api import Services, services

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS")
OTHER = "other"
LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
disable_created_metrics()  # three lines for every label, that nobody looks at
PROXY_HEADERS = ("x-forwarded-for", "x-forwarded-proto", "x-real-ip", "forwarded", "via")

requests = Counter("lobke_requests", "Requests that were answered.", ("route", "method", "status"))
duration = Histogram("lobke_request_seconds", "Seconds until an answer began.", ("route", "method"), buckets=SECONDS)


def count_request(scope: Scope, status: int, started: float) -> None:
    """Counts a request; `started` is by the clock of time.perf_counter."""
    route = route_of(scope)
    method = scope["method"] if scope["method"] in METHODS else OTHER
    requests.labels(route, method, f"{status // 100}xx").inc()
    duration.labels(route, method).observe(time.perf_counter() - started)


def route_of(scope: Scope) -> str:
    """The route as it is written down, as in /mijn/{token}; "other" for an address that is none of ours."""
    route: Optional[BaseRoute] = scope.get("route")
    return route.path if isinstance(route, (Route, Mount)) else OTHER


async def metrics(request: Request) -> Response:
    """GET /metrics, for this computer itself and for who has the token; for others there is no such page."""
    if not _may_read(request):
        raise HTTPException(404)
    body = await run_in_threadpool(_text, services(request), len(request.app.state.watch.listeners))
    return Response(body, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _may_read(request: Request) -> bool:
    expected = settings().metrics_token
    given = request.headers.get("authorization", "").encode("utf-8", "replace")
    if expected and hmac.compare_digest(given, f"Bearer {expected}".encode()):
        return True
    is_here = request.client is not None and request.client.host in LOOPBACK
    return is_here and not any(name in request.headers for name in PROXY_HEADERS)


def _text(lobke: Services, portal_streams: int) -> bytes:
    return generate_latest(REGISTRY) + generate_latest(_Now(lobke, portal_streams))


class _Now(Collector):
    """What is counted at the moment of asking."""

    def __init__(self, lobke: Services, portal_streams: int) -> None:
        self._lobke, self._portal_streams = lobke, portal_streams

    def collect(self) -> Iterable[Metric]:
        """The numbers. Those from the database are left out while it is down."""
        waiting = spool.waiting(settings().spool_dir)
        yield _gauge("lobke_spool_rows", "Groups of rows that wait for the database.", waiting.number)
        yield _gauge("lobke_spool_oldest_seconds", "How long the oldest of them waits.", waiting.seconds)
        live = loader.live
        if live.loaded_at:
            moment = live.loaded_at.timestamp()
            yield _gauge("lobke_knowledge_loaded_timestamp_seconds", "Since when this knowledge counts.", moment)
        yield _gauge("lobke_knowledge_error", "1 when a changed knowledge file has a mistake.", float(bool(live.error)))
        streams = GaugeMetricFamily("lobke_streams", "Open connections for server-sent events.", labels=["kind"])
        streams.add_metric(["chat"], self._lobke.hub.streams())
        streams.add_metric(["portal"], self._portal_streams)
        yield streams
        try:
            counted = _in_database()
        except DatabaseDown:
            counted = {}
        yield _gauge("lobke_database_up", "1 when the database answers.", float(bool(counted)))
        for name, number in counted.items():
            yield _gauge(name, _IN_DATABASE[name], number)


_IN_DATABASE = {
    "lobke_mails_waiting": "Mails that are not sent yet.",
    "lobke_handoffs_unread": "Handoffs with something that no decaan opened yet.",
}


def _in_database() -> Mapping[str, float]:
    unread = select(func.count()).select_from(tables.handoffs).where(tables.handoffs.c.unread)
    with transaction() as connection:
        handoffs = connection.execute(unread).scalar()
    return {"lobke_mails_waiting": outbox.waiting().number, "lobke_handoffs_unread": handoffs}


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value)


routes: list[BaseRoute] = [Route("/metrics", metrics)]
