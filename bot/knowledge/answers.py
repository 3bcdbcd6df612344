"""Decides what a message asks, and answers it. The sentences come from the knowledge files."""

import re
from dataclasses import replace
from typing import Optional, cast

from bot.knowledge.dates import find_period
from bot.knowledge.kinds import GENERAL, TABLE
from bot.knowledge.kinds.events import events
from bot.knowledge.kinds.general import COMPARABLE, compare
from bot.knowledge.kinds.opleiding import admission, with_profiel
from bot.knowledge.kinds.topic import topic_text
from bot.knowledge.models import Activiteit, Doorstroom, Entry, Event, Interesse, Leerweg, Nood, Onderwerp
from bot.knowledge.names import Subject
from bot.knowledge.question import (
    CLEAR_HIT,
    GUESS_HIT,
    LEAST_HIT,
    LIKELY_HIT,
    MOST_CHOICES,
    SPECIFIC,
    SURE_HIT,
    Answer,
    Choice,
    Question,
    Sources,
)

_SHORT = 7
"""Words; a longer message says itself what it is about."""
_TELEGRAM = 3
"""Words; so short a question, as in "hoeveel verdien je", is about the remembered subject."""
_CALENDAR = {"activiteit", "activiteiten", "agenda", "kalender", "evenement", "evenementen"}
_POINTING = set("daar dat da die dit deze het et er dan daarvoor daarmee daarbij ervoor erbij".split())  # noqa: SIM905
_GLUE = set("en of bij met voor over in op van naar de het een dan mijn als ook nog".split())  # noqa: SIM905
_GENERAL_WORDS = {"mbo", "vmbo", "havo", "hbo", "school", "activiteiten", "activiteit"}
_DIFFERENCE = {"verschil", "verschillen"}
_CORRECTING = {"geen", "niet", "nee"}
_LONGEST_PERIOD = 100
"""Days; a longer period, such as a year, is no question about the calendar."""
_MAYBE_PLANNED = {None, "wanneer", "inhoud", "passend", "waar", "opleidingen"}
_TELLING = {None, "interesse", "start", "worden", "opleidingen"}
_AROUND_ACTIVITY = {"voorbereiden", "terugkijken"}

_ORDER = (
    *("beroep", "opleiding", "profiel", "wereld", "activiteit", "school"),
    *("interesse", "onderwerp", "niveau", "leerweg", "doorstroom", "hulplijn"),
)
_PREFERRED: dict[Optional[str], tuple[str, ...]] = {
    "vakken": ("profiel", "beroep", "opleiding", "onderwerp"),
    "interesse": ("interesse", "wereld"),
    "wanneer": ("activiteit", "onderwerp", "wereld"),
    "voorbereiden": ("activiteit",),
    "terugkijken": ("activiteit",),
    "kosten": ("beroep", "opleiding", "onderwerp", "activiteit"),
    "duur": ("beroep", "opleiding", "niveau", "onderwerp"),
    "opleidingen": ("wereld", "school", "niveau"),
    "dag": ("beroep", "opleiding", "wereld"),
    "verdienen": ("onderwerp", "beroep", "opleiding"),
    "leerroute": ("beroep", "opleiding", "wereld", "niveau", "onderwerp"),
}
_SAME_NAME = ("beroep", "opleiding", "onderwerp", "activiteit", "wereld", "niveau")
"""Which type a single name means first, when it is the name of several entries."""


def answer(question: Question, sources: Sources) -> Answer:
    """The answer to a question. Never raises for what a pupil says; not understood is an answer too.

    The first of these that has an answer gives it: what is certain (a pressed choice, a comparison, who may go where),
    what points back, the kalender, a known question that is surely meant, the subject that is named, a known question
    that is probably meant, the remembered subject, a known question that may be meant, the kind of question alone.
    """
    if question.last_kind and _is_follow_up(question, sources):
        question = replace(question, kind=question.last_kind, follows=True)
    if len(question.subjects) > 1 and _DIFFERENCE & set(_words(question.text)):
        question = replace(question, kind="vergelijk")
    subjects = _subjects(question, sources)
    if question.chosen and question.subjects and not subjects:
        old = Answer(sources.say("knop_oud"), outcome="old_choice", kind=question.kind)
        return replace(old, choices=_offer(old, question, sources))
    leerweg = next((s.entries[0].id for s in subjects if s.type == "leerweg"), None)
    question = replace(question, leerweg=leerweg or question.leerweg)
    found = (
        _chosen(question, subjects, sources)
        or _compared(question, subjects, sources)
        or _admission(question, subjects, sources)
        or _pointed_back(question, subjects, sources)
        or _planned(question, subjects, sources)
        or _hit(question, subjects, sources, SURE_HIT)
        or (_hit(question, subjects, sources, LIKELY_HIT) if _hit_first(subjects) else None)
        or _on_subject(question, subjects, sources)
        or _hit(question, subjects, sources, LIKELY_HIT)
        or _remembered(question, subjects, sources)
        or _hit(question, subjects, sources, LEAST_HIT)
        or _general(question, sources)
        or _not_understood(question, sources)
    )
    return replace(found, leerweg=leerweg, choices=_offer(found, question, sources))


def _subjects(question: Question, sources: Sources) -> list[Subject]:
    """One subject for every name, the most fitting first."""
    kind = question.kind
    profile_asked = "profiel" in question.text.lower()
    order = (("profiel",) if profile_asked else ()) + _PREFERRED.get(kind, ()) + _SAME_NAME
    chosen: dict[str, Subject] = {}
    for keys in question.subjects:
        options = [subject for key in keys if (subject := sources.names.resolve(key))]
        if options:
            best = min(options, key=lambda subject: order.index(subject.type) if subject.type in order else len(order))
            chosen.setdefault(best.key, best)
    preference = _PREFERRED.get(kind, ()) + _ORDER
    scores = {hit.key: hit.score for hit in question.hits}
    named = list(chosen.values())
    said = _words(question.text)
    if "maar" in said and _CORRECTING & set(said):  # "geen kapper maar visagist": the last one counts
        named.reverse()
    return sorted(named, key=lambda s: (preference.index(s.type), -scores.get(s.key, 0.0)))


def _chosen(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    if not question.chosen or len(subjects) != 1:
        return None
    return _about(question, subjects[0], sources)


def _compared(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    if len(subjects) < 2:
        return None
    keys = {key for subject in subjects for key in (subject.key, *(entry.key for entry in subject.entries))}
    for names in question.subjects:
        keys.update(names)
    if question.kind == "vergelijk":
        for entry in sources.knowledge.all(Onderwerp):
            if len(set(entry.vergelijkt) & keys) >= 2 and set(entry.vergelijkt) <= keys:
                return topic_text(entry, question, sources)
        same = [subject for subject in subjects if subject.type in COMPARABLE]
        if len(same) >= 2:
            return compare(same[:3], sources)
    return None


def _admission(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    """May a pupil of this leerweg go there? Only when the message names a leerweg and a goal, or asks for admission."""
    kinds = {"toelating", "passend", "inhoud", "niveau", "worden", "leerroute", "vergelijk", None}
    if question.kind not in kinds:
        return None
    leerwegen = [s for s in subjects if s.type == "leerweg"]
    goals = [s for s in subjects if s.type in ("beroep", "opleiding", "niveau")]
    if len(leerwegen) == 1 and goals:
        return admission(goals[0], cast(Leerweg, leerwegen[0].entries[0]), sources)
    if leerwegen and len(subjects) == 1 and question.last_subject and len(_words(question.text)) <= _SHORT:
        goal = sources.names.resolve(question.last_subject)
        if goal and goal.type in ("beroep", "opleiding", "niveau") and question.kind != "inhoud":
            return admission(goal, cast(Leerweg, leerwegen[0].entries[0]), sources)
    to_havo = any(subject.key == "onderwerp:havo" for subject in subjects)
    if to_havo and len(leerwegen) == 1 and not cast(Leerweg, leerwegen[0].entries[0]).havo:
        return _about(replace(question, kind="inhoud"), Subject.of(_general_topic("geen_havo", sources)), sources)
    profielen = [s for s in subjects if s.type == "profiel"]
    if profielen and goals and goals[0].type != "niveau" and question.kind in ("toelating", "worden", "passend"):
        return with_profiel(goals[0], question, sources)
    if len(leerwegen) == 2 and question.kind == "toelating":
        return _about(replace(question, kind="inhoud"), Subject.of(_general_topic("overstap", sources)), sources)
    levels = sorted((s for s in subjects if s.type == "niveau"), key=lambda s: s.entries[0].id)
    if question.kind == "toelating" and len(levels) == 2 and len(subjects) == 2:
        lower = levels[0].entries[0].id
        row = sources.knowledge.get("doorstroom:entree" if lower == "1" else f"doorstroom:mbo-{lower}")
        if isinstance(row, Doorstroom):
            return Answer(row.uitleg, kind="toelating", subject=levels[0].key)
    return None


def _general_topic(name: str, sources: Sources) -> Entry:
    return sources.knowledge.entries[sources.knowledge.phrases.algemeen[name]]


def _hit_first(subjects: list[Subject]) -> bool:
    """Whether a probable known question goes before the subject: with several names, or when it is a topic."""
    return len(subjects) > 1 or (bool(subjects) and subjects[0].type == "onderwerp")


def _hit(question: Question, subjects: list[Subject], sources: Sources, least: float) -> Optional[Answer]:
    """The entry whose own question is most like the message, unless the message is about something else by name."""
    if question.follows:
        return None
    named = {subject.key for subject in subjects}
    first = subjects[0].type if subjects else ""
    has_own_answer = (first, question.kind) in TABLE or first == question.kind == "interesse"
    for hit in question.hits:
        needed = max(least, CLEAR_HIT) if has_own_answer and hit.key not in named else least
        if hit.score < needed:
            continue
        entry = sources.knowledge.get(hit.key)
        if entry is None or isinstance(entry, (Event, Nood)):
            continue
        if isinstance(entry, Interesse) and question.kind not in _TELLING:
            continue
        if least < SURE_HIT and named and hit.key not in named and any(s.type in SPECIFIC for s in subjects):
            continue
        if isinstance(entry, Activiteit) and question.kind in ("wanneer", "voorbereiden", "terugkijken"):
            return _about(question, Subject.of(entry), sources)
        kind = question.kind if hit.key in named else "inhoud"
        return _about(replace(question, kind=kind), Subject.of(entry), sources)
    return None


def _on_subject(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    if not subjects:
        return None
    kind, first = question.kind, subjects[0]
    if "profiel" in question.text.lower() and isinstance(first.entries[0], Interesse):
        first = Subject.of(sources.knowledge.entries[f"wereld:{first.entries[0].werelden[0]}"])
    if first.type == "wereld" and "profiel" in question.text.lower():
        kind = "profiel"
    if first.type == "wereld" and kind in ("niveau", "inhoud", None) and any(s.type == "niveau" for s in subjects):
        kind = "opleidingen"
    if kind in _AROUND_ACTIVITY and not _answerable(first, kind):
        if any(hit.key == first.key and hit.score >= LIKELY_HIT for hit in question.hits):
            return _about(replace(question, kind="inhoud"), first, sources)
        activity = next(
            (hit for hit in question.hits if hit.key.startswith("activiteit:") and hit.score >= LEAST_HIT), None
        )
        if activity and (subject := sources.names.resolve(activity.key)):
            return _about(question, subject, sources)
        return _general(question, sources)
    return _about(replace(question, kind=kind or question.last_kind or "inhoud"), first, sources)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _planned(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    """What is planned: asked for as such, or by a period or the word kalender in another question."""
    about = tuple(s for s in subjects if s.type in ("activiteit", "wereld", "beroep", "opleiding"))
    if question.follows and question.kind == "wanneer" and (question.last_subject or "").startswith("activiteit:"):
        before = sources.names.resolve(question.last_subject or "")
        if before and not any(subject.type == "activiteit" for subject in about):
            about = (before, *about)
    if question.kind == "wanneer" and about:
        return events(question, sources, about)
    if question.kind not in _MAYBE_PLANNED or any(s.type not in ("wereld", "onderwerp") for s in subjects):
        return None
    period = find_period(question.text, question.today)
    in_period = period is not None and (period.end - period.start).days <= _LONGEST_PERIOD
    if not in_period and not _CALENDAR & set(_words(question.text)):
        return None
    return events(question, sources, about)


def _is_follow_up(question: Question, sources: Sources) -> bool:
    """A subject without a question, as in "en bij de ict?", takes the remembered question."""
    if not question.subjects or _words(question.text)[:1] not in (["en"], ["of"]):
        return False
    rest = question.text
    for name in reversed(sources.names.find(rest)):
        rest = rest[: name.start] + rest[name.end :]
    return set(_words(rest)) <= _GLUE


def _pointed_back(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    """A short question that points back, as in "hoe lang duurt dat", is about the remembered subject."""
    said = _words(question.text)
    points = bool(_POINTING & set(said)) or len(said) <= _TELEGRAM
    if len(said) > _SHORT or not points or _GENERAL_WORDS & set(said):
        return None
    return _remembered(question, subjects, sources)


def _remembered(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    """A question without a subject takes the remembered one, when that has an answer to this kind of question."""
    if subjects or not question.kind or not question.last_subject:
        return None
    if question.kind == question.last_kind == "vergelijk":
        before = sources.knowledge.get(question.last_subject)
        if isinstance(before, Onderwerp) and before.vergelijkt:
            return topic_text(before, question, sources)
        return Answer(sources.say("vergelijk.beter"), (sources.about("activiteit:meeloopdag"), sources.button("start")))
    subject = sources.names.resolve(question.last_subject)
    if subject is None or not _answerable(subject, question.kind):
        return None
    return _about(question, subject, sources)


def _answerable(subject: Subject, kind: str) -> bool:
    entry = subject.entries[0]
    if isinstance(entry, Onderwerp):
        return kind == "inhoud" or kind in entry.antwoorden
    return (subject.type, kind) in TABLE


def _about(question: Question, subject: Subject, sources: Sources) -> Answer:
    """The function in the table for this type and kind; else for this type; with what to remember."""
    kind = question.kind or "inhoud"
    function = TABLE.get((subject.type, kind)) or TABLE[(subject.type, "inhoud")]
    found = function(question, subject, sources)
    return replace(found, kind=found.kind or kind, subject=found.subject or subject.key)


def _general(question: Question, sources: Sources) -> Optional[Answer]:
    """A kind of question that makes sense without a subject."""
    function = GENERAL.get(question.kind or "")
    if function is None:
        return None
    found = function(question, sources)
    return replace(found, kind=question.kind)


def _not_understood(question: Question, sources: Sources) -> Answer:
    likely = [hit.key for hit in question.hits[:3] if hit.score >= GUESS_HIT]
    guesses = [sources.about(key) for key in likely if key in sources.knowledge.entries]
    guesses = [choice for choice in guesses if not choice.meaning.startswith("inhoud|nood:")]
    phrase = "niet_begrepen" if guesses else "niet_begrepen_leeg"
    return Answer(
        sources.say(phrase), tuple([*guesses[:3], sources.button("mens")]), outcome="not_understood", kind=question.kind
    )


def _offer(found: Answer, question: Question, sources: Sources) -> tuple[Choice, ...]:
    """Two to four choices: the answer's own, filled up with next steps that are not what was just asked."""
    asked = f"{found.kind}|{found.subject}"
    choices = list(found.choices)
    if len(choices) < 2:
        choices += [sources.button("start"), sources.button("wanneer"), sources.button("mens")]
    unique: dict[str, Choice] = {}
    for choice in choices:
        if choice.meaning != asked and choice.label not in {c.label for c in unique.values()}:
            unique.setdefault(choice.meaning, choice)
    return tuple(unique.values())[:MOST_CHOICES]
