"""POST /api/messages answers a pupil; GET /api/messages gives the conversation back after a reload."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.settings import settings
from tests.web.conftest import ANSWER, Site, StandIn, Talk, assert_problem
from web.rasa import plain, replies


def test_text_is_answered(talk: Talk, rasa: StandIn) -> None:
    answer = talk.say("hoe word ik kok")
    assert answer.status_code == 200
    pupil, bot = answer.json()["messages"]
    assert (pupil["from"], pupil["text"]) == ("pupil", "hoe word ik kok")
    assert (bot["from"], bot["text"]) == ("bot", "Kok word je op **niveau 2**.")
    assert talk.messages[0]["id"] < pupil["id"] < bot["id"]
    assert rasa.texts == ["hoe word ik kok"]


def test_every_pupil_has_a_conversation_of_her_own_in_rasa(site: Site, rasa: StandIn) -> None:
    first, second = site.start(), site.start()
    for talk in (first, second, first):
        talk.say("hoi")
    senders = [message["sender"] for message in rasa.received]
    assert senders[0] == senders[2] != senders[1]
    assert first.token.startswith(senders[0])


def test_a_card_and_choices_join_the_message_before_them() -> None:
    items = [
        {"recipient_id": "x", "text": "Eerste"},
        {"custom": {"card": {"kind": "opleiding"}, "choices": [{"label": "Meer", "meaning": "meer"}]}},
        {"text": "Tweede", "buttons": [{"title": "Ja", "payload": "ja"}, {"title": "kapot"}, 3]},
        {"image": "https://voorbeeld.nl/x.png"},
        "kapot",
    ]
    first, second = replies(items)
    assert (first.text, first.card, [choice.meaning for choice in first.choices]) == (
        "Eerste",
        {"kind": "opleiding"},
        ["meer"],
    )
    assert (second.text, [choice.label for choice in second.choices]) == ("Tweede", ["Ja"])


def test_a_card_reaches_the_client(talk: Talk, rasa: StandIn) -> None:
    rasa.answer = [{"text": "Kijk"}, {"custom": {"card": {"kind": "opleiding", "naam": "Kok"}}}]
    (_, bot) = talk.say("kok").json()["messages"]
    assert bot["card"] == {"kind": "opleiding", "naam": "Kok"}


# Choices


def test_a_choice_is_said_with_its_label_and_means_what_the_server_kept(talk: Talk, rasa: StandIn) -> None:
    (choice,) = talk.messages[0]["choices"]
    pupil, _ = talk.choose(choice["id"]).json()["messages"]
    assert (pupil["from"], pupil["text"]) == ("pupil", "Wat is bbl?")
    assert rasa.texts == ['/kies{"keuze": "inhoud:bbl"}']


def test_a_label_that_is_typed_is_the_choice_it_stands_for(talk: Talk, rasa: StandIn) -> None:
    pupil, _ = talk.say(" wat is BBL").json()["messages"]
    assert pupil["text"] == " wat is BBL"
    talk.say("Wat is bbl?")  # it was offered before, but no longer
    assert rasa.texts == ['/kies{"keuze": "inhoud:bbl"}', "Wat is bbl?"]


def test_a_meaning_with_quotes_and_braces_arrives_whole(talk: Talk, rasa: StandIn) -> None:
    rasa.answer = [{"text": "Kies", "buttons": [{"title": "Raar", "payload": 'a"} /restart {"b\n'}]}]
    choice = talk.say("hoi").json()["messages"][1]["choices"][0]["id"]
    talk.choose(choice)
    assert rasa.texts[-1] == '/kies{"keuze": "a\\"} /restart {\\"b\\n"}'


def test_a_step_is_told_apart_from_an_answer(talk: Talk, rasa: StandIn) -> None:
    buttons = [
        {"title": "Leuk", "payload": "leuk"},
        {"title": "Vorige", "payload": "vorige", "role": "step"},
        {"title": "Raar", "payload": "raar", "role": "anders"},
        {"title": "Kapot", "payload": "kapot", "role": ["step"]},
    ]
    rasa.answer = [{"text": "Lijkt koken je leuk?", "buttons": buttons}]
    for said in (talk.say("hoi"), talk.read()):
        choices = said.json()["messages"][-1]["choices"]
        assert [(choice["label"], choice.get("role")) for choice in choices] == [
            ("Leuk", None),
            ("Vorige", "step"),
            ("Raar", None),
            ("Kapot", None),
        ]
    assert talk.choose(choices[1]["id"]).status_code == 200
    assert rasa.texts[-1] == '/kies{"keuze": "vorige"}'


def test_an_old_choice_still_works_after_a_restart(talk: Talk, rasa: StandIn, run: Callable[..., Site]) -> None:
    again = Talk(run().http, talk.token, [])
    assert again.choose(talk.messages[0]["choices"][0]["id"]).status_code == 200
    assert rasa.texts == ['/kies{"keuze": "inhoud:bbl"}']


def test_a_choice_of_another_conversation_is_refused(site: Site, rasa: StandIn) -> None:
    mine, other = site.start(), site.start()
    detail = assert_problem(mine.choose(other.messages[0]["choices"][0]["id"]), 404)
    assert "hoort niet bij dit gesprek" in detail
    assert_problem(mine.choose("unknown"), 404)
    assert rasa.received == []


@pytest.mark.parametrize("choice", ["", "/restart", "x" * 65, '{"a"}', "inhoud:bbl"])
def test_what_cannot_be_the_id_of_a_choice_is_refused(talk: Talk, rasa: StandIn, choice: str) -> None:
    assert_problem(talk.choose(choice), 422)
    assert rasa.received == []


# What a pupil may send


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "a", "choice": "b"},
        {"text": "a", "x": 1},
        {"tekst": "a"},
        {"text": 3},
        {"text": None},
        {"text": []},
    ],
)
def test_a_body_of_another_shape_is_refused(talk: Talk, rasa: StandIn, body: dict[str, Any]) -> None:
    assert_problem(talk.post(body), 422)
    assert rasa.received == []


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b\u200d\ufeff", "\u3164", "\u2800 \u00ad", "\x00"])
def test_text_in_which_nothing_can_be_seen_is_refused_kindly(talk: Talk, rasa: StandIn, text: str) -> None:
    assert "geen vraag" in assert_problem(talk.say(text), 422)
    assert rasa.received == []


def test_a_text_of_1000_characters_is_fine_and_one_more_is_not(talk: Talk) -> None:
    assert talk.say("é" * 1000).status_code == 200
    assert talk.say("👍" * 1000).status_code == 200
    assert "1000 tekens" in assert_problem(talk.say("a" * 1001), 422)


def test_a_body_over_4_kb_is_refused_however_it_is_sent(site: Site, talk: Talk, rasa: StandIn) -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"text": "'
        for _ in range(100):
            yield b"a" * 100

    headers = talk.headers | {"Content-Type": "application/json"}
    assert_problem(site.http.post("/api/messages", content=chunks(), headers=headers), 413)
    assert_problem(site.http.post("/api/messages", content=b"x" * 5000, headers=headers), 413)
    assert rasa.received == []


@pytest.mark.parametrize(
    ("content", "type", "status"),
    [
        ('{"text": "hoi"}', "text/plain", 415),
        ("text=hoi", "application/x-www-form-urlencoded", 415),
        ('{"text": "hoi"', "application/json", 400),
        (b'{"text": "\xff"}', "application/json", 400),
        ("[" * 4000, "application/json", 400),
        ("", "application/json", 400),
        ('{"text": "hoi"}', "application/json; charset=utf-8", 200),
        ('{"text": "\\ud800 hoi"}', "application/json", 200),
    ],
)
def test_only_json_is_read(site: Site, talk: Talk, content: Any, type: str, status: int) -> None:
    answer = site.http.post("/api/messages", content=content, headers=talk.headers | {"Content-Type": type})
    assert answer.status_code == status
    if status != 200:
        assert_problem(answer, status)


# Typed text is never a command


@pytest.mark.parametrize(
    "typed",
    [
        "/restart",
        "  /restart",
        "//restart",
        "/ / restart",
        "\u200b/restart",
        "\ufeff /restart",
        "\x00/restart",
        "\x1f/restart",
        "\u2028/restart",
        "\u00a0/restart",
        "\u00ad/restart",
        "\u3164/restart",
        "\uff0frestart",
        "\u2044restart",
        "\u2215restart",
        "\u29f8restart",
        "\u202e/restart",
        "\ue000/restart",
        "/\u200b/restart",
    ],
)
def test_typed_text_never_reaches_rasa_as_a_command(talk: Talk, rasa: StandIn, typed: str) -> None:
    shown = talk.say(typed).json()["messages"][0]["text"]
    assert rasa.texts == ["restart"]
    assert shown == typed.replace("\x00", "\ufffd"), "the pupil sees what she typed"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ('/kies{"keuze": "inhoud:bbl"}', 'kies{"keuze": "inhoud:bbl"}'),
        ("hoi\n/restart", "hoi /restart"),
        ("bol/bbl?", "bol/bbl?"),
        ("k\u200bo\u00adk", "kok"),
        ("𝗸𝗼𝗸", "kok"),
        ("cafe\u0301", "café"),
        ("👍", "👍"),
        ("?!", "?!"),
        ("/", ""),
        (
            "\ufdfa" * 1000,
            ("\u0635\u0644\u0649 \u0627\u0644\u0644\u0647 \u0639\u0644\u064a\u0647 \u0648\u0633\u0644\u0645" * 56)[
                :1000
            ],
        ),
    ],
)
def test_rasa_reads_plain_text(typed: str, read: str) -> None:
    assert plain(typed) == read


def test_a_lone_slash_gets_an_answer(talk: Talk, rasa: StandIn) -> None:
    assert talk.say("/").status_code == 200
    assert rasa.texts == ["?"]


# When Rasa has no answer


@pytest.mark.parametrize(
    ("status", "answer"),
    [(200, []), (200, {}), (200, b"no json"), (200, [{"image": "x"}]), (500, ANSWER), (401, ANSWER), (302, ANSWER)],
)
def test_no_answer_is_a_kind_problem_and_nothing_is_kept(talk: Talk, rasa: StandIn, status: int, answer: Any) -> None:
    rasa.status, rasa.answer = status, answer
    refused = talk.say("hoi", key="1")
    assert_problem(refused, 503)
    assert int(refused.headers["retry-after"]) > 0
    assert talk.read().json()["messages"] == talk.messages
    rasa.status, rasa.answer = 200, ANSWER
    assert talk.say("hoi", key="1").status_code == 200
    assert len(talk.read().json()["messages"]) == 3


def test_an_answer_that_takes_too_long_is_a_problem(talk: Talk, rasa: StandIn, set_up: Callable[..., None]) -> None:
    set_up(rasa_timeout=0.2)
    rasa.seconds = 1.0
    started = time.monotonic()
    assert_problem(talk.say("hoi"), 503)
    assert time.monotonic() - started < 0.9


def test_rasa_that_is_gone_is_a_problem_at_once(talk: Talk, rasa: StandIn) -> None:
    rasa.stop()
    assert_problem(talk.say("hoi"), 503)


def test_a_sign_of_distress_gets_the_helplines_even_when_rasa_is_gone(talk: Talk, rasa: StandIn) -> None:
    rasa.stop()
    answer = talk.say("ik wil niet meer leven")
    assert answer.status_code == 200
    reply = answer.json()["messages"][-1]
    assert "0800-0113" in reply["text"] or "113" in reply["text"]
    assert any(link["url"].startswith("tel:") for link in reply["card"]["links"])


def test_a_fault_of_our_own_is_a_problem_without_details(site: Site, talk: Talk, monkeypatch: Any) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("hoe word ik kok")

    monkeypatch.setattr(site.app.state.services.conversations, "add", broken)
    answer = talk.say("hoe word ik kok")
    assert_problem(answer, 500)
    assert "kok" not in answer.text and "RuntimeError" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"


# Sending the same again


def test_the_same_key_gives_the_same_answer_without_asking_rasa_again(talk: Talk, rasa: StandIn) -> None:
    first = talk.say("hoi", key="key").json()
    assert talk.say("hoi", key="key").json() == first
    assert len(rasa.received) == 1
    assert len(talk.read().json()["messages"]) == 3


def test_the_same_key_after_a_restart(talk: Talk, rasa: StandIn, run: Callable[..., Site]) -> None:
    first = talk.say("hoi", key="key").json()
    assert Talk(run().http, talk.token, []).say("hoi", key="key").json() == first
    assert len(rasa.received) == 1


def test_the_same_key_at_the_same_time(talk: Talk, rasa: StandIn) -> None:
    rasa.seconds = 0.3
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: talk.say("hoi", key="key").json(), range(4)))
    assert all(answer == answers[0] for answer in answers)
    assert len(rasa.received) == 1


def test_another_conversation_may_use_the_same_key(site: Site, rasa: StandIn) -> None:
    for _ in range(2):
        assert site.start().say("hoi", key="key").status_code == 200
    assert len(rasa.received) == 2


def test_messages_of_one_pupil_are_answered_in_their_order(talk: Talk, rasa: StandIn) -> None:
    rasa.seconds = 0.1
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(talk.say, "abcd"))
    senders = [message["from"] for message in talk.read().json()["messages"]]
    assert senders == ["bot"] + ["pupil", "bot"] * 4


@pytest.mark.parametrize("key", ["x" * 65, "a b", ""])
def test_a_key_that_is_too_long_or_odd_is_refused(talk: Talk, rasa: StandIn, key: str) -> None:
    assert_problem(talk.post({"text": "hoi"}, **{"Idempotency-Key": key}), 422)
    assert rasa.received == []


# Reading


def test_a_reload_gives_the_whole_conversation_back(talk: Talk) -> None:
    said = talk.say("hoi").json()["messages"]
    assert talk.read().json()["messages"] == talk.messages + said


def test_after_gives_only_what_came_later(talk: Talk) -> None:
    first = talk.say("hoi").json()["messages"]
    second = talk.say("en nu").json()["messages"]
    assert talk.read(after=first[-1]["id"]).json()["messages"] == second
    assert talk.read(after=second[-1]["id"]).json()["messages"] == []


@pytest.mark.parametrize("after", ["x", "A", "f" * 33, "1' OR '1'='1"])
def test_after_must_be_a_message_id(talk: Talk, after: str) -> None:
    assert_problem(talk.read(after=after), 422)


# Tokens


@pytest.mark.parametrize("method", ["post", "get"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic dTpw"},
        {"Authorization": "Bearer " + "a.b.c" * 100},
        {"Authorization": "Bearer é"},
    ],
)
def test_without_a_good_token_there_is_no_conversation(site: Site, method: str, headers: dict[str, str]) -> None:
    raw = [(name, value.encode("latin-1")) for name, value in headers.items()]
    answer = site.http.request(method, "/api/messages", headers=raw)
    assert_problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_forged_token_is_refused(site: Site, talk: Talk, rasa: StandIn) -> None:
    conversation_id, moment, signature = talk.token.split(".")
    other_id = site.start().token.split(".")[0]
    for forged in (
        f"{other_id}.{moment}.{signature}",
        f"{conversation_id}.{moment[::-1]}.{signature}",
        f"{conversation_id}.{moment}.{signature[::-1]}",
        conversation_id,
    ):
        assert_problem(Talk(site.http, forged, []).say("hoi"), 401)
    assert rasa.received == []


def test_a_token_ends_48_hours_after_the_last_message(
    run: Callable[..., Site], rasa: StandIn, set_up: Callable[..., None]
) -> None:
    set_up(now="2026-11-21T12:00")
    talk = run().start()
    set_up(now="2026-11-23T11:00")
    assert talk.say("hoi").status_code == 200
    set_up(now="2026-11-25T10:59")
    assert talk.read().status_code == 200
    set_up(now="2026-11-25T11:01")
    assert_problem(talk.read(), 401)
    assert "nieuw gesprek" in assert_problem(talk.say("hoi"), 401)
    assert len(rasa.received) == 1


# When the database fails


def test_a_locked_database_costs_no_answer_and_the_messages_come_later(
    talk: Talk, rasa: StandIn, sqlite_database: Path, run: Callable[..., Site]
) -> None:
    with closing(sqlite3.connect(sqlite_database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = talk.say("hoe word ik kok", key="key").json()["messages"]
        assert talk.say("hoe word ik kok", key="key").json()["messages"] == said
        assert talk.choose(said[1]["choices"][0]["id"]).status_code == 200
        assert talk.read().json()["messages"][1:3] == said
        other.execute("ROLLBACK")
    assert rasa.texts == ["hoe word ik kok", '/kies{"keuze": "duur:kok"}']
    again = Talk(run().http, talk.token, [])
    assert [message["from"] for message in again.read().json()["messages"]] == ["bot", "pupil", "bot", "pupil", "bot"]


def test_a_missing_database_costs_no_answer(talk: Talk, sqlite_database: Path) -> None:
    away = sqlite_database.with_name("away.db")
    sqlite_database.rename(away)
    assert talk.say("hoe word ik kok").status_code == 200
    assert_problem(talk.read(), 503)
    away.rename(sqlite_database)
    until = time.monotonic() + 15
    while True:
        answer = talk.read()
        if answer.status_code == 200 and len(answer.json()["messages"]) == 3:
            break
        assert time.monotonic() < until
        time.sleep(0.5)


def test_the_token_is_in_no_file_and_no_log(talk: Talk, capfd: pytest.CaptureFixture[str]) -> None:
    talk.say("hoi")
    httpx.get(f"{talk.http.base_url}/api/messages?token={talk.token}", headers=talk.headers, trust_env=False)
    assert talk.token not in "".join(capfd.readouterr())
    files = [path for path in settings().data_dir.rglob("*") if path.is_file()]
    assert not [path for path in files if talk.token.encode() in path.read_bytes()]
