"""The guide for decanen names what is on the pages, and its pictures are of these pages.

LOBKE_SCREENSHOT=1 renews docs/images.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from bot.accounts import accounts, invitations
from bot.accounts.accounts import Account
from bot.accounts.demo import SCHOOL
from bot.evaluation.evaluations import Evaluations
from bot.handoff.canned import CannedAnswers
from bot.handoff.inbox import Inbox
from bot.monitoring.scan import NOTHING, Answer, Scans
from bot.settings import PROJECT
from tests.browser.portal import log_in
from tests.web.conftest import Site, actions, data_dir, rasa, run, set_up, sqlite_database
from tests.web.handoffs import INBOX, pupil, sent
from tests.web.staff import PASSWORD, with_app

__all__ = ["actions", "data_dir", "rasa", "run", "set_up", "sqlite_database"]

DOCS = PROJECT / "docs"
RENEW = os.environ.get("LOBKE_SCREENSHOT") == "1"
BOLD = re.compile(r"\*\*([^*]+)\*\*")
PICTURE = re.compile(r"\]\(images/(\w+)\.png\)")
NAMED = "a, button, h1, h2, h3, label, legend, option, summary, .mark"
PAINTED = "() => performance.getEntriesByType('paint').length > 0"
"""Whether a page has been drawn; Chromium drops the keys that are pressed before."""
WIDE, PHONE = {"width": 1280, "height": 780}, {"width": 360, "height": 740}
OUTCOME = "Zorg en welzijn\n- Mensen helpen\n- Samenwerken\n\nTechniek en energie\n- Iets maken met je handen"

Open = Callable[..., Page]


class School:
    """The example school on a Tuesday morning: two decanen, and what pupils sent since Friday."""

    def __init__(self, at: Callable[[str], None]) -> None:
        at("2026-11-20T09:00")
        self.beheer = accounts.add("beheer@demo.test", "beheer", [], "Bo Beheer", PASSWORD)
        accounts.add("redactie@demo.test", "redactie", [], "Robin Redactie")
        self.decaan = accounts.add("decaan@demo.test", "decaan", [SCHOOL], "Dian Decaan", PASSWORD)
        self.colleague = accounts.add("collega@demo.test", "decaan", [SCHOOL], "Cas Collega", PASSWORD)
        mine, hers = self._inbox(self.decaan), self._inbox(self.colleague)
        CannedAnswers(self.decaan.id, [SCHOOL]).add("k", "Kom langs", "Hoi {voornaam},\n\nKom even langs in lokaal 12.")
        at("2026-11-20T10:40")
        self.question, self.code = self._sent(
            "Ik heb economie gekozen, maar ik wil misschien toch de zorg in. Kan ik nog wisselen van profiel?",
            first_name="Noor",
            leerjaar=3,
            attachments=[{"title": "Mijn verkenning", "text": OUTCOME}],
        )
        at("2026-11-20T14:05")
        done, _ = self._sent("Wanneer is de open dag van de opleiding voor kok?", first_name="Daan", leerjaar=4)
        at("2026-11-23T09:15")
        self._sent("Ik weet echt niet wat ik wil, en moet ik volgende week al kiezen?", leerjaar=2)
        hers.reply(done, 1, "k", "Die is op een zaterdag in januari. De datum staat op de site van de school.")
        at("2026-11-24T08:50")
        self._sent("Mag ik een dag meelopen bij een bakker?", first_name="Milan", leerjaar=3)
        at("2026-11-24T09:40")
        self._sent("Ik ben Yara uit 3B. Ik wil graag met iemand praten.", urgent=True)
        self.closed, _ = self._sent("Laat maar, ik weet het al.")
        mine.close(self.closed, 1, "beantwoord")
        at("2026-11-24T10:05")

    def answered(self) -> None:
        """The decaan answers the first question."""
        inbox = self._inbox(self.decaan)
        text = "Dat kan vaak nog, maar niet altijd. Kom donderdag in de pauze langs, dan zoeken we het samen uit."
        inbox.reply(self.question, inbox.get(self.question).version, "k2", f"Hoi Noor,\n\n{text}")

    def _sent(self, text: str, **fields: object) -> tuple[str, str]:
        return sent(text, school=SCHOOL, **fields)

    def _inbox(self, account: Account) -> Inbox:
        return Inbox(account.id, account.schools, account.name)


@pytest.fixture
def site(run: Callable[..., Site], set_up: Callable[..., None]) -> Site:
    running = run()
    set_up(smtp_host="mail.demo.test")  # after the start, so that nothing is mailed
    return running


@pytest.fixture
def school(sqlite_database: Path, set_up: Callable[..., None]) -> School:
    return School(lambda moment: set_up(now=moment))


@pytest.fixture
def open_page(browser: Browser, site: Site) -> Iterator[Open]:
    """Opens a browser of its own, logged in when there is an account; further options are of Playwright."""
    contexts = []

    def opened(path: str, account: Account | None = None, **options: object) -> Page:
        contexts.append(browser.new_context(base_url=site.url, locale="nl-NL", color_scheme="light", **options))
        page = contexts[-1].new_page()
        page.goto(path)
        if account:
            with page.expect_navigation():
                log_in(page, account.email)
        expect(page.locator("h1")).to_be_visible()
        page.wait_for_function(PAINTED)
        return page

    yield opened
    for context in contexts:
        context.close()


def guide() -> str:
    return (DOCS / "decanen.md").read_text(encoding="utf-8")


def names_on(page: Page) -> set[str]:
    """What is called something on this page, without a count behind it."""
    texts = page.locator(NAMED).all_text_contents()
    return {re.sub(r" \(\d.*\)$", "", " ".join(text.split())) for text in texts}


def test_what_the_guide_names_is_on_the_pages(school: School, open_page: Open) -> None:
    named = set(BOLD.findall(guide()))
    page = open_page(INBOX, school.decaan)
    found = names_on(page)
    late = Answer("nee", action="Bel de ouders.", due=date(2026, 10, 1))
    Scans(school.decaan.id, [SCHOOL]).save(SCHOOL, 2026, {"DR5": (NOTHING.mark, late)})
    paths = [f"{INBOX}/{school.question}", f"{INBOX}/{school.closed}", "/portal/antwoorden", "/portal/school"]
    scan = [f"/portal/scan/{SCHOOL}/2026/{name}" for name in ("onderdeel/DR", "uitslag")]
    evaluation = Evaluations(school.decaan.id, [SCHOOL]).add(SCHOOL, "Bliksemstage", date(2026, 11, 20))
    others = ["/portal/evaluaties", f"/portal/evaluaties/{evaluation}", "/portal/vervolg"]
    for path in [*paths, *scan, *others, "/portal/account", "/portal/tweede-stap"]:
        page.goto(path)
        found |= names_on(page)
    page.goto(f"{INBOX}/{school.question}")
    page.get_by_label("Aan wie").select_option(label="De mentor")
    page.get_by_label("Je notitie").fill("Praat jij met haar?")
    page.get_by_role("button", name="Doorgeven").click()
    page.get_by_role("link", name="Tekst voor de mentor").click()
    found |= names_on(page)
    page.goto(f"{INBOX}/{school.question}")
    page.get_by_label("Je antwoord aan de leerling").fill("Kom langs.")
    pupil().write_back(school.code, "k", "Of is het te laat?")
    page.get_by_role("button", name="Ja, het klopt nog").click()
    _, recovery_codes = with_app(school.decaan)
    page = open_page("/portal/account", school.decaan)
    page.get_by_label("Code").fill(recovery_codes[0])
    page.get_by_role("button", name="Verder").click()
    expect(page.get_by_text("Staat aan")).to_be_visible()
    found |= names_on(page)
    found |= names_on(open_page("/portal/inloggen"))
    found |= names_on(open_page(f"/portal/uitnodiging/{invitations.invite(school.colleague)}"))
    page = open_page("/antwoord")
    page.get_by_label("Je code").fill(school.code)
    page.get_by_role("button", name="Lees mijn antwoord").click()
    expect(page.get_by_text("Jij beslist")).to_be_visible()
    found |= names_on(page)
    assert len(named) > 40
    assert sorted(named - found) == []


def test_its_pictures_are_of_the_pages_as_they_are(school: School, open_page: Open, tmp_path: Path) -> None:
    folder = DOCS / "images" if RENEW else tmp_path

    def draw(page: Page, name: str) -> None:
        page.mouse.move(0, 0)
        path = folder / f"{name}.png"
        page.screenshot(path=path, animations="disabled")
        Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)

    page = open_page(INBOX, school.decaan, viewport=WIDE)
    draw(page, "overdrachten")
    page.goto(f"{INBOX}/{school.question}")
    page.set_viewport_size({"width": 1280, "height": 1280})
    draw(page, "overdracht")
    draw(open_page("/portal/accounts", school.beheer, viewport=WIDE), "accounts")
    school.answered()
    page = open_page("/antwoord", viewport=PHONE)
    page.get_by_label("Je code").fill(school.code)
    page.get_by_role("button", name="Lees mijn antwoord").click()
    expect(page.get_by_text("Dat kan vaak nog")).to_be_visible()
    draw(page, "telefoon")
    drawn = {path.stem for path in folder.glob("*.png")}
    assert {name for guide in ("decanen", "beheer") for name in pictures_of(guide)} <= drawn
    assert all((folder / f"{name}.png").stat().st_size > 10_000 for name in drawn)


def pictures_of(guide: str) -> list[str]:
    return PICTURE.findall((DOCS / f"{guide}.md").read_text(encoding="utf-8"))


def test_every_picture_is_in_a_guide() -> None:
    named = {name for path in DOCS.glob("*.md") for name in pictures_of(path.stem)}
    assert {path.stem for path in (DOCS / "images").glob("*.png")} == named
