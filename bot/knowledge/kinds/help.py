"""Helplines, and what is said at a sign of distress."""

from collections.abc import Sequence
from typing import Any, Optional, cast

from bot.knowledge.models import Hulplijn, Nood
from bot.knowledge.names import Subject
from bot.knowledge.question import Answer, Choice, Question, Sources


def helpline(question: Question, subject: Subject, sources: Sources) -> Answer:
    line = cast(Hulplijn, subject.entries[0])
    text = sources.say("hulplijn", naam=line.naam, voor=line.voor, kosten_tijd=line.kosten_tijd)
    return Answer(text, card=helpline_card([line], sources))


def helpline_card(lines: Sequence[Hulplijn], sources: Sources) -> dict[str, Any]:
    """A card with numbers to call and chats to open, in the order given."""
    links: list[dict[str, str]] = []
    for line in lines:
        if line.telefoon:
            number = line.telefoon.split(" of ")[-1]
            label = sources.say("hulplijn.bel", naam=line.naam, telefoon=line.telefoon)
            links.append({"label": label, "url": f"tel:{number.replace('-', '').replace(' ', '')}"})
        if line.chat:
            links.append({"label": sources.say("hulplijn.chat", naam=line.naam), "url": line.chat})
    rows = [{"label": line.naam, "value": line.kosten_tijd} for line in lines]
    return {"title": sources.say("hulplijn.kaart"), "rows": rows, "links": links}


def distress(id: Optional[str], sources: Sources, again: bool = False) -> Answer:
    """The warm words and the helplines for this kind of distress; for an unknown kind the general ones."""
    nood = _nood(id, sources)
    warm = sources.say("nood.weer") if again else nood.antwoord
    text = sources.say("nood", antwoord=warm, nummers=numbers(id, sources))
    choices = (Choice(sources.say("nood.ja"), "nood_ja"), Choice(sources.say("nood.nee"), "nood_nee"))
    card = helpline_card(helplines(id, sources), sources)
    return Answer(text, choices, card, outcome="distress", kind="nood", asked="nood")


def helplines(id: Optional[str], sources: Sources) -> list[Hulplijn]:
    """The helplines for this kind of distress; for an unknown kind the general ones."""
    return [sources.knowledge.one(Hulplijn, line) for line in _nood(id, sources).hulplijnen]


def numbers(id: Optional[str], sources: Sources) -> str:
    """Their numbers in a sentence each."""
    lines = (line for line in helplines(id, sources) if line.telefoon)
    return " ".join(sources.say("nood.lijn", naam=line.naam, telefoon=line.telefoon) for line in lines)


def _nood(id: Optional[str], sources: Sources) -> Nood:
    known = sources.knowledge.get(f"nood:{id}")
    return cast(Nood, known) if known else sources.knowledge.all(Nood)[-1]
