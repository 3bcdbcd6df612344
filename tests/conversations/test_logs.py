"""The log: one id for a turn in all three processes, and nothing of who or what it was about."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bot import run
from tests.conversations.test_sending import before_sending, send
from tests.stack import EMAIL, Conversation, Lobke, running

WORDS = ("mirabelkwark", "flonkerpad", "dropsterwals", "zwaluwtaart", "grombelvis", "pimpelknaak")
ADDRESS = "203.0.113.77"
PUPIL = {"X-Forwarded-For": ADDRESS, "User-Agent": "mirabelkwark"}


@pytest.fixture(scope="module")
def lobke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lobke]:
    """A Lobke whose log is of these tests only."""
    with running(tmp_path_factory.mktemp("logs"), trusted_proxy=True) as stack:
        stack.add_decaan()
        yield stack


def lines(lobke: Lobke) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lobke.log.read_text(encoding="utf-8").splitlines()]


def chat_with(lobke: Lobke) -> Conversation:
    chat = lobke.conversation()
    chat.http.headers.update(PUPIL)
    return chat


def about(lobke: Lobke, id: str) -> dict[str, list[dict[str, Any]]]:
    """The lines with this id, by process."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in lines(lobke):
        if line.get("request_id") == id:
            found.setdefault(line["process"], []).append(line)
    return found


def test_one_id_leads_through_all_processes(lobke: Lobke) -> None:
    chat_with(lobke).say("hoe word ik kok")
    last = [line for line in lines(lobke) if line["process"] == "web" and line["event"] == "message"][-1]
    turn = about(lobke, last["request_id"])
    assert {process: [line["event"] for line in found] for process, found in turn.items()} == {
        "web": ["message"],
        "rasa": ["turn"],
        "actions": ["action"],
    }
    assert last["outcome"] == "answered"


def test_an_id_from_outside_is_not_taken_over(lobke: Lobke) -> None:
    answer = httpx.get(f"{lobke.url}/nergens", headers={"X-Request-Id": "0123456789abcdef"}, trust_env=False)
    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
    assert answer.headers["x-request-id"] != "0123456789abcdef"


def test_an_error_is_found_with_the_id_of_the_problem(lobke: Lobke, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = chat_with(lobke)
    lobke.stop("actions")
    monkeypatch.setitem(run.MODULES, "actions", "tests.conversations.breaking_actions")
    lobke.start("actions")
    try:
        answers = [chat.http.post("/api/messages", json={"text": f"wat is bol, {word}?"}) for word in WORDS[:2]]
    finally:
        lobke.stop("actions")
        monkeypatch.undo()
        lobke.start("actions")
    assert [answer.status_code for answer in answers] == [503, 503]
    assert answers[0].json()["detail"].startswith("Ik kan nu even geen antwoord geven.")
    turn = about(lobke, answers[0].headers["x-request-id"])
    assert turn["web"][-1]["outcome"] == "failed"
    assert any(line.get("error") == "RasaException" for line in turn["rasa"]), turn
    (error,) = [line for line in turn["actions"] if line.get("error") == "ValueError"]
    assert "breaking_actions.py" in error["where"][-1]


def test_nothing_of_a_pupil_or_of_staff_is_in_the_log(lobke: Lobke) -> None:
    chat = chat_with(lobke)
    chat.say(f"hoe word ik kok, {WORDS[0]}?")
    chat.say(" ".join(WORDS))
    chat.say(f"ik wil dood {WORDS[1]}, mail me op {EMAIL} of bel 0612345678")
    chat.http.post("/api/messages", content=f'{{"text": "{WORDS[2]}'.encode())
    asking = before_sending(lobke, f"Mag ik {WORDS[2]} ruilen voor {WORDS[4]}?")
    code = send(asking, "logs")
    with httpx.Client(base_url=lobke.url, headers=PUPIL, trust_env=False) as browser:
        browser.post("/antwoord", data={"code": code})
        browser.post("/api/handoff/messages", json={"code": code, "text": WORDS[4]})
        browser.post("/api/handoff", json={"code": f"{code[:-1]}!"})
        browser.get(f"/portal/uitnodiging/{WORDS[5]}")
        browser.get(f"/?{WORDS[5]}={code}")
        page = browser.get("/portal/inloggen").text
        found = re.search(r'name="csrf" value="(\w+)"', page)
        assert found
        browser.post("/portal/inloggen", data={"email": EMAIL, "password": WORDS[5], "csrf": found[1]})
    chat.say(code)
    token = chat.http.headers["Authorization"].removeprefix("Bearer ")
    chat.http.delete("/api/session")

    log = lobke.log.read_text(encoding="utf-8").lower()
    assert log
    secrets = (*WORDS, ADDRESS, EMAIL, "0612345678", code, code.replace("-", ""), token, token.partition(".")[0])
    assert [secret for secret in secrets if secret.lower() in log] == []
