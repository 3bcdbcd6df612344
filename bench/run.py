"""Measures Lobke beside Rasa's default: `make bench`. One table, in one run on one machine; then the inbox.

Both get the same dialogues (dialogues.py) and use the same actions. Lobke is asked over her public API, so with the web
process and the database. The default (rasa_default.py) is asked over Rasa's own REST channel and keeps conversations in
memory.
"""

import asyncio
import contextlib
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import cycle
from pathlib import Path
from typing import Union

import aiohttp
import psutil

from bench import inbox, rasa_default
from bench.chats import Chat, LobkeChat, Pool, RasaChat, client, percentile
from bench.dialogues import dialogue, typed_share
from bench.rasa_default import Default
from bot.keys import derived_key
from bot.settings import PROJECT, settings
from tests.stack import running

LEVELS = (1, 2, 4, 8, 16, 32, 56)  # more than 60 at once Lobke asks to wait
SHOWN = (1, 8, 32)
SECONDS = 8.0  # of each level
TURNS = (1, 50, 100, 200, 400)
ASKED_AT = 9  # questions at each of these turns, of which the median counts
CONVERSATIONS = 40  # for the bytes of one
CHATS = 40  # that are open: a chat may send no more than 5 messages a second and 40 a minute
MEMORY_OF_RASA = dict.fromkeys(("turns", "events"), "what Rasa remembers")
MEGABYTE = 1024 * 1024
TRADES = (
    "kapper", "bakker", "kok", "timmerman", "schilder", "metselaar", "automonteur", "verkoper", "dierenverzorger",
    "bloemist", "hovenier", "lasser", "tegelzetter", "stukadoor", "loodgieter", "receptionist", "kraamverzorgende",
    "beveiliger", "slager", "gamedesigner", "laborant", "logistiek medewerker", "militair", "fietsenmaker", "kelner",
)  # fmt: skip
Found = dict[str, float]
Processes = Mapping[str, "Union[subprocess.Popen[bytes], psutil.Process]"]
NewOn = Callable[[aiohttp.ClientSession, int], Chat]


def cpu(processes: Processes) -> Found:
    """CPU seconds of each process until now."""
    times = {name: psutil.Process(process.pid).cpu_times() for name, process in processes.items()}
    return {name: found.user + found.system for name, found in times.items()}


def memory(processes: Processes) -> Found:
    """MB of each process (PSS: what processes share is divided among them)."""
    return {name: psutil.Process(p.pid).memory_full_info().pss / MEGABYTE for name, p in processes.items()}


def table_bytes(database: Path) -> Found:
    """Bytes of each table with its indexes, after packing the database."""
    with tempfile.TemporaryDirectory() as folder:
        packed = Path(folder) / "packed.db"
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute("VACUUM INTO ?", [str(packed)])
        with contextlib.closing(sqlite3.connect(packed)) as connection:
            query = "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_master m ON m.name = d.name GROUP BY 1"
            return dict(connection.execute(query))


async def conversations(new: NewOn, processes: Processes, database: Path, found: Found) -> None:
    """Whole dialogues, all the same on both sides: what they cost and what they leave."""
    async with client() as http:
        pool = Pool(lambda number: new(http, number), CHATS)
        await pool.whole(4, 4)  # the first of all takes longer, and makes the tables
        await asyncio.sleep(3)  # rows of the log are written a little later
        before, began = table_bytes(database), cpu(processes)
        run = await pool.whole(CONVERSATIONS, 8)
        found["cpu_conversation"] = (sum(cpu(processes).values()) - sum(began.values())) / CONVERSATIONS
        await asyncio.sleep(3)
        for table, size in table_bytes(database).items():
            if size > before.get(table, 0):
                found[f"bytes {MEMORY_OF_RASA.get(table, table)}"] = (size - before.get(table, 0)) / CONVERSATIONS
        found["bytes"] = sum(size for name, size in found.items() if name.startswith("bytes "))
        found["messages"] = (len(run.took) + run.failed) / CONVERSATIONS


async def ladder(new: NewOn, processes: Processes, chats: int, found: Found) -> None:
    """More and more messages at once, until an answer takes more than a second."""
    mine = psutil.Process()
    async with client() as http:
        pool = Pool(lambda number: new(http, number), chats)
        await pool.run(4, 0, least=30)  # the first answers after a start take longer
        for at_once in LEVELS:
            if at_once not in SHOWN and found.get("too slow"):
                continue
            before, me, began = cpu(processes), cpu({"": mine})[""], time.perf_counter()
            run = await pool.run(at_once, SECONDS, least=3 * at_once)
            passed = time.perf_counter() - began
            p95, rate = percentile(run.took, 95), len(run.took) / run.seconds
            found[f"ms {at_once}"] = 1000 * statistics.median(run.took)
            found["failed"] = found.get("failed", 0) + run.failed
            if p95 < 1:
                found["rate"] = max(rate, found.get("rate", 0))
            else:
                found["too slow"] = 1
            used = {name: (now - before[name]) / len(run.took) for name, now in cpu(processes).items()}
            generator = 100 * (cpu({"": mine})[""] - me) / passed
            if at_once == 8:
                found |= {f"cpu {name}": 1000 * seconds for name, seconds in used.items()}
                found["cpu"] = 1000 * sum(used.values())
            found["generator"] = max(generator, found.get("generator", 0))
            print(f"  {at_once:3} at once: {rate:5.1f} messages/s, p95 {1000 * p95:.0f} ms, generator {generator:.0f}%")
        found["strayed"] = pool.strayed / (pool.number or 1)


async def turns(url: str, token: str, found: Found) -> None:
    """One conversation with 400 turns, straight over the channel; the same question at some of its turns."""
    trades = cycle(TRADES)
    async with client() as http:
        chat: Chat = RasaChat(http, url, 10**9, token)
        took: list[float] = []
        for turn in range(1, max(TURNS) + ASKED_AT):
            asked = next((at for at in TURNS if at <= turn < at + ASKED_AT), None)
            text = f"hoe lang duurt {next(trades)}" if asked else _between(turn)
            before = time.perf_counter()
            await chat.post(chat.body(text))
            took.append(1000 * (time.perf_counter() - before))
        for at in TURNS:
            found[f"turn {at}"] = statistics.median(took[at - 1 : at - 1 + ASKED_AT])


def _between(turn: int) -> str:
    """Another question each turn."""
    return next(step for step in dialogue(turn, "questions") if isinstance(step, str))


def bare(side: str) -> float:
    """Milliseconds of one classification and nothing else."""
    options = {"cwd": PROJECT, "env": {**os.environ, **rasa_default.ENVIRONMENT}, "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "-m", "bench.classify", side], check=True, **options)  # type: ignore[call-overload]
    return float(done.stdout.split()[-1])


async def web_alone(url: str, found: Found) -> None:
    """What the web process does for a message, with nobody behind it: one that is sent again has its stored answer."""
    async with client() as http:
        chats = [LobkeChat(http, url, 2**20 + number) for number in range(CHATS)]
        took = []
        for chat in chats:
            await chat.open()
            await chat.post({"text": "hoe word ik kok"}, "again")
        for _ in range(4):
            for chat in chats:
                before = time.perf_counter()
                await chat.post({"text": "hoe word ik kok"}, "again")
                took.append(1000 * (time.perf_counter() - before))
        found["web"] = statistics.median(took)


def lobke(folder: Path) -> tuple[Found, dict[str, list[float]]]:
    """What Lobke does, and the inbox of 5,000 handoffs afterwards: seconds by page."""
    found: Found = {}
    with running(folder, trusted_proxy=True) as stack:
        stack.add_decaan()
        asyncio.run(
            conversations(
                lambda http, number: LobkeChat(http, stack.url, number),
                stack.stack.processes,
                folder / "lobke.db",
                found,
            )
        )
        stack.stop()
        found["start"] = _seconds(stack.start)
        asyncio.run(
            ladder(lambda http, number: LobkeChat(http, stack.url, number), stack.stack.processes, CHATS, found)
        )
        found |= {f"memory {name}": size for name, size in memory(stack.stack.processes).items()}
        with stack.settings_here():
            address = f"http://127.0.0.1:{settings().rasa_port}/webhooks/lobke/webhook"
            asyncio.run(turns(address, derived_key("rasa"), found))
        asyncio.run(web_alone(stack.url, found))
        inbox.fill(stack)
        pages = inbox.visits(stack)
    found["bare"] = bare("lobke")
    return found, pages


def two_processes(folder: Path) -> Found:
    """How much Lobke takes with a Rasa process for each of two cores."""
    found: Found = {}
    with running(folder, trusted_proxy=True, rasa_workers=2) as stack:
        processes = stack.stack.processes
        asyncio.run(ladder(lambda http, number: LobkeChat(http, stack.url, number), processes, CHATS, found))
        found["memory"] = sum(memory(processes).values())
    return found


def default(folder: Path) -> Found:
    """What Rasa's default does."""
    found: Found = {}
    rasa_default.model()
    other = Default(folder)
    try:
        other.start(keeps=True)
        asyncio.run(
            conversations(
                lambda http, number: RasaChat(http, other.url, number), other.processes, other.database, found
            )
        )
        other.stop()
        found["start"] = _seconds(other.start)
        asyncio.run(ladder(lambda http, number: RasaChat(http, other.url, number), other.processes, 8, found))
        found |= {f"memory {name}": size for name, size in memory(other.processes).items()}
        asyncio.run(turns(other.url, "", found))
    finally:
        other.stop()
    found["bare"] = bare("default")
    return found


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def row(label: str, name: str, ours: Found, theirs: Found, unit: str = "", more_is_better: bool = False) -> None:
    """One row: what both have under this name, and how many times better Lobke is."""
    values = [found.get(name) for found in (ours, theirs)]
    digits = [0 if (value or 0) >= 100 else 1 if (value or 0) >= 1 else 2 for value in values]
    shown = ["-" if value is None else f"{value:,.{few}f} {unit}" for value, few in zip(values, digits, strict=True)]
    a, b = values
    times = (a / b if more_is_better else b / a) if a and b else None
    print(f"{label:<46}{shown[0]:>14}{shown[1]:>16}{f'{times:.1f} x' if times else '-':>9}", flush=True)


def show(ours: Found, theirs: Found) -> None:
    """The table."""
    share = typed_share(map(dialogue, range(CONVERSATIONS)))
    for found in (ours, theirs):
        found["memory"] = sum(size for name, size in found.items() if name.startswith("memory "))
    print(f"\n{'':46}{'Lobke':>14}{'Rasa default':>16}{'better':>9}")
    row("Start until it answers", "start", ours, theirs, "s")
    row("Memory of all processes", "memory", ours, theirs, "MB")
    for name in ("web", "rasa", "actions"):
        row(f"  {name}", f"memory {name}", ours, theirs, "MB")
    row("  of all with two Rasa processes", "two memory", ours, theirs, "MB")
    for at_once in SHOWN:
        row(f"A message, {at_once} at once (median)", f"ms {at_once}", ours, theirs, "ms")
    row("Messages a second with p95 under 1 s", "rate", ours, theirs, "/s", more_is_better=True)
    row("  with two Rasa processes", "two rate", ours, theirs, "/s", more_is_better=True)
    row("CPU of a message, 8 at once", "cpu", ours, theirs, "ms")
    for name in ("web", "rasa", "actions"):
        row(f"  {name}", f"cpu {name}", ours, theirs, "ms")
    for turn in TURNS:
        row(f"A message at turn {turn}, straight to Rasa", f"turn {turn}", ours, theirs, "ms")
    row("One bare classification", "bare", ours, theirs, "ms")
    row("The web process without Rasa", "web", ours, theirs, "ms")
    row("Stored of a conversation", "bytes", ours, theirs, "bytes")
    for name in sorted({name for found in (ours, theirs) for name in found if name.startswith("bytes ")}):
        row(f"  {name.removeprefix('bytes ')}", name, ours, theirs, "bytes")
    row("Messages of a pupil in a conversation", "messages", ours, theirs)
    row("CPU seconds of a conversation", "cpu_conversation", ours, theirs, "s")
    row("Messages without an answer", "failed", ours, theirs)
    row("Labels in a dialogue that were not offered", "strayed", ours, theirs)
    row("CPU of this program, of one core, at most", "generator", ours, theirs, "%")
    print(f"""
Both get the same dialogues; {share:.0%} of their messages are typed, the others are pressed choices.
Rasa's default: its own pipeline and policies, language nl, the same data, domain and actions. It learned for 2 epochs
instead of 100, which does not change how long an answer takes. ResponseSelector found nothing to learn: Lobke has no
retrieval intents. It is one process, as `rasa run` starts it. Conversations are in memory; for "stored" they were in
Rasa's SQLTrackerStore (SQLite).
Lobke: over the public API, with the web process and the database, except at "straight to Rasa".""")


def main() -> None:
    """Measure both, one after the other, and print one table."""
    print(f"Python {platform.python_version()}, {psutil.cpu_count()} cores, {platform.machine()}")
    with tempfile.TemporaryDirectory() as folder:
        print("Lobke:", flush=True)
        ours, pages = lobke(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        print("Lobke with two Rasa processes:", flush=True)
        two = two_processes(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        print("Rasa's default:", flush=True)
        theirs = default(Path(folder))
    ours |= {f"two {name}": two[name] for name in ("rate", "memory")}
    theirs["two rate"] = theirs["rate"]
    show(ours, theirs)
    print(f"\n{f'Pages with {inbox.HANDOFFS:,} handoffs':<46}{'median':>14}{'p95':>16}")
    for label, took in pages.items():
        print(f"{label:<46}{1000 * statistics.median(took):>11.0f} ms{1000 * percentile(took, 95):>13.0f} ms")


if __name__ == "__main__":
    main()
