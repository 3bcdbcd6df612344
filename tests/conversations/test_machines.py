"""Two machines, each with all of Lobke, over one PostgreSQL and one Redis: any of them takes any conversation."""

import json
import signal
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg2
import pytest

from bot.storage.shared import PAUSE_SECONDS
from tests.conversations.test_sending import before_sending
from tests.postgres import Postgres, postgres_server
from tests.redis_server import RedisServer, redis_server
from tests.stack import Conversation, Lobke, free_ports, lend_model
from web.rasa import AWAY_SECONDS

SECRET = "a secret that the machines share, and nobody else"
QUESTION = "Mag ik nog van profiel wisselen in de derde?"
YES = "Ja, versturen"


@dataclass
class Machines:
    """Two of them, and what they share."""

    postgres: Postgres
    redis: RedisServer
    all: list[Lobke]

    def rows(self, query: str, *values: str) -> list[Any]:
        """What is in the database."""
        with closing(psycopg2.connect(self.postgres.url)) as connection, connection.cursor() as cursor:
            cursor.execute(query, values)
            return list(cursor.fetchall())

    def at(self, chat: Conversation, machine: int) -> Conversation:
        """The same chat, at the web process of another machine."""
        other = Conversation.__new__(Conversation)
        headers = {"Authorization": chat.http.headers["Authorization"]}
        other.http = httpx.Client(base_url=self.all[machine].url, headers=headers, timeout=40, trust_env=False)
        other.messages = chat.messages
        return other

    def of(self, chat: Conversation) -> Lobke:
        """The machine whose Rasa answers this chat."""
        return self.all[zlib.crc32(id_of(chat).encode()) % 2]

    def wait(self) -> None:
        """Until everything answers."""
        for lobke in self.all:
            eventually(lambda: answers(f"http://127.0.0.1:{lobke.stack.settings.rasa_port}/webhooks/lobke/"), 90)  # noqa: B023
            assert lobke.stack.wait_until_healthy(90), lobke.stack.health()[1] + lobke.log.read_text()[-3000:]

    def remembered(self) -> Counter[str]:
        """What pupils said, as Rasa remembers it."""
        found: Counter[str] = Counter()
        raw = self.redis.raw
        for key in raw.scan_iter("lobke:turns:*"):
            for entry in raw.lrange(key, 0, -1):
                events = json.loads(zlib.decompress(entry.partition(b":")[2]))
                found.update(event["text"] for event in events if event["event"] == "user")
        return found


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with postgres_server() as postgres, redis_server() as redis:
        ports = free_ports(2)
        shared = {
            "database_url": postgres.url,
            "redis_url": redis.url,
            "secret": SECRET,
            "rasa_urls": ",".join(f"http://127.0.0.1:{port}" for port in ports),
        }
        lobkes = []
        for port in ports:
            folder = tmp_path_factory.mktemp("machine")
            lend_model(folder)
            lobkes.append(Lobke(folder, rasa_port=port, **shared))
        found = Machines(postgres, redis, lobkes)
        migrated = lobkes[0].command("migrate")
        assert migrated.returncode == 0, migrated.stderr
        lobkes[0].add_decaan()
        try:
            for lobke in lobkes:
                lobke.stack.start()
            found.wait()
            yield found
        finally:
            for lobke in lobkes:
                lobke.stop()


def id_of(chat: Conversation) -> str:
    return str(chat.http.headers["Authorization"]).removeprefix("Bearer ").partition(".")[0]


def said(chat: Conversation) -> list[str]:
    """What the pupil said, as she sees it."""
    shown = chat.http.get("/api/messages").json()["messages"]
    return [message["text"] for message in shown if message["from"] == "pupil"]


def send(chat: Conversation, body: dict[str, str], key: str) -> httpx.Response:
    return chat.http.post("/api/messages", json=body, headers={"Idempotency-Key": key})


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def eventually(found: Callable[[], bool], seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def under_way(machines: Machines, chat: Conversation, body: dict[str, str], key: str) -> Iterator["Future[Any]"]:
    """Inside the block the message waits for the actions, which go on afterwards."""
    actions = machines.of(chat).stack.processes["actions"]
    actions.send_signal(signal.SIGSTOP)
    with ThreadPoolExecutor() as pool:
        try:
            sending = pool.submit(send, chat, body, key)
            eventually(lambda: any(machines.redis.raw.scan_iter("lobke:rasa:*")))
            time.sleep(0.3)
            yield sending
        finally:
            actions.send_signal(signal.SIGCONT)


def test_a_chat_moves_between_web_processes(machines: Machines) -> None:
    here = machines.all[0].conversation()
    there = machines.at(here, 1)
    here.say("hoe word ik kok")
    assert "kok" in there.say("en hoe lang duurt dat")[-1]["text"].lower()
    assert "kok" in here.say("en waar kan dat")[-1]["text"].lower()
    assert said(here) == said(there) == ["hoe word ik kok", "en hoe lang duurt dat", "en waar kan dat"]


def test_a_message_at_one_machine_is_heard_at_once_at_the_other(machines: Machines) -> None:
    here = machines.all[0].conversation()
    there = machines.at(here, 1)
    with there.http.stream("GET", "/api/events", timeout=8) as stream:
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith(":"))
        here.say("hoe word ik kok")
        assert "hoe word ik kok" in next(line for line in lines if line.startswith("data:"))
        assert here.http.delete("/api/session").status_code == 204
        assert "ended" in next(line for line in lines if line.startswith("event: ended"))


def test_the_machines_count_requests_together(machines: Machines) -> None:
    here = machines.all[0].conversation()
    chats = [here, machines.at(here, 1)]
    answers = [chats[place % 2].http.get("/api/messages").status_code for place in range(124)]
    assert Counter(answers) == {200: 120, 429: 4}


def logged(machines: Machines) -> Counter[str]:
    """The outcomes in the log, when all that waits is written."""

    def is_empty() -> bool:
        return not any(path.stat().st_size for lobke in machines.all for path in lobke.data_dir.glob("spool/*.jsonl"))

    eventually(is_empty)
    return Counter(outcome for (outcome,) in machines.rows("SELECT outcome FROM interactions"))


def test_rasa_that_dies_in_the_middle_of_a_message_loses_and_doubles_nothing(machines: Machines) -> None:
    chat = machines.all[0].conversation()
    chat.say("hoe word ik kok")
    before, victim = logged(machines), machines.of(chat)
    with under_way(machines, chat, {"text": "hoe lang duurt dat eigenlijk"}, "k") as sending:
        victim.stack.processes["rasa"].kill()
        victim.stack.processes.pop("rasa").wait()
        answer = sending.result(30)
    assert answer.status_code == 200 and "kok" in answer.json()["messages"][-1]["text"].lower()
    assert said(chat) == ["hoe word ik kok", "hoe lang duurt dat eigenlijk"]
    assert machines.remembered()["hoe lang duurt dat eigenlijk"] == 1
    victim.stack.start("rasa")
    machines.wait()
    assert sum((logged(machines) - before).values()) == 1
    assert "kok" in chat.say("en waar kan dat")[-1]["text"].lower()


def test_a_handoff_is_sent_once_when_the_web_process_dies_and_the_pupil_tries_again_elsewhere(
    machines: Machines,
) -> None:
    chat = before_sending(machines.all[0], QUESTION)
    other = machines.at(chat, 1)
    choice = next(c["id"] for m in chat.messages for c in m.get("choices") or () if YES in c["label"])
    before = logged(machines)
    with under_way(machines, chat, {"choice": choice}, "send") as sending:
        machines.all[0].stack.processes["web"].kill()
        machines.all[0].stack.processes.pop("web").wait()
        with pytest.raises(httpx.HTTPError):
            sending.result(30)
        with ThreadPoolExecutor() as pool:
            again = pool.submit(send, other, {"choice": choice}, "send")
            machines.of(chat).stack.processes["actions"].send_signal(signal.SIGCONT)
            answer = again.result(40)
    assert answer.status_code == 200, answer.text
    code = answer.json()["messages"]
    assert machines.remembered()[QUESTION] == 1
    assert send(other, {"choice": choice}, "send").json()["messages"] == code
    assert Counter(said(other))[next(m["text"] for m in code if m["from"] == "pupil")] == 1
    assert machines.rows("SELECT count(*) FROM handoffs WHERE conversation_id = %s", id_of(other)) == [(1,)]
    assert (logged(machines) - before)["handoff_sent"] == 1
    machines.all[0].stack.start("web")
    machines.wait()


def test_machines_are_replaced_in_turn_while_pupils_chat(machines: Machines) -> None:
    chats = [machines.all[place % 2].conversation() for place in range(4)]
    stop, statuses = threading.Event(), Counter[int]()

    def talk(chat: Conversation) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            statuses[chat.http.post("/api/messages", json={"text": f"wat is bbl {number}"}).status_code] += 1
            time.sleep(1.6)  # the limit is 40 a minute

    with ThreadPoolExecutor() as pool:
        talking = [pool.submit(talk, chat) for chat in chats]
        try:
            for lobke in machines.all:
                lobke.stop("rasa")
                lobke.stack.start("rasa")
                machines.wait()
        finally:
            stop.set()
        for one in talking:
            one.result(30)
    assert set(statuses) == {200} and statuses[200] >= 8


def test_chats_go_on_while_redis_is_away(machines: Machines) -> None:
    chats = [machines.all[place % 2].conversation() for place in range(4)]
    time.sleep(AWAY_SECONDS)  # until no web process passes by a Rasa that was replaced in the test before
    for chat in chats:
        chat.say("hoe word ik kok")
    machines.redis.stop()
    try:
        for chat in chats:
            assert "kok" in chat.say("en hoe lang duurt dat")[-1]["text"].lower()
            assert "kok" in machines.at(chat, 1).say("en waar kan dat")[-1]["text"].lower()
    finally:
        machines.redis.start()
    time.sleep(PAUSE_SECONDS)
    for chat in chats:
        assert "kok" in machines.at(chat, 1).say("en op welk niveau")[-1]["text"].lower()
        assert len(said(chat)) == 4


def test_redis_keeps_nothing_of_a_chat_that_its_pupil_deleted(machines: Machines) -> None:
    chat = machines.all[0].conversation()
    before = set(machines.redis.raw.scan_iter("lobke:turns:*"))
    chat.say("hoe word ik kok")
    (key,) = set(machines.redis.raw.scan_iter("lobke:turns:*")) - before
    assert id_of(chat) not in machines.redis.everything()
    assert machines.at(chat, 1).http.delete("/api/session").status_code == 204
    assert not machines.redis.raw.exists(key)
