"""The inbox in a real browser: it is live, two decanen see each other, and nothing that is typed gets lost.

The web process is the real one, with a database and a clock for each test; pupils write as another process would.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bot import clock
from bot.accounts import accounts, sessions
from bot.accounts.accounts import Account
from tests.browser.chat import accessibility_problems
from tests.browser.portal import log_in
from tests.web.conftest import Site, actions, data_dir, rasa, run, set_up, sqlite_database
from tests.web.handoffs import INBOX, pupil, sent
from tests.web.staff import EMAIL, PASSWORD, SCHOOL, a_decaan
from tests.web.test_portal_inbox import inbox_of
from web.portal import live

__all__ = ["actions", "data_dir", "rasa", "run", "set_up", "sqlite_database"]

TEXT = "Kom morgen langs, dan kijken we samen."
Window = Callable[..., Page]


@pytest.fixture
def portal(run: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> str:
    """Address of the web process."""
    monkeypatch.setattr(live, "STAY_SECONDS", 1.0)
    return run().url


@pytest.fixture
def sam(sqlite_database: Path) -> Account:
    return a_decaan()


@pytest.fixture
def noor(sqlite_database: Path) -> Account:
    return accounts.add("noor@voorbeeld.nl", "decaan", [SCHOOL], "Noor Vos", PASSWORD)


@pytest.fixture
def window(browser: Browser, portal: str, sam: Account) -> Iterator[Window]:
    """Opens a browser window of its own where a decaan is logged in; further options are of Playwright."""
    contexts: list[BrowserContext] = []

    def opened(email: str = EMAIL, path: str = INBOX, **options: object) -> Page:
        contexts.append(browser.new_context(base_url=portal, locale="nl-NL", **options))
        page = contexts[-1].new_page()
        page.goto(path)
        login(page, email)
        if options.get("java_script_enabled", True):
            expect(page.get_by_role("button", name="Sneltoetsen")).to_be_visible()
        return page

    yield opened
    for context in contexts:
        context.close()


def login(page: Page, email: str = EMAIL) -> None:
    log_in(page, email)
    expect(page.get_by_role("button", name="Uitloggen")).to_be_visible()


def reply(page: Page):
    return page.get_by_label("Je antwoord aan de leerling")


def rows(page: Page):
    return page.locator(".handoffs li")


def send(page: Page) -> None:
    page.get_by_role("button", name="Versturen").click()


def top_of(locator) -> float:
    return locator.evaluate("element => element.getBoundingClientRect().top")


def said(page: Page):
    return page.locator(".thread .said")


def test_a_new_handoff_appears_while_the_list_is_open(window: Window):
    page = window()
    expect(page).to_have_title("Overdrachten | Lobke")
    expect(page.get_by_text("Er is niets nieuws")).to_be_visible()
    _, code = sent("Mag ik stage lopen?", first_name="Sam")
    expect(rows(page)).to_contain_text(["Mag ik stage lopen?"])
    expect(page.get_by_role("status")).to_have_text("Nieuwe overdracht.")
    expect(page).to_have_title("(1) Overdrachten | Lobke")
    expect(page.get_by_role("link", name="Nieuw (1, 1 ongelezen)")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Overdrachten")
    pupil().withdraw(code)
    expect(rows(page)).to_have_count(0)
    expect(page).to_have_title("Overdrachten | Lobke")


def test_a_message_of_a_pupil_in_another_view_is_told(window: Window, sam: Account):
    id, code = sent()
    inbox_of(sam).reply(id, 1, "k", "Ja")
    page = window()
    pupil().write_back(code, "k2", "Nog iets")
    expect(page.get_by_role("status")).to_have_text("Er is iets nieuws in een andere weergave.")
    expect(page.get_by_role("link", name="Van mij (1, 1 ongelezen)")).to_be_visible()


def test_the_keyboard_goes_on_where_it_was_after_a_change(window: Window):
    ids = [sent(f"vraag {number}")[0] for number in range(3)]
    page = window()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows(page).nth(1).get_by_role("link")).to_be_focused()
    sent("haast", urgent=True)
    expect(rows(page)).to_have_count(4)
    expect(page.locator(f'[data-id="{ids[1]}"] a')).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(f'[data-id="{ids[2]}"] a')).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(ids[1]))
    page.keyboard.press("r")
    expect(reply(page)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("u")
    expect(page).to_have_url(re.compile(f"{INBOX}$"))


def test_a_handoff_that_leaves_the_list_hands_the_focus_to_the_next(window: Window, sam: Account):
    ids = [sent(f"vraag {number}")[0] for number in range(3)]
    page = window()
    page.keyboard.press("j")
    page.keyboard.press("j")
    inbox_of(sam).close(ids[1], 1, "beantwoord")
    expect(rows(page)).to_have_count(2)
    expect(page.locator(f'[data-id="{ids[2]}"] a')).to_be_focused()


def test_the_list_of_shortcuts_says_what_works(window: Window):
    page = window()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Sneltoetsen")
    expect(dialog).to_be_visible()
    assert dialog.locator("kbd").all_inner_texts() == ["j", "k", "Enter", "/", "r", "u", "?"]
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_label("Zoek op naam of woorden")).to_be_focused()
    page.keyboard.type("jk?")
    expect(page.get_by_label("Zoek op naam of woorden")).to_have_value("jk?")


def test_what_is_typed_in_the_search_field_survives_a_change(window: Window):
    page = window()
    page.get_by_label("Zoek op naam of woorden").fill("stage")
    sent("Mag ik stage lopen?")
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_label("Zoek op naam of woorden")).to_be_focused()
    expect(page.get_by_label("Zoek op naam of woorden")).to_have_value("stage")


def test_no_word_of_a_search_stands_in_an_address(window: Window):
    sent("Mag ik stage lopen?", first_name="Fatima")
    page = window()
    addresses: list[str] = []
    page.on("request", lambda request: addresses.append(request.url))
    page.get_by_label("Zoek op naam of woorden").fill("Fatima")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Zoek op naam of woorden")).to_have_value("Fatima")
    expect(rows(page)).to_have_count(1)
    sent("Hoi", first_name="Fatima")
    expect(rows(page)).to_have_count(2)
    rows(page).first.get_by_role("link").click()
    page.go_back()
    expect(rows(page)).to_have_count(2)
    page.reload()
    expect(rows(page)).to_have_count(2)
    assert addresses and not [address for address in addresses if "fatima" in address.lower()]


def test_a_message_of_the_pupil_appears_and_the_answer_that_is_typed_stays(window: Window):
    id, code = sent("Eerste vraag")
    page = window(path=f"{INBOX}/{id}", viewport={"width": 800, "height": 500})
    reply(page).press_sequentially(TEXT)
    reply(page).evaluate("field => field.setSelectionRange(3, 3)")
    before = top_of(reply(page))
    pupil().write_back(code, "k", "Laat maar, het is al opgelost.\n" * 5)
    expect(said(page)).to_have_count(2)
    expect(page.locator("#live")).to_have_text("Nieuw bericht van de leerling.")
    expect(reply(page)).to_have_value(TEXT)
    expect(reply(page)).to_be_focused()
    assert reply(page).evaluate("field => field.selectionStart") == 3
    assert abs(top_of(reply(page)) - before) < 2, "what she looks at stays in its place"
    expect(page.get_by_text("Nieuw in het gesprek: 1 bericht van de leerling.")).to_be_visible()


def test_an_answer_to_an_older_version_is_sent_after_a_yes_only(window: Window, sam: Account):
    id, code = sent()
    page = window(path=f"{INBOX}/{id}")
    reply(page).fill(TEXT)
    pupil().write_back(code, "k", "Laat maar")
    expect(page.get_by_role("heading", name="Er is intussen iets veranderd")).to_be_visible()
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("intussen veranderd")
    expect(reply(page)).to_have_value(TEXT)
    assert len(inbox_of(sam).get(id).messages) == 2, "without a yes nothing is sent"
    pupil().write_back(code, "k2", "Of toch niet")
    page.get_by_role("button", name="Ja, het klopt nog").click()
    expect(reply(page)).to_be_focused()
    send(page)
    expect(page.get_by_text("Je antwoord is verstuurd.")).to_be_visible()
    assert [one.text for one in inbox_of(sam).get(id).messages][-1] == TEXT


def test_an_empty_form_follows_along_without_a_question(window: Window, sam: Account):
    id, code = sent()
    page = window(path=f"{INBOX}/{id}")
    reply(page).focus()
    pupil().write_back(code, "k", "Nog iets")
    expect(said(page)).to_have_count(2)
    expect(page.get_by_role("heading", name="Er is intussen iets veranderd")).to_be_hidden()
    expect(reply(page)).to_be_focused()
    page.keyboard.type(TEXT)
    send(page)
    expect(page.get_by_text("Je antwoord is verstuurd.")).to_be_visible()


def test_what_is_being_chosen_stays_chosen(window: Window, noor: Account):
    id, _ = sent()
    page = window(path=f"{INBOX}/{id}")
    page.get_by_label("Reden").select_option("Afspraak gemaakt")
    inbox_of(noor).assign(id, 1, noor.id)
    expect(page.get_by_text("Opgepakt, van Noor Vos")).to_be_visible()
    expect(page.get_by_label("Geef aan een collega")).to_have_value(noor.id)
    expect(page.get_by_label("Reden")).to_have_value("afspraak")
    expect(page.get_by_text("De overdracht is nu van Noor Vos.")).to_be_visible()


def test_a_note_of_a_colleague_appears_without_a_question(window: Window, noor: Account):
    id, _ = sent()
    page = window(path=f"{INBOX}/{id}")
    reply(page).fill(TEXT)
    page.get_by_label("Nieuwe notitie").fill("ook een notitie")
    inbox_of(noor).note(id, "k", "Mentor gebeld")
    expect(page.get_by_text("Mentor gebeld")).to_be_visible()
    expect(page.locator("#live")).to_have_text("Nieuwe notitie.")
    expect(page.get_by_role("heading", name="Er is intussen iets veranderd")).to_be_hidden()
    expect(page.get_by_label("Nieuwe notitie")).to_have_value("ook een notitie")


def test_an_answer_to_what_a_colleague_closed_can_be_copied(window: Window, noor: Account):
    id, _ = sent()
    page = window(path=f"{INBOX}/{id}")
    reply(page).fill(TEXT)
    inbox_of(noor).close(id, 1, "beantwoord")
    expect(page.get_by_text("De status is nu: afgerond.")).to_be_visible()
    send(page)
    expect(page.get_by_label("Je antwoord is niet verstuurd")).to_have_value(TEXT)
    page.get_by_role("button", name="Weer openen").click()
    expect(reply(page)).to_have_value(TEXT)


def test_a_handoff_that_the_pupil_deletes_is_told_and_takes_no_text_away(window: Window):
    id, code = sent()
    page = window(path=f"{INBOX}/{id}")
    reply(page).fill(TEXT)
    pupil().delete(code)
    expect(page.get_by_text("Deze overdracht is er niet")).to_be_visible()
    expect(reply(page)).to_have_value(TEXT)
    send(page)
    expect(page.get_by_label("Je tekst")).to_have_value(TEXT)


def test_two_decanen_see_each_other(window: Window, noor: Account):
    id, _ = sent()
    mine = window(path=f"{INBOX}/{id}")
    hers = window("noor@voorbeeld.nl", f"{INBOX}/{id}")
    expect(mine.get_by_text("Noor Vos kijkt hier ook naar.")).to_be_visible()
    expect(hers.get_by_text("Sam Decaan kijkt hier ook naar.")).to_be_visible()
    hers.goto(INBOX)
    expect(mine.get_by_text("Noor Vos kijkt hier ook naar.")).to_be_hidden()


def test_of_two_answers_at_once_the_second_is_held_back(window: Window, sam: Account, noor: Account):
    id, _ = sent()
    mine = window(path=f"{INBOX}/{id}")
    hers = window("noor@voorbeeld.nl", f"{INBOX}/{id}")
    reply(mine).fill("van Sam")
    reply(hers).fill("van Noor")
    send(hers)
    expect(hers.get_by_text("Je antwoord is verstuurd.")).to_be_visible()
    expect(mine.get_by_text("Nieuw in het gesprek: 1 bericht van Noor Vos.")).to_be_visible()
    expect(mine.get_by_text("van Noor", exact=True)).to_be_visible()
    send(mine)
    expect(mine.get_by_role("alert")).to_contain_text("intussen veranderd")
    expect(reply(mine)).to_have_value("van Sam")
    assert [one.text for one in inbox_of(sam).get(id).messages][1:] == ["van Noor"]


@pytest.mark.parametrize("label", ["Je antwoord aan de leerling", "Nieuwe notitie"])
def test_what_is_typed_survives_a_reload_and_is_gone_after_sending(window: Window, label: str):
    id, _ = sent()
    page = window(path=f"{INBOX}/{id}")
    page.get_by_label(label).fill(TEXT)
    page.reload()
    expect(page.get_by_label(label)).to_have_value(TEXT)
    expect(page.locator("#live")).to_have_text("Wat je eerder typte, staat er weer.")
    page.get_by_label(label).locator("xpath=ancestor::form").get_by_role("button").last.click()
    expect(page.get_by_text(re.compile("verstuurd|bewaard")).first).to_be_visible()
    page.reload()
    expect(page.get_by_label(label)).to_have_value("")
    page.get_by_label(label).fill("iets anders")
    page.reload()
    expect(page.get_by_label(label)).to_have_value("iets anders")


def test_what_is_typed_comes_back_with_what_changed_meanwhile(window: Window, sam: Account):
    id, code = sent()
    page = window(path=f"{INBOX}/{id}")
    reply(page).fill(TEXT)
    page.goto(INBOX)
    pupil().write_back(code, "k", "Laat maar")
    page.goto(f"{INBOX}/{id}")
    expect(reply(page)).to_have_value(TEXT)
    expect(page.get_by_text("Nieuw in het gesprek: 1 bericht van de leerling.")).to_be_visible()
    send(page)
    expect(page.get_by_role("alert")).to_contain_text("intussen veranderd")
    assert len(inbox_of(sam).get(id).messages) == 2


def test_an_answer_whose_sending_failed_on_the_way_is_not_lost_nor_sent_twice(window: Window, sam: Account):
    id, _ = sent()
    page = window(path=f"{INBOX}/{id}")
    reply(page).fill(TEXT)

    def lose_the_answer(route):
        route.fetch(max_redirects=0)
        route.abort()

    page.route("**/antwoord", lose_the_answer)
    send(page)
    page.wait_for_url(re.compile("chrome-error"))
    page.unroute("**/antwoord")
    page.goto(f"{INBOX}/{id}")
    expect(reply(page)).to_have_value(TEXT)
    page.get_by_role("button", name="Ja, het klopt nog").click()
    send(page)
    expect(page.get_by_text("Je antwoord is verstuurd.")).to_be_visible()
    assert [one.text for one in inbox_of(sam).get(id).messages].count(TEXT) == 1


def test_after_half_an_hour_without_doing_anything_she_logs_in_and_goes_on(window: Window, set_up: Callable[..., None]):
    id, _ = sent("zeldzaamwoord")
    page = window(path=f"{INBOX}/{id}")
    reply(page).fill(TEXT)
    set_up(now=(clock.now() + sessions.IDLE + timedelta(minutes=1)).isoformat())
    expect(page.get_by_text("Je bent uitgelogd, omdat je een tijd niets deed.")).to_be_visible()
    expect(page.get_by_text("zeldzaamwoord")).to_be_hidden()
    login(page)
    expect(page).to_have_url(re.compile(id))
    expect(reply(page)).to_have_value(TEXT)


def test_without_a_script_a_text_that_was_sent_too_late_can_be_copied(window: Window, set_up: Callable[..., None]):
    id, _ = sent()
    page = window(path=f"{INBOX}/{id}", java_script_enabled=False)
    reply(page).fill(TEXT)
    set_up(now=(clock.now() + sessions.IDLE + timedelta(minutes=1)).isoformat())
    send(page)
    expect(page.get_by_label("Je tekst")).to_have_value(TEXT)
    expect(page.get_by_text("Wat je typte is niet verstuurd.")).to_be_visible()
    page.get_by_role("link", name="Terug naar de pagina waar je dit typte").click()
    login(page)
    expect(page).to_have_url(re.compile(id))


def test_logging_out_takes_what_was_typed_away_in_every_tab(window: Window):
    id, _ = sent()
    page = window(path=f"{INBOX}/{id}")
    reply(page).fill(TEXT)
    other = page.context.new_page()
    other.goto(f"{INBOX}/{id}")
    reply(other).fill("iets anders")
    page.get_by_role("button", name="Uitloggen").click()
    for tab in (page, other):
        expect(tab.get_by_text("Je bent uitgelogd.")).to_be_visible()
        assert tab.evaluate("Object.keys(sessionStorage)") == []
    page.goto(f"{INBOX}/{id}")
    login(page)
    expect(reply(page)).to_have_value("")


def test_logging_out_also_clears_a_tab_that_saw_its_login_end_by_itself(window: Window):
    id, _ = sent()
    page = window(path=f"{INBOX}/{id}")
    other = page.context.new_page()
    other.goto(f"{INBOX}/{id}")
    reply(other).fill(TEXT)
    other.goto("about:blank")
    page.get_by_role("button", name="Uitloggen").click()
    expect(page.get_by_text("Je bent uitgelogd.")).to_be_visible()
    other.goto(f"{page.url.partition('?')[0]}?melding=opnieuw")
    expect(other.get_by_text("Je bent uitgelogd.")).to_be_visible()
    assert other.evaluate("Object.keys(sessionStorage)") == []


def test_a_colleague_in_the_same_tab_does_not_get_what_was_typed(
    window: Window, noor: Account, set_up: Callable[..., None]
):
    id, _ = sent()
    page = window(path=f"{INBOX}/{id}")
    reply(page).fill(TEXT)
    set_up(now=(clock.now() + sessions.IDLE + timedelta(minutes=1)).isoformat())
    expect(page.get_by_label("Wachtwoord")).to_be_visible()
    login(page, noor.email)
    expect(reply(page)).to_have_value("")
    assert TEXT not in page.evaluate("JSON.stringify(sessionStorage)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(window: Window, noor: Account, scheme: str):
    id, code = sent("Kan ik nog wisselen?", first_name="Sam", leerjaar=3, urgent=True)
    sent("Nog een vraag")
    page = window(color_scheme=scheme, reduced_motion="reduce")
    found = {"list": accessibility_problems(page)}
    page.get_by_label("Zoek op naam of woorden").fill("bestaatniet")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Niets gevonden")).to_be_visible()
    found["nothing found"] = accessibility_problems(page)
    page.keyboard.press("?")
    page.goto(f"{INBOX}/{id}")
    window(noor.email, f"{INBOX}/{id}")
    expect(page.get_by_text("Noor Vos kijkt hier ook naar.")).to_be_visible()
    reply(page).fill(TEXT)
    pupil().write_back(code, "k", "Nog iets")
    expect(page.get_by_text("Nieuw in het gesprek")).to_be_visible()
    found["changed"] = accessibility_problems(page)
    send(page)
    expect(page.get_by_role("alert")).to_be_visible()
    found["stale"] = accessibility_problems(page)
    page.locator("body").click(position={"x": 1, "y": 1})
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    found["shortcuts"] = accessibility_problems(page)
    assert not any(found.values()), found


def test_it_fits_a_phone(window: Window, noor: Account):
    id, code = sent("Hottentottententententoonstelling" * 5, first_name="Wilhelmina-Alexandra", urgent=True)
    page = window(viewport={"width": 360, "height": 740}, has_touch=True)
    for path in (INBOX, f"{INBOX}/{id}"):
        page.goto(path)
        if path != INBOX:
            reply(page).fill(TEXT)
            pupil().write_back(code, "k", "Nog iets")
            expect(page.get_by_text("Nieuw in het gesprek")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        small = page.locator("main :is(button, select, textarea, input:not([type=checkbox])):visible").evaluate_all(
            "all => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"
        )
        assert small == []
