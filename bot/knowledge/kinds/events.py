"""Answers from the LOB-kalender."""

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Optional
from urllib.parse import urlencode

from bot.knowledge import calendar
from bot.knowledge.calendar import Wish, dutch_period
from bot.knowledge.dates import Period, find_period
from bot.knowledge.kinds.wording import opleidingen_of
from bot.knowledge.models import Activiteit, Event, Wereld
from bot.knowledge.names import Subject
from bot.knowledge.question import Answer, Choice, Question, Sources

MOST_EVENTS = 4
_LEERJAAR = re.compile(r"\b(?:klas|leerjaar|jaar)\s*([1-4])\b|\b([1-4])e?\s*(?:klas|leerjaar|jaars)\b")


def events(question: Question, sources: Sources, subjects: tuple[Subject, ...] = ()) -> Answer:
    """What the LOB-kalender has for the period, werelden, kinds of activity and leerjaar of the message.

    Says honestly when there is nothing. What is for all werelden is shown only when a wereld has nothing of its own.
    """
    leerjaar = leerjaar_in(question.text)
    wish = Wish(
        period=find_period(question.text, question.today) if not question.chosen else None,
        werelden=tuple(dict.fromkeys(id for subject in subjects for id in _werelden(subject))),
        soorten=tuple(subject.entries[0].id for subject in subjects if subject.type == "activiteit"),
        leerjaar=int(leerjaar) if leerjaar else None,
    )
    found = calendar.upcoming(sources.knowledge, wish, question.today, cancelled=True)
    about = _about(wish, sources)
    heading = "kalender.komt"
    if wish.werelden and found:
        own = [event for event in found if event.werelden]
        heading = "kalender.komt" if own else "kalender.algemeen"
        found = own or found
    shown = found[:MOST_EVENTS]
    parts = [sources.say(heading if found else "kalender.leeg", **about)]
    if not found and wish.period:
        after = replace(wish, period=Period(wish.period.end + timedelta(days=1), date.max, ""))
        later = calendar.upcoming(sources.knowledge, after, question.today)[:1]
        parts += [sources.say("kalender.eerst_daarna")] if later else []
        shown = later
    if wish.soorten:
        shown = shown + calendar.undated(sources.knowledge, wish)[:2]
    parts += [_line(event, sources) for event in shown]
    more = len(found) - MOST_EVENTS
    if more > 0:
        parts.append("\n" + sources.say("kalender.meer_een" if more == 1 else "kalender.meer", aantal=more))
    if any(event.voorbeeld for event in shown):
        parts.append("\n" + sources.say("kalender.voorbeeld"))
    return Answer(
        "\n".join(parts),
        _choices(shown, sources),
        {"links": [{"label": sources.say("kalender.link"), "url": _address(wish)}]},
        outcome="answered" if found else "nothing_planned",
        kind="wanneer",
        subject=subjects[0].key if subjects else None,
        events=tuple(event.soort for event in shown),
    )


def _address(wish: Wish) -> str:
    """The page of the kalender with the first of each thing that was asked for."""
    chosen = {"wereld": wish.werelden[:1], "leerjaar": (wish.leerjaar,), "soort": wish.soorten[:1]}
    query = urlencode({name: values[0] for name, values in chosen.items() if values and values[0]})
    return f"/kalender?{query}" if query else "/kalender"


def leerjaar_in(text: str) -> Optional[str]:
    """The leerjaar that a message names, as in "klas 4" or "de 3e klas"."""
    named = _LEERJAAR.search(text.lower())
    return named[1] or named[2] if named else None


def _werelden(subject: Subject) -> list[str]:
    if subject.type == "wereld":
        return [subject.entries[0].id]
    return [str(opleiding.werelden[0]) for opleiding in opleidingen_of(subject)[:1]]


def _about(wish: Wish, sources: Sources) -> dict[str, str]:
    """The words for the period and the subject of the wish, each with a space before it or empty."""
    about = ""
    if wish.soorten:
        about += " " + sources.say("kalender.soort", naam=sources.knowledge.one(Activiteit, wish.soorten[0]).naam)
    if wish.werelden:
        about += " " + sources.say("kalender.over", naam=sources.knowledge.one(Wereld, wish.werelden[0]).naam)
    if wish.leerjaar:
        about += " " + sources.say("kalender.leerjaar", leerjaar=wish.leerjaar)
    return {"waarover": about, "wanneer": _when(wish.period, sources)}


def _when(period: Optional[Period], sources: Sources) -> str:
    if period is None:
        return ""
    words = re.sub(r"^(?:op|in|voor)\s+", "", period.words)
    return " " + sources.say("kalender.periode", periode=words)


def _choices(shown: list[Event], sources: Sources) -> tuple[Choice, ...]:
    prepare = [
        sources.button("voorbereiden", f"activiteit:{event.soort}")
        for event in shown[:1]
        if event.soort != calendar.DEADLINE and not event.afgelast
    ]
    return (*prepare, sources.open_days(), sources.button("wanneer"), sources.button("mens"))


def _line(event: Event, sources: Sources) -> str:
    day = dutch_period(event) if event.datum else sources.say("kalender.volgt")
    place = f", {event.plaats}" if event.plaats else ""
    example = sources.example_mark(event)
    return f"- **{event.titel}**: {day}{place}{_state(event, sources)}{example}"


def _state(event: Event, sources: Sources) -> str:
    """That it is cancelled, repeats or is nearly full, with a comma before each; "" when there is nothing to say."""
    if event.afgelast:
        return ", " + sources.say("kalender.afgelast")
    often = event.herhaal and event.herhaal.elke
    said = [sources.say("kalender.elke", wanneer=often)] if often else []
    if event.plekken is not None:
        phrase = {0: "kalender.vol", 1: "kalender.plek"}.get(event.plekken, "kalender.plekken")
        said.append(sources.say(phrase, aantal=event.plekken))
    return "".join(f", {words}" for words in said)


def subject_events(question: Question, subject: Subject, sources: Sources) -> Answer:
    """Events about one wereld, opleiding or activity."""
    return events(question, sources, (subject,))


def school_open_days(question: Question, subject: Subject, sources: Sources) -> Answer:
    """Lobke does not know a school's own dates; the open days of the kalender are shown below that."""
    open_days = sources.names.resolve("activiteit:open-dag")
    found = events(question, sources, (open_days,) if open_days else ())
    text = sources.say("school.wanneer", naam=subject.name) + "\n\n" + found.text
    return replace(found, text=text, subject=subject.key)
