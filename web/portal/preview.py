"""What Lobke would answer with a draft, in the look of the widget. Nothing of it is live, and no Rasa is needed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Optional

from markupsafe import Markup, escape

from bot import clock
from bot.knowledge import reading
from bot.knowledge.answers import answer
from bot.knowledge.calendar import DEADLINE
from bot.knowledge.kinds import TABLE
from bot.knowledge.kinds.events import events
from bot.knowledge.kinds.help import distress
from bot.knowledge.kinds.wording import KINDS
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import NO_SUBJECTS, Entry, Event, Nood, Onderwerp
from bot.knowledge.names import Subject, names_of
from bot.knowledge.question import Answer, Question, Sources, sources_of

ASKED = {**KINDS, "nood": "Een bericht over dit probleem", "zegt": "Dit zegt Lobke"}
"""What a pupil would ask, for each kind of question and of text."""
_INLINE = re.compile(r"\*\*(.+?)\*\*|\*([^*\s][^*]*)\*|\b_([^_]+)_\b|\[([^\]]+)\]\(([^)\s]+)\)")
_LIST_ITEM = re.compile(r"^\s*(?:[-*•]|(\d+)[.)])\s+(.*)$")
_MARKS = re.compile(r"\*\*|\[([^\]]+)\]\([^)\s]+\)")


@dataclass
class Shown:
    """One answer, and the questions that get it. `was`: what Lobke says now, when that is something else."""

    asked: list[str]
    text: str
    choices: list[str]
    card: Optional[dict[str, Any]]
    is_new: bool
    was: str = ""
    remarks: list[str] = field(default_factory=list)


def preview(key: str, draft: Knowledge, live: Knowledge) -> list[Shown]:
    """The answers that the entry with this key gives in the draft, the ones that change first."""
    entry = draft.entries[key]
    old = live.get(key)
    before = dict(_answers(old, live)) if old else {}
    found: dict[tuple[str, ...], Shown] = {}
    for kind, given in _answers(entry, draft):
        labels = [choice.label for choice in given.choices]
        known = before.get(kind)
        is_new = known is None or _seen(known) != _seen(given)
        same = (given.text, *labels, repr(given.card))
        if same not in found:
            was = known.text if known and known.text != given.text else ""
            found[same] = Shown([], given.text, labels, given.card, is_new, was, _remarks(given.text))
        found[same].asked.append(ASKED.get(kind, kind))
        found[same].is_new |= is_new
    return sorted(found.values(), key=lambda shown: not shown.is_new)


def _seen(given: Answer) -> tuple[Any, ...]:
    return given.text, given.card, [choice.label for choice in given.choices]


def _answers(entry: Entry, knowledge: Knowledge) -> Iterator[tuple[str, Answer]]:
    """Every kind of question that the entry answers, with the answer."""
    today, sources = clock.today(), sources_of(knowledge)
    if isinstance(entry, Event):
        yield "wanneer", _of_event(entry, knowledge)
    elif isinstance(entry, Nood):
        yield "nood", distress(entry.id, sources)
    elif isinstance(entry, NO_SUBJECTS):
        text = getattr(entry, "antwoord", "") or getattr(entry, "doe", "")
        if text:
            yield "zegt", Answer(text)
    else:
        kinds = [kind for type, kind in TABLE if type == entry.type]
        if isinstance(entry, Onderwerp):
            kinds = ["inhoud", *entry.antwoorden]
        for kind in dict.fromkeys(kinds):
            question = Question(kind, ((entry.key,),), today=today, chosen=True)
            if kind == "waarom":
                question = Question(kind, last_subject=entry.key, last_kind="inhoud", today=today)
            yield kind, answer(question, sources)
        if entry.eenvoudig:
            question = Question("eenvoudig", last_subject=entry.key, last_kind="inhoud", today=today)
            yield "eenvoudig", answer(question, sources)


def _of_event(event: Event, knowledge: Knowledge) -> Answer:
    """The answer as if this were the only event: which others stand beside it depends on the day."""
    others = (entry for entry in knowledge.entries.values() if not isinstance(entry, Event))
    parts = (knowledge.phrases, knowledge.spelling, knowledge.verkenning, knowledge.gesprekken)
    alone = Knowledge([*others, event], *parts)
    activity = knowledge.get(f"activiteit:{event.soort}") if event.soort != DEADLINE else None
    question = Question("wanneer", today=clock.today(), chosen=True)
    about = (Subject.of(activity),) if activity else ()
    return events(question, Sources(alone, names_of(knowledge)), about)


def _remarks(text: str) -> list[str]:
    return reading.remarks(_MARKS.sub(r"\1", text))


def markdown(text: str) -> Markup:
    """The text as the widget shows it: paragraphs, line breaks, lists, bold, italic, safe links. The rest is text."""
    blocks: list[tuple[str, str, list[Markup]]] = []
    is_open = False
    for line in text.split("\n"):
        if not line.strip():
            is_open = False
            continue
        item = _LIST_ITEM.match(line)
        tag = "p" if not item else "ol" if item[1] else "ul"
        if not is_open or blocks[-1][0] != tag:
            blocks.append((tag, item[1] or "" if item else "", []))
        blocks[-1][2].append(Markup("<li>{}</li>").format(_inline(item[2])) if item else _inline(line))
        is_open = True
    made = []
    for tag, start, lines in blocks:
        begin = Markup('<ol start="{}">').format(start) if start else Markup(f"<{tag}>")
        made.append(begin + Markup("<br>" if tag == "p" else "").join(lines) + Markup(f"</{tag}>"))
    return Markup("").join(made)


def inline(text: object) -> Markup:
    """One line of it."""
    return _inline(str(text))


def _inline(text: str) -> Markup:
    found = _INLINE.search(text)
    if not found:
        return escape(text)
    bold, starred, underlined, label, address = found.groups()
    if label:
        node = link(address, label)
    else:
        node = Markup("<strong>{0}</strong>" if bold else "<em>{0}</em>").format(_inline(bold or starred or underlined))
    return escape(text[: found.start()]) + node + _inline(text[found.end() :])


def link(address: str, label: str) -> Markup:
    """A link that is safe to follow: https, tel, or a page of Lobke herself. Otherwise just its label."""
    if address.startswith("tel:"):
        return Markup('<a href="{}">{}</a>').format(address, label)
    if not (address.startswith("https://") or re.match(r"/(?![/\\])", address)):
        return escape(label)
    new_tab = Markup('<span class="hidden-text"> (opent in een nieuw tabblad)</span>')
    return Markup('<a href="{}" target="_blank" rel="noopener">{}{}</a>').format(address, label, new_tab)
