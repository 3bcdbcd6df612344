"""Answers about an opleiding, or a beroep that several opleidingen lead to."""

from collections.abc import Sequence
from typing import Any

from bot.knowledge.kinds.wording import MOST_NAMED, join, levels_of, named, opleidingen_of
from bot.knowledge.models import Doorstroom, Leerweg, Opleiding, School, Wereld
from bot.knowledge.names import Subject
from bot.knowledge.question import TECHNICAL, Answer, Choice, Function, Question, Sources


def warnings(subject: Subject) -> str:
    note = opleidingen_of(subject)[0].let_op
    return f" {note}" if note else ""


def opleiding_choices(subject: Subject, sources: Sources, *kinds: str) -> tuple[Choice, ...]:
    wereld = opleidingen_of(subject)[0].werelden[0]
    return (*(sources.button(kind, subject.key) for kind in kinds), sources.about(f"wereld:{wereld}"))


def entry_ways(opleidingen: Sequence[Opleiding], sources: Sources) -> str:
    if all(opleiding.specialist for opleiding in opleidingen):
        return sources.say("toegang_specialist")
    return " ".join(sources.say(f"toegang_niveau{level}") for level in levels_of(opleidingen)[:2])


def opleiding_content(question: Question, subject: Subject, sources: Sources) -> Answer:
    opleidingen = opleidingen_of(subject)
    phrase = "opleiding.inhoud" if len(opleidingen) == 1 else "beroep.inhoud"
    text = sources.say(
        phrase,
        naam=opleidingen[0].naam if len(opleidingen) == 1 else subject.name,
        niveau=opleidingen[0].niveau,
        lijst=named(opleidingen),
        uitleg=opleidingen[0].uitleg,
    )
    return Answer(
        text + warnings(subject),
        opleiding_choices(subject, sources, "duur", "toelating", "waar"),
        card=_opleiding_card(subject, sources) if len(opleidingen) > 1 else None,
    )


def opleiding_become(question: Question, subject: Subject, sources: Sources) -> Answer:
    opleidingen = opleidingen_of(subject)
    phrase = "opleiding.worden" if len(opleidingen) == 1 else "beroep.worden"
    text = sources.say(
        phrase,
        naam=subject.name.lower() if subject.type == "beroep" else subject.name,
        niveau=opleidingen[0].niveau,
        lijst=named(opleidingen),
        uitleg=opleidingen[0].uitleg,
        toegang=entry_ways(opleidingen[:1], sources),
    )
    return Answer(text + warnings(subject), opleiding_choices(subject, sources, "duur", "toelating", "waar"))


def opleiding_level(question: Question, subject: Subject, sources: Sources) -> Answer:
    opleidingen = opleidingen_of(subject)
    text = sources.say("opleiding.niveau", lijst=named(opleidingen), toegang=entry_ways(opleidingen, sources))
    return Answer(text, opleiding_choices(subject, sources, "duur", "toelating", "inhoud"))


def opleiding_duration(question: Question, subject: Subject, sources: Sources) -> Answer:
    opleidingen = opleidingen_of(subject)
    if all(opleiding.specialist for opleiding in opleidingen):
        duration = sources.say("specialist.duur")
    else:
        duration = " ".join(sources.niveau(level).duur for level in levels_of(opleidingen)[:3])
    text = sources.say("opleiding.duur", lijst=named(opleidingen), duur=duration)
    return Answer(text, opleiding_choices(subject, sources, "toelating", "kosten", "waar"))


def opleiding_admission(question: Question, subject: Subject, sources: Sources) -> Answer:
    if question.leerweg:
        return admission(subject, sources.knowledge.one(Leerweg, question.leerweg), sources)
    opleidingen = opleidingen_of(subject)
    text = sources.say("opleiding.toelating", lijst=named(opleidingen), toegang=entry_ways(opleidingen, sources))
    choices = [
        Choice(sources.say("knop_leerweg", leerweg=leerweg.afkorting), f"toelating|{subject.key}|{leerweg.key}")
        for leerweg in sources.knowledge.all(Leerweg)
    ]
    return Answer(text + warnings(subject), tuple(choices))


def admission(goal: Subject, leerweg: Leerweg, sources: Sources) -> Answer:
    """What the table of who may go where says of this leerweg and this goal; no verdict about the pupil."""
    after_vmbo = [opleiding for opleiding in opleidingen_of(goal) if not opleiding.specialist]
    after_vmbo = [opleiding for opleiding in after_vmbo if opleiding.niveau > 1] or after_vmbo
    if goal.type == "niveau":
        levels, listed = [int(goal.entries[0].id)], f"niveau {goal.entries[0].id}"
    else:
        levels, listed = levels_of(after_vmbo), named(after_vmbo or opleidingen_of(goal))
    row = sources.knowledge.one(Doorstroom, leerweg.id)
    open_levels = [level for level in levels if row.mag(level) == "ja"]
    fields = {
        "leerweg": leerweg.afkorting,
        "lijst": listed,
        "mag": join([str(level) for level in leerweg.niveaus], "of"),
        "open": join([str(level) for level in open_levels]),
        "eerst": max(leerweg.niveaus),
    }
    if not levels:
        text = sources.say("toelating.specialist", **fields)
    elif levels == [1]:
        text = sources.say("toelating.entree", **fields)
    elif not open_levels:
        text = sources.say("toelating.later", **fields)
    elif len(open_levels) < len(levels):
        text = sources.say("toelating.deels", **fields)
    else:
        text = sources.say("toelating.ja", **fields)
    werelden = {wereld for opleiding in opleidingen_of(goal) for wereld in opleiding.werelden}
    if werelden & TECHNICAL and open_levels and leerweg.id != "bb":
        text += " " + sources.say("toelating.techniek")
    choices: tuple[Choice, ...] = (sources.button("aanmelden"), sources.button("mens"))
    if goal.type != "niveau":
        choices = (sources.button("duur", goal.key), *opleiding_choices(goal, sources, "waar"), choices[0])
    return Answer(text, choices, kind="toelating", subject=goal.key)


def with_profiel(goal: Subject, question: Question, sources: Sources) -> Answer:
    """May a pupil with this profiel go there? Only technical opleidingen may ask for certain vakken."""
    opleidingen = opleidingen_of(goal)
    technical = TECHNICAL & {wereld for opleiding in opleidingen for wereld in opleiding.werelden}
    phrase = "profiel.techniek" if technical else "profiel.elders"
    text = sources.say(phrase, lijst=named(opleidingen[:2]), toegang=entry_ways(opleidingen[:1], sources))
    return Answer(text, (sources.button("duur", goal.key), sources.button("mens")), kind="toelating", subject=goal.key)


def opleiding_work(question: Question, subject: Subject, sources: Sources) -> Answer:
    opleiding = opleidingen_of(subject)[0]
    wereld = sources.knowledge.one(Wereld, opleiding.werelden[0])
    listed = named(opleidingen_of(subject)[:1])
    text = sources.say("opleiding.werk", wereld=wereld.naam, lijst=listed, uitleg=opleiding.uitleg, werk=wereld.werk)
    return Answer(text, opleiding_choices(subject, sources, "dag", "passend", "duur"))


def opleiding_day(question: Question, subject: Subject, sources: Sources) -> Answer:
    opleiding = opleidingen_of(subject)[0]
    wereld = sources.knowledge.one(Wereld, opleiding.werelden[0])
    text = sources.say(
        "opleiding.dag", naam=subject.name, uitleg=opleiding.uitleg, wereld=wereld.naam, werk=wereld.werk
    )
    return Answer(text, (sources.about("activiteit:meeloopdag"), *opleiding_choices(subject, sources, "passend")))


def opleiding_fits(question: Question, subject: Subject, sources: Sources) -> Answer:
    opleiding = opleidingen_of(subject)[0]
    wereld = sources.knowledge.one(Wereld, opleiding.werelden[0])
    text = sources.say(
        "opleiding.passend",
        naam=subject.name,
        lijst=named(opleidingen_of(subject)),
        handig=wereld.handig,
        uitleg=opleiding.uitleg,
    )
    return Answer(
        text + warnings(subject),
        (sources.about("activiteit:meeloopdag"), *opleiding_choices(subject, sources, "toelating")),
    )


def opleiding_where(question: Question, subject: Subject, sources: Sources) -> Answer:
    opleiding = opleidingen_of(subject)[0]
    schools = [
        s for s in sources.knowledge.all(School) if s.soort == "mbo" and set(s.werelden) & set(opleiding.werelden)
    ]
    return where_to_learn(subject.name, schools, subject, sources)


def where_to_learn(name: str, schools: Sequence[School], subject: Subject, sources: Sources) -> Answer:
    if schools:
        listed = join([f"**{school.naam}** ({join(school.plaatsen)})" for school in schools[:MOST_NAMED]])
        text = sources.say("waar.scholen", naam=name, scholen=listed)
    else:
        text = sources.say("waar.onbekend", naam=name)
    return Answer(text, (sources.open_days(), sources.button("duur", subject.key),
                         sources.button("mens")))  # fmt: skip


def opleiding_other(phrase: str, *kinds: str) -> "Function":
    """The same sentence for every opleiding, such as what is known of costs or pay."""

    def function(question: Question, subject: Subject, sources: Sources) -> Answer:
        text = sources.say(phrase, naam=subject.name, lijst=named(opleidingen_of(subject)))
        return Answer(text, opleiding_choices(subject, sources, *kinds))

    return function


def _opleiding_card(subject: Subject, sources: Sources) -> dict[str, Any]:
    rows = [{"label": f"Niveau {o.niveau}", "value": o.naam} for o in opleidingen_of(subject)[:8]]
    return {"title": subject.name[:1].upper() + subject.name[1:], "rows": rows}
