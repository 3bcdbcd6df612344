"""The way in for the web process: like Rasa's REST channel, but it asks for a token.

`rasa run --auth-token` protects Rasa's own API only, not its channels.
"""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout
from rasa.core.channels.channel import CollectingOutputChannel, UserMessage
from rasa.core.channels.rest import RestInput
from sanic import Blueprint, Sanic, response
from sanic.request import Request
from sanic.response import HTTPResponse

from bot.components.new_model import follow
from bot.components.trackers import Answered, request_key
from bot.keys import derived_key
from bot.logs import REQUEST_ID, about, begin_request
from bot.settings import settings

log = structlog.get_logger()
HEALTH_SECONDS = 2.0


class LobkeChannel(RestInput):
    """`POST /webhooks/lobke/webhook` {"sender", "message", "school"?, "key"?} with a token, and `GET /webhooks/lobke/`.

    A message with the key of the one before it is not handled again: it gets the same answer.
    """

    @classmethod
    def name(cls) -> str:
        """Name in the URL and in the tracker."""
        return "lobke"

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """The two calls. A message answers a list of replies; a handler that raises answers 500, not an empty list."""
        expected = f"Bearer {derived_key('rasa')}".encode()
        blueprint = Blueprint("lobke_channel")

        @blueprint.listener("after_server_start")
        async def follow_the_model(app: "Sanic[Any, Any]", _: Any) -> None:
            app.add_task(follow(app))

        @blueprint.middleware("request")
        async def check_token(request: Request) -> Any:
            given = request.headers.get("authorization", "").encode("utf-8", "replace")
            begin_request(request.headers.get(REQUEST_ID))
            if request.method == "GET" or hmac.compare_digest(given, expected):
                return None
            return response.json({"error": "token"}, status=401)

        @blueprint.route("/", methods=["GET"])
        async def health(request: Request) -> HTTPResponse:
            agent = getattr(request.app.ctx, "agent", None)
            ready = agent is not None and agent.is_ready() and await _actions_answer()
            return response.json({"ready": ready}, status=200 if ready else 503)

        @blueprint.route("/webhook", methods=["POST"])
        async def receive(request: Request) -> HTTPResponse:
            body = request.json
            if not isinstance(body, dict) or not all(isinstance(body.get(key), str) for key in ("sender", "message")):
                return response.json({"error": "sender and message are strings"}, status=400)
            collector, began = CollectingOutputChannel(), time.perf_counter()
            metadata = {name: body[name] for name in ("school", "key") if isinstance(body.get(name), str)}
            request_key.set(metadata.get("key"))
            message = UserMessage(
                body["message"], collector, body["sender"], input_channel=self.name(), metadata=metadata or None
            )
            try:
                await on_new_message(message)
            except Answered as answered:
                for reply in answered.replies:
                    await collector.send_response(message.sender_id, reply)
            except Exception as error:
                log.error("message_not_answered", **about(error))
                return response.json({"error": "handler"}, status=500)
            milliseconds = round(1000 * (time.perf_counter() - began))
            log.info("turn", replies=len(collector.messages), milliseconds=milliseconds)
            return response.json(collector.messages)

        return blueprint


async def _actions_answer() -> bool:
    url = f"http://127.0.0.1:{settings().actions_port}/health"
    try:
        async with ClientSession(timeout=ClientTimeout(HEALTH_SECONDS)) as session, session.get(url) as answer:
            return answer.status == 200
    except (ClientError, asyncio.TimeoutError):
        return False
