"""Answers from the LOB-kalender."""

from dataclasses import replace

from bot.knowledge import calendar
from bot.knowledge.calendar import Wish, dutch_period
from bot.knowledge.dates import find_period
from bot.knowledge.kinds.wording import opleidingen_of
from bot.knowledge.models import Activiteit, Event, Wereld
from bot.knowledge.names import Subject
from bot.knowledge.question import Answer, Question, Sources

MOST_EVENTS = 4


def events(
    question: Question, sources: Sources, werelden: tuple[str, ...] = (), soorten: tuple[str, ...] = ()
) -> Answer:
    """What the LOB-kalender has in the period of the message; says honestly when there is nothing."""
    period = find_period(question.text, question.today) if not question.chosen else None
    wish = Wish(period, werelden, soorten)
    found = calendar.upcoming(sources.knowledge, wish, question.today)
    unknown = calendar.undated(sources.knowledge, wish)
    about = {
        "wanneer": f" {sources.say('kalender.periode', periode=period.words)}" if period else "",
        "waarover": _event_subject(sources, werelden, soorten),
    }
    parts: list[str] = []
    if found:
        parts.append(sources.say("kalender.komt", **about))
        parts += [_event_line(event, sources) for event in found[:MOST_EVENTS]]
        if len(found) > MOST_EVENTS:
            parts.append("\n" + sources.say("kalender.meer", aantal=len(found) - MOST_EVENTS))
    else:
        parts.append(sources.say("kalender.leeg", **about))
        if period:
            later = calendar.upcoming(sources.knowledge, replace(wish, period=None), question.today)[:1]
            parts += [sources.say("kalender.eerst_daarna"), _event_line(later[0], sources)] if later else []
    if unknown and soorten:
        parts += [_event_line(event, sources) for event in unknown[:2]]
    if any(event.voorbeeld for event in found[:MOST_EVENTS]):
        parts.append("\n" + sources.say("kalender.voorbeeld"))
    choices = [
        sources.button("voorbereiden", f"activiteit:{event.soort}") for event in found[:1] if event.soort != "deadline"
    ]
    choices += [sources.button("wanneer", "activiteit:open-dag"), sources.button("wanneer"), sources.button("mens")]
    return Answer("\n".join(parts), tuple(choices), outcome="answered" if found else "nothing_planned", kind="wanneer")


def _event_subject(sources: Sources, werelden: tuple[str, ...], soorten: tuple[str, ...]) -> str:
    if werelden:
        return " " + sources.say("kalender.over", naam=sources.knowledge.one(Wereld, werelden[0]).naam)
    if soorten:
        return " " + sources.say("kalender.soort", naam=sources.knowledge.one(Activiteit, soorten[0]).naam)
    return ""


def _event_line(event: Event, sources: Sources) -> str:
    day = dutch_period(event) if event.datum else sources.say("kalender.volgt")
    place = f", {event.plaats}" if event.plaats else ""
    example = f" ({sources.say('kalender.is_voorbeeld')})" if event.voorbeeld else ""
    return f"- **{event.titel}**: {day}{place}{example}"


def wereld_events(question: Question, subject: Subject, sources: Sources) -> Answer:
    return events(question, sources, werelden=(subject.entries[0].id,))


def opleiding_events(question: Question, subject: Subject, sources: Sources) -> Answer:
    return events(question, sources, werelden=tuple(opleidingen_of(subject)[0].werelden[:1]))


def activity_events(question: Question, subject: Subject, sources: Sources) -> Answer:
    return events(question, sources, soorten=(subject.entries[0].id,))


def school_open_days(question: Question, subject: Subject, sources: Sources) -> Answer:
    """Lobke does not know a school's own dates; the open days of the kalender are shown below that."""
    found = events(question, sources, soorten=("open-dag",))
    return replace(found, text=sources.say("school.wanneer", naam=subject.name) + "\n\n" + found.text)
