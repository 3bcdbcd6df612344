"""The verkenning as a talk: what Lobke says at every step, and what she remembers of it.

A memory is {"state": the state of bot.orientation.verkenning, "long": bool, "asked_leerweg": bool, "finished": bool}.
"""

import re
from dataclasses import replace
from typing import Any, Optional, Union

from bot.knowledge.calendar import dutch_period
from bot.knowledge.kinds.wording import join
from bot.knowledge.models import Activiteit, Leerweg, Opleiding
from bot.knowledge.question import MOST_CHOICES, Answer, Choice, Sources
from bot.orientation import verkenning as statements
from bot.orientation.advice import Outcome, Suggestion, levels_before, outcome
from bot.orientation.flow import (
    AGAIN,
    BACK,
    PAUSE,
    RESUME,
    SKIP,
    STOP,
    Memory,
    Pupil,
    Step,
    asked_again,
    preceded,
    resume,
    small,
)

FLOW = "verkenning"
SHORT, LONG = "kort", "lang"
LOOK_AROUND = "rondkijken"
_VALUES = (("leuk", 2), ("gaat_wel", 1), ("niet", 0))
_MOST_COMPARED = 3
_BY_INTENT: dict[str, Union[int, str]] = {"bevestigen": 2, "ontkennen": 0, "terug": BACK, "stoppen": STOP}
_SHORT_TEXT = 4
"""Words; a longer text says more than an answer or a step."""


def intro(memory: Optional[Memory], sources: Sources) -> Answer:
    """What the verkenning is, and how to begin; with the way back to one that was left."""
    look_around = Choice(sources.knowledge.phrases.knoppen[LOOK_AROUND], LOOK_AROUND)
    if memory and not (memory["finished"] and statements.is_finished(memory["state"])):
        at, of = statements.position(memory["state"])
        choices = (resume(FLOW, sources), _choice("opnieuw", AGAIN, sources), look_around)
        return _said("verkenning.begonnen", choices, sources, "started", at=at, of=of)
    if memory:
        choices = (_choice("uitslag", "uitslag", sources), _choice("opnieuw", AGAIN, sources), look_around)
        return _said("verkenning.klaar", choices, sources, "started")
    return _said("verkenning.uitleg", (*_beginnings(sources), look_around), sources, "started")


def press(memory: Optional[Memory], command: list[str], pupil: Pupil, sources: Sources) -> Step:
    """What a pressed choice does; `command` is its meaning after "verkenning|"."""
    name, *rest = command
    if name in (SHORT, LONG):
        return _begin(name == LONG, pupil, sources)
    if not memory or name == AGAIN:
        return Step((_said("verkenning.uitleg", _beginnings(sources), sources, "started"),), memory or {}, False)
    if name == "antwoord":
        return _answer(memory, rest[0], int(rest[1]), pupil, sources)
    if name == SKIP:
        return _skip(memory, rest[0] if rest else None, pupil, sources)
    if name == BACK:
        return _at({**memory, "state": statements.back(memory["state"])}, pupil, sources)
    if name in (PAUSE, STOP):
        return _leave(memory, name, sources)
    if name == "leerweg":
        step = _at({**memory, "asked_leerweg": True}, replace(pupil, leerweg=rest[0]), sources)
        return replace(step, said=tuple(replace(said, leerweg=rest[0]) for said in step.said))
    return _at(memory, pupil, sources)


def read(memory: Memory, text: str, intent: str, named: set[str], pupil: Pupil, sources: Sources) -> Optional[Step]:
    """What a typed text does while the verkenning runs; None when it is meant for something else.

    `named` holds the subject keys in the text.
    """
    meant = statements.meaning_of(text, sources.knowledge.verkenning)
    if meant is None and not named and len(text.split()) <= _SHORT_TEXT:
        meant = _BY_INTENT.get(intent)
    current = statements.current(memory["state"])
    if current is None:
        leerweg = next((key.partition(":")[2] for key in sorted(named) if key.startswith("leerweg:")), None)
        if leerweg and not memory["finished"]:
            return press(memory, ["leerweg", leerweg], pupil, sources)
        if meant in (0, 1, SKIP) and not memory["finished"]:
            return _skip(memory, None, pupil, sources)
    elif isinstance(meant, int):
        return _answer(memory, current, meant, pupil, sources)
    return press(memory, [meant], pupil, sources) if isinstance(meant, str) else None


def again(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    """Where the pupil was, after something in between; the outcome when that told her leerweg."""
    return asked_again(_at(memory, pupil, sources), sources)


def is_resuming(text: str, sources: Sources) -> bool:
    """Whether a typed text asks to go on with what was left."""
    return statements.meaning_of(text, sources.knowledge.verkenning) == RESUME


def not_an_answer(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    """For a text that is neither an answer nor anything else that Lobke understands."""
    step = _at(memory, pupil, sources)
    (found,) = step.said
    said = preceded(replace(found, outcome="not_understood"), sources.say("verkenning.geen_antwoord"))
    return replace(step, said=(said,))


def _begin(long: bool, pupil: Pupil, sources: Sources) -> Step:
    state = statements.begin(sources.knowledge.verkenning.stellingen, long, pupil.seed)
    memory = {"state": state, "long": long, "asked_leerweg": False, "finished": False}
    step = _at(memory, pupil, sources)
    (first,) = step.said
    said = preceded(replace(first, outcome="verkenning_started"), sources.say("verkenning.begin"))
    return replace(step, said=(said,))


def _answer(memory: Memory, id: str, value: int, pupil: Pupil, sources: Sources) -> Step:
    before = memory["state"]
    memory = {**memory, "state": statements.answer(before, id, value)}
    step = _at(memory, pupil, sources)
    if statements.current(before) == id or memory["state"] == before:
        return step
    changed = sources.say("verkenning.veranderd", stelling=_statement(id, sources))
    return replace(step, said=tuple(preceded(said, changed) for said in step.said))


def _skip(memory: Memory, id: Optional[str], pupil: Pupil, sources: Sources) -> Step:
    current = statements.current(memory["state"])
    if current is None:
        return _at({**memory, "asked_leerweg": True}, pupil, sources)
    if id in (None, current):
        memory = {**memory, "state": statements.skip(memory["state"], current)}
    return _at(memory, pupil, sources)


def _leave(memory: Memory, name: str, sources: Sources) -> Step:
    at, of = statements.position(memory["state"])
    other = Choice(sources.knowledge.phrases.knoppen["iets_anders"], "opleidingen")
    done = _said(f"verkenning.{name}", (resume(FLOW, sources), other), sources, f"verkenning_{name}", at=at, of=of)
    return Step((replace(done, subject=f"stelling:{at}"),), memory, is_running=False)


def _at(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    """Where the pupil is now: a statement, the question about her leerweg, or the outcome."""
    while (current := statements.current(memory["state"])) is not None:
        if sources.knowledge.verkenning.stelling(current):
            return Step((_ask(current, memory, sources),), memory)
        memory = {**memory, "state": statements.skip(memory["state"], current)}  # staff took this one out
    if not pupil.leerweg and not memory["asked_leerweg"]:
        return Step((_ask_leerweg(sources),), memory)
    found = outcome(statements.answered(memory["state"]), pupil.leerweg, pupil.leerjaar, pupil.today, sources.knowledge)
    first_time = not memory["finished"]
    said = replace(_outcome(found, memory, pupil, sources), outcome="verkenning_finished" if first_time else "answered")
    return Step((said,), {**memory, "finished": True}, is_running=False, types=found.types if first_time else ())


def _ask(id: str, memory: Memory, sources: Sources) -> Answer:
    at, of = statements.position(memory["state"])
    knoppen = sources.knowledge.phrases.knoppen
    answers = [Choice(knoppen[f"antwoord_{name}"], f"{FLOW}|antwoord|{id}|{value}") for name, value in _VALUES]
    steps = [small(FLOW, BACK, sources)] if at > 1 else []
    skip = replace(small(FLOW, SKIP, sources), meaning=f"{FLOW}|{SKIP}|{id}")
    steps += [skip, small(FLOW, PAUSE, sources), small(FLOW, STOP, sources)]
    text = f"**{_statement(id, sources)}**"
    return Answer(text, (*answers, *steps), {"progress": {"at": at, "of": of}}, outcome="asked", kind=FLOW)


def _ask_leerweg(sources: Sources) -> Answer:
    options = [
        Choice(sources.say("knop_leerweg", leerweg=leerweg.afkorting), f"{FLOW}|leerweg|{leerweg.id}")
        for leerweg in sources.knowledge.all(Leerweg)
    ]
    return _said("verkenning.leerweg", (*options, small(FLOW, SKIP, sources)), sources, "asked")


def _outcome(found: Outcome, memory: Memory, pupil: Pupil, sources: Sources) -> Answer:
    if found.flat:
        return _flat(found, memory, sources)
    names = sources.knowledge.verkenning.types
    often = join([names[type].zin for type in found.types])
    text = sources.say("verkenning.uitslag", vaak=often, aantal=len(found.suggestions))
    answers = statements.answered(memory["state"])
    sections = [_section(suggestion, answers, pupil.leerweg, sources) for suggestion in found.suggestions]
    card = {
        "title": sources.say("verkenning.titel"),
        "chart": _chart(found, sources),
        "sections": sections,
        "note": sources.say("verkenning.vraag_decaan", wereld=found.suggestions[0].wereld.naam),
    }
    document = {
        "kind": FLOW,
        "title": card["title"],
        "intro": sources.say("verkenning.blad"),
        "chart": card["chart"],
        "sections": [*sections, *_liked(memory, sources), _own_words(sources)],
        "note": card["note"],
    }
    events = tuple(suggestion.event.soort for suggestion in found.suggestions if suggestion.event)
    return Answer(text, _next_steps(found, sources), {**card, "document": document}, kind=FLOW, events=events)


def _section(
    suggestion: Suggestion, answers: dict[str, int], leerweg: Optional[str], sources: Sources
) -> dict[str, Any]:
    """One wereld of the outcome: why, what fits, what comes later, and what to try."""
    say = sources.say
    is_liked = any(answers.get(statement.id) == 2 for statement in suggestion.reasons)
    reasons = join([f"“{statement.tekst}”" for statement in suggestion.reasons])
    rows = [{"label": say("verkenning.rij_fit"), "value": join([_named(o) for o in suggestion.fits])}]
    rows += [{"label": say("verkenning.rij_later"), "value": _later(o, leerweg, sources)} for o in suggestion.later]
    if suggestion.profielen:
        rows.append({"label": say("verkenning.rij_profiel"), "value": join([p.naam for p in suggestion.profielen])})
    if suggestion.event:
        tried = say("verkenning.event", titel=suggestion.event.titel, dag=dutch_period(suggestion.event))
        tried += sources.example_mark(suggestion.event)
    else:
        tried = say("verkenning.activiteit", naam=_short(suggestion.activity))
    rows.append({"label": say("verkenning.rij_probeer"), "value": tried})
    return {
        "title": suggestion.wereld.naam,
        "text": say("verkenning.waarom" if is_liked else "verkenning.misschien", redenen=reasons),
        "rows": [row for row in rows if row["value"]],
    }


def _later(opleiding: Opleiding, leerweg: Optional[str], sources: Sources) -> str:
    """An opleiding that asks for diplomas of the mbo first, and which."""
    before = levels_before(opleiding.niveau, leerweg, sources.knowledge) if leerweg else ()
    return sources.say("verkenning.later", opleiding=_named(opleiding), niveaus=join([str(level) for level in before]))


def _named(opleiding: Opleiding) -> str:
    return f"{opleiding.naam} (niveau {opleiding.niveau})"


def _chart(found: Outcome, sources: Sources) -> dict[str, Any]:
    names = sources.knowledge.verkenning.types
    bars = [
        {"label": names[type].naam, "value": round(points), "of": 12, "strong": type in found.types}
        for type, points in found.points.items()
    ]
    words = join([f"{bar['label']} {bar['value']} van {bar['of']}" for bar in bars])
    return {"alt": sources.say("verkenning.beeld", woorden=words), "bars": bars}


def _liked(memory: Memory, sources: Sources) -> list[dict[str, Any]]:
    """The statements that the pupil said yes to, for the page to print."""
    answers = statements.answered(memory["state"])
    liked = [stelling.tekst for stelling in sources.knowledge.verkenning.stellingen if answers.get(stelling.id) == 2]
    return [{"title": sources.say("verkenning.leuk"), "items": liked}] if liked else []


def _own_words(sources: Sources) -> dict[str, Any]:
    return {"title": sources.say("verkenning.zelf"), "lines": 3}


def _next_steps(found: Outcome, sources: Sources) -> tuple[Choice, ...]:
    werelden = [suggestion.wereld for suggestion in found.suggestions]
    compared = "|".join(wereld.key for wereld in werelden[:_MOST_COMPARED])
    choices = [Choice(wereld.label, f"stap|inhoud|{wereld.key}") for wereld in werelden[:2]]
    choices.append(_choice("naast_elkaar", "", sources, meaning=f"stap|vergelijk|{compared}"))
    choices.append(Choice(sources.knowledge.phrases.knoppen["probeer"], f"stap|wanneer|{werelden[0].key}"))
    return tuple(choices[:MOST_CHOICES])


def _flat(found: Outcome, memory: Memory, sources: Sources) -> Answer:
    """Answers that are too much alike: no type and no wereld, but something to try first."""
    tries = [Choice(activity.label, f"stap|inhoud|{activity.key}") for activity in found.tries]
    longer = [] if memory["long"] else [_choice("lang", LONG, sources)]
    around = Choice(sources.knowledge.phrases.knoppen[LOOK_AROUND], LOOK_AROUND)
    if not statements.answered(memory["state"]):
        return Answer(sources.say("verkenning.niets"), (_choice("opnieuw", AGAIN, sources), around), kind=FLOW)
    names = join([f"een {_short(activity)}" for activity in found.tries], "of")
    choices = (*tries, *longer, around)[:MOST_CHOICES]
    return Answer(sources.say("verkenning.vlak", activiteiten=names), choices, kind=FLOW)


def _short(activity: Activiteit) -> str:
    """The first of the names in its name, as in a sentence: "meeloopdag"."""
    name = re.split(r",| of ", activity.naam)[0]
    return name[0].lower() + name[1:] if name[1:2].islower() else name


def _statement(id: str, sources: Sources) -> str:
    found = sources.knowledge.verkenning.stelling(id)
    return str(found.tekst) if found else ""


def _beginnings(sources: Sources) -> tuple[Choice, ...]:
    return (_choice("kort", SHORT, sources), _choice("lang", LONG, sources))


def _choice(label: str, command: str, sources: Sources, meaning: Optional[str] = None) -> Choice:
    return Choice(sources.knowledge.phrases.knoppen[f"{FLOW}_{label}"], meaning or f"{FLOW}|{command}")


def _said(phrase: str, choices: tuple[Choice, ...], sources: Sources, result: str, **fields: object) -> Answer:
    return Answer(sources.say(phrase, **fields), choices, outcome=result, kind=FLOW)
