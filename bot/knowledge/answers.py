"""Decides what a message asks, and answers it. The sentences come from the knowledge files."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Optional, cast

from bot.knowledge.dates import find_period
from bot.knowledge.kinds import GENERAL, TABLE
from bot.knowledge.kinds.aside import simpler, which_one, why
from bot.knowledge.kinds.compare import COMPARABLE, ROWS, ask_other, compare, is_table
from bot.knowledge.kinds.events import events, leerjaar_in
from bot.knowledge.kinds.opleiding import admission, with_profiel
from bot.knowledge.kinds.topic import topic_text
from bot.knowledge.kinds.year import APPLYING, LEERJAREN, ask_leerjaar, year_answer
from bot.knowledge.models import NO_SUBJECTS, Activiteit, Doorstroom, Entry, Interesse, Leerweg, Onderwerp
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
from bot.knowledge.review import is_late

_SHORT = 7
"""Words; a longer message says itself what it is about."""
_TELEGRAM = 3
"""Words; so short a question, as in "hoeveel verdien je", is about the remembered subject."""
_CALENDAR = {"activiteit", "activiteiten", "agenda", "kalender", "evenement", "evenementen"}
_POINTING = set("daar dat da die dit deze het et er dan daarvoor daarmee daarbij ervoor erbij".split())  # noqa: SIM905
_GLUE = set("en of bij met voor over in op van naar de het een dan mijn als ook nog".split())  # noqa: SIM905
_GENERAL_WORDS = {"mbo", "vmbo", "havo", "hbo", "school", "activiteiten", "activiteit"}
_DIFFERENCE = {"verschil", "verschillen"}
_BETTER = {"beter", "slimmer", "handiger"}
_DOUBT = re.compile(r"\btwijfel(?:en)?\b(?! niet)")
_DOUBT_ABOUT = re.compile(r"\btwijfel(?:en)? (?:\w+ ){0,3}?(?:over|aan)\b")
_UNDECIDED = {None, "inhoud", "passend", "interesse", "start", "opleidingen", "worden", "werk"}
"""Kinds that a message may seem to have when it weighs two things."""
_CORRECTING = {"geen", "niet", "nee", "nope", "sorry", "oeps", "bedoel", "bedoelde", "ik", "maar"}
_CORRECTING |= {"eigenlijk", "toch", "liever", "dus", "ja", "oh", "wacht"}
_NEGATING = {"geen", "niet"}
_WORDS_AFTER_NEGATION = 3
WHY, SIMPLER = "waarom", "eenvoudig"
ASIDE = {WHY, SIMPLER}
"""Kinds of question about the last answer, and not about a subject."""
_YEAR = r"(?:dit (?:school|leer)?jaar|v(?:oo|óó)r (?:1|een|één) april|in (?:klas|leerjaar) [1-4])"
_MUST = r"(?:moet|moeten|kan|kunnen|zal|ga|gaan)"
_DO = r"(?:doen|regelen|kiezen|weten|(?:gedaan|geregeld|gekozen) hebben)"
_FILLER = r"(?:(?:allemaal|nog|eigenlijk|precies|dan|echt|dus|al|hier) )*"
THIS_YEAR = re.compile(
    r"^(?:(?:hoi|hey|hallo|en|dus|maar|oke|oké|ok|(?:ik weet|weet) niet|geen idee|ik zit in .{1,20}?)\W+)*(?:"
    rf"wat {_MUST} (?:ik|we) {_FILLER}(?:nu|{_YEAR}) {_FILLER}{_DO}"
    rf"|wat {_MUST} (?:ik|we) {_FILLER}{_DO} (?:nu|{_YEAR})"
    rf"|wat (?:ik|we) {_FILLER}{_YEAR} {_FILLER}{_MUST} {_DO}"
    rf"|ik zit in (?:klas|leerjaar|jaar) [1-4],? (?:en )?wat nu"
    r"|hoe ?(?:lang|veel (?:tijd|weken|dagen)) (?:heb ik|hebben we) nog "
    r"(?:om (?:me|mij|ons|mezelf) (?:aan te melden|in te schrijven)"
    r"|(?:voor|tot) (?:1 april|(?:het |de )?aanmeld(?:en|ing)))"
    r")\W*$"
)
"""A question about where the pupil is in her school year, and about nothing else."""
_UNTIL_APRIL = re.compile(r"april|meld|schrijven")
_MOST_ANSWERS = 2
_ONE_BY_ONE = {"niveau", "duur", "vakken", "werk", "dag", "waar", "inhoud"}
_ONE_BY_ONE_TYPES = {"opleiding", "beroep", "profiel", "activiteit"}
_BARE = 2
_SURE_KIND = 0.8
_RATHER_THAN_GENERAL = 0.2
"""Likeness from which a known question goes before the general answer to a kind of question that is sure."""
_LIKELY_KIND = 0.5
_BY_LEERWEG = {"toelating", "niveau"}
_OWN_SCHOOL = re.compile(r"\b(?:mijn|onze|jullie|me|mn|deze) school\b")
_LEVEL = re.compile(r"^(?:en |of |nee )*(?:ik bedoel )?(?:van |voor |bij )?([1-4])(?: dan| ook)?\W*$")
_OF_OPLEIDING = {kind for type, kind in TABLE if type == "beroep"} | {None}
_LONGEST_PERIOD = 100
"""Days; a longer period, such as a year, is no question about the calendar."""
_MAYBE_PLANNED = {None, "wanneer", "inhoud", "passend", "waar", "opleidingen"}
_TELLING = {None, "interesse", "start", "worden", "opleidingen"}
_AROUND_ACTIVITY = {"voorbereiden", "terugkijken"}

_ORDER = (
    *("beroep", "opleiding", "profiel", "wereld", "praktijk", "activiteit", "school"),
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
    level = _LEVEL.match(question.text.lower())
    if level and not question.subjects and (question.last_subject or "").startswith("niveau:"):
        other = ((f"niveau:{level[1]}",),)
        question = replace(question, kind=question.last_kind, subjects=other, hits=(), follows=True)
    if question.last_kind and _is_follow_up(question, sources):
        kind = "inhoud" if question.last_kind in ASIDE else question.last_kind
        question = replace(question, kind=kind, follows=True)
    meant = _not_negated(question, sources)
    if question.subjects and not meant and (question.kind == "interesse" or question.follows):
        return answer(replace(question, kind="start", subjects=(), hits=()), sources)
    question = replace(question, subjects=meant or question.subjects)
    if _weighs(question, sources):
        question = replace(question, kind="vergelijk")
    subjects = _subjects(question, sources)
    if question.chosen and question.subjects and not subjects:
        old = Answer(sources.say("knop_oud"), outcome="old_choice", kind=question.kind)
        return replace(old, choices=_offer(old, question, sources))
    leerweg = next((s.entries[0].id for s in subjects if s.type == "leerweg"), None)
    question = replace(question, leerweg=leerweg or question.leerweg)
    found = (
        _chosen(question, subjects, sources)
        or _aside(question, subjects, sources)
        or _doubted(question, subjects, sources)
        or _compared(question, subjects, sources)
        or _admission(question, subjects, sources)
        or _this_year(question, sources)
        or _pointed_back(question, subjects, sources)
        or _planned(question, subjects, sources)
        or _hit(question, subjects, sources, SURE_HIT)
        or _general_word(question, subjects, sources)
        or (_hit(question, subjects, sources, LIKELY_HIT) if _hit_first(question, subjects) else None)
        or _on_subject(question, subjects, sources)
        or _hit(question, subjects, sources, LIKELY_HIT)
        or _remembered(question, subjects, sources)
        or _hit(question, subjects, sources, _RATHER_THAN_GENERAL)
        or (_general(question, sources) if question.confidence >= _SURE_KIND else None)
        or _hit(question, subjects, sources, LEAST_HIT)
        or _general(question, sources)
        or _not_understood(question, sources)
    )
    leerweg = None if found.kind == "vergelijk" else leerweg
    text = _with_doubt(found, question, sources)
    return replace(found, text=text, leerweg=leerweg, choices=_offer(found, question, sources))


def answers(questions: Sequence[Question], sources: Sources) -> list[Answer]:
    """The answers to the questions of one message: what one is about is remembered for the next.

    A question about two subjects of the same type, as in "welk niveau is kok en bakker", is two.
    """
    found: list[Answer] = []
    for asked in (each for question in questions for each in _each(question, sources)):
        before = found[-1] if found else None
        if before:
            asked = replace(
                asked,
                last_subject=before.subject or asked.last_subject,
                last_kind=before.kind or asked.last_kind,
                leerweg=before.leerweg or asked.leerweg,
            )
        given = answer(asked, sources)
        if given.text not in {other.text for other in found}:
            found.append(given)
    understood = [given for given in found if given.outcome != "not_understood"] or found[:1]
    *first, last = understood[:_MOST_ANSWERS]
    return [*(replace(given, choices=()) for given in first), last]


def _each(question: Question, sources: Sources) -> list[Question]:
    if question.kind not in _ONE_BY_ONE or _is_follow_up(question, sources) or _weighs(question, sources):
        return [question]
    question = replace(question, subjects=_not_negated(question, sources) or question.subjects)
    subjects = [s for s in _subjects(question, sources) if s.type in _ONE_BY_ONE_TYPES]
    same = [s for s in subjects if s.type == subjects[0].type]
    about_else = bool(question.hits) and question.hits[0].score >= SURE_HIT
    about_else = about_else and question.hits[0].key not in {s.key for s in same}
    others = {s.type for s in _subjects(question, sources)} - {s.type for s in same} - {"onderwerp", "interesse"}
    if len(same) < 2 or others or about_else:
        return [question]
    return [replace(question, subjects=((s.key,),), hits=(), text="", chosen=True) for s in same[:_MOST_ANSWERS]]


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
    return sorted(named, key=lambda s: (preference.index(s.type), -scores.get(s.key, 0.0)))


def _chosen(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    if not question.chosen or len(subjects) != 1 or (question.kind == "vergelijk" and subjects[0].type in ROWS):
        return None
    return _about(question, subjects[0], sources)


def _aside(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    """ "Waarom?" and "leg anders uit" are about the last answer."""
    if question.kind not in ASIDE or subjects:
        return None
    entry = sources.knowledge.get(question.last_subject or "")
    say = {WHY: why, SIMPLER: simpler}[question.kind]
    return replace(say(entry, question, sources), kind=question.kind, subject=question.last_subject)


def _doubted(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    """One question back when a misspelled name may be any of several."""
    options = [subject for key in question.doubtful if (subject := sources.names.resolve(key))]
    return which_one(options, question, sources) if options and not subjects else None


def _general_word(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    """One question back when a word is part of the names of several opleidingen, as "begeleider"."""
    is_known = bool(question.hits) and question.hits[0].score >= LIKELY_HIT
    if subjects or question.chosen or (is_known and len(_words(question.text)) > _BARE):
        return None
    options = sources.names.general(question.text) if question.kind in _OF_OPLEIDING else ()
    return which_one(options, question, sources) if options else None


def _this_year(question: Question, sources: Sources) -> Optional[Answer]:
    """ "Wat moet ik nu doen": what belongs to the pupil's leerjaar, and to leerjaar 4 when it is about applying."""
    text = question.text.lower()
    if not THIS_YEAR.search(text):
        return None
    if _UNTIL_APRIL.search(text):
        return year_answer(question, APPLYING, sources)
    year = int(leerjaar_in(text) or question.leerjaar or 0)
    if not year:
        return ask_leerjaar(sources)
    return year_answer(question, year, sources) if year in LEERJAREN else None


def _weighs(question: Question, sources: Sources) -> bool:
    """Whether a message weighs two things, as in "zorg of techniek?" and "ik twijfel tussen kok en bakker"."""
    said = set(_words(question.text))
    if question.chosen or len(question.subjects) < 2:
        return False
    if _DIFFERENCE & said:
        return True
    if question.kind not in _UNDECIDED:
        return False
    only_names = "of" in (besides := _besides_names(question.text, sources)) and besides <= _GLUE | _CORRECTING
    if not (only_names or _BETTER & said or _DOUBT.search(question.text.lower())):
        return False
    subjects = _subjects(replace(question, kind="vergelijk"), sources)
    return sum(subject.type in COMPARABLE for subject in subjects) > 1


def _compared(question: Question, subjects: list[Subject], sources: Sources) -> Optional[Answer]:
    """Two or three things side by side; first as staff wrote it. With one thing the question what to put beside it."""
    if question.kind == "vergelijk" and question.follows and len(subjects) == 1:
        before = sources.names.resolve(question.last_subject or "")
        subjects = [before, *subjects] if before and is_table([before, *subjects]) else subjects
    if question.kind == "vergelijk" and len(subjects) > 1:
        subjects = [part for subject in subjects for part in _parts(subject, sources)]
        keys = {key for subject in subjects for key in (subject.key, *(entry.key for entry in subject.entries))}
        keys.update(*question.subjects)
        same = [subject for subject in subjects if subject.type in COMPARABLE]
        tabled = [subject for subject in same if subject.type in ROWS]
        for entry in sources.knowledge.all(Onderwerp):
            compared = set(entry.vergelijkt)
            if len(compared) >= max(2, len(tabled)) and compared <= keys:
                return topic_text(entry, question, sources)
        if len(same) >= 2:
            return compare(same, question, sources)
    doubted = question.kind in _UNDECIDED | {"vergelijk"} and _DOUBT_ABOUT.search(question.text.lower())
    if (
        len(subjects) == 1
        and subjects[0].type in ROWS
        and (doubted or (question.chosen and question.kind == "vergelijk"))
    ):
        return ask_other(subjects[0], sources)
    return None


def _parts(subject: Subject, sources: Sources) -> list[Subject]:
    """What a topic such as "kader of tl" compares; else the subject itself."""
    compared = getattr(subject.entries[0], "vergelijkt", ())
    return [part for key in compared if (part := sources.names.resolve(key))] or [subject]


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


def _hit_first(question: Question, subjects: list[Subject]) -> bool:
    """Whether a probable known question goes first: with several names, a topic, or no answer of its own."""
    if len(subjects) != 1:
        return len(subjects) > 1
    return subjects[0].type == "onderwerp" or (subjects[0].type, question.kind or "inhoud") not in TABLE


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
        if entry is None or isinstance(entry, NO_SUBJECTS):
            continue
        if isinstance(entry, Interesse) and question.kind not in _TELLING:
            continue
        if question.kind in _AROUND_ACTIVITY and question.confidence >= _SURE_KIND and hit.score < CLEAR_HIT:
            if not _answerable(Subject.of(entry), question.kind):
                continue
            return _about(question, Subject.of(entry), sources)
        if least < LIKELY_HIT and not named and len(_words(question.text)) <= _BARE:
            continue
        if least < SURE_HIT and named and hit.key not in named and any(s.type in SPECIFIC for s in subjects):
            continue
        sure = question.confidence >= _LIKELY_KIND
        if isinstance(entry, Activiteit) and question.kind in ("wanneer", "voorbereiden", "terugkijken") and sure:
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
    if first.type in ("wereld", "beroep", "opleiding") and "profiel" in question.text.lower():
        kind = "profiel"
    if first.type == "profiel" and _OWN_SCHOOL.search(question.text.lower()):
        topic = Subject.of(_general_topic("profiel_op_school", sources))
        return _about(replace(question, kind="inhoud"), topic, sources)
    if first.type == "wereld" and kind in ("niveau", "inhoud", None) and any(s.type == "niveau" for s in subjects):
        kind = "opleidingen"
    if kind in _AROUND_ACTIVITY and not _answerable(first, kind) and question.confidence < _LIKELY_KIND:
        kind = "inhoud"
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
    if question.kind != "wanneer" and question.hits and question.hits[0].score >= SURE_HIT:
        return None
    period = find_period(question.text, question.today)
    in_period = period is not None and (period.end - period.start).days <= _LONGEST_PERIOD
    if not in_period and not _CALENDAR & set(_words(question.text)):
        return None
    return events(question, sources, about)


def _is_follow_up(question: Question, sources: Sources) -> bool:
    """A subject without a question, as in "en bij de ict?" or "nee, ik bedoel bbl", takes the remembered question."""
    said = set(_words(question.text))
    if not question.subjects or not (said & _CORRECTING or _words(question.text)[:1] in (["en"], ["of"])):
        return False
    return _besides_names(question.text, sources) <= _GLUE | _CORRECTING


def _besides_names(text: str, sources: Sources) -> set[str]:
    """The words of a message that are no part of a name."""
    for name in reversed(sources.names.find(text)):
        text = text[: name.start] + text[name.end :]
    return set(_words(text))


def _not_negated(question: Question, sources: Sources) -> tuple[tuple[str, ...], ...]:
    """The subjects that are meant: "geen kapper maar visagist" and "niet de kok" name one that is not."""
    if question.chosen or not _NEGATING & set(_words(question.text)):
        return question.subjects
    refused, last = set(), 0
    for name in sources.names.find(question.text):
        before = _words(question.text[last : name.start])[-_WORDS_AFTER_NEGATION:]
        last = name.end
        if _NEGATING & set(before):
            refused.add(name.subjects)
    return tuple(keys for keys in question.subjects if keys not in refused)


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
    if question.kind in _TELLING and (liked := _liked(question, sources)):
        return liked
    if question.kind in _BY_LEERWEG and question.leerweg:
        return _about(question, Subject.of(sources.knowledge.one(Leerweg, question.leerweg)), sources)
    found = function(question, sources)
    return replace(found, kind=question.kind)


def _liked(question: Question, sources: Sources) -> Optional[Answer]:
    """An interest that the message is a little like: it only leads to werelden, so a guess does no harm."""
    for hit in question.hits:
        entry = sources.knowledge.get(hit.key)
        if isinstance(entry, Interesse) and not question.chosen:
            return _about(replace(question, kind="interesse"), Subject.of(entry), sources)
    return None


def _not_understood(question: Question, sources: Sources) -> Answer:
    """First the best guesses; when that did not help the nearest entry, the werelden and a person; then a person."""
    hits = [hit for hit in question.hits if hit.key in sources.knowledge.entries and sources.names.resolve(hit.key)]
    guesses = [sources.about(hit.key) for hit in hits]
    likely = [sources.about(hit.key) for hit in hits[:3] if hit.score >= GUESS_HIT]
    person = sources.button("mens")
    again = question.misunderstood
    if again == 0:
        phrase, choices = ("niet_begrepen" if likely else "niet_begrepen_leeg"), [*likely, person]
    elif again == 1:
        phrase = "niet_begrepen_weer"
        choices = [*guesses[:1], sources.button("opleidingen"), sources.button("start"), person]
    else:
        phrase = "niet_begrepen_mens" if again % 2 == 0 else "niet_begrepen_steeds"
        choices = [person, sources.button("start"), sources.button("opleidingen")]
    return Answer(sources.say(phrase), tuple(choices), outcome="not_understood", kind=question.kind)


def _with_doubt(found: Answer, question: Question, sources: Sources) -> str:
    """The text; of an entry that nobody looked at in time it says so, unless it sends the pupil to ask already."""
    subject = sources.names.resolve(found.subject or "")
    if subject is None or found.outcome != "answered" or found.kind in ASIDE:
        return found.text
    if not any(is_late(entry, question.today) for entry in subject.entries) or sources.say("vraag_na") in found.text:
        return found.text
    return f"{found.text} {sources.say('klopt_nog')}"


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
