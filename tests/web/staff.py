"""A browser of a member of staff: it keeps cookies, and sends a form with what the page holds."""

import html
import re
from http.cookies import SimpleCookie

import httpx
import pyotp

from bot import clock
from bot.accounts import accounts, second_factor
from bot.accounts.accounts import Account

PASSWORD = "paard fiets lamp boom"
EMAIL = "decaan@voorbeeld.nl"
SCHOOL = "het-element"
LOGIN = "/portal/inloggen"
HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"


class Browser:
    """Sends every cookie it got, also the ones for HTTPS only, since the tests have no certificate."""

    def __init__(self, url: str, agent: str = FIREFOX) -> None:
        self.http = httpx.Client(base_url=url, trust_env=False, verify=False, timeout=15, headers={"User-Agent": agent})
        self.cookies: dict[str, str] = {}

    def request(self, method: str, path: str, **options: object) -> httpx.Response:
        """One request; redirects are not followed."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        self.http.cookies.clear()
        answer = self.http.request(method, path, headers={"Cookie": cookies} if cookies else {}, **options)  # type: ignore[arg-type]
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.cookies[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.cookies[name]
        return answer

    def get(self, path: str) -> httpx.Response:
        """Opens a page."""
        return self.request("GET", path)

    def send(self, path: str, page: str = "", **fields: str) -> httpx.Response:
        """Opens the page, fills in its form and sends it to the path."""
        hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(self.get(page or path).text)}
        return self.request("POST", path, data={**hidden, **fields})

    def login(self, email: str = EMAIL, password: str = PASSWORD, next: str = "") -> httpx.Response:
        """E-mail address and password."""
        return self.send(LOGIN, f"{LOGIN}?next={next}" if next else "", email=email, password=password)

    @property
    def is_in(self) -> bool:
        """Whether pages behind the login open."""
        return self.get("/portal/account").status_code == 200

    def close(self) -> None:
        """Ends its connections."""
        self.http.close()


def code(account: Account, seed: str, seconds: int = 0) -> str:
    """What the app of this account shows now, or so many seconds later."""
    return pyotp.TOTP(second_factor.secret(account, seed)).at(int(clock.now().timestamp()) + seconds)


def with_app(account: Account) -> tuple[str, list[str]]:
    """Sets the second factor; the value is its seed and the recovery codes."""
    seed = second_factor.new_seed()
    codes = second_factor.begin(account, seed, code(account, seed, -30), replace=True)
    assert codes
    return seed, codes


def a_decaan(email: str = EMAIL, school: str = SCHOOL) -> Account:
    """An account of a decaan."""
    return accounts.add(email, "decaan", [school], "Sam Decaan", PASSWORD)


def error(answer: httpx.Response) -> str:
    """The sentence on a page about what is wrong with a form, or on a page that is refused."""
    found = re.search(r'<p class="(?:error|lead)"[^>]*>([^<]+)</p>', answer.text)
    assert found, answer.text
    return html.unescape(found[1])
