"""The editor of redactie: she changes what Lobke knows by form or in the file, sees it first, and breaks nothing."""

import html
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import select

from bot.accounts import accounts
from bot.accounts.accounts import Account
from bot.knowledge import load, loader, writing
from bot.knowledge.models import Event, Opleiding
from bot.storage import tables
from bot.storage.database import transaction
from tests.web.staff import PASSWORD, Browser
from web.portal.preview import markdown
from web.portal.sealed import seal

PAGE = "/portal/kennis"
KOK = f"{PAGE}/item/opleidingen/25180"
BOL = f"{PAGE}/item/onderwerpen-mbo/bol"
NEW = f"{PAGE}/nieuw/opleidingen"
FILE = f"{PAGE}/bestand/opleidingen"
INPUT = re.compile(r"<input ([^>]*)>")
AREA = re.compile(r'<textarea [^>]*name="([^"]+)"[^>]*>\n?(.*?)</textarea>', re.DOTALL)
SELECT = re.compile(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)
ROBOT = {
    "veld-id": "99123",
    "veld-naam": "Robotmonteur",
    "veld-niveau": "3",
    "veld-werelden-techniek": "ja",
    "veld-namen": "robotmonteur\nrobots repareren",
    "veld-uitleg": "Je bouwt robots en je maakt ze weer heel. Je werkt met gereedschap en met een computer.",
}


@pytest.fixture
def folder(own_knowledge: Path, set_up: Callable[..., None]) -> Path:
    """The knowledge files of this test."""
    set_up(now="2026-11-22T12:00:00+01:00")
    return own_knowledge


@pytest.fixture
def redactie(folder: Path, browse: Callable[..., Browser]) -> Browser:
    """A browser in which redactie is logged in."""
    return logged_in(browse, "redactie@voorbeeld.nl", "Robin")


def logged_in(browse: Callable[..., Browser], email: str, name: str, role: str = "redactie") -> Browser:
    """A browser in which a new account is logged in."""
    accounts.add(email, role, name=name, password=PASSWORD)
    browser = browse()
    browser.login(email)
    return browser


def fields(page: httpx.Response) -> dict[str, str]:
    """What the form of a page would send, without its buttons."""
    assert page.status_code in (200, 409, 422), page.text
    form = max(re.findall(r'<form method="post".*?</form>', page.text, re.DOTALL), key=len)
    found: dict[str, str] = {}
    for attributes in INPUT.findall(form):
        given = dict(re.findall(r'([\w-]+)="([^"]*)"', attributes))
        if given.get("type") != "checkbox" or attributes.endswith("checked"):
            found[given["name"]] = html.unescape(given.get("value", ""))
    found |= {name: html.unescape(text) for name, text in AREA.findall(form)}
    for name, options in SELECT.findall(form):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = html.unescape(chosen[1]) if chosen else ""
    return found


def look(browser: Browser, path: str, **changes: str) -> httpx.Response:
    """Opens a form, fills in these fields and asks for the preview."""
    sent = {**fields(browser.get(path)), **changes, "doe": "bekijken"}
    return browser.request("POST", path, data=sent)


def publish(browser: Browser, path: str, seen: httpx.Response, **changes: str) -> httpx.Response:
    """Presses the button to publish on a preview."""
    return browser.request("POST", path, data={**fields(seen), **changes, "doe": "publiceren"})


def words(answer: httpx.Response) -> str:
    """What a reader sees of a page, on one line."""
    text = answer.text
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text[text.index("<main") :])).split())


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*.yml")}


def test_redactie_and_beheer_find_the_page_and_a_decaan_may_not_see_it(
    redactie: Browser, browse: Callable[..., Browser], decaan: Account
) -> None:
    assert redactie.get("/portal").headers["location"] == PAGE
    assert f'href="{PAGE}"' in redactie.get("/portal/account").text
    assert logged_in(browse, "beheer@voorbeeld.nl", "Bo", "beheer").get(PAGE).status_code == 200
    other = browse()
    assert other.get(PAGE).headers["location"].startswith("/portal/inloggen")
    other.login()
    assert other.get(PAGE).status_code == other.get(KOK).status_code == 403
    assert f'href="{PAGE}"' not in other.get("/portal/account").text


def test_the_files_stand_there_with_counts_and_what_is_wrong(redactie: Browser, folder: Path) -> None:
    page = words(redactie.get(PAGE))
    assert re.search(r"LOB-kalender \d+ items .*?\d+ voorbeelden", page)
    kalender = folder / "kalender.yml"
    kalender.write_text(kalender.read_text(encoding="utf-8").replace("'2027-04-01'", "'2027-14-01'"), encoding="utf-8")
    loader.live.look()
    page = words(redactie.get(PAGE))
    assert "Er zit een fout in de kennis" in page and "1 fout" in page
    listed = words(redactie.get(f"{PAGE}/lijst/kalender?status=fout"))
    assert "Aanmelden voor het mbo: uiterlijk op deze dag 1 fout" in listed and "1 item." in listed


def test_an_entry_is_found_by_any_of_its_names(redactie: Browser) -> None:
    found = redactie.get(f"{PAGE}?zoek=timmervrouw")
    assert f'href="{PAGE}/item/opleidingen/25829"' in found.text
    assert "Er is geen item met deze naam" in words(redactie.get(f"{PAGE}?zoek=zwaardslikker"))
    listed = words(redactie.get(f"{PAGE}/lijst/opleidingen?zoek=zwaardslikker"))
    assert "Hier is niets mee gevonden" in listed


def test_the_list_says_how_long_things_hold_and_when_they_changed(redactie: Browser) -> None:
    listed = words(redactie.get(f"{PAGE}/lijst/kalender"))
    assert "Open dag mbo: alle richtingen Voorbeeld geldig tot en met 2" in listed
    publish(redactie, KOK, look(redactie, KOK, **{"veld-uitleg": "Je kookt.", "veld-controleer_voor": "2027-01-01"}))
    listed = words(redactie.get(f"{PAGE}/lijst/opleidingen?zoek=25180"))
    assert "nakijken vóór 1 januari 2027. veranderd op 22 november 2026, 12.00 uur." in listed


def test_opening_the_form_and_sending_it_changes_nothing(redactie: Browser, folder: Path) -> None:
    before = files(folder)
    for path in (KOK, BOL, f"{PAGE}/item/kalender/aanmelden-1-april-2027", f"{PAGE}/item/nood/algemeen"):
        if redactie.get(path).status_code == 404:
            continue
        answer = look(redactie, path)
        assert answer.status_code == 422 and "Verander eerst iets" in words(answer), path
    assert files(folder) == before


@pytest.mark.parametrize("slug", ["werelden", "leerwegen", "praktijken", "interesses", "nood", "talen", "jaarritme"])
def test_every_kind_of_form_shows_all_that_is_in_an_entry(redactie: Browser, slug: str) -> None:
    listed = redactie.get(f"{PAGE}/lijst/{slug}").text
    for path in sorted(set(re.findall(rf'href="({PAGE}/item/{slug}/[^"]+)"', listed)))[:3]:
        answer = look(redactie, path)
        assert answer.status_code == 422 and "Verander eerst iets" in words(answer), path


def test_a_change_is_shown_first_and_then_it_is_live(redactie: Browser, folder: Path) -> None:
    before = files(folder)
    seen = look(redactie, KOK, **{"veld-uitleg": "Je kookt **heel lekker** eten in een restaurant."})
    assert seen.status_code == 200 and files(folder) == before
    assert "<strong>heel lekker</strong>" in seen.text and "<ins>" in seen.text and "<del>" in seen.text
    assert 'shadowrootmode="open"' in seen.text and "Wat is het?" in words(seen)
    done = publish(redactie, KOK, seen)
    assert done.headers["location"] == f"{PAGE}/lijst/opleidingen?melding=gepubliceerd"
    kok = loader.current().one(Opleiding, "25180")
    assert kok.uitleg.startswith("Je kookt **heel lekker**")
    changed = [name for name, content in files(folder).items() if content != before[name]]
    assert changed == [str(folder / "opleidingen.yml")]
    text = writing.read(folder / "opleidingen.yml")
    assert text.count("\n  # ") == before[changed[0]].decode().count("\n  # ")


def test_a_change_after_the_preview_is_shown_again_first(redactie: Browser, folder: Path) -> None:
    before = files(folder)
    seen = look(redactie, KOK, **{"veld-uitleg": "Je kookt."})
    again = publish(redactie, KOK, seen, **{"veld-uitleg": "Je bakt."})
    assert again.status_code == 422 and "Kijk nog even" in words(again) and files(folder) == before
    assert publish(redactie, KOK, again).status_code == 303


def test_a_new_opleiding_is_known_by_its_names_at_once(redactie: Browser, folder: Path) -> None:
    seen = look(redactie, NEW, **ROBOT)
    assert "Je bouwt robots" in words(seen), words(seen)
    assert publish(redactie, NEW, seen).status_code == 303
    made = load(folder).one(Opleiding, "99123")
    assert (made.niveau, made.werelden, made.namen) == (3, ["techniek"], ["robotmonteur", "robots repareren"])
    assert made.bron and made.betrouwbaarheid == "hoog"
    text = writing.read(folder / "opleidingen.yml")
    assert text.endswith(writing.entry_text(text, "99123"))


def test_a_new_event_may_repeat(redactie: Browser, folder: Path) -> None:
    path = f"{PAGE}/nieuw/kalender"
    event = {
        "veld-titel": "Gastles dakdekken",
        "veld-soort": "gastles",
        "veld-datum": "2026-12-08",
        "veld-organisator": "school",
        "veld-uitleg": "Een dakdekker vertelt over zijn werk.",
        "veld-leerjaren-3": "ja",
        "veld-herhaal-elke": "week",
    }
    wrong = look(redactie, path, **event)
    assert wrong.status_code == 422 and "schrijf tot welke dag dit herhaalt" in words(wrong).lower()
    seen = look(redactie, path, **event, **{"veld-herhaal-tot": "2026-12-22", "veld-herhaal-niet": "2026-12-15"})
    assert "Gastles dakdekken : dinsdag 8 december 2026" in words(seen)
    assert publish(redactie, path, seen).status_code == 303
    made = load(folder).one(Event, "gastles-dakdekken")
    assert made.herhaal and made.herhaal.elke == "week" and len(made.herhaal.niet) == 1 and made.leerjaren == [3]


@pytest.mark.parametrize(
    ("changes", "input", "said"),
    [
        ({"veld-niveau": "7"}, "veld-niveau", "Hoogstens 4"),
        ({"veld-naam": " "}, "veld-naam", "Dit is nog leeg"),
        ({"veld-id": "robot"}, "veld-id", "Hier horen 5 cijfers"),
        ({"veld-id": "25180"}, "veld-id", "Dit kenmerk bestaat al"),
        ({"veld-uitleg": "Kijk op http://www.voorbeeld.nl voor meer."}, "veld-uitleg", "begint niet met https"),
        ({"veld-werelden-techniek": ""}, "veld-werelden", "vink minstens 1 ding aan"),
    ],
)
def test_a_mistake_stands_beside_its_field_with_how_to_mend_it(
    redactie: Browser, folder: Path, changes: dict[str, str], input: str, said: str
) -> None:
    before = files(folder)
    sent = {**fields(redactie.get(NEW)), **ROBOT, **changes, "doe": "publiceren"}
    answer = redactie.request("POST", NEW, data={name: value for name, value in sent.items() if value})
    assert answer.status_code == 422 and files(folder) == before
    beside = re.search(rf'id="{input}-fout" class="wrong">(.*?)</div>', answer.text, re.DOTALL)
    assert beside and said in html.unescape(beside[1]), words(answer)
    assert html.escape(ROBOT["veld-namen"].split("\n")[1]) in answer.text


def test_hard_words_are_a_remark_and_no_mistake(redactie: Browser) -> None:
    long = "Je leert " + "en dan nog iets " * 8 + "erbij."
    seen = look(redactie, KOK, **{"veld-uitleg": long})
    assert seen.status_code == 200 and "zin van" in words(seen)
    assert re.search(r'id="veld-uitleg-let-op" class="remark">', seen.text)


def test_text_of_an_entry_is_never_code(redactie: Browser) -> None:
    evil = 'Je kookt <script>alert(1)</script> [hier](javascript:alert(1)) en "><img src=x>.'
    seen = look(redactie, KOK, **{"veld-uitleg": evil})
    assert seen.status_code == 200 and "<script>alert" not in seen.text and "<img src=x" not in seen.text
    assert "javascript:" not in re.sub(r"(?s)<textarea.*?</textarea>|<d[dt].*?</d[dt]>", "", seen.text)


def test_a_colleague_who_changed_another_entry_is_no_problem(
    redactie: Browser, browse: Callable[..., Browser], folder: Path
) -> None:
    seen = look(redactie, KOK, **{"veld-uitleg": "Je kookt."})
    colleague = logged_in(browse, "ander@voorbeeld.nl", "Sanne")
    other = f"{PAGE}/item/opleidingen/25829"
    assert publish(colleague, other, look(colleague, other, **{"veld-uitleg": "Je timmert."})).status_code == 303
    assert publish(redactie, KOK, seen).status_code == 303
    known = load(folder)
    assert known.one(Opleiding, "25180").uitleg == "Je kookt."
    assert known.one(Opleiding, "25829").uitleg == "Je timmert."


def test_of_two_who_change_the_same_entry_the_second_is_told_and_overwrites_nothing(
    redactie: Browser, browse: Callable[..., Browser], folder: Path
) -> None:
    seen = look(redactie, KOK, **{"veld-uitleg": "Je kookt."})
    colleague = logged_in(browse, "ander@voorbeeld.nl", "Sanne")
    assert publish(colleague, KOK, look(colleague, KOK, **{"veld-uitleg": "Je bakt."})).status_code == 303
    told = publish(redactie, KOK, seen)
    assert told.status_code == 409 and "Een collega heeft dit item intussen veranderd" in words(told)
    assert "Dit staat er nu Je bakt. Dit typte jij Je kookt." in words(told)
    assert load(folder).one(Opleiding, "25180").uitleg == "Je bakt."
    chosen = redactie.request("POST", KOK, data={**fields(told), "doe": "bekijken"})
    assert publish(redactie, KOK, chosen).status_code == 303
    assert load(folder).one(Opleiding, "25180").uitleg == "Je kookt."


def test_what_others_refer_to_does_not_go(redactie: Browser, folder: Path) -> None:
    path = f"{PAGE}/weg/werelden/zorg"
    page = redactie.get(path)
    assert "kan nog niet weg" in words(page) and f"{PAGE}/item/opleidingen/" in page.text
    before = files(folder)
    csrf = fields(redactie.get(f"{PAGE}/item/werelden/zorg"))
    assert redactie.request("POST", path, data=csrf).status_code == 422
    assert files(folder) == before


def test_what_nobody_refers_to_goes_after_a_second_question(redactie: Browser, folder: Path) -> None:
    event = "2611-informatieavond-zorg-en-welzijn"
    path = f"{PAGE}/weg/kalender/{event}"
    page = redactie.get(path)
    assert "weghalen?" in page.text and load(folder).get(f"event:{event}")
    assert redactie.request("POST", path, data=fields(page)).status_code == 303
    assert load(folder).get(f"event:{event}") is None
    assert redactie.get(f"{PAGE}/item/kalender/{event}").status_code == 404


def test_the_file_itself_is_checked_with_line_numbers(redactie: Browser, folder: Path) -> None:
    before = files(folder)
    page = redactie.get(FILE)
    text = fields(page)["text"]
    assert text == writing.read(folder / "opleidingen.yml")
    wrong = text.replace("niveau: 2", "niveau: 9", 1)
    sent = {**fields(page), "text": wrong.replace("\n", "\r\n"), "doe": "bekijken"}
    answer = redactie.request("POST", FILE, files={name: (None, value) for name, value in sent.items()})
    line = wrong[: wrong.index("niveau: 9")].count("\n") + 1
    assert answer.status_code == 422 and f"regel {line}, kolom" in words(answer)
    assert fields(answer)["text"] == wrong and files(folder) == before


def test_the_file_itself_is_published_after_a_look_at_the_difference(redactie: Browser, folder: Path) -> None:
    page = fields(redactie.get(FILE))
    right = page["text"].replace("Je maakt en plaatst dingen van hout", "Je maakt dingen van hout", 1)
    sent = {**page, "text": right.replace("\n", "\r\n"), "doe": "bekijken"}
    seen = redactie.request("POST", FILE, files={name: (None, value) for name, value in sent.items()})
    assert seen.status_code == 200 and "+ nieuw" in words(seen) and "− weg" in words(seen)
    sent = {**fields(seen), "doe": "publiceren"}
    done = redactie.request("POST", FILE, files={name: (None, value) for name, value in sent.items()})
    assert done.status_code == 303 and writing.read(folder / "opleidingen.yml") == right


def test_two_who_change_the_file_are_told_too(redactie: Browser, folder: Path) -> None:
    page = fields(redactie.get(FILE))
    path = folder / "opleidingen.yml"
    path.write_text(writing.read(path).replace("Je maakt en plaatst", "Je plaatst", 1), encoding="utf-8")
    sent = {**page, "text": page["text"] + "# iets\n", "doe": "publiceren"}
    told = redactie.request("POST", FILE, files={name: (None, value) for name, value in sent.items()})
    assert told.status_code == 409 and "Een collega heeft dit bestand intussen veranderd" in words(told)
    assert "# iets" in fields(told)["text"] and "Je plaatst" in writing.read(path)


def test_a_file_that_is_broken_can_be_mended_here(redactie: Browser, folder: Path) -> None:
    path = folder / "opleidingen.yml"
    sound = writing.read(path)
    path.write_text(sound.replace("items:", "items: [", 1), encoding="utf-8")
    assert redactie.get(KOK).headers["location"] == FILE
    assert redactie.get(f"{PAGE}/lijst/opleidingen").headers["location"] == FILE
    page = redactie.get(FILE)
    assert "Dit bestand heeft een fout" in words(page) and "geen geldige YAML" in words(page)
    sent = {**fields(page), "text": sound, "doe": "bekijken"}
    seen = redactie.request("POST", FILE, files={name: (None, value) for name, value in sent.items()})
    sent = {**fields(seen), "doe": "publiceren"}
    assert redactie.request("POST", FILE, files={n: (None, v) for n, v in sent.items()}).status_code == 303
    assert writing.read(path) == sound


def test_nothing_is_published_while_another_file_is_broken(redactie: Browser, folder: Path) -> None:
    seen = look(redactie, KOK, **{"veld-uitleg": "Je kookt."})
    (folder / "werelden.yml").write_text("items: [", encoding="utf-8")
    answer = publish(redactie, KOK, seen)
    assert answer.status_code == 422 and "fout in een ander bestand" in words(answer)
    assert "werelden.yml:" in words(answer)


def test_the_history_tells_who_did_what_and_any_version_comes_back(redactie: Browser, folder: Path) -> None:
    text = load(folder).one(Opleiding, "25180").uitleg
    for said in ("Je kookt.", "Je bakt."):
        publish(redactie, KOK, look(redactie, KOK, **{"veld-uitleg": said}))
    past = redactie.get(f"{PAGE}/geschiedenis?bestand=opleidingen&item=25180")
    assert words(past).count("Robin, 22 november 2026, 12.00 uur") == 2
    versions = [int(id) for id in re.findall(rf'href="{PAGE}/versie/(\d+)', past.text)]
    between = redactie.get(f"{PAGE}/verschil?van={versions[1]}&tot={versions[0]}&item=25180")
    assert "Je kookt." in words(between) and "Je bakt." in words(between)
    all_versions = redactie.get(f"{PAGE}/geschiedenis?bestand=opleidingen").text
    first = min(int(id) for id in re.findall(rf'href="{PAGE}/versie/(\d+)', all_versions))
    page = redactie.get(f"{PAGE}/versie/{first}?item=25180")
    assert "Zet dit item terug" in words(page)
    assert redactie.request("POST", f"{PAGE}/versie/{first}", data=fields(page)).status_code == 303
    assert load(folder).one(Opleiding, "25180").uitleg == text
    assert words(redactie.get(f"{PAGE}/geschiedenis?bestand=opleidingen&item=25180")).count("Robin") == 3
    with transaction() as connection:
        rows = connection.execute(
            select(tables.audit.c.subject).where(tables.audit.c.action == "knowledge_changed")
        ).all()
    assert [row.subject for row in rows] == ["opleidingen.yml"] * 3


def test_an_entry_that_was_taken_away_comes_back(redactie: Browser, folder: Path) -> None:
    event = "2611-informatieavond-zorg-en-welzijn"
    was = load(folder).one(Event, event)
    page = redactie.get(f"{PAGE}/weg/kalender/{event}")
    redactie.request("POST", f"{PAGE}/weg/kalender/{event}", data=fields(page))
    all_versions = redactie.get(f"{PAGE}/geschiedenis?bestand=kalender").text
    first = min(int(id) for id in re.findall(rf'href="{PAGE}/versie/(\d+)', all_versions))
    page = redactie.get(f"{PAGE}/versie/{first}?item={event}")
    assert redactie.request("POST", f"{PAGE}/versie/{first}", data=fields(page)).status_code == 303
    assert load(folder).one(Event, event) == was


def test_a_change_by_hand_is_in_the_history(redactie: Browser, folder: Path) -> None:
    redactie.get(PAGE)
    path = folder / "opleidingen.yml"
    path.write_text(writing.read(path).replace("Je maakt en plaatst", "Je plaatst", 1), encoding="utf-8")
    past = words(redactie.get(f"{PAGE}/geschiedenis?bestand=opleidingen"))
    assert "Veranderd buiten het portaal. Buiten het portaal, 22 november 2026, 12.00 uur (25829: veranderd)" in past


def test_what_was_typed_is_shown_when_somebody_is_logged_out(redactie: Browser, folder: Path) -> None:
    before = files(folder)
    sent = {**fields(redactie.get(KOK)), "veld-uitleg": "Je kookt lang en goed.", "doe": "bekijken"}
    redactie.send("/portal/uitloggen", "/portal/account")
    refused = redactie.http.post(KOK, data=sent, headers={"Sec-Fetch-Site": "same-origin"})
    assert refused.status_code == 403 and "Je kookt lang en goed." in refused.text and files(folder) == before


def test_a_question_that_was_not_understood_is_filled_in_for_who_chose_it_alone(
    redactie: Browser, browse: Callable[..., Browser]
) -> None:
    robin = accounts.by_email("redactie@voorbeeld.nl")
    words_of_pupil = quote(seal(SimpleNamespace(account=robin), "wat is bpv\nbpv"))  # type: ignore[arg-type]
    where = redactie.get(f"{PAGE}/nieuw/onderwerp?vraag={words_of_pupil}")
    links = re.findall(rf'href="({PAGE}/nieuw/onderwerpen-mbo[^"]*)"', where.text)
    assert fields(redactie.get(html.unescape(links[0])))["veld-vragen"] == "wat is bpv\nbpv"
    other = logged_in(browse, "ander@voorbeeld.nl", "Sanne")
    assert fields(other.get(html.unescape(links[0])))["veld-vragen"] == ""


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Een\ntwee\n\ndrie", "<p>Een<br>twee</p><p>drie</p>"),
        ("Dit:\n- een\n- *twee*", "<p>Dit:</p><ul><li>een</li><li><em>twee</em></li></ul>"),
        ("3. drie\n4. vier", '<ol start="3"><li>drie</li><li>vier</li></ol>'),
        ("**dik _en schuin_** <b>", "<p><strong>dik <em>en schuin</em></strong> &lt;b&gt;</p>"),
        ("[bel](tel:113)", '<p><a href="tel:113">bel</a></p>'),
        ("[a](javascript:x) [b](//x.nl) [c](http://x.nl)", "<p>a b c</p>"),
        ('[a](https://x.nl/"onclick=x)', '<p><a href="https://x.nl/&#34;onclick=x" target="_blank" rel="noopener">a'),
        ("2 * 3 * 4 en snake_case_naam", "<p>2 * 3 * 4 en snake_case_naam</p>"),
    ],
)
def test_the_preview_shows_a_text_as_the_widget_does(text: str, shown: str) -> None:
    assert str(markdown(text)).startswith(shown)


@pytest.mark.parametrize(
    "path", ["lijst/x", "bestand/..-x", "item/opleidingen/x", "versie/99", "versie/x", "weg/nood/x"]
)
def test_what_is_not_there_is_said(redactie: Browser, path: str) -> None:
    assert redactie.get(f"{PAGE}/{path}").status_code == 404
