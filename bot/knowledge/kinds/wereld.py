"""Answers about a wereld (sector)."""

from typing import cast

from bot.knowledge.kinds.opleiding import where_to_learn
from bot.knowledge.kinds.wording import MOST_NAMED, join, levels_of, named
from bot.knowledge.models import Leerweg, Opleiding, Profiel, School, Wereld
from bot.knowledge.names import Subject
from bot.knowledge.question import TECHNICAL, Answer, Choice, Function, Question, Sources

LONGEST_BUTTON = 40  # letters


def _wereld(subject: Subject) -> Wereld:
    return cast(Wereld, subject.entries[0])


def wereld_content(question: Question, subject: Subject, sources: Sources) -> Answer:
    wereld = _wereld(subject)
    text = sources.say("wereld.inhoud", naam=wereld.naam, uitleg=wereld.uitleg)
    return Answer(
        text, tuple(sources.button(kind, wereld.key) for kind in ("opleidingen", "dag", "passend", "wanneer"))
    )


def wereld_work(question: Question, subject: Subject, sources: Sources) -> Answer:
    wereld = _wereld(subject)
    text = sources.say("wereld.werk", naam=wereld.naam, beroepen=join(wereld.beroepen[:8]), werk=wereld.werk)
    return Answer(text, tuple(sources.button(kind, wereld.key) for kind in ("opleidingen", "dag", "kans")))


def wereld_simple(phrase: str, *kinds: str) -> "Function":
    """A sentence filled with the fields of the wereld itself."""

    def function(question: Question, subject: Subject, sources: Sources) -> Answer:
        wereld = _wereld(subject)
        fields = {name: value or "" for name, value in wereld.dict().items()}
        return Answer(sources.say(phrase, **fields), tuple(sources.button(kind, wereld.key) for kind in kinds))

    return function


def of_wereld(wereld: Wereld, sources: Sources) -> list[Opleiding]:
    """The opleidingen of a wereld, first those that belong to it in the first place."""
    found = [opleiding for opleiding in sources.knowledge.all(Opleiding) if wereld.id in opleiding.werelden]
    return sorted(found, key=lambda opleiding: opleiding.werelden[0] != wereld.id)


def wereld_opleidingen(question: Question, subject: Subject, sources: Sources) -> Answer:
    wereld = _wereld(subject)
    opleidingen = of_wereld(wereld, sources)
    asked = [int(key.partition(":")[2]) for keys in question.subjects for key in keys if key.startswith("niveau:")]
    if asked and any(o.niveau in asked for o in opleidingen):
        return _of_level(wereld, [o for o in opleidingen if o.niveau in asked], sources)
    open_levels = sources.knowledge.one(Leerweg, question.leerweg).niveaus if question.leerweg else None
    first = [o for o in opleidingen if open_levels is None or o.niveau in open_levels] or opleidingen
    picks = [next(o for o in first if o.niveau == level) for level in levels_of(first)]
    picked = {o.key for o in picks}  # comparing whole entries is slow
    fill = [o for o in first if o.key not in picked]
    phrase = "wereld.opleidingen" if open_levels is None else "wereld.opleidingen_leerweg"
    text = sources.say(
        phrase,
        naam=wereld.naam,
        aantal=len(opleidingen),
        lijst=named((picks + fill)[:MOST_NAMED]),
        leerweg=question.leerweg,
    )
    rows = [
        {"label": f"Niveau {level}", "value": ", ".join(o.naam for o in opleidingen if o.niveau == level)}
        for level in levels_of(opleidingen)
    ]
    card = {"title": wereld.naam, "rows": rows}
    return Answer(text, (*_with_short_names(picks[:3]), sources.button("waar", wereld.key)), card=card)


def _of_level(wereld: Wereld, opleidingen: list[Opleiding], sources: Sources) -> Answer:
    level = opleidingen[0].niveau
    text = sources.say("wereld.op_niveau", naam=wereld.naam, niveau=level, lijst=named(opleidingen))
    level_and_place = (sources.about(f"niveau:{level}"), sources.button("waar", wereld.key))
    return Answer(text, (*_with_short_names(opleidingen[:2]), *level_and_place))


def _with_short_names(opleidingen: list[Opleiding]) -> list[Choice]:
    """Choices for the opleidingen whose name fits on a button."""
    return [Choice(o.naam, f"inhoud|{o.key}") for o in opleidingen if len(o.naam) <= LONGEST_BUTTON]


def wereld_levels(question: Question, subject: Subject, sources: Sources) -> Answer:
    wereld = _wereld(subject)
    levels = levels_of(of_wereld(wereld, sources))
    text = sources.say("wereld.niveau", naam=wereld.naam, niveaus=join([str(level) for level in levels]))
    return Answer(text, tuple(sources.button(kind, wereld.key) for kind in ("opleidingen", "waar", "wanneer")))


def wereld_duration(question: Question, subject: Subject, sources: Sources) -> Answer:
    wereld = _wereld(subject)
    durations = [sources.niveau(level).duur for level in levels_of(of_wereld(wereld, sources))]
    text = sources.say("wereld.duur", naam=wereld.naam, duren=" ".join(durations))
    return Answer(text, tuple(sources.button(kind, wereld.key) for kind in ("opleidingen", "waar")))


def wereld_admission(question: Question, subject: Subject, sources: Sources) -> Answer:
    wereld = _wereld(subject)
    levels = levels_of(of_wereld(wereld, sources))
    text: str
    if levels == [1]:
        text = sources.niveau(1).toelating
    elif question.leerweg:
        leerweg = sources.knowledge.one(Leerweg, question.leerweg)
        allowed = [level for level in levels if level in leerweg.niveaus]
        phrase = "wereld.toelating_leerweg" if allowed else "wereld.toelating"
        text = sources.say(
            phrase, naam=wereld.naam, leerweg=leerweg.afkorting, niveaus=join([str(n) for n in allowed], "of")
        )
    else:
        text = sources.say("wereld.toelating", naam=wereld.naam)
    if wereld.id in TECHNICAL and question.leerweg != "bb":
        text += " " + sources.say("toelating.techniek")
    return Answer(text, tuple(sources.button(kind, wereld.key) for kind in ("opleidingen", "waar", "wanneer")))


def wereld_where(question: Question, subject: Subject, sources: Sources) -> Answer:
    wereld = _wereld(subject)
    schools = [s for s in sources.knowledge.all(School) if s.soort == "mbo" and wereld.id in s.werelden]
    return where_to_learn(wereld.naam, schools, subject, sources)


def wereld_profiles(question: Question, subject: Subject, sources: Sources) -> Answer:
    """The profielen that go well with a wereld."""
    wereld = _wereld(subject)
    if not wereld.profielen:
        return wereld_admission(question, subject, sources)
    profielen = [sources.knowledge.one(Profiel, id) for id in wereld.profielen]
    text = sources.say("wereld.profiel", naam=wereld.naam, profielen=join([f"**{p.naam}**" for p in profielen]))
    return Answer(text, tuple(sources.about(profiel.key) for profiel in profielen[:3]))


def opleiding_profiles(question: Question, subject: Subject, sources: Sources) -> Answer:
    """The profielen that go well with the wereld of an opleiding or beroep."""
    main = cast(Opleiding, subject.entries[0]).werelden[0]
    return wereld_profiles(question, Subject.of(sources.knowledge.one(Wereld, main)), sources)
