"""The inbox of a decaan: the handoffs of her schools in views, and one handoff with what can be done with it.

Every change is a form that names the version of the handoff it was made on. When there is a newer one, the page comes
back with what changed and with what was typed. An answer and a note also carry a key, so that sending twice is once.
"""

import re
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any, Optional
from urllib.parse import urlencode
from uuid import uuid4

from starlette.responses import Response

from bot import clock
from bot.accounts.accounts import DECAAN
from bot.clock import ZONE
from bot.handoff import rules
from bot.handoff.canned import CannedAnswers, filled, variables
from bot.handoff.inbox import PAGE, VIEWS, Count, Detail, Inbox, Item, NotFound, Role, Stale, View
from bot.handoff.presence import glance, mark_of
from bot.handoff.school_time import OPENS, SCHOOL_DAY
from bot.knowledge import school_name
from bot.knowledge.calendar import dutch_date, dutch_moment
from bot.storage.conversations import Reply
from bot.storage.database import DatabaseDown
from web.api import REQUEST_KEY, services
from web.portal import audit
from web.portal.door import INBOX, Refusal, Visit, route
from web.portal.sealed import seal, unseal

ID = re.compile(r"[0-9a-f]{32}")
LEERJAREN = (1, 2, 3, 4)
LONGEST_TEXT = 4000  # characters
LONGEST_SEARCH = 200
LONGEST_AWAY = timedelta(days=366)
HOUR = timedelta(hours=1)

VIEW_NAMES: dict[View, str] = {
    "nieuw": "Nieuw",
    "mijn": "Van mij",
    "wacht_op_leerling": "Wacht op leerling",
    "later": "Later",
    "afgerond": "Afgerond",
    "alle": "Alles wat open is",
}
EMPTY: dict[View, str] = {
    "nieuw": "Er is niets nieuws. Stuurt een leerling een vraag, dan staat die hier tot iemand hem oppakt.",
    "mijn": "Je hebt niets open staan. Pak je een vraag op, of geeft een collega je er een, dan staat die hier.",
    "wacht_op_leerling": "Er wacht niets op een leerling. Heb je een vraag beantwoord, dan staat die hier.",
    "later": "Er is niets weggelegd. Leg je een vraag weg tot een dag, dan wacht die hier en komt die dag terug.",
    "afgerond": "Er is nog niets afgerond. Rond je een vraag af, dan vind je die hier terug met de reden.",
    "alle": "Er staat niets open. Stuurt een leerling een vraag, dan staat die hier tot je hem afrondt.",
}
NOT_FOUND = "Niets gevonden in deze weergave. Probeer minder woorden, of haal een keuze weg."
STATUSES: dict[rules.Status, str] = {
    "nieuw": "Nieuw",
    "bezig": "Opgepakt",
    "wacht_op_leerling": "Wacht op leerling",
    "later": "Later",
    "afgerond": "Afgerond",
}
REASONS: dict[rules.Reason, str] = {
    "beantwoord": "Beantwoord",
    "afspraak": "Afspraak gemaakt",
    "doorverwezen": "Doorverwezen",
    "geen_reactie": "Geen reactie van de leerling",
    "ingetrokken": "Ingetrokken door de leerling",
}
ROLES: dict[Role, str] = {
    "mentor": "de mentor",
    "zorgcoordinator": "de zorgcoördinator",
    "vertrouwenspersoon": "de vertrouwenspersoon",
}
TO_CLOSE = {reason: name for reason, name in REASONS.items() if reason != "ingetrokken"}

GONE = "Deze overdracht is er niet, of hoort bij een andere school."
STALE = "Deze overdracht is intussen veranderd, dus er is nog niets gedaan. Kijk wat er nieuw is en kies dan opnieuw."
IMPOSSIBLE = "Dat kan niet bij een overdracht met deze status. Er is niets veranderd."
NO_TEXT = "Typ eerst een tekst."
TOO_LONG = f"Deze tekst is langer dan {LONGEST_TEXT} tekens. Maak hem korter."
ALREADY = (
    "Vanaf die pagina is al een andere tekst bewaard: die staat hieronder. Wil je deze ook? Verstuur hem dan opnieuw."
)
NO_COLLEAGUE = "Kies een collega uit de lijst."
NO_DAY = "Kies een dag na vandaag, hoogstens een jaar vooruit."
NO_REASON = "Kies een reden."
NO_ROLE = "Kies aan wie je dit doorgeeft."
NO_ANSWER = "Kies een vast antwoord uit de lijst."


class Wrong(Exception):
    """A form that cannot be done like this; the text is a sentence for who sent it. `again`: it needs a new key."""

    def __init__(self, text: str, again: bool = False) -> None:
        super().__init__(text)
        self.again = again


def overview(visit: Visit) -> Response:
    """GET and POST /portal/overdrachten: one view, filtered and in pages.

    The form is sent with POST, and the address it leads to holds the words sealed: they may be the name of a pupil.
    """
    query = visit.form if visit.is_post else visit.request.query_params
    inbox = _inbox(visit)
    view: View = next((view for view in VIEWS if view == query.get("weergave")), "nieuw")
    sealed = seal(visit, query.get("zoek", "")[:LONGEST_SEARCH].strip()) if visit.is_post else query.get("zoek", "")
    search = unseal(visit, sealed)
    school = query.get("school", "") if query.get("school") in inbox.schools else ""
    leerjaar = next((year for year in LEERJAREN if str(year) == query.get("leerjaar")), None)
    urgent = query.get("dringend") == "ja"
    number = max(number_of(query.get("pagina", "")), 1)
    filters = {"zoek": search, "school": school, "leerjaar": leerjaar or "", "dringend": "ja" if urgent else ""}
    chosen = {name: value for name, value in {**filters, "zoek": search and sealed}.items() if value}

    def address(view: View, page: int = 1) -> str:
        return f"{INBOX}?{urlencode({'weergave': view, **chosen, **({'pagina': page} if page > 1 else {})})}"

    if visit.is_post:
        return visit.to(address(view))
    mark = glance(inbox.schools).of_list(inbox.schools)
    found = inbox.list(view, search, school or None, leerjaar, urgent, number)
    if not found.items and number > 1:
        return visit.to(address(view))
    names = {id: inbox.colleagues(id) for id in {item.school for item in found.items}}
    counts = inbox.counts()
    return visit.page(
        "inbox.html",
        view=view,
        views=[
            {"id": id, "name": VIEW_NAMES[id], "count": _counted(counts[id]), "url": f"{INBOX}?weergave={id}"}
            for id in VIEWS
        ],
        rows=[_row(item, names[item.school], inbox) for item in found.items],
        total=found.total,
        size=PAGE,
        first=PAGE * (number - 1) + 1,
        previous=address(view, number - 1) if number > 1 else "",
        following=address(view, number + 1) if found.total > PAGE * number else "",
        empty=NOT_FOUND if chosen else EMPTY[view],
        elsewhere=[(VIEW_NAMES[id], address(id)) for id in ("alle", "afgerond") if chosen and id != view],
        filters=filters,
        schools={id: school_name(id) for id in sorted(inbox.schools)},
        leerjaren=LEERJAREN,
        mark=mark,
        here=address(view, number),
        unread_total=counts["alle"].unread,
    )


def handoff(visit: Visit) -> Response:
    """GET /portal/overdrachten/ID: one handoff."""
    try:
        return _page(visit, note=DONE.get(visit.request.query_params.get("melding", ""), ""))
    except NotFound:
        raise Refusal(404, "Niet gevonden", GONE) from None


def _page(
    visit: Visit, status: int = 200, note: str = "", error: str = "", detail: Optional[Detail] = None, **more: Any
) -> Response:
    inbox = _inbox(visit)
    detail = detail or inbox.get(_id(visit))
    colleagues = inbox.colleagues(detail.school)
    seen = {"status": detail.status, "assignee": detail.assignee or "", "messages": len(detail.messages)}
    context: dict[str, Any] = {
        "handoff": detail,
        "row": _row(detail, colleagues, inbox),
        "school": school_name(detail.school),
        "sent": dutch_moment(detail.created_at),
        "thread": [
            {"who": said.author or _who(detail), "sender": said.sender, "at": dutch_moment(said.at), "text": said.text}
            for said in detail.messages
        ],
        "notes": [
            {
                "id": kept.id,
                "who": kept.author,
                "at": dutch_moment(kept.at),
                "text": kept.text,
                "to": ROLES[kept.forwarded_to] if kept.forwarded_to else "",
            }
            for kept in detail.notes
        ],
        "roles": ROLES,
        "canned": _canned(visit, detail),
        "looks": audit.looks(detail.id, inbox.schools),
        "colleagues": {id: name for id, name in colleagues.items() if id != inbox.account_id},
        "me": inbox.account_id,
        "reasons": TO_CLOSE,
        "tomorrow": (clock.today() + timedelta(1)).isoformat(),
        "seen": seen,
        "typed": {},
        "key": uuid4().hex,
        "longest": LONGEST_TEXT,
        "note": note,
        "error": error,
        "mark": mark_of(detail),
        # A page that is open asks what is different from what somebody is typing on.
        "changes": _changes(visit, detail, colleagues) if "seen_status" in visit.request.query_params else [],
    }
    if error:
        context["typed"] = {visit.request.path_params["action"]: visit.form}
        context["changes"] = _changes(visit, detail, colleagues) if status == 409 else []
    return visit.page("handoff.html", status, **{**context, **more})


def act(visit: Visit) -> Response:
    """POST /portal/overdrachten/ID/ACTION: one change, and back to the handoff."""
    action = visit.request.path_params["action"]
    try:
        id = _id(visit)
        if action == FILL_IN:
            return _fill_in(visit)
        if action not in ACTIONS:
            raise NotFound
        try:
            ACTIONS[action](visit, _inbox(visit), id, number_of(visit.form.get("version", "")))
        except Stale:
            return _page(visit, 409, error=STALE, **_same_key(visit))
        except rules.Impossible:
            return _page(visit, 409, error=IMPOSSIBLE, **_same_key(visit))
        except Wrong as error:
            return _page(visit, 422, error=str(error), **({} if error.again else _same_key(visit)))
    except NotFound:
        raise Refusal(404, "Niet gevonden", GONE) from None
    return visit.to(f"{INBOX}/{id}?melding={action}")


def _fill_in(visit: Visit) -> Response:
    """The same page, with a canned answer behind what was typed already. Nothing is sent."""
    inbox = _inbox(visit)
    detail = inbox.get(_id(visit))
    chosen = next((answer["text"] for answer in _canned(visit, detail) if answer["id"] == visit.form.get("vast")), "")
    text = "\n\n".join(filter(None, [visit.form.get("text", "").rstrip(), chosen]))
    is_old = number_of(visit.form.get("version", "")) != detail.version
    again: dict[str, Any] = {
        "typed": {"antwoord": {**visit.form, "text": text}},
        "changes": _changes(visit, detail, inbox.colleagues(detail.school)) if is_old else [],
        **_same_key(visit),
    }
    return _page(visit, 200 if chosen else 422, error="" if chosen else NO_ANSWER, detail=detail, **again)


def _canned(visit: Visit, detail: Detail) -> list[dict[str, str]]:
    """Her own answers and those of the school of the handoff, filled in; the title tells what the pupil left out."""
    values = {
        "voornaam": detail.first_name or "",
        "leerjaar": str(detail.leerjaar or ""),
        "school": school_name(detail.school),
        "decaan": visit.account.name,
    }
    answers = []
    for answer in CannedAnswers(visit.account.id, visit.account.schools).all():
        if answer.school not in (None, detail.school):
            continue
        missing = " en ".join(name for name in variables(answer.text) if not values[name])
        title = f"{answer.title} (zonder {missing})" if missing else answer.title
        group = "Alleen van jou" if answer.school is None else "Van de school"
        answers.append({"id": answer.id, "title": title, "text": filled(answer.text, values), "group": group})
    return answers


def _reply(visit: Visit, inbox: Inbox, id: str, version: int) -> None:
    text = _text(visit)
    if inbox.reply(id, version, _key(visit), text):
        _deliver(visit, inbox, id, text)
    elif not any(said.sender == "decaan" and said.text == text for said in inbox.get(id).messages):
        raise Wrong(ALREADY, again=True)


def _deliver(visit: Visit, inbox: Inbox, id: str, text: str) -> None:
    """Shows the answer in the chat it was asked in, if that is still open; with the code it is read in any case."""
    lobke = services(visit.request)
    with suppress(DatabaseDown):
        chat = inbox.chat(id)
        if chat and lobke.conversations.is_open(*chat):
            lobke.conversations.add(chat[0], [Reply(text)], sender="decaan")
            lobke.hub.notify(chat[0])


def _note(visit: Visit, inbox: Inbox, id: str, version: int) -> None:
    text = _text(visit)
    if not inbox.note(id, _key(visit), text) and not any(kept.text == text for kept in inbox.get(id).notes):
        raise Wrong(ALREADY, again=True)


def _forward(visit: Visit, inbox: Inbox, id: str, version: int) -> None:
    role = next((role for role in ROLES if role == visit.form.get("to")), None)
    if role is None:
        raise Wrong(NO_ROLE)
    text, is_last = _text(visit), visit.form.get("afronden") == "ja"
    if inbox.forward(id, version, _key(visit), text, role, close=is_last):
        return
    if not any((kept.text, kept.forwarded_to) == (text, role) for kept in inbox.get(id).notes):
        raise Wrong(ALREADY, again=True)


def forwarded(visit: Visit) -> Response:
    """GET /portal/overdrachten/ID/doorgeven/NOTE: the question and a note on a page to print or copy."""
    try:
        detail = _inbox(visit).get(_id(visit))
    except NotFound:
        raise Refusal(404, "Niet gevonden", GONE) from None
    note = next((kept for kept in detail.notes if kept.id == visit.request.path_params["note"]), None)
    if note is None or note.forwarded_to is None:
        raise Refusal(404, "Niet gevonden", GONE)
    facts = [
        f"Leerling: {detail.first_name or 'geen naam ingevuld'}",
        f"Leerjaar: {detail.leerjaar or 'niet ingevuld'}",
        f"School: {school_name(detail.school)}",
        f"Verstuurd: {dutch_moment(detail.created_at)}",
    ]
    question = detail.messages[0].text if detail.messages else ""
    parts = [
        "\n".join(facts),
        f"De leerling schreef:\n{question}",
        f"Notitie van {note.author}, {dutch_moment(note.at)}:\n{note.text}",
    ]
    return visit.page("forward.html", url=f"{INBOX}/{detail.id}", to=ROLES[note.forwarded_to], text="\n\n".join(parts))


def _assign(visit: Visit, inbox: Inbox, id: str, version: int) -> None:
    try:
        inbox.assign(id, version, visit.form.get("to") or None)
    except rules.Impossible:
        raise Wrong(NO_COLLEAGUE) from None


def _snooze(visit: Visit, inbox: Inbox, id: str, version: int) -> None:
    try:
        day = date.fromisoformat(visit.form.get("until", ""))
    except ValueError:
        raise Wrong(NO_DAY) from None
    if not clock.today() < day <= clock.today() + LONGEST_AWAY:
        raise Wrong(NO_DAY)
    inbox.snooze(id, version, datetime.combine(day, OPENS, ZONE))


def _close(visit: Visit, inbox: Inbox, id: str, version: int) -> None:
    reason = next((reason for reason in TO_CLOSE if reason == visit.form.get("reason")), None)
    if reason is None:
        raise Wrong(NO_REASON)
    inbox.close(id, version, reason)


def _reopen(visit: Visit, inbox: Inbox, id: str, version: int) -> None:
    inbox.reopen(id, version)


FILL_IN = "invullen"
ACTIONS: dict[str, Callable[[Visit, Inbox, str, int], None]] = {
    "antwoord": _reply,
    "notitie": _note,
    "doorgeven": _forward,
    "toewijzen": _assign,
    "later": _snooze,
    "afronden": _close,
    "heropenen": _reopen,
}
DONE = {
    "antwoord": "Je antwoord is verstuurd.",
    "notitie": "Je notitie is bewaard.",
    "doorgeven": "Je notitie is bewaard. Open bij de notities de tekst die je kunt printen of kopiëren.",
    "toewijzen": "De overdracht is toegewezen.",
    "later": "De overdracht is weggelegd en komt op die dag terug.",
    "afronden": "De overdracht is afgerond.",
    "heropenen": "De overdracht is weer open.",
}


def _inbox(visit: Visit) -> Inbox:
    return Inbox(visit.account.id, visit.account.schools, visit.account.name)


def _id(visit: Visit) -> str:
    id = visit.request.path_params["id"]
    if not ID.fullmatch(id):
        raise NotFound
    return str(id)


def number_of(text: str) -> int:
    """A number of at most 6 digits, 0 for anything else."""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0


def _text(visit: Visit) -> str:
    text = visit.form.get("text", "").replace("\r\n", "\n").strip()
    if not text:
        raise Wrong(NO_TEXT)
    if len(text) > LONGEST_TEXT:
        raise Wrong(TOO_LONG)
    return text


def _key(visit: Visit) -> str:
    key = visit.form.get("key", "")
    if not REQUEST_KEY.fullmatch(key):
        raise Wrong(IMPOSSIBLE, again=True)
    return key


def _same_key(visit: Visit) -> dict[str, Any]:
    """Nothing was kept under the key of this form, so it goes along again."""
    key = visit.form.get("key", "")
    return {"key": key} if REQUEST_KEY.fullmatch(key) else {}


def _changes(visit: Visit, detail: Detail, colleagues: dict[str, str]) -> list[str]:
    """What is different from the page that the form was on, in sentences."""
    seen, changes = visit.form or visit.request.query_params, []
    new = detail.messages[number_of(seen.get("seen_messages", "")) :]
    if new:
        who = " en ".join(sorted({said.author or "de leerling" for said in new}))
        changes.append(f"Nieuw in het gesprek: {len(new)} {'bericht' if len(new) == 1 else 'berichten'} van {who}.")
    if seen.get("seen_status") != detail.status:
        changes.append(f"De status is nu: {STATUSES[detail.status].lower()}.")
    if seen.get("seen_assignee", "") != (detail.assignee or ""):
        now = _assignee(detail.assignee, colleagues, visit.account.id) or "niemand"
        changes.append(f"De overdracht is nu van {now}.")
    return changes


def _row(item: Item, colleagues: dict[str, str], inbox: Inbox) -> dict[str, Any]:
    return {
        "id": item.id,
        "url": f"{INBOX}/{item.id}",
        "who": _who(item),
        "leerjaar": item.leerjaar,
        "school": school_name(item.school) if len(inbox.schools) > 1 else "",
        "urgent": item.urgent,
        "unread": item.unread,
        "question": item.question,
        "status": STATUSES[item.status],
        "assignee": _assignee(item.assignee, colleagues, inbox.account_id),
        "waiting": _waiting(item),
    }


def _who(item: Item) -> str:
    return item.first_name or "Leerling zonder naam"


def _assignee(id: Optional[str], colleagues: dict[str, str], me: str) -> str:
    if id is None:
        return ""
    return "jou" if id == me else colleagues.get(id, "een oud-collega")


def _waiting(item: Item) -> str:
    """What the handoff waits for and how long, in words."""
    if item.closed_at and item.close_reason:
        return f"{REASONS[item.close_reason]}, {dutch_date(item.closed_at.date())}"
    if item.status == "later" and item.snoozed_until:
        return f"Tot {dutch_date(item.snoozed_until.date())}"
    waits = duration(item.waiting)
    return f"Leerling is {waits} aan zet" if item.status == "wacht_op_leerling" else f"Wacht {waits}"


def duration(waiting: timedelta) -> str:
    """School time in words: "2 schooldagen", "3 uur"."""
    days, hours = waiting // SCHOOL_DAY, waiting // HOUR
    if days:
        return f"{days} {'schooldag' if days == 1 else 'schooldagen'}"
    return f"{hours} uur" if hours else "minder dan een uur"


def _counted(count: Count) -> str:
    return f"{count.total}, {count.unread} ongelezen" if count.unread else str(count.total)


routes = [
    route(INBOX, overview, "GET", "POST", roles=(DECAAN,)),
    route(f"{INBOX}/{{id}}", handoff, "GET", roles=(DECAAN,)),
    route(f"{INBOX}/{{id}}/{{action}}", act, "POST", roles=(DECAAN,)),
    route(f"{INBOX}/{{id}}/doorgeven/{{note}}", forwarded, "GET", roles=(DECAAN,)),
]
