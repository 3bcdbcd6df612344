"""Two or three things side by side, for a pupil who cannot choose. Lobke never says which one is best."""

import re
from collections.abc import Callable, Sequence
from typing import cast

from bot.knowledge.calendar import Wish, dutch_period, upcoming
from bot.knowledge.kinds.wereld import of_wereld
from bot.knowledge.kinds.wording import MOST_NAMED, join, levels_of, opleidingen_of
from bot.knowledge.models import Activiteit, Entry, Leerweg, Niveau, Opleiding, Profiel, Wereld
from bot.knowledge.names import Subject
from bot.knowledge.question import Answer, Choice, Question, Sources

MOST_COMPARED = 3
MOST_OFFERED = 3
MOST_WORDS = 20
"""Words in a cell: three columns have to fit on a phone."""
LONGEST_TEXT = 60
"""Words in a bubble, as in bot.knowledge.reading."""
TRY_OUT = "meeloopdag"
"""The activity to try something out when the kalender has nothing that names it."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
Cell = Callable[[Subject, Question, Sources], str]
"""What stands in a row of the table for a subject; "" when Lobke does not know it."""


def _what(subject: Subject, question: Question, sources: Sources) -> str:
    entry = subject.entries[0]
    return entry.eenvoudig or str(getattr(entry, "uitleg", ""))


def _field(name: str) -> Cell:
    return lambda subject, question, sources: getattr(subject.entries[0], name)


def _of_its_wereld(name: str) -> Cell:
    return lambda subject, question, sources: getattr(_werelden(subject, sources)[0], name)


def _werelden(subject: Subject, sources: Sources) -> list[Wereld]:
    entry = subject.entries[0]
    if isinstance(entry, Wereld):
        return [entry]
    ids = entry.werelden if isinstance(entry, Profiel) else cast(Opleiding, entry).werelden[:1]
    return [sources.knowledge.one(Wereld, id) for id in ids]


def _opleidingen(subject: Subject, sources: Sources) -> list[Opleiding]:
    return opleidingen_of(subject) or of_wereld(cast(Wereld, subject.entries[0]), sources)


def _levels(subject: Subject, question: Question, sources: Sources) -> str:
    return join([str(level) for level in levels_of(_opleidingen(subject, sources))], "of")


def _duration(subject: Subject, question: Question, sources: Sources) -> str:
    opleidingen = _opleidingen(subject, sources)
    years = {
        year
        for opleiding in opleidingen
        for year in ((1,) if opleiding.specialist else years_of(sources.niveau(opleiding.niveau)))
    }
    phrase = "vergelijk.jaar" if len(years) == 1 else "vergelijk.jaren"
    return sources.say(phrase, van=min(years), tot=max(years))


def years_of(niveau: Niveau) -> tuple[int, ...]:
    """How many years a level takes: the numbers in "Niveau 3 duurt 2 tot 3 jaar"."""
    first = _SENTENCE_END.split(niveau.duur)[0]
    return tuple(int(number) for number in re.findall(r"\d+", first.partition("duurt")[2]))


def _try_out(subject: Subject, question: Question, sources: Sources) -> str:
    werelden = tuple(wereld.id for wereld in _werelden(subject, sources))
    leerjaar = int(question.leerjaar) if question.leerjaar else None
    wish = Wish(werelden=werelden, soorten=tuple(sources.knowledge.verkenning.proberen), leerjaar=leerjaar)
    for event in upcoming(sources.knowledge, wish, question.today):
        if event.werelden:
            example = sources.example_mark(event)
            return f"{event.titel}, {dutch_period(event)}{example}"
    return sources.knowledge.one(Activiteit, TRY_OUT).naam


def _fits(subject: Subject, question: Question, sources: Sources) -> str:
    text = cast(Leerweg, subject.entries[0]).past_bij
    return text.partition(" als ")[2] or text


def _onward(subject: Subject, question: Question, sources: Sources) -> str:
    return join([str(level) for level in cast(Leerweg, subject.entries[0]).niveaus], "of")


def _havo(subject: Subject, question: Question, sources: Sources) -> str:
    return sources.say("vergelijk.havo_ja" if cast(Leerweg, subject.entries[0]).havo else "vergelijk.havo_nee")


def _directions(subject: Subject, question: Question, sources: Sources) -> str:
    werelden = _werelden(subject, sources)
    listed = " · ".join(wereld.naam for wereld in werelden[:MOST_NAMED])
    return listed if len(werelden) <= MOST_NAMED else sources.say("vergelijk.en_meer", lijst=listed)


_STUDY: dict[str, Cell] = {
    "vergelijk.wat": _what,
    "vergelijk.waar": _of_its_wereld("werk"),
    "vergelijk.niveau": _levels,
    "vergelijk.duur": _duration,
    "vergelijk.handig": _of_its_wereld("handig"),
    "vergelijk.probeer": _try_out,
}
ROWS: dict[str, dict[str, Cell]] = {
    "wereld": _STUDY,
    "beroep": _STUDY,
    "opleiding": _STUDY,
    "leerweg": {
        "vergelijk.leren": _what,
        "vergelijk.praktijk": _field("praktijk"),
        "vergelijk.past": _fits,
        "vergelijk.mbo": _onward,
        "vergelijk.havo": _havo,
    },
    "profiel": {
        "vergelijk.wat": _what,
        "vergelijk.vakken": _field("vakken"),
        "vergelijk.richtingen": _directions,
        "vergelijk.probeer": _try_out,
    },
    "niveau": {
        "vergelijk.wat": _what,
        "vergelijk.duur": _field("duur"),
        "vergelijk.toelating": _field("toelating"),
        "vergelijk.daarna": _field("vervolg"),
    },
}
"""For each type of subject the rows of its table: the name of the row in antwoorden.yml, and what fills its cells."""
COMPARABLE = (*ROWS, "onderwerp", "school", "activiteit")


def compare(subjects: Sequence[Subject], question: Question, sources: Sources) -> Answer:
    """Two or three subjects beside each other: a table when they are of one kind, else a line each."""
    shown = subjects[:MOST_COMPARED]
    choices = tuple(Choice(subject_label(subject), f"inhoud|{subject.key}") for subject in shown)
    if not is_table(shown):
        text = _in_lines(shown, sources)
        return Answer(text, (*choices, sources.button("start")), kind="vergelijk", subject=shown[0].key)
    can_try = "vergelijk.probeer" in ROWS[shown[0].type]
    names = join([f"**{subject_label(subject)}**" for subject in shown])
    text = _in_lines(shown, sources)
    if len(text.split()) > LONGEST_TEXT:
        question_back = sources.say("vergelijk.vraag_probeer" if can_try else "vergelijk.vraag")
        text = sources.say("vergelijk.tabel", namen=names, vraag=question_back)
    onward = sources.about(f"activiteit:{TRY_OUT}") if can_try else sources.button("mens")
    card = {"table": _table(shown, question, sources)}
    return Answer(text, (*choices, onward), card, kind="vergelijk", subject=shown[0].key)


def is_table(subjects: Sequence[Subject]) -> bool:
    """Whether these subjects have the same rows."""
    rows = [ROWS.get(subject.type) for subject in subjects]
    return rows[0] is not None and all(each is rows[0] for each in rows)


def _table(subjects: Sequence[Subject], question: Question, sources: Sources) -> dict[str, object]:
    rows = []
    for name, cell in ROWS[subjects[0].type].items():
        cells = [shorten(cell(subject, question, sources)) for subject in subjects]
        if any(cells):
            unknown = sources.say("vergelijk.onbekend")
            rows.append({"label": sources.say(name), "cells": [text or unknown for text in cells]})
    return {"head": [_head(subject) for subject in subjects], "rows": rows}


def _head(subject: Subject) -> str:
    """The name above a column; the abbreviation of a long official name."""
    label = subject_label(subject)
    return getattr(subject.entries[0], "afkorting", label) if " " in label else label


def shorten(text: str) -> str:
    """The first sentences that fit in a cell, at least one."""
    first, *others = _SENTENCE_END.split(text)
    for sentence in others:
        if len(f"{first} {sentence}".split()) > MOST_WORDS:
            break
        first = f"{first} {sentence}"
    return first


def _in_lines(subjects: Sequence[Subject], sources: Sources) -> str:
    lines = [
        f"- {sources.say('vergelijk.deel', naam=subject_label(subject), kort=in_short(subject))}"
        for subject in subjects
    ]
    return "\n".join([sources.say("vergelijk.begin"), *lines, "\n" + sources.say("vergelijk.eind")])


def ask_other(subject: Subject, sources: Sources) -> Answer:
    """What to put beside this one: the three that are most like it as choices."""
    entry = subject.entries[0]
    left_out = {"wereld:entree", *(each.key for each in subject.entries)}
    others = [other for other in sources.knowledge.all(type(entry)) if other.key not in left_out]
    nearest = sorted(others, key=lambda other: -_nearness(entry, other))[:MOST_OFFERED]
    choices = tuple(Choice(other.label, f"vergelijk|{subject.key}|{other.key}") for other in nearest)
    text = sources.say("vergelijk.met", naam=subject_label(subject))
    return Answer(text, choices, outcome="clarified", kind="vergelijk", subject=subject.key)


def _nearness(one: Entry, other: Entry) -> int:
    """How much is shared: Holland types of a wereld, of which the first counts most; werelden of something else."""
    if isinstance(one, Wereld) and isinstance(other, Wereld):
        shared = set(one.riasec) & set(other.riasec)
        return sum((3 - one.riasec.index(letter)) * (3 - other.riasec.index(letter)) for letter in shared)
    return len(set(getattr(one, "werelden", ())) & set(getattr(other, "werelden", ())))


def subject_label(subject: Subject) -> str:
    return subject.name[:1].upper() + subject.name[1:] if subject.type == "beroep" else subject.entries[0].label


def in_short(subject: Subject) -> str:
    entry = subject.entries[0]
    text = str(getattr(entry, "uitleg", "") or getattr(entry, "antwoord", ""))
    first = text.split(". ")[0].strip().rstrip(".") + "."
    opleidingen = opleidingen_of(subject)
    if not opleidingen:
        return first
    return f"niveau {join([str(level) for level in levels_of(opleidingen)], 'of')}. {first}"
