"""Measures Lobke on this machine: `make bench`. Questions of pupils stand in questions.txt, one a line."""

import platform
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from bench import inbox
from bot.run import NAMES
from tests.stack import Lobke, running

QUESTIONS = (Path(__file__).parent / "questions.txt").read_text(encoding="utf-8").splitlines()
USERS = 8
QUESTIONS_IN_A_CHAT = 5  # a chat may send no more in a second
MEGABYTE = 1024 * 1024


def ask(lobke: Lobke, questions: list[str]) -> list[float]:
    """Ask these, a few in a chat; the seconds that each answer took."""
    took = []
    for start in range(0, len(questions), QUESTIONS_IN_A_CHAT):
        chat = lobke.conversation()
        for question in questions[start : start + QUESTIONS_IN_A_CHAT]:
            before = time.perf_counter()
            chat.say(question)
            took.append(time.perf_counter() - before)
        chat.http.close()
    return took


def line(label: str, *values: str) -> None:
    """Print one row of the table."""
    print(f"{label:<38}" + "".join(f"{value:>12}" for value in values), flush=True)


def speed(label: str, took: list[float], seconds: float) -> None:
    """Print the row of one run."""
    p95 = statistics.quantiles(took, n=20)[-1]
    line(label, f"{statistics.median(took) * 1000:.0f} ms", f"{p95 * 1000:.0f} ms", f"{len(took) / seconds:.0f} /s")


def main() -> None:
    """Start Lobke with a folder of its own, measure, and print one table."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as lobke:
        lobke.stop()
        before = time.perf_counter()
        lobke.start()
        started = time.perf_counter() - before
        print(f"Python {platform.python_version()}, {psutil.cpu_count()} cores, {platform.machine()}\n")
        line("Start until everything answers", f"{started:.1f} s")
        ask(lobke, QUESTIONS[:20])

        print()
        line("Answers", "median", "p95", "rate")
        before = time.perf_counter()
        took = ask(lobke, QUESTIONS)
        speed(f"1 user, {len(QUESTIONS)} questions", took, time.perf_counter() - before)
        before = time.perf_counter()
        with ThreadPoolExecutor(USERS) as pool:
            parts = list(pool.map(lambda user: ask(lobke, QUESTIONS[user::USERS]), range(USERS)))
        took = [seconds for part in parts for seconds in part]
        speed(f"{USERS} users at once, {len(took)} questions", took, time.perf_counter() - before)

        print()
        line("Memory", "PSS", "RSS")
        total = [0, 0]
        for name in NAMES:
            memory = psutil.Process(lobke.stack.processes[name].pid).memory_full_info()
            total = [total[0] + memory.pss, total[1] + memory.rss]
            line(name, f"{memory.pss / MEGABYTE:.0f} MB", f"{memory.rss / MEGABYTE:.0f} MB")
        line("together", *(f"{value / MEGABYTE:.0f} MB" for value in total))

        lobke.add_decaan()
        inbox.fill(lobke)
        print()
        line(f"Pages with {inbox.HANDOFFS:,} handoffs", "median", "p95", "rate")
        for label, took in inbox.visits(lobke).items():
            speed(label, took, sum(took))


if __name__ == "__main__":
    sys.exit(main())
