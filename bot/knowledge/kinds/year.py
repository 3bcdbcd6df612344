"""Where a pupil is: what to do in her leerjaar, now and next, and how long it is until 1 April."""

from datetime import date
from typing import Any

from bot.knowledge.calendar import Wish, dutch_date, dutch_period, upcoming
from bot.knowledge.kinds.topic import topic
from bot.knowledge.models import Event, Moment
from bot.knowledge.names import Subject
from bot.knowledge.question import Answer, Choice, Question, Sources

NOW = "nu"
LEERJAREN = (2, 3, 4)
APPLYING = 4
"""The leerjaar in which pupils apply."""
_YEAR_TOPIC = "onderwerp:lob-leerjaar-"
_TEXT = "jaar.tekst"
_FIRST_DAY = "09-01"
_MOST_EVENTS = 2
_COUNTED_IN_WEEKS = 14
"""Days; from here on the time that is left is told in weeks."""


def year_answer(question: Question, year: int, sources: Sources) -> Answer:
    """What a pupil of leerjaar 2, 3 or 4 does now and next, from question.today. Raises KeyError for another year."""
    choices = {
        2: (sources.about(sources.knowledge.phrases.algemeen["profielen"]), sources.button("start")),
        3: (sources.open_days(), sources.button("start")),
        4: (sources.button("aanmelden"), sources.open_days()),
    }[year]
    april = _time_until_april(question.today, sources)
    moments = _moments(year, question.today, sources)
    shown = _coming(year, question.today, sources)
    return Answer(
        sources.say(f"{_TEXT}{year}", april=april, nu=moments[0]["text"]),
        (*choices, sources.button("mens")),
        {
            "title": sources.say("jaar.titel", leerjaar=year),
            "sections": [
                *moments,
                *_of_leerjaar(year, question.today, april, sources),
                _events(year, shown, sources),
            ],
            "note": sources.say("jaar.let_op"),
        },
        kind=NOW,
        subject=f"{_YEAR_TOPIC}{year}",
        events=tuple(event.soort for event in shown),
    )


def my_year(question: Question, sources: Sources) -> Answer:
    """The answer for the leerjaar that is remembered; the question which one it is when it is not known."""
    year = int(question.leerjaar or 0)
    return year_answer(question, year, sources) if year in LEERJAREN else ask_leerjaar(sources)


def year_of_topic(question: Question, subject: Subject, sources: Sources) -> Answer:
    """The answer for the leerjaar that a topic is about; for another topic what it says."""
    year = next((year for year in LEERJAREN if subject.key == f"{_YEAR_TOPIC}{year}"), None)
    return year_answer(question, year, sources) if year else topic(question, subject, sources)


def ask_leerjaar(sources: Sources) -> Answer:
    """One question back: which leerjaar."""
    choices = [Choice(sources.say("leerjaar.knop", leerjaar=year), f"leerjaar|{year}") for year in LEERJAREN]
    return Answer(sources.say("leerjaar.vraag"), tuple(choices), outcome="clarified", kind=NOW)


def _moments(leerjaar: int, today: date, sources: Sources) -> list[dict[str, Any]]:
    """What to do now, and the first thing after that; after the last one the school year begins again."""
    moments = [moment for moment in sources.knowledge.all(Moment) if moment.leerjaar == leerjaar]
    moments.sort(key=lambda moment: _in_school_year(moment.van))
    day = _in_school_year(f"{today:%m-%d}")
    now = [m.doe for m in moments if _in_school_year(m.van) <= day <= _in_school_year(m.tot)]
    later = [m.doe for m in moments if _in_school_year(m.van) > day] or [m.doe for m in moments]
    sections = {"jaar.nu": now[:1], "jaar.daarna": later[:1]}
    return [{"title": sources.say(title), "text": text} for title, texts in sections.items() for text in texts]


def _in_school_year(day: str) -> tuple[bool, str]:
    """A month-day, to be put in order: September first, August last."""
    return day < _FIRST_DAY, day


def _of_leerjaar(year: int, today: date, april: str, sources: Sources) -> list[dict[str, Any]]:
    """The choice that belongs to this leerjaar: the profiel in leerjaar 2, applying in leerjaar 4."""
    if year == 2:
        return [{"title": sources.say("jaar.profielkeuze"), "text": sources.say("jaar.profielkeuze_tekst")}]
    if year != APPLYING:
        return []
    before = today <= last_day_to_apply(today)
    title, items = ("jaar.op_tijd", "jaar.op_tijd_doen") if before else ("jaar.te_laat", "jaar.te_laat_doen")
    return [{"title": sources.say(title), "text": april, "items": sources.say(items).splitlines()}]


def last_day_to_apply(today: date) -> date:
    """1 April of this school year, which begins in September. Source: Rijksoverheid aanmelden mbo."""
    return date(today.year + (f"{today:%m-%d}" >= _FIRST_DAY), 4, 1)


def _time_until_april(today: date, sources: Sources) -> str:
    last = last_day_to_apply(today)
    days = (last - today).days
    if days < 0:
        return sources.say("jaar.april_geweest")
    if days < 2:
        return sources.say("jaar.april_morgen" if days else "jaar.april_vandaag")
    in_weeks = days >= _COUNTED_IN_WEEKS
    phrase, count = ("jaar.april_weken", days // 7) if in_weeks else ("jaar.april_dagen", days)
    return sources.say(phrase, aantal=count, dag=dutch_date(last))


def _coming(leerjaar: int, today: date, sources: Sources) -> list[Event]:
    """The first events for this leerjaar. The deadline is left out: it has a section of its own."""
    coming = upcoming(sources.knowledge, Wish(leerjaar=leerjaar), today)
    return [event for event in coming if event.soort != "deadline"][:_MOST_EVENTS]


def _events(leerjaar: int, shown: list[Event], sources: Sources) -> dict[str, Any]:
    title = sources.say("jaar.kalender")
    if not shown:
        about = " " + sources.say("kalender.leerjaar", leerjaar=leerjaar)
        return {"title": title, "text": sources.say("kalender.leeg", wanneer="", waarover=about)}
    rows = [{"label": e.titel + sources.example_mark(e), "value": dutch_period(e)} for e in shown]
    return {"title": title, "rows": rows}
