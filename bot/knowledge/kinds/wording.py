"""Small pieces of wording that several kinds of answer share."""

from collections.abc import Iterable, Sequence

from bot.knowledge.models import Opleiding
from bot.knowledge.names import Subject

MOST_NAMED = 4


def opleidingen_of(subject: Subject) -> list[Opleiding]:
    return [entry for entry in subject.entries if isinstance(entry, Opleiding)]


def levels_of(opleidingen: Iterable[Opleiding]) -> list[int]:
    return sorted({opleiding.niveau for opleiding in opleidingen})


def join(parts: Sequence[str], last: str = "en") -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}" if parts else ""


def named(opleidingen: Sequence[Opleiding]) -> str:
    parts = [f"**{opleiding.naam}** (niveau {opleiding.niveau})" for opleiding in opleidingen[:MOST_NAMED]]
    return join(parts)
