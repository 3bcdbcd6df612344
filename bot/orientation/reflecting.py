"""Gesprekken with fixed questions, as in looking back: what Lobke asks, and the document the answers become.

A memory is {"name": of the gesprek, "activity": subject key or None, "event": id or None, "at": index of the step,
"texts": {id of a step: answer}, "about": what the pupil typed instead of an activity, or None, and for what is asked
before the first step "asked_activity" and "asked_event"}.
"""

import re
from dataclasses import replace
from typing import Any, Optional, cast

from bot.knowledge.calendar import Wish, dutch_period, next_time, upcoming
from bot.knowledge.dates import find_period
from bot.knowledge.models import Activiteit, Event, Gesprek, Stap
from bot.knowledge.question import MOST_CHOICES, Answer, Choice, Sources
from bot.orientation import verkenning
from bot.orientation.flow import AGAIN, BACK, PAUSE, RESUME, SKIP, STOP, Memory, Pupil, Step, asked_again, resume, small

FLOW = "gesprek"
START = "start"
NAMES = ("terugkijken", "voorbereiden", "visitekaartje", "oefenen")
_OTHER = "anders"
_KINDS = {"terugkijken": "terugblik", "voorbereiden": "voorbereiding", "oefenen": "oefening"}
"""Kinds of document that are not called as the gesprek is."""
_FIRST_ACTIVITIES = ("open-dag", "meeloopdag", "snuffelstage")
_ASKING = re.compile(r"\?|^(?:en |maar )?(?:wat|wie|waar|wanneer|waarom|hoe|hoeveel|welke?|kan|kun|mag|moet|is|heb) ")
_ASKS = {"privacy", "wie_ben_je", "wat_kun_je"}
_AWAY = {"wil_mens", "afscheid"}
_LONGEST_TITLE = 60
"""Letters."""
_SHORT = 4
"""Words; in a longer text a word such as "stop" is part of an answer."""


def press(memory: Optional[Memory], command: list[str], pupil: Pupil, sources: Sources) -> Step:
    """What a pressed choice does; `command` is its meaning after "gesprek|"."""
    name, *rest = command
    if name == START:
        return _begin(rest[0], rest[1] if len(rest) > 1 else "", pupil, sources)
    if name == AGAIN and memory:
        return _begin(memory["name"], memory["activity"] or "", pupil, sources)
    if not memory:
        old = Answer(sources.say("knop_oud"), (sources.button("start"),), outcome="old_choice", kind=FLOW)
        return Step((old,), {}, is_running=False)
    if name == "activiteit":
        known = rest[0] if sources.knowledge.get(rest[0]) else None
        new = {
            "activity": known,
            "asked_activity": True,
            "event": None,
            "asked_event": memory["name"] != "voorbereiden",
        }
        return _at({**memory, **new}, pupil, sources)
    if name == "event":
        return _at({**memory, "event": rest[0] if rest[0] != _OTHER else None, "asked_event": True}, pupil, sources)
    if name == "antwoord":
        return _example(memory, rest[0], rest[1], int(rest[2]), pupil, sources)
    if name == SKIP:
        return _skip(memory, pupil, sources)
    if name == BACK:
        return _back(memory, pupil, sources)
    if name in (PAUSE, STOP):
        return _leave(memory, name, pupil, sources)
    return _at(memory, pupil, sources)


def read(memory: Memory, text: str, intent: str, named: set[str], pupil: Pupil, sources: Sources) -> Optional[Step]:
    """What a typed text does while the gesprek runs: mostly it is the answer; None when it asks something else."""
    meant = verkenning.meaning_of(text, sources.knowledge.verkenning)
    if isinstance(meant, str):
        return press(memory, [meant if meant != RESUME else SKIP], pupil, sources)
    short = len(text.split()) <= _SHORT
    is_question = bool(_ASKING.search(text.lower()))
    if intent in _AWAY and (short or is_question):
        return None
    step = _current(memory, pupil, sources)
    is_asked = memory["asked_activity"] and not _asks_event(memory, pupil, sources)
    wants_a_question = is_asked and step and _wants_a_question(memory, step)
    if short and intent == "uitleg_nodig" and not (is_question and wants_a_question):
        return _explain(memory, pupil, sources)
    if is_question and (intent.startswith("vraag_") or intent in _ASKS) and not wants_a_question:
        return None
    if not memory["asked_activity"]:
        activity = next((key for key in sorted(named) if key.startswith("activiteit:")), _OTHER)
        about = " ".join(text.split())[:_LONGEST_TITLE] if activity == _OTHER else None
        return press({**memory, "about": about}, ["activiteit", activity], pupil, sources)
    if coming := _asks_event(memory, pupil, sources):
        period = find_period(text, pupil.today)
        then = [each.id for each in coming if period and each.datum and period.start <= each.datum <= period.end]
        return press(memory, ["event", then[0] if len(then) == 1 else _OTHER], pupil, sources)
    return _answer(memory, step, text, pupil, sources) if step else None


def again(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    """The question that was asked, after something in between."""
    return asked_again(_at(memory, pupil, sources), sources)


def _begin(name: str, activity: str, pupil: Pupil, sources: Sources) -> Step:
    known = activity if sources.knowledge.get(activity) else None
    needs = name in ("terugkijken", "voorbereiden")
    memory: Memory = {
        "name": name,
        "activity": known,
        "asked_activity": bool(known) or not needs,
        "event": None,
        "asked_event": name != "voorbereiden",
        "at": 0,
        "texts": {},
        "about": None,
    }
    step = _at(memory, pupil, sources)
    (first,) = step.said
    hello = Answer(_gesprek(memory, sources).uitleg, outcome="", kind=FLOW)
    return replace(step, said=(hello, replace(first, outcome=f"{name}_started")))


def _at(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    """Where the pupil is now: which activity, which event, a question, or the document."""
    if not memory["asked_activity"]:
        return Step((_ask_activity(memory, sources),), memory)
    if coming := _asks_event(memory, pupil, sources):
        return Step((_ask_event(coming, sources),), memory)
    step = _current(memory, pupil, sources)
    if step is None:
        return Step((_done(memory, pupil, sources),), memory, is_running=False)
    return Step((_ask(memory, step, pupil, sources),), memory)


def _ask_activity(memory: Memory, sources: Sources) -> Answer:
    options = [
        Choice(activity.naam, f"{FLOW}|activiteit|{activity.key}")
        for id in _FIRST_ACTIVITIES
        if (activity := sources.knowledge.one(Activiteit, id))
    ]
    other = Choice(sources.knowledge.phrases.knoppen["iets_anders_gedaan"], f"{FLOW}|activiteit|{_OTHER}")
    steps = (small(FLOW, STOP, sources),)
    phrase = f"gesprek.activiteit_{memory['name']}"
    return Answer(sources.say(phrase), (*options, other, *steps), outcome="asked", kind=FLOW)


def _asks_event(memory: Memory, pupil: Pupil, sources: Sources) -> list[Event]:
    """The coming events of the activity from which the pupil still has to choose hers."""
    if memory["asked_event"] or not memory["activity"]:
        return []
    wish = Wish(soorten=(memory["activity"].partition(":")[2],), leerjaar=int(pupil.leerjaar or 0) or None)
    return upcoming(sources.knowledge, wish, pupil.today)[: MOST_CHOICES - 1]


def _ask_event(coming: list[Event], sources: Sources) -> Answer:
    options = [Choice(f"{event.titel}, {event.datum:%-d-%-m}", f"{FLOW}|event|{event.id}") for event in coming]
    other = Choice(sources.knowledge.phrases.knoppen["andere_datum"], f"{FLOW}|event|{_OTHER}")
    return Answer(
        sources.say("gesprek.welke"), (*options, other, small(FLOW, STOP, sources)), outcome="asked", kind=FLOW
    )


def _ask(memory: Memory, step: Stap, pupil: Pupil, sources: Sources) -> Answer:
    examples = _examples(memory, step, sources)
    answers = [Choice(text, f"{FLOW}|antwoord|{memory['name']}|{step.id}|{index}") for index, text in examples]
    steps = [small(FLOW, BACK, sources)] if memory["at"] else []
    steps += [small(FLOW, SKIP, sources), small(FLOW, PAUSE, sources), small(FLOW, STOP, sources)]
    text = str(step.vraag)
    if before := memory["texts"].get(step.id):
        text = f"{text}\n\n{sources.say('gesprek.eerder', antwoord=before)}"
    of = len(_gesprek(memory, sources).stappen)
    progress = {"progress": {"at": memory["at"] + 1, "of": of}}
    return Answer(text, (*answers[: MOST_CHOICES - 1], *steps), progress, outcome="asked", kind=FLOW)


def _examples(memory: Memory, step: Stap, sources: Sources) -> list[tuple[int, str]]:
    """Three examples of an answer with their place among all; for a question to ask, three that were not chosen yet."""
    texts = list(enumerate(_example_texts(memory, step, sources)))
    if not _offers_questions(memory, step, sources):
        return texts
    asked = set(memory["texts"].values())
    left = [(index, text) for index, text in texts if text not in asked]
    first = 2 * memory["at"] if len(left) >= 2 * memory["at"] + 3 else 0
    return left[first : first + 3]


def _example_texts(memory: Memory, step: Stap, sources: Sources) -> list[str]:
    """All examples of an answer to this step: those of the activity, else the step's own."""
    activity = _activity(memory, sources)
    if activity and _offers_questions(memory, step, sources):
        return list(activity.kies_vragen)
    if activity and step.id == "doel" and activity.doel_voorbeelden:
        return list(activity.doel_voorbeelden)
    return list(step.voorbeelden)


def _offers_questions(memory: Memory, step: Stap, sources: Sources) -> bool:
    """Whether the examples are questions to ask at the activity, of which some are shown at a time."""
    activity = _activity(memory, sources)
    is_asked = memory["name"] == "voorbereiden" and step.id.startswith("vraag")
    return is_asked and activity is not None and bool(activity.kies_vragen)


def _example(memory: Memory, name: str, id: str, index: int, pupil: Pupil, sources: Sources) -> Step:
    """A pressed example as the answer to its step; one of another step changes that answer and does not move."""
    stappen = [stap.id for stap in _gesprek(memory, sources).stappen]
    if name != memory["name"] or id not in stappen:
        return _at(memory, pupil, sources)
    there = {**memory, "at": stappen.index(id)}
    step = _current(there, pupil, sources)
    texts = _example_texts(memory, step, sources) if step else []
    if step is None or index >= len(texts):
        return _at(memory, pupil, sources)
    at = memory["at"] + (memory["at"] == there["at"])
    return _keep(memory, step, texts[index], at, pupil, sources)


def _answer(memory: Memory, step: Stap, text: str, pupil: Pupil, sources: Sources) -> Step:
    text = " ".join(text.split())
    if len(text) > step.letters:
        long = sources.say("gesprek.te_lang", letters=step.letters, nu=len(text))
        found = _ask(memory, step, pupil, sources)
        return Step((replace(found, text=long),), memory)
    return _keep(memory, step, text, memory["at"] + 1, pupil, sources)


def _keep(memory: Memory, step: Stap, text: str, at: int, pupil: Pupil, sources: Sources) -> Step:
    memory = {**memory, "texts": {**memory["texts"], step.id: text}, "at": at}
    found = _at(memory, pupil, sources)
    if not step.tip:
        return found
    tip = Answer(step.tip, outcome="", kind=FLOW)
    return replace(found, said=(tip, *found.said))


def _skip(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    if not memory["asked_activity"]:
        return press(memory, ["activiteit", _OTHER], pupil, sources)
    if _asks_event(memory, pupil, sources):
        return press(memory, ["event", _OTHER], pupil, sources)
    return _at({**memory, "at": memory["at"] + 1}, pupil, sources)


def _back(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    last = len(_gesprek(memory, sources).stappen)
    return _at({**memory, "at": max(min(memory["at"], last) - 1, 0)}, pupil, sources)


def _explain(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    step = _current(memory, pupil, sources)
    found = _at(memory, pupil, sources)
    if not memory["asked_activity"] or _asks_event(memory, pupil, sources) or step is None or not step.uitleg:
        return found
    return replace(found, said=(replace(found.said[-1], text=step.uitleg),))


def _leave(memory: Memory, name: str, pupil: Pupil, sources: Sources) -> Step:
    other = Choice(sources.knowledge.phrases.knoppen["iets_anders"], "opleidingen")
    text = sources.say(f"gesprek.{name}")
    outcome = f"{memory['name']}_{name}"
    done = Answer(text, (resume(FLOW, sources), other), outcome=outcome, kind=FLOW, subject=memory["activity"])
    return Step((done,), memory, is_running=False)


def _done(memory: Memory, pupil: Pupil, sources: Sources) -> Answer:
    gesprek = _gesprek(memory, sources)
    name = memory["name"]
    texts = memory["texts"]
    steps = [_filled(memory, step, pupil, sources) for step in gesprek.stappen]
    sections: list[dict[str, Any]] = [{"title": s.kop, "text": texts[s.id]} for s in steps if texts.get(s.id)]
    if not sections:
        choices = (small(FLOW, BACK, sources), Choice(sources.knowledge.phrases.knoppen["iets_anders"], "opleidingen"))
        return Answer(sources.say("gesprek.leeg"), choices, outcome=f"{name}_empty", kind=FLOW)
    activity = _activity(memory, sources)
    about = activity.naam if activity else memory["about"]
    title = gesprek.document.titel + (f": {about}" if about else "")
    practical = _practical(memory, activity, pupil, sources) if name == "voorbereiden" else []
    card: dict[str, Any] = {"title": title, "sections": [*practical, *sections], "note": gesprek.document.noot}
    if memory["event"]:
        calendar = {"label": sources.say("gesprek.agenda"), "url": f"/kalender/{memory['event']}.ics"}
        card["links"] = [calendar]
    empty = [{"title": s.kop, "lines": 2} for s in steps if not texts.get(s.id)]
    document = {
        "kind": _KINDS.get(name, name),
        "title": title,
        "intro": gesprek.document.intro,
        "sections": [*practical, *sections, *(empty if name != "visitekaartje" else [])],
        "note": gesprek.document.noot,
    }
    card |= {"copy": True, "document": document}
    return Answer(
        gesprek.klaar,
        _next_steps(memory, sources),
        card,
        outcome=f"{name}_finished",
        kind=FLOW,
        subject=activity and activity.key,
    )


def _practical(memory: Memory, activity: Optional[Activiteit], pupil: Pupil, sources: Sources) -> list[dict[str, Any]]:
    """When and where, from the kalender, and what to bring."""
    found = []
    event = sources.knowledge.get(f"event:{memory['event']}")
    if isinstance(event, Event) and event.datum:
        event = next_time(event, pupil.today)
        rows = [{"label": sources.say("gesprek.wanneer"), "value": dutch_period(event)}]
        if event.plaats:
            rows.append({"label": sources.say("gesprek.waar"), "value": event.plaats})
        if event.aanmelden:
            rows.append({"label": sources.say("gesprek.aanmelden"), "value": event.aanmelden})
        found.append({"title": event.titel + sources.example_mark(event), "rows": rows})
    if activity and activity.meenemen:
        found.append({"title": sources.say("gesprek.meenemen"), "text": activity.meenemen})
    return found


def _next_steps(memory: Memory, sources: Sources) -> tuple[Choice, ...]:
    activity = _activity(memory, sources)
    choices = []
    if activity and activity.gesprek and activity.gesprek != memory["name"]:
        choices.append(sources.begin(activity.gesprek, activity.key))
    if memory["name"] == "terugkijken":
        choices += [Choice(sources.knowledge.phrases.knoppen["probeer"], "stap|wanneer|")]
    elif memory["name"] == "voorbereiden" and activity:
        choices += [sources.begin("terugkijken", activity.key)]
    choices += [sources.button("start"), sources.button("mens")]
    return (*choices[:MOST_CHOICES], small(FLOW, BACK, sources))


def _current(memory: Memory, pupil: Pupil, sources: Sources) -> Optional[Stap]:
    """The step that is asked now, filled in; None when all were."""
    stappen = _gesprek(memory, sources).stappen
    return _filled(memory, stappen[memory["at"]], pupil, sources) if memory["at"] < len(stappen) else None


def _filled(memory: Memory, step: Stap, pupil: Pupil, sources: Sources) -> Stap:
    """The step with its competence question: one that belongs to the activity, the same one all along."""
    if "{" not in step.vraag + step.kop:
        return step
    activity = _activity(memory, sources)
    competences = sources.knowledge.gesprekken.competenties
    name = activity.competenties[0] if activity and activity.competenties else next(iter(competences))
    found = competences[name]
    question = found.vragen[sum(map(ord, pupil.seed)) % len(found.vragen)]
    fields = {"vraag": question, "kop": found.kop}
    return step.copy(update={"vraag": step.vraag.format(**fields), "kop": step.kop.format(**fields)})


def _wants_a_question(memory: Memory, step: Stap) -> bool:
    """Whether a question is the answer to this step."""
    return memory["name"] == "voorbereiden" or step.id in ("weten", "vraag")


def _activity(memory: Memory, sources: Sources) -> Optional[Activiteit]:
    return cast(Optional[Activiteit], sources.knowledge.get(memory["activity"] or ""))


def _gesprek(memory: Memory, sources: Sources) -> Gesprek:
    found: Gesprek = getattr(sources.knowledge.gesprekken, memory["name"])
    return found
