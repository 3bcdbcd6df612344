"""A whole region at once: `make region`. Virtual pupils with time to think have real dialogues (dialogues.py).

Each has an address of her own, an Idempotency-Key for each message, and an open stream of news as the widget has. When
Lobke asks her to wait she waits and sends the same again; when a connection breaks too. Afterwards every conversation
is read back and compared with what was answered. With `--overload`: ten times as many pupils for a minute after that.
Ends with 1 when something was lost or stored twice.
"""

import argparse
import asyncio
import random
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psutil
import uvloop
from sqlalchemy import func, select

from bench.chats import Body, LobkeChat, Messages, Refused, client, percentile
from bench.dialogues import dialogue
from bench.run import Found, cpu, memory
from bot.storage import tables
from bot.storage.database import transaction
from tests.postgres import postgres_server
from tests.stack import Lobke, running

THINKING = (10.0, 20.0)  # seconds between an answer and the next message
RAMP = 60.0
PROGRESS = 10.0
OVERLOAD = 60.0
TIMES = 10
ARRIVING = 10.0  # in so many seconds the crowd is there
CROWD = 2**20  # the number of the first of them; they have no streams
RECOVERY = 60.0
NORMAL = 1.0  # p95 in seconds; Lobke has recovered when it stays under this, or under what it was before the overload
WINDOW = 5
CODE = re.compile(r"Je code is \*\*([0-9A-Z]{4}-[0-9A-Z]{4})\*\*")


@dataclass
class Phase:
    """What happened in a part of the test; `took` has when an answer came and how many seconds it took."""

    name: str
    began: float = field(default_factory=time.perf_counter)
    seconds: float = 0.0
    took: list[tuple[float, float]] = field(default_factory=list)
    shed: Counter[str] = field(default_factory=Counter)
    unfriendly: int = 0
    errors: Counter[str] = field(default_factory=Counter)


@dataclass
class Record:
    """A conversation to compare: ids of the messages that were answered, and how many of hers are known or unsure."""

    chat: LobkeChat
    ids: set[str] = field(default_factory=set)
    answered: int = 0
    unsure: int = 0


class Region:
    """The pupils, and what became of their messages."""

    def __init__(self, http: aiohttp.ClientSession, url: str, listens: bool) -> None:
        self.http, self.url, self.listens = http, url, listens
        self.phase = Phase("ramp")
        self.records: list[Record] = []
        self.codes: set[str] = set()
        self.news = 0
        self.over = False

    def begin(self, name: str) -> Phase:
        """From now on everything counts for this part; what ended is returned."""
        ended, self.phase = self.phase, Phase(name)
        ended.seconds = time.perf_counter() - ended.began
        return ended

    async def pupil(self, number: int, arrives: float, leaves: Callable[[], bool]) -> None:
        """One pupil: a dialogue, and another one, until it is time to leave."""
        chance = random.Random(number)
        await asyncio.sleep(arrives)
        for talk in range(10**6):
            chat = LobkeChat(self.http, self.url, number)
            if not await self._patiently(chat.open, leaves):
                return
            record = Record(chat)
            self.records.append(record)
            listening = asyncio.create_task(self._listen(chat)) if self.listens and number < CROWD else None
            for step, steps in enumerate(dialogue(number * 1000 + talk)):
                await asyncio.sleep(chance.uniform(*THINKING))
                if leaves():
                    break
                await self._say(record, chat.body(steps), f"{number}-{talk}-{step}", leaves)
            if listening:
                listening.cancel()
            if leaves():
                return

    async def _say(self, record: Record, body: Body, key: str, leaves: Callable[[], bool]) -> None:
        async def send() -> None:
            began = time.perf_counter()
            said = await record.chat.post(body, key)
            now = time.perf_counter()
            self.phase.took.append((now, now - began))
            self._heard(record, said)

        if not await self._patiently(send, leaves):
            record.unsure += 1

    def _heard(self, record: Record, said: Messages) -> None:
        record.answered += 1
        record.ids |= {message["id"] for message in said}
        self.codes |= {code for message in said for code in CODE.findall(message["text"])}

    async def _patiently(self, work: Callable[[], Awaitable[None]], leaves: Callable[[], bool]) -> bool:
        """Whether it worked, if need be after waiting; False when the pupil left before."""
        while True:
            phase = self.phase
            try:
                await work()
                return True
            except Refused as refused:
                if refused.status not in (429, 503):
                    phase.errors[f"status {refused.status}"] += 1
                    return False
                phase.shed[str(refused.status)] += 1
                phase.unfriendly += not refused.is_friendly
                wait = refused.wait
            except (aiohttp.ClientError, asyncio.TimeoutError) as error:
                phase.errors[type(error).__name__] += 1
                wait = 1.0
            await asyncio.sleep(wait + random.random())
            if leaves():
                return False

    async def _listen(self, chat: LobkeChat) -> None:
        """The stream of news, as long as it is open; the widget opens it again too."""
        while True:
            with suppress(aiohttp.ClientError, asyncio.TimeoutError):
                timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
                address = f"{self.url}/api/events"
                async with self.http.get(address, headers=chat.headers, timeout=timeout) as answer:
                    async for chunk in answer.content.iter_any():
                        self.news += chunk.count(b"event: message")
            self.phase.errors["stream ended"] += 1
            await asyncio.sleep(3)

    async def compare(self) -> tuple[int, int]:
        """Messages that were answered and are not kept, and messages that are kept twice."""
        waiting, lost, doubled = list(self.records), 0, 0

        async def read() -> None:
            nonlocal lost, doubled
            while waiting:
                record = waiting.pop()
                stored = await record.chat.stored()
                lost += len(record.ids - {message["id"] for message in stored})
                mine = sum(message["from"] == "pupil" for message in stored)
                lost += max(0, record.answered - mine)
                doubled += max(0, mine - record.answered - record.unsure)

        await asyncio.gather(*(read() for _ in range(8)))
        return lost, doubled


class Watch:
    """CPU of the processes and of this program since the last look."""

    def __init__(self, lobke: Lobke) -> None:
        self.processes = {**lobke.stack.processes, "generator": psutil.Process()}
        self._at, self._before = time.perf_counter(), cpu(self.processes)

    def look(self) -> Found:
        """Share of one core, by process."""
        now, used = time.perf_counter(), cpu(self.processes)
        shares = {name: (used[name] - self._before[name]) / (now - self._at) for name in used}
        self._at, self._before = now, used
        return shares


async def spend(region: Region, seconds: float, watch: Watch) -> Found:
    """Let it go on for so long, with a line of progress now and then; CPU by process."""
    began, cpu_began, seen = time.perf_counter(), cpu(watch.processes), 0
    while (left := began + seconds - time.perf_counter()) > 0.1:
        tick = min(PROGRESS, left)
        await asyncio.sleep(tick)
        phase, passed, shares = region.phase, time.perf_counter() - began, watch.look()
        recent = [took for _, took in phase.took[seen:]]
        seen = len(phase.took)
        line = f"  {phase.name:<9}{passed:4.0f} s  {len(recent) / tick:6.1f} messages/s"
        line += f"  p95 {1000 * percentile(recent, 95):6.0f} ms"
        line += f"  shed {phase.shed.total()}  errors {phase.errors.total()}  CPU"
        print(line, " ".join(f"{name} {share:.0%}" for name, share in shares.items()), flush=True)
    return {name: (used - cpu_began[name]) / passed for name, used in cpu(watch.processes).items()}


def tell(phase: Phase, shares: Found) -> None:
    """What a part came to."""
    took = [1000 * seconds for _, seconds in phase.took]
    print(f"\n{phase.name}: {len(took):,} messages in {phase.seconds:.0f} s, {len(took) / phase.seconds:.1f} a second")
    if took:
        high = ", ".join(f"p{percent} {percentile(took, percent):.0f} ms" for percent in (95, 99))
        print(f"  an answer takes {statistics.median(took):.0f} ms (median), {high}, at most {max(took):.0f} ms")
    shed = phase.shed.total()
    share = shed / ((shed + len(took)) or 1)
    print(f"  asked to wait: {shed} ({share:.1%} of what was sent) {dict(phase.shed) or ''}", end="")
    print(f", {phase.unfriendly} of them without a sentence for pupils or Retry-After")
    print(f"  errors: {dict(phase.errors) or 'none'}")
    print("  CPU, share of one core: " + ", ".join(f"{name} {share:.0%}" for name, share in shares.items()), flush=True)


def recovered(phase: Phase, before: Phase) -> str:
    """From which second p95 stays under what is normal, in every window of some seconds."""
    most = max(NORMAL, percentile([took for _, took in before.took], 95))
    normal, windows = 0, int(phase.seconds) - WINDOW + 1
    for second in range(windows):
        inside = [took for at, took in phase.took if second <= at - phase.began < second + WINDOW]
        if not inside or percentile(inside, 95) >= most:
            normal = second + 1
    return f"p95 stays under {most:.1f} s from {normal} s after it" if normal < windows else "it did not recover"


async def play(lobke: Lobke, pupils: int, minutes: float, overload: bool, listens: bool) -> bool:
    """The whole test; whether nothing was lost or doubled."""
    async with client() as http:
        region, watch = Region(http, lobke.url, listens), Watch(lobke)
        chance = random.Random(0)
        everybody = [
            asyncio.create_task(region.pupil(number, chance.uniform(0, RAMP), lambda: region.over))
            for number in range(pupils)
        ]
        await spend(region, RAMP, watch)
        region.begin("region")
        before = memory(lobke.stack.processes)
        shares = await spend(region, 60 * minutes, watch)
        usual = region.begin("overload" if overload else "end")
        tell(usual, shares)
        if overload:
            crowd = [
                asyncio.create_task(
                    region.pupil(CROWD + number, chance.uniform(0, ARRIVING), lambda: region.phase.name != "overload")
                )
                for number in range(pupils * (TIMES - 1))
            ]
            shares = await spend(region, OVERLOAD, watch)
            tell(region.begin("recovery"), shares)
            shares = await spend(region, RECOVERY, watch)
            phase = region.begin("end")
            tell(phase, shares)
            print(f"  after the overload: {recovered(phase, usual)}")
            everybody += crowd
        after = memory(lobke.stack.processes)
        print("\nMemory: " + ", ".join(f"{name} {before[name]:.0f} → {after[name]:.0f} MB" for name in after))
        region.over = True
        await asyncio.wait(everybody, timeout=THINKING[1] + 15)  # each leaves when she is done thinking
        broken = [task for task in everybody if task.done() and task.exception()]
        for task in everybody:
            task.cancel()
        await asyncio.sleep(5)  # rows that wait are written
        lost, doubled = await region.compare()
        print(f"{len(region.records):,} conversations read back: {lost} messages lost, {doubled} doubled", end="")
        print(f"; {region.news:,} came over {'the streams' if listens else 'no streams, as asked'}")
    with lobke.settings_here(), transaction() as connection:
        handoffs, rows = (
            connection.execute(select(func.count()).select_from(table)).scalar()
            for table in (tables.handoffs, tables.interactions)
        )
    print(f"Handoffs: {len(region.codes)} codes given, {handoffs} in the database; {rows:,} rows in the log")
    if broken:
        print(f"{len(broken)} pupils stopped by a mistake of this program: {broken[0].exception()!r}")
    unsure = sum(record.unsure for record in region.records)
    return not (lost or doubled or broken) and 0 <= handoffs - len(region.codes) <= unsure


def main() -> int:
    """Start a Lobke of its own, and let the pupils in."""
    parser = argparse.ArgumentParser(prog="python -m bench.region", description=__doc__)
    parser.add_argument("--pupils", type=int, default=1400)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--workers", type=int, default=2, help="Rasa processes")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")
    parser.add_argument("--overload", action="store_true", help="then ten times as many for a minute")
    parser.add_argument("--no-streams", action="store_true", help="without the stream of news that a widget keeps open")
    options = parser.parse_args()
    uvloop.install()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        changes = {"trusted_proxy": True, "now": None, "rasa_workers": options.workers}
        if options.postgres:
            changes["database_url"] = stack.enter_context(postgres_server()).url
        lobke = stack.enter_context(running(folder, **changes))
        lobke.add_decaan()
        least, most = THINKING
        print(f"{options.pupils:,} pupils who think {least:.0f} to {most:.0f} s; they come in over {RAMP:.0f} s")
        sound = asyncio.run(play(lobke, options.pupils, options.minutes, options.overload, not options.no_streams))
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
