"""Every page of the portal for every role, on the data of school A: who gets in, and who reads and changes it.

The table of docs/beheer.md comes from `.venv/bin/python -m tests.web.test_isolation`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Optional

import pytest
from sqlalchemy import insert, select

from bot import clock
from bot.accounts import accounts, invitations, sessions
from bot.accounts.accounts import Account
from bot.evaluation.evaluations import LEAST_ANSWERS, Evaluations, answer
from bot.evaluation.leavers import AllLeavers, years
from bot.handoff.away import Away, AwayMessages
from bot.handoff.canned import CannedAnswers
from bot.handoff.inbox import Inbox
from bot.keys import derived_key
from bot.knowledge import current as knowledge
from bot.knowledge import history, links
from bot.monitoring import gaps
from bot.monitoring.log import NOT_UNDERSTOOD
from bot.monitoring.scan import NOTHING, Answer, Scans
from bot.school_year import school_year, year_name
from bot.settings import PROJECT
from bot.storage import tables
from bot.storage.database import transaction
from tests.web.conftest import Site
from tests.web.handoffs import OTHER_SCHOOL, sent
from tests.web.staff import SCHOOL, Browser
from web import portal
from web.portal.door import LOGGED_OUT
from web.portal.inbox import ACTIONS
from web.portal.knowledge import sheets

ROLES = {
    "niemand": "Niet ingelogd",
    "decaan": "Decaan",
    "ander": "Decaan van een andere school",
    "redactie": "Redactie",
    "beheer": "Beheer",
}
YES, OWN, LOGIN, NO, GONE = "ja", "eigen", "inloggen", "nee", "onbekend"
MEANINGS = {
    YES: "de pagina is er",
    OWN: "de pagina is er, met alleen de eigen scholen",
    LOGIN: "eerst inloggen",
    NO: "deze pagina is niet voor deze rol",
    GONE: "alsof het er niet is",
}
Words = tuple[str, str, str, str, str]
EVERYBODY: Words = (YES, YES, YES, YES, YES)
STAFF: Words = (LOGIN, YES, YES, YES, YES)
DECANEN: Words = (LOGIN, OWN, OWN, NO, NO)
OF_SCHOOL: Words = (LOGIN, YES, GONE, NO, NO)
BEHEER: Words = (LOGIN, NO, NO, NO, YES)
OWN_OR_ALL: Words = (LOGIN, OWN, OWN, NO, YES)
OF_SCHOOL_OR_ALL: Words = (LOGIN, YES, GONE, NO, YES)
OF_SCHOOL_OR_STAFF: Words = (LOGIN, YES, GONE, YES, YES)
KNOWLEDGE: Words = (LOGIN, NO, NO, YES, YES)
REDACTIE: Words = (LOGIN, NO, NO, YES, NO)

KOK = "25180"  # the id of an opleiding

SECRETS = (
    "geheimevraag",
    "Zwaantje",
    "geheimebijlage",
    "geheimenotitie",
    "geheimetitel",
    "geheimantwoord",
    "geheimweg",
    "geheimbewijs",
    "geheimeactiviteit",
    "geheimemening",
)


@dataclass(frozen=True)
class Case:
    """Who gets what at a route, in the order of ROLES. `form`: what is sent with POST, or else the query; `also`: what
    a page answers that is there but cannot do this now.
    """

    words: Words
    form: dict[str, str] = field(default_factory=dict)
    also: tuple[int, ...] = ()


# A value in braces is filled in with what there is of school A.
HANDOFF = {"key": "k" * 32, "version": "{version}", "text": "Hoi", "to": "mentor", "until": "", "reason": "afspraak"}
ANSWER = {"key": "k" * 32, "version": "1", "title": "Nieuw", "text": "Nieuw", "school": SCHOOL}
AWAY = {"school": SCHOOL, "since": "{today}", "until": "{today}", "text": "Weg", "seen": "{away}"}
POINT = {"gezien_DR1": "{scan}", "antwoord_DR1": "nee"}
EVALUATION = {"school": SCHOOL, "naam": "Nieuw", "dag": "{today}"}
LEAVERS = {"school": SCHOOL, "jaar": "{year}", "totaal": "3", "doe": "concept", "version": "1"}
OFF = (404,)  # without settings for it
CHANGED = (409,)  # without what it was when the page was opened
TABLE: dict[str, Case] = {
    "GET /portal": Case(STAFF),
    "GET /portal/inloggen": Case(EVERYBODY),
    "POST /portal/inloggen": Case(EVERYBODY),
    "GET /portal/inloggen/extern": Case(EVERYBODY, also=OFF),
    "GET /portal/inloggen/extern/terug": Case(EVERYBODY, also=OFF),
    "GET /portal/code": Case(STAFF),
    "POST /portal/code": Case(STAFF),
    "POST /portal/uitloggen": Case(EVERYBODY),
    "POST /portal/uitloggen/overal": Case(STAFF),
    "GET /portal/uitnodiging/{token}": Case(EVERYBODY),
    "POST /portal/uitnodiging/{token}": Case(EVERYBODY),
    "GET /portal/wachtwoord-vergeten": Case(EVERYBODY, also=OFF),
    "POST /portal/wachtwoord-vergeten": Case(EVERYBODY, also=OFF),
    "GET /portal/wachtwoord-vergeten/{token}": Case(EVERYBODY),
    "POST /portal/wachtwoord-vergeten/{token}": Case(EVERYBODY),
    "GET /portal/account": Case(STAFF),
    "POST /portal/account": Case(STAFF),
    "POST /portal/account/mail": Case((LOGIN, YES, YES, NO, NO)),
    "GET /portal/wachtwoord": Case(STAFF),
    "POST /portal/wachtwoord": Case(STAFF),
    "GET /portal/tweede-stap": Case(STAFF),
    "POST /portal/tweede-stap": Case(STAFF),
    "GET /portal/overdrachten": Case(DECANEN, {"weergave": "alle", "school": SCHOOL}),
    "POST /portal/overdrachten": Case(DECANEN, {"weergave": "alle", "zoek": "geheimevraag"}),
    "GET /portal/overdrachten/live": Case(OF_SCHOOL, {"overdracht": "{handoff}"}),
    "POST /portal/overdrachten/bezig": Case(DECANEN, also=(204,)),
    "GET /portal/overdrachten/{id}": Case(OF_SCHOOL),
    "POST /portal/overdrachten/{id}/{action}": Case(OF_SCHOOL, HANDOFF, also=(409,)),
    "GET /portal/overdrachten/{id}/doorgeven/{note}": Case(OF_SCHOOL),
    "GET /portal/antwoorden": Case(DECANEN),
    "GET /portal/antwoorden/nieuw": Case(DECANEN),
    "POST /portal/antwoorden/nieuw": Case(OF_SCHOOL, ANSWER),
    "GET /portal/antwoorden/{id}": Case(OF_SCHOOL),
    "POST /portal/antwoorden/{id}": Case(OF_SCHOOL, ANSWER),
    "GET /portal/antwoorden/{id}/verwijderen": Case(OF_SCHOOL),
    "POST /portal/antwoorden/{id}/verwijderen": Case(OF_SCHOOL, ANSWER),
    "GET /portal/school": Case(DECANEN),
    "POST /portal/school": Case(OF_SCHOOL, AWAY),
    "GET /portal/school/verwijderen": Case(DECANEN, {"school": SCHOOL}),
    "POST /portal/school/verwijderen": Case(DECANEN, AWAY),
    "GET /portal/scan": Case(OWN_OR_ALL),
    "GET /portal/scan/{school}/{jaar}": Case(OF_SCHOOL_OR_ALL),
    "POST /portal/scan/{school}/{jaar}/overnemen": Case(OF_SCHOOL_OR_ALL),
    "GET /portal/scan/{school}/{jaar}/onderdeel/{onderdeel}": Case(OF_SCHOOL_OR_ALL),
    "POST /portal/scan/{school}/{jaar}/onderdeel/{onderdeel}": Case(OF_SCHOOL_OR_ALL, POINT, also=CHANGED),
    "GET /portal/scan/{school}/{jaar}/uitslag": Case(OF_SCHOOL_OR_ALL),
    "GET /portal/scan/{school}/{jaar}/afdrukken": Case(OF_SCHOOL_OR_ALL),
    "GET /portal/scan/{school}/{jaar}/excel": Case(OF_SCHOOL_OR_ALL),
    "GET /portal/kennis": Case(KNOWLEDGE, {"zoek": "kok"}),
    "GET /portal/kennis/lijst/{bestand}": Case(KNOWLEDGE),
    "GET /portal/kennis/item/{bestand}/{id}": Case(KNOWLEDGE),
    "POST /portal/kennis/item/{bestand}/{id}": Case(KNOWLEDGE, {"veld-uitleg": "Anders."}, also=CHANGED),
    "GET /portal/kennis/nieuw/{bestand}": Case(KNOWLEDGE),
    "POST /portal/kennis/nieuw/{bestand}": Case(KNOWLEDGE),
    "GET /portal/kennis/weg/{bestand}/{id}": Case(KNOWLEDGE),
    "POST /portal/kennis/weg/{bestand}/{id}": Case(KNOWLEDGE, also=CHANGED),
    "GET /portal/kennis/bestand/{bestand}": Case(KNOWLEDGE),
    "POST /portal/kennis/bestand/{bestand}": Case(KNOWLEDGE, {"text": "items: []"}, also=CHANGED),
    "GET /portal/kennis/geschiedenis": Case(KNOWLEDGE),
    "GET /portal/kennis/verschil": Case(KNOWLEDGE, {"van": "{version_of_file}", "tot": "{version_of_file}"}),
    "GET /portal/kennis/versie/{id}": Case(KNOWLEDGE),
    "POST /portal/kennis/versie/{id}": Case(KNOWLEDGE, also=CHANGED),
    "GET /portal/kennis/kalender": Case(REDACTIE),
    "POST /portal/kennis/kalender": Case(REDACTIE),
    "GET /portal/kennis/ontbreekt": Case(KNOWLEDGE),
    "GET /portal/kennis/ontbreekt/{id}": Case(KNOWLEDGE),
    "POST /portal/kennis/ontbreekt/{id}": Case(KNOWLEDGE, {"doe": "zoek"}),
    "GET /portal/kennis/nakijken": Case(KNOWLEDGE),
    "GET /portal/kennis/links": Case(KNOWLEDGE),
    "POST /portal/kennis/links": Case(KNOWLEDGE),
    "GET /portal/evaluaties": Case(OWN_OR_ALL),
    "POST /portal/evaluaties": Case(OWN_OR_ALL, EVALUATION),
    "GET /portal/evaluaties/{id}": Case(OF_SCHOOL_OR_ALL),
    "POST /portal/evaluaties/{id}": Case(OF_SCHOOL_OR_ALL, {"voor": "leerlingen", "doe": "sluit"}),
    "GET /portal/evaluaties/{id}/afdrukken": Case(OF_SCHOOL_OR_ALL, {"voor": "leerlingen"}),
    "GET /portal/evaluaties/{id}/bestand": Case(OF_SCHOOL_OR_ALL),
    "GET /portal/vervolg": Case(OWN_OR_ALL),
    "POST /portal/vervolg": Case(OF_SCHOOL, LEAVERS),
    "GET /portal/vervolg/bestand": Case(OWN_OR_ALL),
    "GET /portal/cijfers": Case(OF_SCHOOL_OR_STAFF, {"school": SCHOOL}),
    "GET /portal/cijfers/{name}.csv": Case(OF_SCHOOL_OR_STAFF, {"school": SCHOOL}),
    "GET /portal/cijfers/{name}.xlsx": Case(OF_SCHOOL_OR_STAFF, {"school": SCHOOL}),
    "GET /portal/jaarverslag": Case(KNOWLEDGE),
    "GET /portal/jaarverslag/cijfers": Case(KNOWLEDGE),
    "POST /portal/jaarverslag/cijfers": Case(KNOWLEDGE, {"jaar": "{schooljaar}", "veld-pupils": "7"}, also=CHANGED),
    "GET /portal/jaarverslag/{schooljaar}": Case(KNOWLEDGE),
    "POST /portal/jaarverslag/{schooljaar}": Case(KNOWLEDGE, {"veld-goed": "Veel."}, also=CHANGED),
    "POST /portal/jaarverslag/{schooljaar}/overnemen": Case(KNOWLEDGE),
    "GET /portal/jaarverslag/{schooljaar}/voorbeeld": Case(KNOWLEDGE),
    "GET /portal/jaarverslag/{schooljaar}/{soort}": Case(KNOWLEDGE),
    "GET /portal/accounts": Case(BEHEER),
    "GET /portal/accounts/nieuw": Case(BEHEER),
    "POST /portal/accounts/nieuw": Case(BEHEER, {"email": "nieuw@voorbeeld.nl", "role": "redactie"}),
    "GET /portal/accounts/{id}": Case(BEHEER),
    "POST /portal/accounts/{id}": Case(BEHEER, {"name": "Sam", "role": "decaan", f"school-{OTHER_SCHOOL}": "ja"}),
    "POST /portal/accounts/{id}/uitnodigen": Case(BEHEER),
    "POST /portal/accounts/{id}/uitzetten": Case(BEHEER),
    "GET /portal/accounts/{id}/verwijderen": Case(BEHEER),
    "POST /portal/accounts/{id}/verwijderen": Case(BEHEER),
    "GET /portal/logboek": Case(BEHEER),
    "GET /portal/logboek.csv": Case(BEHEER),
}


def routes() -> Iterator[tuple[str, str]]:
    """Method and path of everything the portal answers to."""
    for route in portal.routes:
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield method, route.path


def as_markdown() -> str:
    """The table for the docs."""
    rows: dict[tuple[str, Words], list[str]] = {}
    for key, case in TABLE.items():
        method, _, path = key.partition(" ")
        rows.setdefault((path, case.words), []).append(method)
    lines = [f"| Pagina | {' | '.join(ROLES.values())} |", f"|---|{'---|' * len(ROLES)}"]
    for (path, words), methods in rows.items():
        lines.append(f"| `{' '.join(methods)} {path}` | {' | '.join(words)} |")
    return "\n".join(lines)


@dataclass
class SchoolA:
    """What there is of the school, by the names in the table, and who may ask for it."""

    people: dict[str, Optional[Account]]
    places: dict[str, list[str]]


@pytest.fixture
def school_a(sqlite_database: object, monkeypatch: pytest.MonkeyPatch) -> SchoolA:
    """A handoff with a note and an attachment, canned answers, an away message and a LOB-scan; one account a role."""
    along = [{"title": "Verkenning", "text": "geheimebijlage"}]
    handoff, _ = sent("geheimevraag", first_name="Zwaantje", leerjaar=3, attachments=along, urgent=True)
    people: dict[str, Optional[Account]] = {
        "niemand": None,
        "decaan": accounts.add("a@voorbeeld.nl", "decaan", [SCHOOL]),
        "ander": accounts.add("b@voorbeeld.nl", "decaan", [OTHER_SCHOOL]),
        "redactie": accounts.add("redactie@voorbeeld.nl", "redactie"),
        "beheer": accounts.add("beheer@voorbeeld.nl", "beheer"),
    }
    decaan, guest = people["decaan"], accounts.add("gast@voorbeeld.nl", "redactie")
    assert decaan
    inbox = Inbox(decaan.id, [SCHOOL], "Sam")
    inbox.assign(handoff, 1, decaan.id)
    inbox.forward(handoff, 2, "n", "geheimenotitie", "mentor")
    answers = CannedAnswers(decaan.id, [SCHOOL])
    for key, school in (("own", None), ("school", SCHOOL)):
        answers.add(key, f"geheimetitel {key}", "geheimantwoord", school)
    AwayMessages(decaan.id, [SCHOOL]).save(SCHOOL, Away(clock.today(), clock.today(), "geheimweg"), "")
    point, year = Answer("ja", "geheimbewijs"), school_year(clock.today())
    Scans(decaan.id, [SCHOOL]).save(SCHOOL, year, {"DR1": (NOTHING.mark, point)})
    evaluations = Evaluations(decaan.id, [SCHOOL])
    evaluation = evaluations.add(SCHOOL, "geheimeactiviteit", clock.today())
    for number in range(LEAST_ANSWERS):
        answer(evaluations.get(evaluation).links[0].code, str(number), {"oordeel": "goed"}, "geheimemening")
    AllLeavers(decaan.id, [SCHOOL]).save(SCHOOL, years()[0], {"totaal": 3}, False, 0)
    detail = inbox.get(handoff)
    sheets()
    monkeypatch.setattr(links, "check", lambda found: [])
    question = {
        "id": "q",
        "at": clock.now(),
        "conversation": "c",
        "outcome": NOT_UNDERSTOOD,
        "text": "wat is een giraf",
    }
    with transaction(write=True) as connection:
        connection.execute(insert(tables.interactions).values(**question))
    version_of_file = str(history.versions("opleidingen.yml")[0].id)
    places = {
        "/portal/overdrachten": [handoff],
        "/portal/antwoorden": [answer.id for answer in answers.all()],
        "/portal/evaluaties": [evaluation],
        "/portal/accounts": [decaan.id],
        "/portal/uitnodiging": [invitations.invite(guest)],
        "/portal/wachtwoord-vergeten": [invitations.reset_link(guest)],
        "/portal/kennis/item": [KOK],
        "/portal/kennis/weg": [KOK],
        "/portal/kennis/versie": [version_of_file],
        "/portal/kennis/ontbreekt": [gaps.groups(knowledge())[0].id],
        "bestand": ["opleidingen"],
        "version_of_file": [version_of_file],
        "handoff": [handoff],
        "version": [str(detail.version)],
        "note": [detail.notes[0].id],
        "action": list(ACTIONS),
        "year": [str(years()[0])],
        "today": [clock.today().isoformat()],
        "school": [SCHOOL],
        "jaar": [str(year)],
        "schooljaar": [year_name(year)],
        "soort": ["html", "pdf", "docx"],
        "onderdeel": ["DR"],
        "name": ["gebruik"],
        "scan": [point.mark],
        "away": [AwayMessages(decaan.id, [SCHOOL]).all()[SCHOOL].mark],
    }
    return SchoolA(people, places)


def paths(path: str, places: dict[str, list[str]]) -> list[str]:
    """The path with everything of school A that fits in its braces."""
    begin = path.partition("/{")[0]
    found = [re.sub(r"\{(id|token)\}", id, path) for id in places.get(begin, [""])]
    for name in ("action", "note", "bestand", "school", "jaar", "schooljaar", "soort", "onderdeel", "name"):
        found = (
            [one.replace(f"{{{name}}}", value) for one in found for value in places[name]] if name in path else found
        )
    return list(dict.fromkeys(found))


def kept() -> dict[str, Any]:
    """All rows of school A, but not when a decaan looked."""
    with transaction() as connection:
        found = {}
        for table in (
            tables.handoffs,
            tables.handoff_messages,
            tables.handoff_notes,
            tables.canned_answers,
            tables.away_messages,
            tables.presence,
            tables.account_schools,
            tables.scan_answers,
            tables.evaluations,
            tables.evaluation_links,
            tables.evaluation_answers,
            tables.leavers,
            tables.report_numbers,
            tables.report_texts,
        ):
            found[table.name] = sorted(map(str, connection.execute(select(table))))
        people = tables.accounts.c
        found["accounts"] = sorted(map(str, connection.execute(select(people.id, people.role, people.disabled_at))))
    return found


def ask(
    browser: Browser, account: Optional[Account], method: str, path: str, form: dict[str, str]
) -> tuple[int, str, str]:
    """Status, place it leads to, and text; of a stream only how it begins."""
    token = sessions.start(account, "test", complete=True) if account else "nobody"
    cookie = {"Cookie": f"lobke-portal={token}"}
    csrf = derived_key(f"portal form:{token}")[:32]
    sent_along = {"data": {**form, "csrf": csrf}} if method == "POST" else {"params": form}
    with browser.http.stream(method, path, headers=cookie, **sent_along) as answer:  # type: ignore[arg-type]
        if answer.headers.get("content-type", "").startswith("text/event-stream"):
            text = next(answer.iter_text())
        else:
            text = answer.read().decode(errors="replace")
    return answer.status_code, answer.headers.get("location", ""), text


def word(status: int, place: str, text: str, also: tuple[int, ...]) -> str:
    """How an answer is called in the table; a page that is there is YES."""
    if status == 403 and LOGGED_OUT in text:  # what was typed stands on that page
        return LOGIN
    if status == 303 and (place == "/portal/inloggen" or place.startswith("/portal/inloggen?next=")):
        return LOGIN
    if status in (200, 303, 422, *also):
        return YES
    return {403: NO, 404: GONE}.get(status, str(status))


def test_the_table_has_every_route_and_no_other() -> None:
    assert sorted(f"{method} {path}" for method, path in routes()) == sorted(TABLE)


@pytest.mark.parametrize("key", TABLE)
def test_everybody_gets_what_the_table_says(
    site: Site, browse: Callable[..., Browser], school_a: SchoolA, key: str
) -> None:
    method, _, pattern = key.partition(" ")
    case, places = TABLE[key], school_a.places
    form = {name: value.format(**{name: some[0] for name, some in places.items()}) for name, value in case.form.items()}
    browser = browse()
    expected = dict(zip(ROLES, case.words, strict=True))
    for role in ("niemand", "ander", "redactie", "beheer", "decaan"):
        if role == "decaan" and pattern.startswith("/portal/accounts"):
            continue  # by now beheer may have deleted her: she is in the next test
        check(browser, school_a.people[role], role, expected[role], method, paths(pattern, places), form, case)


@pytest.mark.parametrize("key", [key for key in TABLE if "/portal/accounts" in key])
def test_a_decaan_does_nothing_with_accounts(browse: Callable[..., Browser], school_a: SchoolA, key: str) -> None:
    method, _, pattern = key.partition(" ")
    check(
        browse(),
        school_a.people["decaan"],
        "decaan",
        NO,
        method,
        paths(pattern, school_a.places),
        TABLE[key].form,
        TABLE[key],
    )


def check(
    browser: Browser,
    account: Optional[Account],
    role: str,
    expected: str,
    method: str,
    addresses: list[str],
    form: dict[str, str],
    case: Case,
) -> None:
    """Asks for each address as this role, and looks what came of it."""
    for address in addresses:
        before = kept()
        status, place, text = ask(browser, account, method, address, form)
        found = word(status, place, text, case.also)
        assert found == (YES if expected == OWN else expected), f"{role} {method} {address}: {status} {place}"
        if role == "decaan":
            continue
        of_beheer = role == "beheer" and address.startswith(("/portal/accounts", "/portal/scan/", "/portal/evaluaties"))
        seen = {"geheimbewijs", "geheimeactiviteit", "geheimemening"} if of_beheer else set()
        assert not [secret for secret in SECRETS if secret not in seen and secret in text + place], (
            f"{role} {method} {address}"
        )
        if not of_beheer:
            assert kept() == before, f"{role} {method} {address}"


def test_the_decaan_of_the_school_reads_it_all(browse: Callable[..., Browser], school_a: SchoolA) -> None:
    """So that not finding it elsewhere says something."""
    handoff = school_a.places["handoff"][0]
    pages = (
        "/portal/overdrachten?weergave=alle",
        f"/portal/overdrachten/{handoff}",
        "/portal/antwoorden",
        "/portal/school",
        f"/portal/scan/{SCHOOL}/{school_a.places['jaar'][0]}/afdrukken",
        f"/portal/evaluaties/{school_a.places['/portal/evaluaties'][0]}",
    )
    browser = browse()
    text = "".join(ask(browser, school_a.people["decaan"], "GET", path, {})[2] for path in pages)
    assert [secret for secret in SECRETS if secret not in text] == []


def test_the_docs_hold_this_table() -> None:
    docs = (PROJECT / "docs/beheer.md").read_text(encoding="utf-8")
    assert as_markdown() in docs
    for name, meaning in MEANINGS.items():
        assert f"- *{name}*: {meaning}" in docs


if __name__ == "__main__":
    print(as_markdown())
