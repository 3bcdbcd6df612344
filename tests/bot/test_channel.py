"""Rasa's way in answers only who has the token, and says so when a message could not be handled."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from rasa.core.channels.channel import UserMessage, register
from sanic import Sanic

from bot.components.channel import LobkeChannel
from bot.components.trackers import Answered, request_key
from bot.keys import derived_key
from bot.settings import settings

MESSAGE = {"sender": "a", "message": "hoe word ik kok"}


class Agent:
    """In the place of Rasa's agent, behind its real way of registering channels."""

    key: Any = None

    ready = True
    metadata: Any = None
    answered: Any = None

    def is_ready(self) -> bool:
        return self.ready

    async def handle_message(self, message: UserMessage) -> None:
        if message.text == "breek":
            raise RuntimeError("geheim")
        self.metadata, self.key = message.metadata, request_key.get()
        if self.answered:
            raise Answered(self.answered)
        await message.output_channel.send_text_message(message.sender_id, f"Je zei: {message.text}")


@pytest.fixture(scope="module")
def agent() -> Agent:
    return Agent()


@pytest.fixture(scope="module")
def actions() -> Iterator[HTTPServer]:
    """The health of the action server."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Health)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def rasa(agent: Agent, actions: HTTPServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client with the right token; Sanic can be started once in a process."""
    with pytest.MonkeyPatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as free:
        patch.setenv("LOBKE_DATA_DIR", str(tmp_path_factory.mktemp("channel")))
        patch.setenv("LOBKE_ACTIONS_PORT", str(actions.server_address[1]))
        settings.cache_clear()
        app = Sanic("test_channel", configure_logging=False)
        app.ctx.agent = agent
        register([LobkeChannel()], app, route="/webhooks/")
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        async def serve() -> Any:
            running = await app.create_server(sock=free, return_asyncio_server=True, access_log=False)
            await running.startup()
            return running

        running = asyncio.run_coroutine_threadsafe(serve(), loop).result(20)
        headers = {"Authorization": f"Bearer {derived_key('rasa')}"}
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with httpx.Client(base_url=url, headers=headers, trust_env=False) as client:
            yield client
        loop.call_soon_threadsafe(running.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
    settings.cache_clear()


def test_it_answers_a_message(rasa: httpx.Client) -> None:
    answer = rasa.post("/webhooks/lobke/webhook", json=MESSAGE)
    assert answer.json() == [{"recipient_id": "a", "text": "Je zei: hoe word ik kok"}]


@pytest.mark.parametrize(("more", "school"), [({"school": "guido"}, "guido"), ({}, None), ({"school": 3}, None)])
def test_the_school_of_the_chat_goes_with_the_message(
    rasa: httpx.Client, agent: Agent, more: dict[str, Any], school: Any
) -> None:
    rasa.post("/webhooks/lobke/webhook", json={**MESSAGE, **more})
    assert (agent.metadata or {}).get("school") == school


@pytest.mark.parametrize("header", [b"", b"Bearer", b"Bearer x", b"Bearer \xe9"])
def test_without_the_token_nothing_is_answered(rasa: httpx.Client, header: bytes) -> None:
    headers = [(b"Authorization", header)]
    assert rasa.post("/webhooks/lobke/webhook", json=MESSAGE, headers=headers).status_code == 401


def test_a_message_that_could_not_be_handled_is_a_failure_and_not_an_empty_answer(
    rasa: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    answer = rasa.post("/webhooks/lobke/webhook", json=MESSAGE | {"message": "breek"})
    assert answer.status_code == 500
    assert "geheim" not in answer.text + caplog.text and "breek" not in caplog.text


@pytest.mark.parametrize("body", [{}, [], {"sender": "a"}, {"sender": 1, "message": "x"}])
def test_a_body_of_another_shape_is_refused(rasa: httpx.Client, body: Any) -> None:
    assert rasa.post("/webhooks/lobke/webhook", json=body).status_code == 400


@pytest.mark.parametrize(("more", "key"), [({"key": "abc"}, "abc"), ({}, None), ({"key": 3}, None)])
def test_the_key_of_the_request_goes_with_the_message(
    rasa: httpx.Client, agent: Agent, more: dict[str, Any], key: Any
) -> None:
    rasa.post("/webhooks/lobke/webhook", json={**MESSAGE, "school": "guido", **more})
    assert (agent.metadata.get("key"), agent.key, agent.metadata["school"]) == (key, key, "guido")


def test_a_message_that_was_answered_gets_that_answer_in_the_same_shape(
    rasa: httpx.Client, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [{"text": "Een.\n\nTwee."}, {"custom": {"card": {}}}, {"text": "Kies", "buttons": [{"title": "a"}]}]
    monkeypatch.setattr(agent, "answered", said)
    assert rasa.post("/webhooks/lobke/webhook", json=MESSAGE).json() == [
        {"recipient_id": "a", "text": "Een."},
        {"recipient_id": "a", "text": "Twee."},
        {"recipient_id": "a", "custom": {"card": {}}},
        {"recipient_id": "a", "text": "Kies", "buttons": [{"title": "a"}]},
    ]


def test_its_health_tells_anybody_whether_the_model_is_loaded_and_actions_answer(
    rasa: httpx.Client, agent: Agent, actions: HTTPServer
) -> None:
    def health() -> tuple[int, Any]:
        answer = rasa.get("/webhooks/lobke/", headers={"Authorization": ""})
        return answer.status_code, answer.json()

    assert health() == (200, {"ready": True})
    agent.ready = False
    assert health() == (503, {"ready": False})
    agent.ready = True
    actions.shutdown()
    actions.server_close()
    assert health() == (503, {"ready": False})
