"""Answers about leerwegen, profielen, mbo levels and who may go where."""

from typing import cast

from bot.knowledge.kinds.opleiding import admission
from bot.knowledge.kinds.wording import join
from bot.knowledge.models import Doorstroom, Leerweg, Niveau, Opleiding, Profiel, Wereld
from bot.knowledge.names import Subject
from bot.knowledge.question import Answer, Choice, Function, Question, Sources


def leerweg_content(question: Question, subject: Subject, sources: Sources) -> Answer:
    leerweg = cast(Leerweg, subject.entries[0])
    text = sources.say("leerweg.inhoud", uitleg=leerweg.uitleg, past_bij=leerweg.past_bij)
    return Answer(text, (sources.button("toelating", leerweg.key), *_other_leerwegen(leerweg, sources)))


def _other_leerwegen(leerweg: Leerweg, sources: Sources) -> list[Choice]:
    return [sources.about(other.key) for other in sources.knowledge.all(Leerweg) if other.id != leerweg.id][:2]


def leerweg_admission(question: Question, subject: Subject, sources: Sources) -> Answer:
    leerweg = cast(Leerweg, subject.entries[0])
    row = sources.knowledge.one(Doorstroom, leerweg.id)
    choices = [sources.about(f"niveau:{level}") for level in leerweg.niveaus][-2:]
    return Answer(row.uitleg, (*choices, sources.button("start"), sources.button("aanmelden")))


def leerweg_practice(question: Question, subject: Subject, sources: Sources) -> Answer:
    leerweg = cast(Leerweg, subject.entries[0])
    text = sources.say("leerweg.passend", praktijk=leerweg.praktijk, past_bij=leerweg.past_bij)
    return Answer(text, (sources.button("toelating", leerweg.key), *_other_leerwegen(leerweg, sources)))


def profiel_content(question: Question, subject: Subject, sources: Sources) -> Answer:
    profiel = cast(Profiel, subject.entries[0])
    text = sources.say(
        "profiel.inhoud", naam=profiel.naam, afkorting=profiel.afkorting, uitleg=profiel.uitleg, vakken=profiel.vakken
    )
    werelden = [sources.about(f"wereld:{id}") for id in profiel.werelden[:2]]
    return Answer(text, (sources.button("vakken", profiel.key), *werelden))


def profiel_subjects(question: Question, subject: Subject, sources: Sources) -> Answer:
    profiel = cast(Profiel, subject.entries[0])
    text = sources.say("profiel.vakken", naam=profiel.naam, afkorting=profiel.afkorting, vakken=profiel.vakken)
    return Answer(text, tuple(sources.about(f"wereld:{id}") for id in profiel.werelden[:3]))


def profiel_onward(question: Question, subject: Subject, sources: Sources) -> Answer:
    profiel = cast(Profiel, subject.entries[0])
    names = join([sources.knowledge.one(Wereld, id).naam for id in profiel.werelden[:4]], "of")
    text = sources.say("profiel.toelating", naam=profiel.naam, werelden=names)
    return Answer(text, tuple(sources.about(f"wereld:{id}") for id in profiel.werelden[:3]))


def niveau_field(name: str, *kinds: str) -> "Function":
    """One field of the niveau as the answer."""

    def function(question: Question, subject: Subject, sources: Sources) -> Answer:
        niveau = cast(Niveau, subject.entries[0])
        return Answer(getattr(niveau, name), _niveau_choices(niveau, sources, *kinds))

    return function


def _niveau_choices(niveau: Niveau, sources: Sources, *kinds: str) -> tuple[Choice, ...]:
    others = [
        sources.about(f"niveau:{number}") for number in (int(niveau.id) - 1, int(niveau.id) + 1) if 1 <= number <= 4
    ]
    return (*(sources.button(kind, niveau.key) for kind in kinds), *others)


def niveau_content(question: Question, subject: Subject, sources: Sources) -> Answer:
    niveau = cast(Niveau, subject.entries[0])
    text = sources.say("niveau.inhoud", uitleg=niveau.uitleg, duur=niveau.duur, vervolg=niveau.vervolg)
    return Answer(text, _niveau_choices(niveau, sources, "toelating", "opleidingen"))


def niveau_admission(question: Question, subject: Subject, sources: Sources) -> Answer:
    if question.leerweg:
        return admission(subject, sources.knowledge.one(Leerweg, question.leerweg), sources)
    niveau = cast(Niveau, subject.entries[0])
    return Answer(niveau.toelating, _niveau_choices(niveau, sources, "opleidingen", "duur"))


def niveau_opleidingen(question: Question, subject: Subject, sources: Sources) -> Answer:
    level = int(subject.entries[0].id)
    firsts: list[Opleiding] = []
    for wereld in sources.knowledge.all(Wereld):
        firsts += [o for o in sources.knowledge.all(Opleiding) if o.niveau == level and o.werelden[0] == wereld.id][:1]
    named = join([f"**{opleiding.naam}**" for opleiding in firsts[:6]])
    text = sources.say("niveau.opleidingen", niveau=level, lijst=named)
    return Answer(text, (sources.button("start"), *_niveau_choices(sources.niveau(level), sources, "toelating")))


def doorstroom_row(question: Question, subject: Subject, sources: Sources) -> Answer:
    row = cast(Doorstroom, subject.entries[0])
    levels = [level for level in (1, 2, 3, 4) if row.mag(level) == "ja"]
    return Answer(row.uitleg, (*(sources.about(f"niveau:{level}") for level in levels[:2]), sources.button("mens")))
