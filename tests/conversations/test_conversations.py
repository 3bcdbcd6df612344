"""Whole dialogues: one test for each in the YAML files beside this one. player.py tells how to write them."""

import re
from collections.abc import Callable

import pytest

from tests.conversations.player import Reply, dialogues, play, wrong
from tests.stack import Lobke

DIALOGUES = dict(dialogues())
MOST_WORDS = 95
FEWEST_CHOICES, MOST_CHOICES = 2, 4
Played = Callable[[str], list[Reply]]


@pytest.fixture(scope="session")
def played(lobke: Lobke) -> Played:
    """The replies in the dialogue with this name, played once for all tests."""
    done: dict[str, list[Reply]] = {}

    def once(name: str) -> list[Reply]:
        if name not in done:
            done[name] = play(lobke, DIALOGUES[name])
        return done[name]

    return once


def report(faults: list[str]) -> None:
    if faults:
        pytest.fail("\n".join(faults), pytrace=False)


@pytest.mark.parametrize("name", DIALOGUES)
def test_dialogue(name: str, played: Played) -> None:
    report([
        f"turn {number}, {str(turn.get('zegt', turn.get('kiest')))[:80]!r}: expected {fault}\n  came: {reply}"
        for number, (turn, reply) in enumerate(zip(DIALOGUES[name], played(name), strict=True), 1)
        for fault in wrong(turn, reply)
    ])  # fmt: skip


def test_every_answer_is_short_and_ends_with_two_to_four_choices(played: Played) -> None:
    faults = []
    for name, dialogue in DIALOGUES.items():
        for turn, reply in zip(dialogue, played(name), strict=True):
            messages = reply.messages if reply.status == 200 else []
            if len(messages) > (len(turn["zegt"]) if isinstance(turn.get("zegt"), list) else 2):
                faults.append(f"{name}: {len(messages)} messages to {turn}")
            for message in messages[-1:]:
                words = len(re.findall(r"\w[\w.-]*", message["text"]))
                offered = message.get("choices") or ()
                choices = sum("role" not in choice for choice in offered) or len(offered)
                if words > MOST_WORDS or not FEWEST_CHOICES <= choices <= MOST_CHOICES:
                    faults.append(f"{name}: {words} words, {choices} choices: {message['text']}")
    report(list(dict.fromkeys(faults)))
