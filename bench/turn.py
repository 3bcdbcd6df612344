"""Where the time of a message goes inside Rasa: `python -m bench.turn`.

Plays the dialogues of dialogues.py in a process of its own, once as Rasa does it and once with what Lobke takes out of
it (bot/components/serve.py, quicken), and looks every millisecond of CPU time at what runs.
"""

import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any, Optional

from bench.chats import Chat, Messages, offered_by_rasa, pressed
from bench.dialogues import Step, dialogue
from bot.settings import PROJECT
from tests.stack import Lobke, running

DIALOGUES = 60
AT_ONCE = 8
EVERY = 0.001  # seconds of CPU
# A part, and what is in the file name of the innermost of its functions; the first that fits counts.
PARTS = {
    "sentence vector": ("sentence_vectors.py",),
    "counts of words and letters": ("count_vectors_featurizer.py",),
    "spelling, names, parts": ("pupils_spelling.py", "knowledge_lookup.py", "message_parts.py"),
    "spaCy": ("spacy_loader.py", "spacy_tokenizer.py"),
    "intent": ("intent_classifier.py",),
    "signs of distress": ("distress_classifier.py",),
    "known questions": ("known_questions.py",),
    "decision": ("intent_decision.py",),
    "policies": ("core/policies/",),
    "action call": ("components/serve.py", "utils/endpoints.py"),
    "JSON of an action": ("core/actions/action.py",),
    "tracker and database": ("components/trackers.py",),
    "graph": ("components/speed.py", "runner/dask.py", "components/together.py"),
    "the rest of Rasa": ("/rasa/",),
}


def part_of(frame: Optional[FrameType]) -> str:
    """The part that this frame, or the nearest one that called it, belongs to."""
    while frame is not None:
        name = frame.f_code.co_filename
        for part, marks in PARTS.items():
            if any(mark in name for mark in marks):
                return part
        frame = frame.f_back
    return "everything else"


class Direct(Chat):
    """A conversation with Rasa in this process."""

    def __init__(self, agent: Any, number: int) -> None:
        super().__init__(None, "", number)  # type: ignore[arg-type]
        self._agent, self._sender = agent, f"pupil-{number}"

    async def post(self, body: dict[str, str], key: str = "") -> Messages:
        """Send it; the messages of the answer."""
        from rasa.core.channels.channel import CollectingOutputChannel, UserMessage

        heard = CollectingOutputChannel()
        await self._agent.handle_message(UserMessage(body["text"], heard, self._sender, input_channel="lobke"))
        messages: Messages = heard.messages
        self.offered = offered_by_rasa(messages)
        return messages

    def _typed(self, text: str) -> dict[str, str]:
        return {"text": text}

    def _pressed(self, what: str) -> dict[str, str]:
        return {"text": pressed(what)}


async def play(agent: Any) -> dict[str, float]:
    """Milliseconds of CPU of a message, by part."""
    seen: Counter[str] = Counter()

    def look(_: int, frame: Optional[FrameType]) -> None:
        seen[part_of(frame)] += 1

    async def talk(number: int, steps: list[Step]) -> int:
        chat = Direct(agent, number)
        for step in steps:
            await chat.post(chat.body(step))
        return len(steps)

    async def talks(first: int, number: int) -> int:
        messages = 0
        for start in range(first, first + number, AT_ONCE):
            group = range(start, min(start + AT_ONCE, first + number))
            messages += sum(await asyncio.gather(*(talk(one, list(dialogue(one))) for one in group)))
        return messages

    await talks(10_000, AT_ONCE)
    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
    began = time.process_time()
    messages = await talks(0, DIALOGUES)
    spent = time.process_time() - began
    signal.setitimer(signal.ITIMER_PROF, 0)
    total = sum(seen.values()) or 1
    return {part: 1000 * spent * number / total / messages for part, number in seen.items()}


def alone(with_cuts: bool) -> None:
    """In a process of its own: play, and print the figures as JSON."""
    from bot.components import serve
    from bot.model import model_path

    endpoints = serve.set_up()
    from rasa.core.agent import load_agent

    if with_cuts:
        serve.quicken()
        serve.keep_connection(endpoints.action)

    async def both() -> dict[str, float]:
        return await play(await load_agent(str(model_path()), endpoints=endpoints))

    print(json.dumps(asyncio.run(both())))


def measured(lobke: Lobke, way: str) -> dict[str, float]:
    """What `alone` prints."""
    command = [sys.executable, "-m", "bench.turn", way]
    ran = subprocess.run(command, cwd=PROJECT, env=lobke.stack.environment, capture_output=True, text=True)
    if ran.returncode:
        raise RuntimeError(ran.stderr[-3000:])
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def main() -> None:
    """One table."""
    if len(sys.argv) > 1:
        alone(sys.argv[1] == "cuts")
        return
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as lobke:
        before, after = measured(lobke, "plain"), measured(lobke, "cuts")
    print(f"{'CPU of a message inside Rasa, ms':<38}{'as Rasa does it':>18}{'Lobke':>10}")
    for part in sorted(before.keys() | after.keys(), key=lambda part: -before.get(part, 0)):
        print(f"{part:<38}{before.get(part, 0):>18.2f}{after.get(part, 0):>10.2f}")
    print(f"{'together':<38}{sum(before.values()):>18.2f}{sum(after.values()):>10.2f}")


if __name__ == "__main__":
    main()
