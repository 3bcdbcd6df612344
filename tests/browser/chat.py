"""A handle on the chat in a page, and what axe says of that page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, expect

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


class Chat:
    """The chat of one page, as a pupil uses it."""

    def __init__(self, page: Page):
        self.page = page
        self.launcher = page.get_by_role("button", name="Vraag het Lobke")
        self.begin_button = page.get_by_role("button", name="Begin het gesprek")
        self.field = page.get_by_role("textbox", name="Je vraag aan Lobke")
        self.log = page.get_by_role("log")
        self.messages = self.log.locator(".message")
        self.replies = self.log.locator(".message.bot")
        self.said = self.log.locator(".message.pupil")
        self.resend = page.get_by_role("button", name="Opnieuw sturen")

    def begin(self) -> None:
        """Starts the conversation and waits for the greeting."""
        self.launcher.or_(self.begin_button).first.click()
        expect(self.replies.first).to_be_visible()

    def type(self, text: str) -> None:
        """Types and sends a text, without waiting for what comes of it."""
        self.field.fill(text)
        self.field.press("Enter")

    def ask(self, text: str) -> Locator:
        """Sends a text; the newest message after Lobke has answered."""
        self.type(text)
        return self.answer_to(text)

    def answer_to(self, text: str) -> Locator:
        """The newest message, once Lobke has answered this text."""
        expect(self.said.last).to_contain_text(text)
        expect(self.messages.last).to_have_class("message bot")
        return self.messages.last

    def choose_from_menu(self, name: str) -> None:
        """Opens the menu and presses one of its buttons."""
        self.page.get_by_role("button", name="Menu").click()
        self.page.get_by_role("button", name=name).click()


def accessibility_problems(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA: rule, and where."""
    options = {"runOnly": {"type": "tag", "values": WCAG}, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{rule['id']}: {node['target']}" for rule in found for node in rule["nodes"]]
