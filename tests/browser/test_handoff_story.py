"""The whole way of a question: a pupil in one browser, her decaan in another, and later the pupil on another device."""

import re

from playwright.sync_api import Browser, expect

from tests.browser.chat import Chat
from tests.browser.portal import open_inbox

QUESTION = "Mag ik van techniek naar zorg? Ik zit al in leerjaar 3."
CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}")


def choose(chat: Chat, label: str) -> None:
    chat.messages.last.get_by_role("button", name=label, exact=True).click()
    chat.answer_to(label)


def test_a_question_reaches_the_decaan_and_the_answer_reaches_the_pupil(home: Chat, browser: Browser, lobke):
    decaan = browser.new_context(locale="nl-NL").new_page()
    open_inbox(decaan, lobke.url)

    home.begin()
    home.ask("kan ik iemand spreken")
    for label in ("Stuur mijn vraag naar de decaan", "Corlaer College", "Leerjaar 3"):
        choose(home, label)
    home.ask("Noor")
    home.ask(QUESTION)
    choose(home, "Niets")
    expect(home.messages.last).to_contain_text("Dit leest je decaan")
    expect(home.messages.last).to_contain_text(QUESTION)
    expect(decaan.get_by_role("link", name="Noor, leerjaar 3")).to_have_count(0)
    choose(home, "Ja, versturen")
    expect(home.messages.last).to_contain_text(re.compile("Bewaar deze code"))
    code = CODE.search(home.messages.last.inner_text())
    assert code

    decaan.get_by_role("link", name="Noor, leerjaar 3").click()  # it came without a reload
    expect(decaan.get_by_text(QUESTION)).to_be_visible()
    decaan.get_by_label("Nieuwe notitie").fill("Eerst de mentor vragen.")
    decaan.get_by_role("button", name="Notitie bewaren").click()
    expect(decaan.get_by_role("status").filter(has_text="bewaard")).to_be_visible()
    decaan.get_by_label("Je antwoord aan de leerling").fill("Dat kan vaak. Kom dinsdag even langs.")
    decaan.get_by_role("button", name="Versturen").click()
    expect(decaan.get_by_role("status").filter(has_text="verstuurd")).to_be_visible()
    expect(home.log).to_contain_text("Kom dinsdag even langs.")  # live, in the chat that is still open

    phone = browser.new_context(locale="nl-NL", viewport={"width": 360, "height": 740}).new_page()
    phone.goto(f"{lobke.url}/antwoord")
    phone.get_by_label(re.compile("code", re.I)).fill(code[0].lower().replace("-", " "))
    phone.get_by_role("button", name="Lees mijn antwoord").click()
    expect(phone.get_by_text("Kom dinsdag even langs.")).to_be_visible()
    expect(phone.get_by_text("Eerst de mentor vragen.")).to_have_count(0)
    phone.get_by_role("textbox").fill("Dank je, tot dinsdag!")
    phone.get_by_role("button", name="Versturen").click()
    expect(phone.get_by_text("Dank je, tot dinsdag!")).to_be_visible()

    expect(decaan.get_by_text("Dank je, tot dinsdag!")).to_be_visible()  # live again
    decaan.get_by_label("Reden").select_option(label="Afspraak gemaakt")
    decaan.get_by_role("button", name="Afronden").click()
    expect(decaan.get_by_text("Afspraak gemaakt").first).to_be_visible()
    decaan.get_by_role("link", name="Terug naar de lijst").click()
    expect(decaan.get_by_role("link", name="Noor, leerjaar 3")).to_have_count(0)
    for page in (decaan, phone):
        page.context.close()
