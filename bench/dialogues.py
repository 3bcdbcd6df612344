"""Dialogues as pupils have them, the same every time for the same number: what is typed and what is pressed.

Most typed texts are written nowhere before: a kind of question about one of hundreds of subjects, often with a typo.
"""

import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Optional, Union

from bot.knowledge.loader import current


@dataclass(frozen=True)
class Press:
    """Presses the choice with this label, or the first one that was offered."""

    label: Optional[str] = None


Step = Union[str, Press]
Dialogue = list[Step]

PLAIN = (Path(__file__).parent / "questions.txt").read_text(encoding="utf-8").splitlines()
ABOUT = (
    "hoe word ik {}", "hoe lang duurt {}", "mag ik met kader naar {}", "wat verdien je als {}", "wat doet een {}",
    "kan ik met tl {} worden", "wat kost de opleiding {}", "welk niveau is {}", "is {} iets voor mij",
    "waar kan ik {} leren", "is er veel werk voor een {}", "hoe ziet een dag eruit van een {}", "wat leer je bij {}",
    "ik wil misschien {} worden", "welke vakken heb je nodig voor {}", "kan {} ook bbl", "vertel eens wat over {}",
)  # fmt: skip
AFTER = ("en hoe lang duurt dat", "en wat verdien je dan", "kan dat ook met basis", "en wat kost dat", "waarom", "oke")
LIKES = ("ja leuk", "nee echt niet", "best wel leuk", "weet ik niet", "nee", "ja dat lijkt me wel wat", "gaat wel")
STATEMENTS = ("✔ Ja, leuk", "○ Gaat wel / weet niet", "✘ Nee")
GROUPS = ("Werken met mensen", "Maken en repareren", "Buiten, eten of gasten", "Computers, bedenken of regelen")
SOME_START = "Ik weet nog niet wat ik wil"
MIX = {"questions": 11, "verkenning": 2, "handoff": 2, "looking around": 2}
"""Of so many dialogues, so many are of this kind."""
TYPOS = 0.3


def dialogue(number: int, kind: str = "") -> Dialogue:
    """The steps of one pupil; `number` decides them, and the kind too when none is given."""
    chance = random.Random(number)
    kind = kind or chance.choices(list(MIX), list(MIX.values()))[0]
    return {"questions": _questions, "verkenning": _verkenning, "handoff": _handoff, "looking around": _looking}[kind](
        chance
    )


def typed_share(dialogues: Iterable[Dialogue]) -> float:
    """Which part of all messages is typed."""
    counted = Counter(isinstance(step, str) for one in dialogues for step in one)
    return counted[True] / counted.total()


def question(chance: random.Random) -> str:
    """What a pupil types."""
    text = chance.choice(ABOUT).format(chance.choice(_subjects())) if chance.random() < 0.75 else chance.choice(PLAIN)
    return _mistyped(text, chance) if chance.random() < TYPOS else text


def _questions(chance: random.Random) -> Dialogue:
    steps: Dialogue = []
    for _ in range(chance.randint(3, 6)):
        steps.append(question(chance))
        if chance.random() < 0.3:
            steps.append(chance.choice(AFTER))
        elif chance.random() < 0.3:
            steps.append(Press())
    return steps


def _verkenning(chance: random.Random) -> Dialogue:
    steps: Dialogue = [Press(SOME_START), Press("Korte verkenning (18 zinnen)")]
    for _ in range(chance.choice((6, 10, 18, 18))):
        steps.append(chance.choice(LIKES) if chance.random() < 0.3 else Press(chance.choice(STATEMENTS)))
    return [*steps, question(chance)]


def _handoff(chance: random.Random) -> Dialogue:
    labels = ("Ik wil iemand spreken", "Stuur mijn vraag naar de decaan", "Corlaer College")
    mine = f"Mag ik je spreken over {chance.choice(_subjects())}? Ik zit in groep {chance.randrange(10**6)}."
    year = Press(f"Leerjaar {chance.randint(1, 4)}")
    return [*map(Press, labels), year, Press("Liever niet"), mine, Press("Ja, versturen"), "dankjewel"]


def _looking(chance: random.Random) -> Dialogue:
    begin = [Press(SOME_START), Press("Zelf rondkijken"), Press(chance.choice(GROUPS))]
    return [*begin, Press(), Press(), question(chance), question(chance)]


@lru_cache
def _subjects() -> list[str]:
    """What pupils call opleidingen and the work that they lead to."""
    entries = [entry for key, entry in sorted(current().entries.items()) if key.startswith("opleiding:")]
    return sorted({name for entry in entries for name in entry.namen if re.fullmatch(r"[a-z -]{4,24}", name)})


def _mistyped(text: str, chance: random.Random) -> str:
    """With one letter too few, doubled, or in the wrong place."""
    place = chance.randrange(1, len(text) - 1)
    here, after = text[place], text[place + 1]
    return text[:place] + chance.choice((after, here + here + after, after + here)) + text[place + 2 :]
