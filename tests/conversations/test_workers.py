"""Two Rasa processes share the conversations; when one dies, the other goes on with its conversations too."""

from collections.abc import Iterator

import httpx
import pytest

from tests.stack import Conversation, Lobke, running
from web.rasa import authorization

CHATS = 8


@pytest.fixture(scope="module")
def lobke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lobke]:
    with running(tmp_path_factory.mktemp("workers"), rasa_workers=2) as stack:
        yield stack


def still_knows(chat: Conversation) -> bool:
    """Whether Lobke knows that it is about the kok."""
    return "kok" in chat.say("en hoe lang duurt dat")[-1]["text"].lower()


@pytest.mark.parametrize("name", ["rasa", "rasa-2"])
def test_a_conversation_goes_on_when_its_process_dies(lobke: Lobke, name: str) -> None:
    chats = [lobke.conversation() for _ in range(CHATS)]
    for chat in chats:
        chat.say("hoe word ik kok")
    lobke.stack.processes[name].kill()
    lobke.stack.processes.pop(name).wait()
    assert all(still_knows(chat) for chat in chats)
    lobke.start(name)
    assert all(still_knows(chat) for chat in chats)


def test_a_message_with_the_key_of_the_one_before_it_gets_the_same_answer_from_each_process(lobke: Lobke) -> None:
    with lobke.settings_here():
        token = authorization()
    first, second = (f"http://127.0.0.1:{port}/webhooks/lobke/webhook" for port in lobke.stack.settings.rasa_ports)
    message = {"sender": "a pupil", "message": "hoe word ik kok", "key": "1"}
    once, again, elsewhere = (
        httpx.post(url, json=message, headers=token, timeout=30, trust_env=False).json()
        for url in (first, first, second)
    )
    assert "kok" in str(once).lower()
    assert again == once and elsewhere == once
    message |= {"message": "en hoe lang duurt dat", "key": "2"}
    other = httpx.post(second, json=message, headers=token, timeout=30, trust_env=False).json()
    assert "kok" in str(other).lower() and other != once
