"""Measures one bare classification: `python -m bench.classify lobke|default` prints the median milliseconds.

In a process of its own, since Lobke's leaves out of Rasa what the default needs.
"""

import asyncio
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.dialogues import question

MESSAGES = 100


def parser(side: str) -> Callable[[str], Any]:
    """What reads one message with the trained model of this side."""
    if side == "lobke":
        from bench.nlu import Understanding
        from bot.model import model_path
        from bot.settings import PROJECT

        return Understanding(model_path(), (PROJECT / "config.yml").read_text(encoding="utf-8")).parse
    from rasa.core.agent import load_agent

    from bench.rasa_default import model

    loop = asyncio.new_event_loop()
    agent = loop.run_until_complete(load_agent(model_path=str(model())))
    return lambda text: loop.run_until_complete(agent.parse_message(text))


def main() -> None:
    """Print it."""
    parse, chance = parser(sys.argv[1]), random.Random(1)
    took = []
    for text in [question(chance) for _ in range(20 + MESSAGES)]:
        before = time.perf_counter()
        parse(text)
        took.append(1000 * (time.perf_counter() - before))
    print(f"\n{statistics.median(took[20:]):.3f}")


if __name__ == "__main__":
    main()
