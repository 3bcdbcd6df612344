"""Answers about topics, activities, schools and interests."""

from collections import Counter
from typing import cast

from bot.knowledge.kinds.wording import join, named
from bot.knowledge.models import Activiteit, Entry, Interesse, Onderwerp, Opleiding, Praktijk, School, Wereld
from bot.knowledge.names import Subject
from bot.knowledge.question import GROUP, LIKELY_HIT, MOST_CHOICES, Answer, Choice, Function, Question, Sources


def topic_text(entry: Onderwerp, question: Question, sources: Sources) -> Answer:
    """The answer for this kind of question; with the main answer below it when its own question is much like it."""
    kind = question.kind or "inhoud"
    text: str = entry.antwoorden.get(kind, entry.antwoord)
    if text != entry.antwoord and any(hit.key == entry.key and hit.score >= LIKELY_HIT for hit in question.hits):
        text = f"{text}\n\n{entry.antwoord}"
    choices = [sources.about(key) for key in entry.zie_ook]
    return Answer(checked(text, entry, sources), tuple(choices), kind=kind, subject=entry.key)


def checked(text: str, entry: Entry, sources: Sources) -> str:
    """Less certain facts get "vraag het na", unless the text sends the pupil to the decaan already."""
    if entry.betrouwbaarheid == "middel" and "decaan" not in text.lower():
        return f"{text} {sources.say('vraag_na')}"
    return text


def topic(question: Question, subject: Subject, sources: Sources) -> Answer:
    return topic_text(cast(Onderwerp, subject.entries[0]), question, sources)


def activity_field(name: str, *kinds: str) -> "Function":
    """One field of an activity as the answer; what to bring goes with preparing."""

    def function(question: Question, subject: Subject, sources: Sources) -> Answer:
        activity = cast(Activiteit, subject.entries[0])
        text = getattr(activity, name)
        if name == "voorbereiden" and activity.meenemen:
            text = f"{text} {activity.meenemen}"
        if name == "uitleg" and activity.regio:
            text = f"{text} {activity.regio}"
        idea = _idea_behind(activity, sources) if name == "uitleg" else ()
        steps = (*_together(name, activity, sources), *(sources.button(kind, activity.key) for kind in kinds))
        return Answer(text, (*steps[: MOST_CHOICES - len(idea)], *idea))

    return function


def _together(name: str, activity: Activiteit, sources: Sources) -> tuple[Choice, ...]:
    """Choices to do it step by step with Lobke: preparing, looking back, and what belongs to this activity."""
    own = (activity.gesprek,) if activity.gesprek and name != "terugkijken" else ()
    return tuple(sources.begin(gesprek, activity.key) for gesprek in ((name,) if name != "uitleg" else ()) + own)


def _idea_behind(activity: Activiteit, sources: Sources) -> tuple[Choice, ...]:
    """A choice for teachers: the good practice of this activity, when there is one."""
    label = sources.knowledge.phrases.knoppen["praktijk"]
    practices = sources.knowledge.all(Praktijk)
    return tuple(Choice(label, f"inhoud|{each.key}") for each in practices if activity.id in each.activiteiten)


def practice(question: Question, subject: Subject, sources: Sources) -> Answer:
    """What the idea of a good practice was, where, and whether it is still there; a card tells the rest."""
    entry = cast(Praktijk, subject.entries[0])
    text = sources.say("praktijk", naam=entry.naam, kern=entry.kern, regio=entry.regio, status=entry.status)
    if entry.voor == "school":
        text = f"{text} {sources.say('praktijk.school')}"
    rows = [
        {"label": sources.say("praktijk.doelgroep"), "value": entry.doelgroep},
        {"label": sources.say("praktijk.hoofdactiviteit"), "value": entry.hoofdactiviteit},
        {"label": sources.say("praktijk.bron"), "value": entry.bron},
    ]
    activities = [sources.about(f"activiteit:{id}") for id in entry.activiteiten]
    others = [sources.about(key) for key in entry.zie_ook]
    return Answer(checked(text, entry, sources), (*activities, *others), {"title": entry.naam, "rows": rows})


def school_content(question: Question, subject: Subject, sources: Sources) -> Answer:
    school = cast(School, subject.entries[0])
    text = sources.say("school.inhoud", naam=school.naam, plaatsen=join(school.plaatsen), uitleg=school.uitleg)
    choices = [sources.about(f"wereld:{id}") for id in school.werelden[:2]]
    return Answer(
        checked(text, school, sources),
        (*choices, sources.open_days(), sources.button("mens")),
    )


def interest(question: Question, subject: Subject, sources: Sources) -> Answer:
    """The werelden that one or more interests may lead to, and some opleidingen to make it concrete."""
    entry = cast(Interesse, subject.entries[0])
    if entry.id.startswith(GROUP):
        return _werelden_of_group(entry, sources)
    others = [sources.knowledge.get(key) for keys in question.subjects for key in keys]
    entries = list({e.id: e for e in (entry, *others) if isinstance(e, Interesse)}.values())
    shared = Counter(id for interest in entries for id in interest.werelden)
    werelden = [sources.knowledge.one(Wereld, id) for id, _ in shared.most_common(MOST_CHOICES)]
    listed = join([f"**{wereld.naam}**" for wereld in werelden], "of")
    keys = [key for e in entries for key in e.voorbeelden[: MOST_CHOICES - len(entries)]]
    examples = [cast(Opleiding, sources.knowledge.entries[key]) for key in keys]
    phrase = "interesse_voorbeelden" if examples else "interesse"
    text = sources.say(phrase, naam=join([e.naam for e in entries]), werelden=listed, voorbeelden=named(examples))
    return Answer(text, tuple(sources.about(wereld.key) for wereld in werelden))


def _werelden_of_group(entry: Interesse, sources: Sources) -> Answer:
    werelden = [sources.knowledge.one(Wereld, id) for id in entry.werelden]
    text = sources.say("groep", naam=entry.naam, werelden=join([f"**{wereld.naam}**" for wereld in werelden]))
    return Answer(text, tuple(sources.about(wereld.key) for wereld in werelden))
