"""Plays the dialogues in the YAML files of this folder against the whole Lobke.

A dialogue has a `naam` and `beurten`. A turn `zegt` a text (a list: all at the same time; `keer`: so many times) or
`kiest` a choice by its label: the newest one, or the one of turn `uit` (0 is the greeting). What must come, as regexes:

- `antwoord`: each is in the text; `keuzes`: each is a whole label; `kaart`: is in the card; `niet`: none is anywhere
- `uitkomst`: is in "outcome kind subject" of what the interaction log has of the turn
- `status`: the HTTP status, 200 unless given; then the text is what the problem document tells the pupil
"""

import json
import re
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import yaml

from bot import clock
from bot.keys import log_hash
from tests.stack import Conversation, Lobke, Messages

FIELDS = {"zegt", "keer", "kiest", "uit", "antwoord", "niet", "keuzes", "kaart", "uitkomst", "status"}
Turn = dict[str, Any]


@dataclass
class Reply:
    """What came in one turn."""

    messages: Messages
    status: int = 200
    log: str = ""

    @property
    def text(self) -> str:
        return "\n".join(message["text"] for message in self.messages)

    @property
    def labels(self) -> list[str]:
        return [choice["label"] for message in self.messages for choice in message.get("choices") or ()]

    @property
    def card(self) -> str:
        return "".join(json.dumps(message.get("card") or "", ensure_ascii=False) for message in self.messages)

    def __str__(self) -> str:
        return f"{self.text}\n  {self.labels} {self.card}"


def dialogues() -> Iterator[tuple[str, list[Turn]]]:
    """The name and the turns of every dialogue. Raises ValueError for a turn that cannot be played."""
    for path in sorted(Path(__file__).parent.glob("*.yml")):
        for dialogue in yaml.safe_load(path.read_text(encoding="utf-8")):
            for turn in dialogue["beurten"]:
                if not turn.keys() <= FIELDS or ("zegt" in turn) == ("kiest" in turn):
                    raise ValueError(f"{path.name}, {dialogue['naam']}: {turn}")
            yield f"{path.stem}: {dialogue['naam']}", dialogue["beurten"]


def play(lobke: Lobke, dialogue: list[Turn]) -> list[Reply]:
    """The reply to every turn, in a new chat."""
    chat = lobke.conversation()
    replies = [Reply(chat.messages)]
    for turn in dialogue:
        try:
            replies.append(Reply([message for message in _take(chat, turn, replies) if message["from"] == "bot"]))
        except httpx.HTTPStatusError as error:
            replies.append(Reply([{"text": error.response.json()["detail"]}], error.response.status_code))
        except KeyError as label:
            replies.append(Reply([{"text": f"No reply had the choice {label}."}], 404))
    if any("uitkomst" in turn for turn in dialogue):
        for reply, row in zip(replies[1:], _logged(lobke, chat, len(dialogue)), strict=False):
            reply.log = row
    return replies[1:]


def _take(chat: Conversation, turn: Turn, replies: list[Reply]) -> Messages:
    if "zegt" in turn:
        texts = turn["zegt"] if isinstance(turn["zegt"], list) else [turn["zegt"] * turn.get("keer", 1)]
        with ThreadPoolExecutor() as pool:
            return [message for messages in pool.map(chat.say, texts) for message in messages]
    seen = [replies[turn["uit"]]] if "uit" in turn else replies
    chat.messages = next((reply.messages for reply in reversed(seen) if turn["kiest"] in reply.labels), [])
    return chat.choose(turn["kiest"])


def _logged(lobke: Lobke, chat: Conversation, rows: int) -> list[str]:
    """What the interaction log has of this chat, in order, once it has this many rows or 5 seconds are over."""
    conversation = chat.http.headers["Authorization"].removeprefix("Bearer ").partition(".")[0]
    settings = lobke.stack.settings
    with patch("bot.keys.settings", return_value=settings), patch("bot.clock.settings", return_value=settings):
        key = log_hash(conversation, clock.today())
    query = "SELECT outcome, kind, subject FROM interactions WHERE conversation = ? ORDER BY rowid"
    deadline = time.monotonic() + 5
    with closing(sqlite3.connect(lobke.data_dir / "lobke.db")) as database:
        while len(found := database.execute(query, [key]).fetchall()) < rows and time.monotonic() < deadline:
            time.sleep(0.1)
    return [" ".join(value or "-" for value in row) for row in found]


def wrong(turn: Turn, reply: Reply) -> Iterator[str]:
    """What the turn should have brought and did not."""
    has = partial(re.search, flags=re.IGNORECASE | re.DOTALL)
    if reply.status != turn.get("status", 200):
        yield f"status {turn.get('status', 200)}, not {reply.status}"
    yield from (f"antwoord {pattern!r}" for pattern in turn.get("antwoord", []) if not has(pattern, reply.text))
    yield from (f"niet {pattern!r}" for pattern in turn.get("niet", []) if has(pattern, str(reply)))
    for pattern in turn.get("keuzes", []):
        if not any(has(rf"\A(?:{pattern})\Z", label) for label in reply.labels):
            yield f"keuzes {pattern!r}"
    if not has(turn.get("kaart", ""), reply.card):
        yield f"kaart {turn['kaart']!r}"
    if not has(turn.get("uitkomst", ""), reply.log):
        yield f"uitkomst {turn['uitkomst']!r}, not {reply.log!r}"
