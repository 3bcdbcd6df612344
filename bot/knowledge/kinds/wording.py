"""Small pieces of wording that several kinds of answer share."""

from collections.abc import Iterable, Sequence

from bot.knowledge.models import Opleiding
from bot.knowledge.names import Subject

MOST_NAMED = 4
KINDS = {
    "inhoud": "Wat is het?",
    "worden": "Hoe word ik dat?",
    "opleidingen": "Welke opleidingen zijn er?",
    "niveau": "Welk niveau is het?",
    "duur": "Hoelang duurt het?",
    "toelating": "Mag ik ernaartoe?",
    "werk": "Wat voor werk is het?",
    "dag": "Hoe ziet een dag eruit?",
    "passend": "Past het bij mij?",
    "waar": "Waar kan het?",
    "wanneer": "Wanneer is het?",
    "kosten": "Wat kost het?",
    "verdienen": "Wat verdien ik?",
    "kans": "Heb ik kans op werk?",
    "vakken": "Welke vakken zijn er?",
    "leerroute": "Bol of bbl?",
    "aanmelden": "Hoe meld ik me aan?",
    "interesse": "Ik vind dit leuk",
    "profiel": "Welk profiel heb ik nodig?",
    "voorbereiden": "Hoe bereid ik me voor?",
    "terugkijken": "Hoe kijk ik terug?",
    "eenvoudig": "Leg het makkelijker uit",
    "waarom": "Waarom?",
    "nu": "Wat moet ik nu doen?",
    "wie": "Met wie kan ik praten?",
    "vergelijk": "Wat is het verschil?",
    "start": "Ik weet nog niet wat ik wil",
}
"""What a pupil asks, for each kind of question; for staff."""


def opleidingen_of(subject: Subject) -> list[Opleiding]:
    return [entry for entry in subject.entries if isinstance(entry, Opleiding)]


def levels_of(opleidingen: Iterable[Opleiding]) -> list[int]:
    return sorted({opleiding.niveau for opleiding in opleidingen})


def join(parts: Sequence[str], last: str = "en") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}" if parts else ""


def named(opleidingen: Sequence[Opleiding]) -> str:
    parts = [f"**{opleiding.naam}** (niveau {opleiding.niveau})" for opleiding in opleidingen[:MOST_NAMED]]
    return join(parts)
