"""A handoff that is sent while a process is killed arrives once, and its code opens it."""

import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from bot.run import NAMES
from tests.stack import Conversation, Lobke, running

MOMENTS = (0.0, 0.015, 0.04)  # seconds after the pupil pressed "Ja, versturen"
CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}")


@pytest.fixture(scope="module")
def lobke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lobke]:
    """A Lobke of which processes may be killed."""
    with running(tmp_path_factory.mktemp("killed")) as stack:
        stack.add_decaan()
        yield stack


def before_sending(lobke: Lobke, text: str) -> Conversation:
    chat = lobke.conversation()
    chat.say("ik wil de decaan spreken")
    for label in ("Stuur mijn vraag naar de decaan", "Corlaer College", "Leerjaar 2", "Liever niet"):
        chat.choose(label)
    chat.say(text)
    chat.choose("Niets")
    return chat


def send(chat: Conversation, key: str) -> str:
    """Presses "Ja, versturen" as the widget does, again and again with one key; the code that came."""
    (choice,) = [c["id"] for m in chat.messages for c in m.get("choices") or () if c["label"] == "Ja, versturen"]
    for _ in range(120):  # Rasa takes a while to start again
        try:
            answer = chat.http.post("/api/messages", json={"choice": choice}, headers={"Idempotency-Key": key})
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == 200:
            found = CODE.search(answer.text)
            assert found, answer.text
            return found[0]
        assert answer is None or answer.status_code in (429, 503), answer.text
        time.sleep(1)  # more often is refused, for most of a minute
    raise TimeoutError("it was never sent")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_lost_or_doubled_when_a_process_is_killed_while_sending(lobke: Lobke, name: str) -> None:
    for number, moment in enumerate(MOMENTS, 3 * NAMES.index(name)):
        text = f"Mag ik nog van profiel wisselen? Ik zit in groep {number}."
        chat = before_sending(lobke, text)
        killed = lobke.stack.processes[name]
        codes: list[str] = []
        sending = threading.Thread(target=lambda: codes.append(send(chat, f"{name}-{moment}")))  # noqa: B023
        sending.start()
        time.sleep(moment)
        killed.kill()
        killed.wait()
        lobke.start(name)
        sending.join()

        with closing(sqlite3.connect(lobke.data_dir / "lobke.db")) as database:
            query = "SELECT count(*), count(DISTINCT handoff_id) FROM handoff_messages WHERE text = ?"
            assert database.execute(query, [text]).fetchone() == (1, 1)
        page = httpx.Client(base_url=lobke.url, trust_env=False, follow_redirects=True)
        assert text in page.post("/antwoord", data={"code": codes[0]}).text
