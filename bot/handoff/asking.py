"""What a pupil is asked before a handoff, the exact text that she sees, and the code that she gets for it.

A memory has "codes": {id of what was sent: its code}, and "urgent". While a message is being made it also has "step"
(asked now), "done" (steps that need no answer any more), "school" (id), "leerjaar", "name", "text", "along"
([{"name", "title", "text"}]), "question" (a text of hers to begin with), "talk" (the last messages,
in one text), "page" and "meant" (which schools are offered), and "id", made when the text is first shown whole.
"""

import hashlib
import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any, Optional
from uuid import uuid4

from bot.handoff.school_time import SchoolTime
from bot.handoff.store import Handoff
from bot.knowledge.calendar import dutch_date
from bot.knowledge.kinds.help import helpline_card, helplines, numbers
from bot.knowledge.kinds.wording import join
from bot.knowledge.models import School
from bot.knowledge.question import Answer, Choice, Sources
from bot.knowledge.words import sound, words
from bot.orientation import exploring, reflecting, verkenning
from bot.orientation.flow import AGAIN, BACK, PAUSE, RESUME, SKIP, SMALL, STOP, Line, Memory, Pupil, Step, resume, small

FLOW = "overdracht"
START, URGENT, SEND, CHANGE, CANCEL, CODE = "start", "nood", "versturen", "veranderen", "niet", "code"
SCHOOL, LEERJAAR, NAME, TEXT, ALONG, PREVIEW = "school", "leerjaar", "naam", "tekst", "mee", "nakijken"
LONGEST_TEXT = 1000
"""Letters, as in the field of the chat."""
LONGEST_NAME = 30
_STEPS = (SCHOOL, LEERJAAR, NAME, TEXT, ALONG)
_URGENT_STEPS = (SCHOOL, TEXT)
_OPTIONAL = (LEERJAAR, NAME, ALONG)
_ONCE = 3
"""Schools that are offered at once."""
_NOTHING = "niets"
_TALK = "berichten"
_LINES = 8
_LONGEST_LINE = 300
_QUOTED = 150
"""Letters of her own text that Lobke repeats; the whole text stands in what she sees before it is sent."""
_SHORT = 4
"""Words."""
_EXAMPLES = ("praten", "niet_goed")
_PARTS = {TEXT: "deel_tekst", NAME: "deel_naam", ALONG: "deel_mee", SCHOOL: "deel_school"}
"""What may be changed, with its label. With the school comes the leerjaar."""
_NO_NAME = {"school", "college", "vmbo", "mavo", "havo", "praktijkonderwijs", "onderwijs"}
"""Words in the names of schools that say nothing about which one it is."""
_ASKING = re.compile(r"\?\s*$|^(?:en |maar )?(?:wat|wie|waar|wanneer|waarom|hoe|welke?|kan|kun|mag|moet)\b")
_ABOUT_LOBKE = {"privacy", "wie_ben_je", "wat_kun_je"}
_YEARS = {
    "brugklas": "1",
    "eerste": "1",
    "tweede": "2",
    "derde": "3",
    "vierde": "4",
    "examenjaar": "4",
    "examenklas": "4",
}
_NO_NAME_GIVEN = re.compile(r"\b(?:nee|niet|niks|niets|geen|liever|hoeft?|skip)\b")
_STOPS = re.compile(r"\blaat maar\b|\b(?:toch|doe) (?:maar )?niet\b")
_ASKS_CODE = re.compile(
    r"\b(?:wat|welke|waar|kwijt|vergeten|weet)\b.*\bcode\b|\bcode\b.*\b(?:kwijt|vergeten|weet|was|is)\b"
)
_OTHER_CODE = re.compile(r"\b(?:qr|post|crebo|wifi|kleding)\W?code\b")
_INTRODUCES = re.compile(r"^(?:ik heet|ik ben|m\W?i?j?n (?:voor)?naam is|(?:voor)?naam:?)\s+", re.IGNORECASE)
_YES_SEND = re.compile(
    r"(?:ja )?(?:doe maar )?(?:ver|op)?stu(?:ur|ren)(?: (?:maar|het|hem|op|nu))*"
    r"|(?:ja )?doe maar|ja(?: (?:hoor|graag|zeker))?"
)
_NOT_SEND = re.compile(r"(?:nee )?niet (?:ver|op)?stu(?:ur|ren)")
_CHANGES = re.compile(r"nee\b|.*\b(?:verander|wijzig|aanpas|pas .*aan)")


def offer(memory: Optional[Memory], sources: Sources) -> Answer:
    """Who can help in person, and the way to a message: to a new one, to one that was left, or to its code."""
    tell = [_choice("decaan", "", sources, "inhoud|onderwerp:decaan")]
    tell.append(_choice("vragen", "", sources, "voorbereiden|onderwerp:decaan"))
    on = _choice("lobke", "", sources, "opleidingen")
    if _is_making(memory):
        text, choices = sources.say("overdracht.mens_bezig"), [resume(FLOW, sources), *tell, on]
    elif memory and memory["codes"]:
        again = [_choice("code", CODE, sources), _choice("opnieuw", START, sources)]
        text, choices = sources.say("overdracht.mens_verstuurd"), [*again, on]
    else:
        text, choices = sources.say("overdracht.mens"), [_choice("start", START, sources), *tell, on]
    return Answer(text, tuple(choices), outcome="wants_person", kind=FLOW)


def press(memory: Optional[Memory], command: list[str], pupil: Pupil, sources: Sources) -> Step:
    """What a pressed choice does; `command` is its meaning after "overdracht|"."""
    name, *rest = command
    if name == START or (name == URGENT and not _sent_urgent(memory)):
        return _begin(memory, name == URGENT, pupil, sources)
    codes = memory["codes"] if memory else {}
    if memory and name == SEND and rest[0] in codes:
        return Step((_code(codes[rest[0]], memory["urgent"], pupil, sources),), memory, is_running=False)
    if memory and name == AGAIN:
        return _begin({"codes": codes, "urgent": False}, memory["urgent"], pupil, sources)
    if memory and codes and (name == CODE or not _is_making(memory)):
        return Step((_code([*codes.values()][-1], memory["urgent"], pupil, sources),), memory, is_running=False)
    if not memory or not _is_making(memory):
        choices = (sources.button("mens"), sources.button("start"))
        old = Answer(sources.say("knop_oud"), choices, outcome="old_choice", kind=FLOW)
        return Step((old,), memory or {}, is_running=False)
    if name == SEND:
        return _send(memory, rest[1], pupil, sources)
    if name == "scholen":
        page = int(rest[0])
        return _at({**memory, "step": SCHOOL, "page": page, "meant": memory["meant"] if page else None}, pupil, sources)
    if name == SCHOOL:
        return _choose_school(memory, rest[0], pupil, sources)
    if name == "geen_school":
        return _no_inbox(memory, sources.say("overdracht.jouw_school"), pupil, sources)
    if name == LEERJAAR:
        return _keep(memory, LEERJAAR, pupil, sources, leerjaar=rest[0])
    if name == "geen_naam":
        return _keep(memory, NAME, pupil, sources, name=None)
    if name == "waarom":
        return _with_text(_at({**memory, "step": NAME}, pupil, sources), sources.say("overdracht.naam_waarom"))
    if name == "vraag" and memory["question"]:
        return _keep(memory, TEXT, pupil, sources, text=memory["question"])
    if name == "zelf":
        return _at({**memory, "step": TEXT, "question": None}, pupil, sources)
    if name == "zin":
        return _keep(memory, TEXT, pupil, sources, text=_label(_EXAMPLES[int(rest[0])], sources))
    if name == ALONG:
        return _take_along(memory, rest[0], pupil, sources)
    if name == CHANGE:
        return _change(memory, rest[0] if rest else CHANGE, pupil, sources)
    if name == CANCEL:
        return _cancel(memory, sources)
    if name == SKIP:
        return _skip(memory, pupil, sources)
    if name == BACK:
        return _back(memory, pupil, sources)
    if name in (PAUSE, STOP):
        return _leave(memory, name, pupil, sources)
    return _at(memory, pupil, sources)


def read(memory: Memory, text: str, intent: str, named: set[str], pupil: Pupil, sources: Sources) -> Optional[Step]:
    """What a typed text does while the flow runs; None when it asks something else."""
    text = " ".join(text.split())
    meant = verkenning.meaning_of(text, sources.knowledge.verkenning)
    if meant in (BACK, SKIP, PAUSE, STOP, RESUME, AGAIN):
        return press(memory, [str(meant)], pupil, sources)
    for choice in _at(memory, pupil, sources).said[-1].choices:
        if _plain(text) == _plain(choice.label) and choice.meaning.startswith(f"{FLOW}|"):
            return press(memory, choice.meaning.split("|")[1:], pupil, sources)
    is_short = len(text.split()) <= _SHORT
    if intent == "afscheid" and is_short:
        return None
    if is_short and _STOPS.search(text.lower()):
        return press(memory, [STOP], pupil, sources)
    step = memory["step"]
    if step == TEXT:
        if is_short and intent in _ABOUT_LOBKE | {"uitleg_nodig"}:
            return None
        return _read_text(memory, text, meant, pupil, sources)
    if step == NAME and intent == "uitleg_nodig":
        return press(memory, ["waarom"], pupil, sources)
    if intent in _ABOUT_LOBKE or intent == "uitleg_nodig" or _ASKING.search(text.lower()):
        return None
    if step == SCHOOL:
        return _read_school(memory, text, intent, pupil, sources)
    if step == LEERJAAR:
        return _read_leerjaar(memory, text, intent, meant, pupil, sources)
    if step == NAME:
        return _read_name(memory, text, intent, meant, pupil, sources)
    if step == PREVIEW:
        return _read_preview(memory, _plain(text), intent, pupil, sources)
    if step == ALONG:
        titles = {name: paper["title"].partition(":")[0] for name, paper in _papers(memory, pupil, sources).items()}
        names = [name for name, title in titles.items() if _plain(title).split()[-1] in _plain(text)]
        if names or meant == 0:
            return press(memory, [ALONG, names[0] if names else _NOTHING], pupil, sources)
    if step == CHANGE:
        for part in _PARTS:
            if part in _plain(text):
                return press(memory, [CHANGE, part], pupil, sources)
    return _at(memory, pupil, sources) if intent == "nlu_fallback" else None


def again(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    """What was asked, after something in between."""
    step = _at(memory, pupil, sources)
    return _with_text(step, f"{sources.say('flow.verder')}\n\n{step.said[-1].text}")


def sent(memory: Memory, code: str, now: datetime, pupil: Pupil, sources: Sources, away: Optional[str] = None) -> Step:
    """After the handoff of a step was sent: its code, and the away message of the school if there is one.

    Of what she wrote nothing is remembered here any more.
    """
    kept = {"codes": {**memory["codes"], memory["id"]: code}, "urgent": memory["urgent"]}
    said = _code(code, memory["urgent"], pupil, sources, now)
    if away:
        quote = {"by": sources.say("overdracht.school_schrijft"), "text": away}
        said = replace(said, card={**(said.card or {}), "quote": quote})
    return Step((replace(said, outcome="handoff_sent"),), kept, is_running=False)


def deleted(memory: Memory, sources: Sources) -> Step:
    """Instead of sending what she deleted with its code: it stays deleted, and of it nothing is remembered."""
    kept = {"codes": memory["codes"], "urgent": memory["urgent"]}
    choices = [
        _choice("opnieuw", AGAIN, sources),
        *_numbers(memory, sources),
        _choice("lobke", "", sources, "opleidingen"),
    ]
    asked = "nood" if memory["urgent"] else None
    said = Answer(sources.say("overdracht.gewist"), tuple(choices), outcome="handoff_deleted", kind=FLOW, asked=asked)
    return Step((said,), kept, is_running=False)


def way_in(sources: Sources, role: Optional[str] = None) -> Choice:
    """The choice that begins a message, beside what Lobke answered herself."""
    return Choice(_label("vraag", sources), f"{FLOW}|{START}", role)


def asks_for_code(memory: Optional[Memory], text: str) -> bool:
    """Whether she sent a message in this conversation and wants to see its code again."""
    text = text.lower()
    asks = _ASKS_CODE.search(text) and not _OTHER_CODE.search(text)
    return bool(memory and memory["codes"] and asks)


def typed_code(sources: Sources) -> Answer:
    """When her message is a code: where it opens the answer."""
    card = {"links": [{"label": sources.say("overdracht.lees"), "url": "/antwoord"}]}
    choices = (_choice("lobke", "", sources, "opleidingen"), sources.button("mens"))
    return Answer(sources.say("overdracht.code_getypt"), choices, card, kind=FLOW)


def _begin(memory: Optional[Memory], urgent: bool, pupil: Pupil, sources: Sources) -> Step:
    if memory and _is_making(memory) and memory["urgent"] == urgent:
        question = _question(pupil, urgent) if urgent else memory["question"]
        return _first(_at({**memory, "question": question}, pupil, sources), urgent, pupil, sources)
    leerjaar = pupil.leerjaar if pupil.leerjaar in ("1", "2", "3", "4") else None
    school = memory["school"] if memory and _is_making(memory) else None
    codes = memory["codes"] if memory else {}
    new: Memory = {
        "codes": codes,
        "urgent": urgent,
        "step": SCHOOL,
        "done": [step for step, known in ((SCHOOL, school), (LEERJAAR, leerjaar)) if known],
        "school": school,
        "leerjaar": None if urgent else leerjaar,
        "name": None,
        "text": None,
        "along": [],
        "question": _question(pupil, urgent),
        "talk": None if urgent else _talk(pupil, codes, sources),
        "page": 0,
        "meant": None,
        "id": None,
    }
    step = _next(new, pupil, sources)
    step = replace(step, said=(replace(step.said[-1], outcome="handoff_started"),))
    if not urgent:
        step = _with_text(step, f"{sources.say('overdracht.begin')}\n\n{step.said[-1].text}")
    return _first(step, urgent, pupil, sources)


def _first(step: Step, urgent: bool, pupil: Pupil, sources: Sources) -> Step:
    """With the helplines before it, when it is urgent."""
    if not urgent:
        return step
    text = sources.say("overdracht.nood_begin", nummers=numbers(pupil.distress, sources))
    first = Answer(text, card=helpline_card(helplines(pupil.distress, sources), sources), outcome="", kind=FLOW)
    return replace(step, said=(first, *step.said))


def _sent_urgent(memory: Optional[Memory]) -> bool:
    return memory is not None and bool(memory.get("codes")) and memory["urgent"] and not _is_making(memory)


def _is_making(memory: Optional[Memory]) -> bool:
    """Whether there is a message that is not sent yet."""
    return bool(memory) and "step" in (memory or {})


def _steps(memory: Memory, pupil: Pupil, sources: Sources) -> list[str]:
    if memory["urgent"]:
        return list(_URGENT_STEPS)
    return [step for step in _STEPS if step != ALONG or memory["along"] or _papers(memory, pupil, sources)]


def _next(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    """At the first step that needs an answer; when there is none, at the whole text."""
    left = [step for step in _steps(memory, pupil, sources) if step not in memory["done"]]
    return _at({**memory, "step": left[0] if left else PREVIEW}, pupil, sources)


def _keep(memory: Memory, step: str, pupil: Pupil, sources: Sources, **answer: Any) -> Step:
    done = [*(name for name in memory["done"] if name != step), step]
    return _next({**memory, **answer, "done": done}, pupil, sources)


def _at(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    """Where the pupil is now."""
    step = memory["step"]
    if step == PREVIEW:
        memory = {**memory, "id": memory["id"] or uuid4().hex}
        return Step((_preview(memory, sources),), memory)
    if step == CHANGE:
        return Step((_ask_what(memory, pupil, sources),), memory)
    ask = {SCHOOL: _ask_school, LEERJAAR: _ask_leerjaar, NAME: _ask_name, TEXT: _ask_text, ALONG: _ask_along}[step]
    text, choices = ask(memory, pupil, sources)
    steps = _steps(memory, pupil, sources)
    place = steps.index(step) if step in steps else 0
    names = [BACK] if place else []
    names += [SKIP] if step == LEERJAAR or step in memory["done"] else []
    moves = [small(FLOW, name, sources) for name in (*names, PAUSE, STOP)]
    progress = {"progress": {"at": place + 1, "of": len(steps)}}
    said = Answer(text, (*choices, *moves, *_numbers(memory, sources)), progress, outcome="asked", kind=FLOW)
    return Step((said,), memory)


def _numbers(memory: Memory, sources: Sources) -> list[Choice]:
    """The way to the helplines, at every step of what is urgent."""
    return [Choice(_label("nummers", sources), "nummers", role=SMALL)] if memory["urgent"] else []


# Which school.


def _ask_school(memory: Memory, pupil: Pupil, sources: Sources) -> tuple[str, list[Choice]]:
    schools = _schools(pupil, sources)
    meant = [school for school in schools if school.id in (memory["meant"] or ())]
    offered = meant or schools
    first = memory["page"] * _ONCE if memory["page"] * _ONCE < len(offered) else 0
    if first + _ONCE < len(offered):
        other = _choice("andere_school", f"scholen|{first // _ONCE + 1}", sources)
    else:
        other = (
            _choice("andere_school", "scholen|0", sources) if meant else _choice("geen_school", "geen_school", sources)
        )
    text = sources.say("overdracht.school")
    if 0 < len(meant) <= _ONCE:
        text = sources.say("overdracht.school_bedoel", lijst=join([f"**{school.naam}**" for school in meant], "of"))
    return text, [*map(_school, offered[first : first + _ONCE]), other]


def _school(school: School) -> Choice:
    return Choice(school.naam, f"{FLOW}|{SCHOOL}|{school.id}")


def _schools(pupil: Pupil, sources: Sources) -> list[School]:
    """The schools a pupil may be at, first those where a decaan can answer."""
    here = [s for s in sources.knowledge.all(School) if s.soort == "vmbo" or s.id in pupil.schools]
    return sorted(here, key=lambda school: school.id not in pupil.schools)


def _choose_school(memory: Memory, id: str, pupil: Pupil, sources: Sources) -> Step:
    school = next((school for school in _schools(pupil, sources) if school.id == id), None)
    if school is None:
        return _at({**memory, "step": SCHOOL}, pupil, sources)
    if id not in pupil.schools:
        return _no_inbox(memory, school.naam, pupil, sources)
    return _keep(memory, SCHOOL, pupil, sources, school=id, meant=None)


def _no_inbox(memory: Memory, name: str, pupil: Pupil, sources: Sources) -> Step:
    """No decaan of this school can answer here: what she can do instead."""
    memory = {**memory, "step": SCHOOL, "meant": None, "page": 0, "school": None}
    memory["done"] = [step for step in memory["done"] if step != SCHOOL]
    other = _choice("andere_school", "scholen|0", sources)
    if memory["urgent"]:
        text = sources.say("overdracht.geen_postbus_nood", school=name)
        card = helpline_card(helplines(pupil.distress, sources), sources)
        choices = (other, Choice(_label("nummers", sources), "nummers"))
        said = Answer(text, choices, card, outcome="handoff_no_inbox", kind=FLOW, asked="nood")
    else:
        text = sources.say("overdracht.geen_postbus", school=name)
        ask = _choice("vragen", "", sources, "voorbereiden|onderwerp:decaan")
        on = _choice("lobke", "", sources, "opleidingen")
        said = Answer(text, (ask, other, on), outcome="handoff_no_inbox", kind=FLOW)
    return Step((said,), memory, is_running=False)


def _read_school(memory: Memory, text: str, intent: str, pupil: Pupil, sources: Sources) -> Optional[Step]:
    sure, perhaps = _meant(text, pupil, sources)
    if len(sure) == 1 and not perhaps:
        return _choose_school(memory, sure[0], pupil, sources)
    meant = list(dict.fromkeys([*sure, *perhaps]))
    if meant:
        return _at({**memory, "meant": meant, "page": 0}, pupil, sources)
    if intent == "wil_mens":
        return None
    return _with_text(_at({**memory, "meant": None}, pupil, sources), sources.say("overdracht.school_onbekend"))


def _meant(text: str, pupil: Pupil, sources: Sources) -> tuple[list[str], list[str]]:
    """Ids of the schools that the text names, and of those it may mean: by a doubtful name, a part of it or a place."""
    schools = _schools(pupil, sources)
    ids = {school.key: str(school.id) for school in schools}
    sure: list[str] = []
    perhaps: list[str] = []
    for match in sources.names.find(text):
        found = [ids[key] for key in match.subjects if key in ids]
        (perhaps if match.doubtful or len(found) > 1 else sure).extend(found)
    if sure or perhaps:
        return sure, perhaps
    said = {sound(word) for word, _, _ in words(text) if len(word) > 3 and word not in _NO_NAME}
    for school in schools:
        parts = (part for name in (school.naam, *school.namen, *school.plaatsen) for part, _, _ in words(name))
        if said & {sound(part) for part in parts}:
            perhaps.append(str(school.id))
    return [], perhaps


# Which year, and her first name.


def _ask_leerjaar(memory: Memory, pupil: Pupil, sources: Sources) -> tuple[str, list[Choice]]:
    choices = [
        Choice(sources.say("leerjaar.knop", leerjaar=year), f"{FLOW}|{LEERJAAR}|{year}")
        for year in ("1", "2", "3", "4")
    ]
    return sources.say("overdracht.leerjaar"), choices


def _read_leerjaar(
    memory: Memory, text: str, intent: str, meant: Any, pupil: Pupil, sources: Sources
) -> Optional[Step]:
    found = re.findall("[1-9]", text) or [
        year for word, _, _ in words(text) for name, year in _YEARS.items() if word == name
    ]
    if len(found) == 1 and found[0] in "1234":
        return press(memory, [LEERJAAR, found[0]], pupil, sources)
    if meant == 0:
        return _skip(memory, pupil, sources)
    if intent not in ("nlu_fallback", "vertel_leerjaar"):
        return None
    return _with_text(_at(memory, pupil, sources), sources.say("overdracht.leerjaar_onbekend"))


def _ask_name(memory: Memory, pupil: Pupil, sources: Sources) -> tuple[str, list[Choice]]:
    choices = [_choice("liever_niet", "geen_naam", sources), _choice("waarom", "waarom", sources)]
    return sources.say("overdracht.naam"), choices


def _read_name(memory: Memory, text: str, intent: str, meant: Any, pupil: Pupil, sources: Sources) -> Step:
    if meant in (0, 1) or (intent == "ontkennen" and _NO_NAME_GIVEN.search(text.lower())):
        return press(memory, ["geen_naam"], pupil, sources)
    name = _INTRODUCES.sub("", text).strip(" .,!")
    if meant == 2 or not name or len(name) > LONGEST_NAME or len(name.split()) > _SHORT - 1:
        return _with_text(_at(memory, pupil, sources), sources.say("overdracht.naam_kort"))
    return _keep(memory, NAME, pupil, sources, name=name)


# What she asks, and what goes along.


def _ask_text(memory: Memory, pupil: Pupil, sources: Sources) -> tuple[str, list[Choice]]:
    examples = [_choice(label, f"zin|{index}", sources) for index, label in enumerate(_EXAMPLES)]
    if memory["text"]:
        return sources.say("overdracht.eerder", tekst=_cut(memory["text"])), []
    question = memory["question"]
    if memory["urgent"] and question:
        use = _choice("doorgeven", "vraag", sources)
        return sources.say("overdracht.tekst_nood_net", tekst=_cut(question)), [use, *examples]
    if memory["urgent"]:
        return sources.say("overdracht.tekst_nood"), examples
    if question:
        choices = [_choice("deze", "vraag", sources), _choice("zelf", "zelf", sources)]
        return sources.say("overdracht.tekst_net", tekst=_cut(question)), choices
    return sources.say("overdracht.tekst"), []


def _read_text(memory: Memory, text: str, meant: Any, pupil: Pupil, sources: Sources) -> Step:
    if isinstance(meant, int):
        may_use = memory["question"] and not memory["text"]
        return press(memory, ["vraag" if meant == 2 else "zelf"] if may_use else [RESUME], pupil, sources)
    if len(text) > LONGEST_TEXT:
        long = sources.say("overdracht.te_lang", nu=len(text), meeste=LONGEST_TEXT)
        return _with_text(_at(memory, pupil, sources), long)
    return _keep(memory, TEXT, pupil, sources, text=text)


def _ask_along(memory: Memory, pupil: Pupil, sources: Sources) -> tuple[str, list[Choice]]:
    taken = {paper["name"] for paper in memory["along"]}
    papers = _papers(memory, pupil, sources)
    choices = [
        Choice(paper["title"].partition(":")[0], f"{FLOW}|{ALONG}|{name}")
        for name, paper in papers.items()
        if name not in taken
    ]
    text = sources.say("overdracht.mee_nog" if taken else "overdracht.mee")
    keep = [] if choices or not taken else [_choice("zo_laten", SKIP, sources)]
    return text, [_choice("niets", f"{ALONG}|{_NOTHING}", sources), *choices, *keep]


def _take_along(memory: Memory, name: str, pupil: Pupil, sources: Sources) -> Step:
    if name == _NOTHING:
        return _keep(memory, ALONG, pupil, sources, along=[])
    paper = _papers(memory, pupil, sources).get(name)
    others = [taken for taken in memory["along"] if taken["name"] != name]
    return _keep(memory, ALONG, pupil, sources, along=[*others, {"name": name, **paper}] if paper else others)


def _papers(memory: Memory, pupil: Pupil, sources: Sources) -> dict[str, dict[str, str]]:
    """What may go along, by name, each with its title and text."""
    found = {}
    for name, flow in ((exploring.FLOW, exploring), (reflecting.FLOW, reflecting)):
        if pupil.flows.get(name):
            last = flow.press(pupil.flows[name], [RESUME], pupil, sources).said[-1]
            document = (last.card or {}).get("document")
            if document:
                found[name] = {"title": document["title"], "text": _as_text(document)}
    if memory["talk"]:
        found[_TALK] = {"title": sources.say("overdracht.berichten"), "text": memory["talk"]}
    return found


def _as_text(document: dict[str, Any]) -> str:
    blocks = [[document["chart"]["alt"]]] if "chart" in document else []
    for section in document["sections"]:
        lines = [section["text"]] if section.get("text") else []
        lines += [f"- {item}" for item in section.get("items", ())]
        lines += [f"{row['label']}: {row['value']}" for row in section.get("rows", ())]
        if lines:
            blocks.append([section["title"], *lines])
    return "\n\n".join("\n".join(lines) for lines in blocks)


def _talk(pupil: Pupil, codes: dict[str, str], sources: Sources) -> Optional[str]:
    """The last messages, but none with a code of hers; None when she said nothing."""
    lines = [line for line in pupil.talk if not any(code in line.text for code in codes.values())][-_LINES:]
    if not any(line.by_pupil for line in lines):
        return None
    texts = (" ".join(line.text.replace("**", "").split()) for line in lines)
    cut = [text if len(text) <= _LONGEST_LINE else f"{text[: _LONGEST_LINE - 1]}…" for text in texts]
    names = ["overdracht.ik" if line.by_pupil else "overdracht.lobke" for line in lines]
    return "\n".join(sources.say(name, tekst=text) for name, text in zip(names, cut, strict=True))


def _question(pupil: Pupil, urgent: bool) -> Optional[str]:
    """The last text she typed that may be the message: what she told of distress, or else a question."""
    typed = [line for line in pupil.talk if line.by_pupil and line.intent]
    if urgent:
        found = [line for line in typed if line.intent.startswith("nood_")]
    else:
        found = [line for line in typed[-2:] if _is_question(line)]
    return " ".join(found[-1].text.split())[:LONGEST_TEXT] if found else None


def _is_question(line: Line) -> bool:
    if line.intent == "wil_mens":
        return len(line.text.split()) > 2 * _SHORT
    asks = line.intent == "nlu_fallback" or line.intent.startswith("vraag_") or _ASKING.search(line.text.lower())
    return bool(asks) and not line.intent.startswith("nood_")


# The whole text, and sending it.


def _preview(memory: Memory, sources: Sources) -> Answer:
    card = {"title": sources.say("overdracht.kaart"), "sections": _sections(memory, sources)}
    yes = f"{SEND}|{memory['id']}|{_fingerprint(memory)}"
    choices = [
        _choice("versturen", yes, sources),
        _choice("veranderen", CHANGE, sources),
        _choice("niet", CANCEL, sources),
    ]
    moves = [small(FLOW, PAUSE, sources), *_numbers(memory, sources)]
    text = sources.say("overdracht.nakijken", school=_school_name(memory, sources))
    return Answer(text, (*choices, *moves), card, outcome="asked", kind=FLOW)


def _sections(memory: Memory, sources: Sources) -> list[dict[str, str]]:
    """All that the decaan will read."""
    year = memory["leerjaar"]
    found = [
        (sources.say("overdracht.kop_school"), _school_name(memory, sources)),
        (sources.say("overdracht.kop_leerjaar"), year),
        (sources.say("overdracht.kop_naam"), memory["name"]),
        (sources.say("overdracht.kop_tekst"), memory["text"]),
        (sources.say("overdracht.kop_haast"), sources.say("overdracht.haast") if memory["urgent"] else None),
        *((paper["title"], paper["text"]) for paper in memory["along"]),
    ]
    return [{"title": title, "text": text} for title, text in found if text]


def _school_name(memory: Memory, sources: Sources) -> str:
    return str(sources.knowledge.one(School, memory["school"]).naam)


def _send(memory: Memory, seen: str, pupil: Pupil, sources: Sources) -> Step:
    """Sends what she saw; when that is no longer what would be sent, she sees it again first."""
    left = [step for step in _steps(memory, pupil, sources) if step not in memory["done"]]
    if left or seen != _fingerprint(memory):
        return _at(memory, pupil, sources)
    return Step((), memory, handoff=_handoff(memory, pupil))


def _handoff(memory: Memory, pupil: Pupil) -> Handoff:
    return Handoff(
        id=memory["id"],
        school=memory["school"],
        text=memory["text"],
        leerjaar=int(memory["leerjaar"]) if memory["leerjaar"] else None,
        first_name=memory["name"],
        attachments=[{"title": paper["title"], "text": paper["text"]} for paper in memory["along"]],
        urgent=memory["urgent"],
        conversation_id=pupil.conversation or None,
    )


def _fingerprint(memory: Memory) -> str:
    """Eight digits that change with what would be sent."""
    parts = [memory[name] for name in ("school", "leerjaar", "name", "text", "along", "urgent")]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:8]


def _code(code: str, urgent: bool, pupil: Pupil, sources: Sources, now: Optional[datetime] = None) -> Answer:
    """The code; right after sending also when the decaan can read it."""
    links = [{"label": sources.say("overdracht.lees"), "url": "/antwoord"}]
    card: dict[str, Any] = {"title": sources.say("overdracht.code"), "code": code}
    on = _choice("lobke", "", sources, "opleidingen")
    if urgent:
        card["links"] = [*helpline_card(helplines(pupil.distress, sources), sources)["links"], *links]
        text = sources.say("overdracht.verstuurd_nood", code=code)
        choices = (Choice(_label("nummers", sources), "nummers"), _choice("opnieuw", AGAIN, sources), on)
    else:
        card["links"] = links
        text = sources.say("overdracht.verstuurd" if now else "overdracht.nog_eens", code=code)
        choices = (_choice("opnieuw", AGAIN, sources), _choice("decaan", "", sources, "inhoud|onderwerp:decaan"), on)
    if now:
        card["note"] = _when(now, sources)
    return Answer(text, choices, card, kind=FLOW, asked="nood" if urgent else None)


def _when(now: datetime, sources: Sources) -> str:
    time = SchoolTime.of(sources.knowledge)
    if time.is_open(now):
        return sources.say("overdracht.school_open")
    return sources.say("overdracht.school_dicht", dag=dutch_date(time.next_open(now).date()))


def _read_preview(memory: Memory, plain: str, intent: str, pupil: Pupil, sources: Sources) -> Optional[Step]:
    if _YES_SEND.fullmatch(plain):
        return _send(memory, _fingerprint(memory), pupil, sources)
    if _NOT_SEND.fullmatch(plain):
        return _cancel(memory, sources)
    if _CHANGES.match(plain):
        return press(memory, [CHANGE], pupil, sources)
    if intent not in ("nlu_fallback", "bevestigen"):
        return None
    return _with_text(_at(memory, pupil, sources), sources.say("overdracht.kies_knop"))


def _ask_what(memory: Memory, pupil: Pupil, sources: Sources) -> Answer:
    steps = _steps(memory, pupil, sources)
    labels = _PARTS if memory["urgent"] else {**_PARTS, SCHOOL: "deel_school_en_jaar"}
    choices = [_choice(label, f"{CHANGE}|{part}", sources) for part, label in labels.items() if part in steps]
    moves = [small(FLOW, BACK, sources), small(FLOW, STOP, sources), *_numbers(memory, sources)]
    return Answer(sources.say("overdracht.veranderen"), (*choices, *moves), outcome="asked", kind=FLOW)


def _change(memory: Memory, part: str, pupil: Pupil, sources: Sources) -> Step:
    done = [step for step in memory["done"] if step != LEERJAAR or part != SCHOOL]
    return _at({**memory, "step": part if part in _PARTS else CHANGE, "done": done, "meant": None}, pupil, sources)


# Moving through it, and away from it.


def _skip(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    step = memory["step"]
    if step in _OPTIONAL or step in memory["done"]:
        return _keep(memory, step, pupil, sources)
    return _at(memory, pupil, sources)


def _back(memory: Memory, pupil: Pupil, sources: Sources) -> Step:
    steps = _steps(memory, pupil, sources)
    if memory["step"] in (CHANGE, PREVIEW):
        return _at({**memory, "step": PREVIEW if memory["step"] == CHANGE else CHANGE}, pupil, sources)
    place = steps.index(memory["step"]) if memory["step"] in steps else 0
    return _at({**memory, "step": steps[max(place - 1, 0)]}, pupil, sources)


def _leave(memory: Memory, name: str, pupil: Pupil, sources: Sources) -> Step:
    text, outcome = (
        (sources.say("overdracht.pauze"), "handoff_paused")
        if name == PAUSE
        else (sources.say("overdracht.stop"), "handoff_stopped")
    )
    return Step((_gone(memory, text, resume(FLOW, sources), outcome, sources),), memory, is_running=False)


def _cancel(memory: Memory, sources: Sources) -> Step:
    start = _choice("toch", URGENT if memory["urgent"] else START, sources)
    said = _gone(memory, sources.say("overdracht.niet"), start, "handoff_stopped", sources)
    return Step((said,), {"codes": memory["codes"], "urgent": False}, is_running=False)


def _gone(memory: Memory, text: str, back: Choice, outcome: str, sources: Sources) -> Answer:
    other = Choice(sources.knowledge.phrases.knoppen["iets_anders"], "opleidingen")
    if memory["urgent"]:
        other = Choice(_label("nummers", sources), "nummers")
    asked = "nood" if memory["urgent"] else None
    return Answer(text, (back, other), outcome=outcome, kind=FLOW, subject=f"stap:{memory['step']}", asked=asked)


def _with_text(step: Step, text: str) -> Step:
    return replace(step, said=(*step.said[:-1], replace(step.said[-1], text=text)))


def _plain(text: str) -> str:
    return " ".join(word for word, _, _ in words(text))


def _cut(text: str) -> str:
    return text if len(text) <= _QUOTED else f"{text[: _QUOTED - 1]}…"


def _choice(label: str, command: str, sources: Sources, meaning: Optional[str] = None) -> Choice:
    return Choice(_label(label, sources), meaning or f"{FLOW}|{command}")


def _label(name: str, sources: Sources) -> str:
    return str(sources.knowledge.phrases.knoppen[f"{FLOW}_{name}"])
