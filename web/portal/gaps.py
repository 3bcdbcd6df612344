"""What the knowledge lacks: questions that Lobke did not understand, entries to look at again, and dead links.

The questions are texts of pupils, redacted. So every view is recorded, and none of them ever stands in an address.
"""

import re
import threading
from typing import Any, Optional
from urllib.parse import quote, urlencode

from starlette.responses import Response

from bot import clock, knowledge
from bot.accounts.accounts import BEHEER, REDACTIE
from bot.accounts.audit import record
from bot.knowledge import history, links, review, writing
from bot.knowledge.calendar import dutch_date
from bot.knowledge.loader import Files, Knowledge, read
from bot.knowledge.models import Activiteit, Entry, Interesse, Onderwerp, Opleiding
from bot.knowledge.names import names_of
from bot.monitoring import feedback, gaps, small
from bot.monitoring.feedback import Rated
from bot.monitoring.gaps import Group, Sentence
from bot.settings import settings
from bot.storage.database import transaction
from web.portal.door import KNOWLEDGE, Refusal, Visit, route
from web.portal.knowledge import sheets
from web.portal.preview import ASKED
from web.portal.sealed import seal

GAPS = f"{KNOWLEDGE}/ontbreekt"
REVIEW = f"{KNOWLEDGE}/nakijken"
LINKS = f"{KNOWLEDGE}/links"
ID = re.compile(r"[0-9a-f]{32}")
HIDDEN_WORD = re.compile(r"\[\w+\]")
PAGE = 50  # groups on a page
MOST_SHOWN = 20  # sentences of a group that can be ticked
MOST_DRAFT = 12  # sentences that go along to a new entry
LONGEST = 150  # characters of a question in the knowledge
PERIODS = (30, 90, 365)
NEW: dict[type[Entry], str] = {
    Onderwerp: "een onderwerp: iets om uit te leggen",
    Opleiding: "een opleiding",
    Activiteit: "een activiteit, zoals een open dag",
    Interesse: "een interesse: iets wat leerlingen leuk vinden",
}
TYPES = {
    "onderwerp": "onderwerp",
    "opleiding": "opleiding",
    "wereld": "richting",
    "activiteit": "activiteit",
    "praktijk": "goede praktijk",
    "school": "school",
    "profiel": "profiel",
    "leerweg": "leerweg",
    "niveau": "niveau",
    "interesse": "interesse",
}
NOTES = {
    "erbij": "Gelukt. Lobke kent deze vragen binnen een paar tellen. Vraag het haar zelf eens.",
    "negeer": "Deze vragen staan nu bij Genegeerd. Daar haal je ze ook weer terug.",
    "terug": "Deze vragen staan weer in de lijst.",
}
GONE = "Deze vragen zijn er niet meer. Lobke kent ze nu, of ze zijn langer dan 90 dagen geleden gesteld."
NOTHING = "Vink eerst minstens 1 vraag aan."
NO_ENTRY = "Kies bij welk item de vragen horen. Zoek het op naam als het er niet bij staat."
NOT_FOUND = "Er is geen item dat zo heet. Probeer een ander woord."
EMPTY = "Een aangevinkte vraag is leeg. Typ de vraag, of haal het vinkje weg."
TOO_LONG = f"Een vraag is langer dan {LONGEST} tekens. Maak hem korter."
STILL_HIDDEN = "In een vraag staat nog een woord tussen [ en ]. Typ daar iets anders, of haal het weg."
DOUBLE = "'{question}' staat al bij {entry}. Haal hier het vinkje weg."
TWICE = "'{question}' staat hier 2 keer. Haal 1 vinkje weg."
OUTDATED = "Een collega bewaarde net iets in hetzelfde bestand. Er is nog niets veranderd. Probeer het opnieuw."
NOT_SOUND = "In de kennisbestanden zit een fout, dus ik kan niets bewaren. Herstel die eerst: {problem}"
NOT_WRITTEN = "Bewaren lukte niet. Er is niets veranderd. Probeer het over een minuut nog eens."
BUSY = "Er loopt al een controle. Wacht een minuut en probeer het dan nog eens."
_checking = threading.Lock()


class Wrong(Exception):
    """A form that cannot be done like this; the text is a sentence for who sent it."""

    def __init__(self, text: str, status: int = 422) -> None:
        super().__init__(text)
        self.status = status


def overview(visit: Visit) -> Response:
    """GET /portal/kennis/ontbreekt: the groups, the most asked first; with ?genegeerd=ja those that are ignored."""
    query = visit.request.query_params
    is_ignored = query.get("genegeerd") == "ja"
    everything = gaps.groups(knowledge.current())
    found = [group for group in everything if group.ignored == is_ignored]
    page = int(query["pagina"]) if re.fullmatch(r"[1-9]\d{0,3}", query.get("pagina", "")) else 1
    shown = found[PAGE * (page - 1) : PAGE * page]
    _record_view(visit)

    def address(page: int) -> str:
        chosen = {"genegeerd": "ja" if is_ignored else "", "pagina": str(page) if page > 1 else ""}
        return f"{GAPS}?{urlencode({name: value for name, value in chosen.items() if value})}".rstrip("?")

    return visit.page(
        "gaps.html",
        note=NOTES.get(query.get("melding", ""), ""),
        groups=[_shown(group) for group in shown],
        total=len(found),
        first=PAGE * (page - 1) + 1,
        times=sum(group.number for group in found),
        is_ignored=is_ignored,
        other=len(everything) - len(found),
        most=gaps.MOST,
        is_full=sum(len(group.sentences) for group in everything) >= gaps.MOST,
        previous=address(page - 1) if page > 1 else "",
        following=address(page + 1) if len(found) > PAGE * page else "",
        unhelpful=[] if is_ignored else _unhelpful(),
        least_votes=feedback.LEAST_VOTES,
        least_percent=round(100 * feedback.LEAST_SHARE),
        days=feedback.DAYS,
    )


def _unhelpful() -> list[dict[str, Any]]:
    """The answers that often did not help, as far as the knowledge still has them."""
    found = feedback.unhelpful()
    addresses = _addresses() if found else {}
    shown = [(one, _about(one, addresses)) for one in found]
    return [{**about, "down": small.shown(one.down), "votes": small.shown(one.votes)} for one, about in shown if about]


def _about(one: Rated, addresses: dict[str, str]) -> dict[str, Any]:
    """Its name, and the entries it comes from; {} when there is no such entry or kind of question (any more)."""
    if one.subject is None:
        return {"name": ASKED[one.kind], "entries": []} if one.kind in ASKED else {}
    subject = names_of(knowledge.current()).resolve(one.subject)
    if subject is None:
        return {}
    entries = [{"name": entry.label, "url": addresses.get(entry.key, KNOWLEDGE)} for entry in subject.entries]
    return {"name": subject.name, "entries": entries}


def _record_view(visit: Visit) -> None:
    with transaction(write=True) as connection:
        record(connection, "gaps_viewed", visit.account.id, "")


def _shown(group: Group) -> dict[str, Any]:
    return {
        "id": group.id,
        "text": group.sentences[0].text,
        "others": [sentence.text for sentence in group.sentences[1:4]],
        "more": max(0, len(group.sentences) - 4),
        "number": group.number,
        "first": dutch_date(group.first.date()),
        "last": dutch_date(group.last.date()),
        "url": f"{GAPS}/{group.id}",
    }


def group(visit: Visit) -> Response:
    """GET: one group, to add its questions to an entry. POST: what `doe` says."""
    known = knowledge.current()
    id = visit.request.path_params["id"]
    has_id = (one for one in gaps.groups(known) if any(sentence.id == id for sentence in one.sentences))
    found = next(has_id, None) if ID.fullmatch(id) else None
    if found is None:
        raise Refusal(404, "Niet gevonden", GONE)
    if not visit.is_post:
        _record_view(visit)
        return _page(visit, found, known)
    try:
        return _do(visit, found, known)
    except Wrong as wrong:
        return _page(visit, found, known, wrong.status, str(wrong))


def _do(visit: Visit, found: Group, known: Knowledge) -> Response:
    action = visit.form.get("doe", "")
    if action == "negeer":
        gaps.ignore(found, visit.account.id)
        return visit.to(f"{GAPS}?melding=negeer")
    if action == "terug":
        gaps.restore(found, visit.account.id)
        return visit.to(f"{GAPS}?melding=terug")
    if action == "nieuw":
        type = next((model.type for model in NEW if model.type == visit.form.get("soort")), Onderwerp.type)
        questions = [text for text in _ticked(visit, found) if text][:MOST_DRAFT]
        return visit.to(f"{KNOWLEDGE}/nieuw/{type}?{urlencode({'vraag': seal(visit, chr(10).join(questions))})}")
    if action == "erbij":
        _add(visit, _questions(visit, found, known), known)
        return visit.to(f"{GAPS}?melding=erbij")
    searched = visit.form.get("zoek", "").strip()
    if searched and not gaps.search(searched, known):
        raise Wrong(NOT_FOUND)
    return _page(visit, found, known)


def _ticked(visit: Visit, found: Group) -> list[str]:
    """The questions that were ticked, as they were made; from the list of groups, where nothing is, the usual ones."""
    shown = found.sentences[:MOST_SHOWN]
    if "alles" in visit.form:
        return [sentence.text for sentence in shown if _is_usable(sentence)]
    return [
        " ".join(visit.form.get(f"tekst-{sentence.id}", sentence.text).split())
        for sentence in shown
        if f"zin-{sentence.id}" in visit.form
    ]


def _is_usable(sentence: Sentence) -> bool:
    """Whether it can be a question as it is: short, and without a word that was taken out."""
    return len(sentence.text) <= LONGEST and not HIDDEN_WORD.search(sentence.text)


def _questions(visit: Visit, found: Group, known: Knowledge) -> list[str]:
    """The ticked questions. Raises Wrong."""
    questions = _ticked(visit, found)
    if not questions:
        raise Wrong(NOTHING)
    seen: set[str] = set()
    for question in questions:
        if not gaps.plain(question):
            raise Wrong(EMPTY)
        if len(question) > LONGEST:
            raise Wrong(TOO_LONG)
        if HIDDEN_WORD.search(question):
            raise Wrong(STILL_HIDDEN)
        owner = gaps.owner_of(question, known)
        if owner:
            raise Wrong(DOUBLE.format(question=question, entry=f"'{owner.label}'"))
        if gaps.plain(question) in seen:
            raise Wrong(TWICE.format(question=question))
        seen.add(gaps.plain(question))
    return questions


def _add(visit: Visit, questions: list[str], known: Knowledge) -> None:
    """Adds the questions to the entry that was chosen. Raises Wrong, and then nothing changed."""
    folder = settings().knowledge_dir
    entry = known.get(visit.form.get("item", ""))
    files = Files(folder)
    places = read(files).places
    if entry is None or entry.key not in places or entry.type not in TYPES:
        raise Wrong(NO_ENTRY)
    if files.problems:
        raise Wrong(NOT_SOUND.format(problem=files.problems[0]))
    path = places[entry.key][0]
    file = path.relative_to(folder).as_posix()
    number = "1 vraag" if len(questions) == 1 else f"{len(questions)} vragen"
    try:
        text = writing.read(path)
        new = writing.with_more(text, entry.id, "vragen", questions)
        summary = f"{number} erbij bij '{entry.label}'"
        problems = history.save(folder, {file: new}, {file: writing.version(text)}, visit.account.id, summary)
    except (writing.Outdated, writing.NoSuchEntry):
        raise Wrong(OUTDATED, 409) from None
    except (OSError, UnicodeDecodeError):
        raise Wrong(NOT_WRITTEN, 503) from None
    if problems:
        raise Wrong(NOT_SOUND.format(problem=problems[0]))


def _page(visit: Visit, found: Group, known: Knowledge, status: int = 200, error: str = "") -> Response:
    shown = found.sentences[:MOST_SHOWN]
    searched = visit.form.get("zoek", "").strip()[:100]
    entries = gaps.search(searched, known) if searched else gaps.near([one.text for one in shown[:5]], known)
    chosen: Optional[Entry] = known.get(visit.form.get("item", ""))
    if chosen and chosen not in entries and chosen.type in TYPES:
        entries = [chosen, *entries]
    return visit.page(
        "gaps_group.html",
        status,
        error=error,
        group=_shown(found),
        is_ignored=found.ignored,
        sentences=[
            {
                "id": one.id,
                "text": visit.form.get(f"tekst-{one.id}", one.text),
                "number": one.number,
                "ticked": f"zin-{one.id}" in visit.form if visit.is_post else _is_usable(one),
            }
            for one in shown
        ],
        hidden=len(found.sentences) - len(shown),
        longest=LONGEST,
        searched=searched,
        entries=[_named(entry) for entry in entries],
        chosen=visit.form.get("item", ""),
        types={model.type: name for model, name in NEW.items()},
    )


def _named(entry: Entry) -> dict[str, str]:
    return {"key": entry.key, "name": entry.naam or entry.label, "type": TYPES.get(entry.type, entry.type)}


def reviews(visit: Visit) -> Response:
    """GET /portal/kennis/nakijken: what is to be looked at again, what is over, and what nobody asked about."""
    known, today, addresses = knowledge.current(), clock.today(), _addresses()
    asked = visit.request.query_params.get("dagen", "")
    days = next((days for days in PERIODS if str(days) == asked), 90)
    never = gaps.unused(known, days)
    by_type: dict[str, list[dict[str, str]]] = {}
    for entry in never.entries:
        by_type.setdefault(TYPES.get(entry.type, entry.type), []).append(_named(entry))
    return visit.page(
        "gaps_review.html",
        due=[
            {
                **_named(entry),
                "url": addresses.get(entry.key, KNOWLEDGE),
                "day": dutch_date(entry.controleer_voor).partition(" ")[2] if entry.controleer_voor else "",
                "late": review.is_late(entry, today),
                "owner": entry.eigenaar or "",
            }
            for entry in review.due(known, today)
        ],
        over=[
            {"name": event.titel, "url": addresses.get(event.key, KNOWLEDGE), "day": dutch_date(last).partition(" ")[2]}
            for event, last in review.over(known, today)
        ],
        by_type=by_type,
        never=len(never.entries),
        since=dutch_date(never.since.date()).partition(" ")[2],
        answers=never.answers,
        days=days,
        periods=PERIODS,
    )


def _addresses() -> dict[str, str]:
    """The page of each entry, by its key."""
    return {
        f"{sheet.model.type}:{id}": f"{KNOWLEDGE}/item/{sheet.slug}/{quote(id, safe='')}"
        for sheet in sheets()
        if sheet.model
        for id in sheet.items
    }


def dead_links(visit: Visit) -> Response:
    """GET: what would be asked. POST: ask for each address, at most a minute."""
    found = links.in_knowledge(settings().knowledge_dir)
    if not visit.is_post:
        return visit.page("gaps_links.html", number=len(found), results=None)
    if not _checking.acquire(blocking=False):
        return visit.page("gaps_links.html", 409, error=BUSY, number=len(found), results=None)
    try:
        results = links.check(found)
    finally:
        _checking.release()
    wrong = [result for result in results if result.state != "goed"]
    with transaction(write=True) as connection:
        record(connection, "links_checked", visit.account.id, "", f"{len(results)} nagekeken, {len(wrong)} niet goed")
    ordered = sorted(wrong, key=lambda result: result.state != "stuk")
    return visit.page("gaps_links.html", number=len(found), results=ordered, good=len(results) - len(wrong))


BOTH = (REDACTIE, BEHEER)
routes = [
    route(GAPS, overview, "GET", roles=BOTH),
    route(f"{GAPS}/{{id}}", group, "GET", "POST", roles=BOTH),
    route(REVIEW, reviews, "GET", roles=BOTH),
    route(LINKS, dead_links, "GET", "POST", roles=BOTH),
]
