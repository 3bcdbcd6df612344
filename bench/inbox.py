"""Measures the inbox of a decaan with many handoffs; part of `make bench`."""

import random
import re
import time
from datetime import timedelta
from typing import Any, get_args

from bot import clock
from bot.handoff import rules
from bot.storage.conversations import message_id
from bot.storage.database import Row, transaction, write_rows
from tests.stack import SCHOOL, Lobke
from tests.web.staff import EMAIL, PASSWORD, Browser

HANDOFFS = 5000
VISITS = 40
INBOX = "/portal/overdrachten"
WORDS = (
    "ik",
    "wil",
    "graag",
    "weten",
    "welke",
    "opleiding",
    "in",
    "de",
    "zorg",
    "bij",
    "mij",
    "past",
    "en",
    "wat",
    "erna",
    "kan",
)


def fill(lobke: Lobke) -> None:
    """Handoffs of one school, of a whole school year, in every status."""
    chance = random.Random(1)
    rows: list[Row] = []
    with lobke.settings_here():
        now = clock.now()
        for number in range(HANDOFFS):
            sent = now - timedelta(minutes=chance.randrange(300 * 24 * 60))
            status = chance.choice(get_args(rules.Status))
            id = f"{number:032x}"
            values: dict[str, Any] = {
                "id": id,
                "code_hash": id * 2,
                "school": SCHOOL,
                "status": status,
                "urgent": number % 50 == 0,
                "unread": status == "nieuw",
                "version": 1,
                "created_at": sent,
                "changed_at": sent,
                "waiting_since": sent,
                "snoozed_until": now + timedelta(3) if status == "later" else None,
                "close_reason": "beantwoord" if status == "afgerond" else None,
                "closed_at": sent if status == "afgerond" else None,
                "leerjaar": chance.choice((None, 1, 2, 3, 4)),
                "first_name": chance.choice((None, "Noor", "Sam", "Yara")),
                "attachments": [{"title": "Je laatste berichten", "text": " ".join(WORDS) * 8}],
            }
            text = " ".join(chance.choices(WORDS, k=40))
            first = {"id": message_id(), "handoff_id": id, "request_key": id, "sender": "pupil", "at": sent}
            rows += [("handoffs", values), ("handoff_messages", {**first, "text": text})]
        with transaction(write=True) as connection:
            write_rows(connection, rows)


def visits(lobke: Lobke) -> dict[str, list[float]]:
    """The seconds of every visit, by page."""
    browser = Browser(lobke.url)
    browser.login(EMAIL, PASSWORD)
    one = re.search(rf'href="({INBOX}/[0-9a-f]{{32}})"', browser.get(INBOX).text)
    assert one, "the inbox is empty"
    pages = {
        "Inbox: new": f"{INBOX}?weergave=nieuw",
        "Inbox: all that is open, page 20": f"{INBOX}?weergave=alle&pagina=20",
        "Inbox: leerjaar 3, urgent": f"{INBOX}?weergave=alle&leerjaar=3&dringend=ja",
        "One handoff": one[1],
    }
    took: dict[str, list[float]] = {}
    for name, page in pages.items():
        for _ in range(VISITS):
            before = time.perf_counter()
            answer = browser.get(page)
            took.setdefault(name, []).append(time.perf_counter() - before)
            assert answer.status_code == 200, answer.status_code
    for _ in range(VISITS):
        before = time.perf_counter()
        found = browser.send(INBOX, INBOX, zoek="noor zorg", weergave="alle").headers["location"]
        assert browser.get(found).status_code == 200
        took.setdefault("Inbox: searching, with the page before it", []).append(time.perf_counter() - before)
    browser.close()
    return took
