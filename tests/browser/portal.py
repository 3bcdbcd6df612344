"""How staff log in with a real browser."""

from playwright.sync_api import Page, expect

from tests.web.staff import EMAIL, PASSWORD


def log_in(page: Page, email: str = EMAIL) -> None:
    """Sends the login form that is open, and does not wait for what comes."""
    page.get_by_label("E-mailadres").fill(email)
    page.get_by_label("Wachtwoord").fill(PASSWORD)
    page.get_by_role("button", name="Inloggen").click()


def open_inbox(page: Page, url: str) -> None:
    """Logs a decaan in at the Lobke of this address; she comes to her inbox."""
    page.goto(f"{url}/portal")
    log_in(page)
    expect(page.get_by_role("heading", name="Overdrachten")).to_be_visible()
