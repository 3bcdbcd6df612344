"""The door of the portal: who is asking, whether she may, and whether a form comes from a page of our own.

A view is a plain function from a Visit to a Response; it may block. `route` puts the door in front of it.
"""

import hmac
import re
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Optional
from urllib.parse import parse_qsl, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from bot.accounts import sessions
from bot.accounts.accounts import ROLES, Account
from bot.accounts.sessions import Session
from bot.keys import derived_key
from bot.settings import LOOPBACK, settings
from bot.storage.database import DatabaseDown
from web.api import read_body, services
from web.limits import address, wait_of
from web.pages import templates
from web.portal.upload import fields_of
from web.problems import DETAILS, Problem

START = "/portal"  # where a login leads to, and from there to the first page of a role
INBOX = "/portal/overdrachten"
ACCOUNT = "/portal/account"
ACCOUNTS = "/portal/accounts"
AUDIT = "/portal/logboek"
KNOWLEDGE = "/portal/kennis"
LOGIN = "/portal/inloggen"
FORGOTTEN = "/portal/wachtwoord-vergeten"
SECOND_STEP = "/portal/code"
SET_SECOND_STEP = "/portal/tweede-stap"
LARGEST_FORM = 32_768  # bytes
MOST_FIELDS = 100
BY_ITSELF = "vanzelf"  # in the address of what a page asks without anybody doing something
DEVICE_SECONDS = 180 * 24 * 3600
OWN_PAGE = re.compile(r"/portal(/[\w-]+)*(\?[\w=&%-]*)?", re.ASCII)
COOKIE = re.compile(r"[\w-]{1,100}", re.ASCII)
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}

OLD_FORM = (
    "Deze pagina was te oud, of je browser laat hier geen cookies toe. Er is niets veranderd. "
    "Ga terug, laad de pagina opnieuw en probeer het nog eens."
)
NOT_YOURS = "Deze pagina is niet voor jouw rol."
LOGGED_OUT = "Je bent uitgelogd, omdat je een tijd niets deed. Wat je typte is niet verstuurd."
NOT_NOW = "De gegevens zijn nu even niet te bereiken. Er is niets veranderd. Probeer het over een minuut nog eens."


class Refusal(Exception):
    """A request that is refused: becomes a page with this title and text."""

    def __init__(self, status: int, title: str, text: str, headers: Optional[Mapping[str, str]] = None) -> None:
        super().__init__(status)
        self.status, self.title, self.text, self.headers = status, title, text, dict(headers or {})


@dataclass
class Visit:
    """One request for a page of the portal. `cookie`: a token of a session, or a random value before the login."""

    request: Request
    form: Mapping[str, str] = field(default_factory=dict)
    cookie: str = ""
    session: Optional[Session] = None
    logged_in_now: bool = False

    @property
    def is_post(self) -> bool:
        """Whether a form was sent."""
        return self.request.method == "POST"

    @property
    def account(self) -> Account:
        """Who is asking. Only for views behind a login."""
        assert self.session is not None
        return self.session.account

    @property
    def is_in(self) -> bool:
        """Whether the login is complete. In production that takes a second factor, also when it began without."""
        return self.session is not None and self.session.complete and not self.lacks_second_factor

    @property
    def lacks_second_factor(self) -> bool:
        """Whether she gave her password and has yet to set the second factor, which production asks for."""
        if self.session is None or self.session.second_factor_elsewhere:
            return False
        return settings().production and not self.account.has_second_factor

    @property
    def next(self) -> str:
        """The page of the portal to go to after the login."""
        return own_page(self.form.get("next") or self.request.query_params.get("next", ""))

    @property
    def typed(self) -> str:
        """The text that she typed in a form of ours, so that no refusal loses it; "" for a form from elsewhere."""
        ours = self.has_csrf or self.request.headers.get("sec-fetch-site") == "same-origin"
        if not ours:
            return ""
        entry = (value for name, value in self.form.items() if name.startswith("veld-") and value not in ("", "ja"))
        return self.form.get("text", "") or "\n\n".join(entry)

    @property
    def has_csrf(self) -> bool:
        """Whether the form that was sent stood on a page for this cookie."""
        return bool(self.cookie) and hmac.compare_digest(self.form.get("csrf", "").encode(), self.csrf.encode())

    @property
    def csrf(self) -> str:
        """What every form on this visitor's pages holds: nobody can compute it from the cookie."""
        return derived_key(f"portal form:{self.cookie}")[:32]

    def page(
        self, template: str, status: int = 200, headers: Optional[Mapping[str, str]] = None, **context: Any
    ) -> Response:
        """A page from web/templates/portal."""
        context = {"account": self.account if self.is_in else None, "csrf": self.csrf, **context}
        content = templates.get_template(f"portal/{template}").render(context)
        return HTMLResponse(content, status, {**PRIVATE, **(headers or {})})

    def to(self, path: str) -> Response:
        """Sends the browser to another page."""
        return RedirectResponse(path, 303, PRIVATE)

    def begin(self, account: Account, complete: bool, elsewhere: bool = False) -> None:
        """Starts a session with a token of its own; the one until now ends.

        `elsewhere`: whether the second factor was given at the provider of the login.
        """
        if self.session:
            sessions.end(self.session)
        self.cookie = sessions.start(account, device_name(self.request), complete, elsewhere)
        self.session = sessions.find(self.cookie)
        self.logged_in_now = self.is_in

    def forget(self) -> None:
        """Takes the token of the session away from the browser."""
        self.cookie, self.session = "", None

    def known_browser(self, email: str) -> str:
        """The mark of a browser in which this account was logged in before, "" for any other."""
        mark, _, signature = self.read_cookie("apparaat").partition("-")
        known = hmac.compare_digest(signature.encode(), _signature(mark, email).encode())
        return mark if known else ""

    def origin(self, email: str) -> str:
        """Where tries for this account come from: a browser that knows it, or else an address.

        So nobody who tries passwords in the school's network keeps the decaan there from logging in.
        """
        mark = self.known_browser(email)
        return f"browser {mark}" if mark else f"address {address(self.request)}"

    def count(self, *uses: tuple[str, str]) -> None:
        """Counts one try for each (rule of web.limits, key). Raises Refusal when there are too many."""
        try:
            services(self.request).limits.count(*uses)
        except Problem as problem:
            text = f"Dit is te vaak geprobeerd. Wacht {wait_of(problem)} en probeer het dan nog eens."
            raise Refusal(429, "Even wachten", text, problem.headers) from None

    def keep(self, response: Response) -> Response:
        """Gives the browser its token when that changed, and after a login a mark that it is known."""
        if self.cookie != self.token:
            self.set_cookie(response, "portal", self.cookie, None if self.cookie else 0)
        if self.logged_in_now:
            mark = secrets.token_hex(16)
            self.set_cookie(response, "apparaat", f"{mark}-{_signature(mark, self.account.email)}", DEVICE_SECONDS)
        return response

    @property
    def token(self) -> str:
        """What the browser sent as its token."""
        return self.read_cookie("portal")

    @property
    def origin_of_site(self) -> str:
        """Where staff see Lobke, as in https://lobke.voorbeeld.nl; for links that are used elsewhere."""
        if settings().public_url:
            return settings().public_url
        scheme = settings().trusted_proxy and self.request.headers.get("x-forwarded-proto") or self.request.url.scheme
        return f"{'https' if settings().production else scheme}://{self.request.url.netloc}"

    def read_cookie(self, name: str) -> str:
        """The value of one of our cookies, "" when there is none."""
        return self.request.cookies.get(self._name(name), "")

    def set_cookie(self, response: Response, name: str, value: str, seconds: Optional[int]) -> None:
        """Sets a cookie that no script can read; without `seconds` it is gone when the browser closes."""
        secure = is_secure(self.request)
        response.set_cookie(
            self._name(name), value, max_age=seconds, path="/", secure=secure, httponly=True, samesite="lax"
        )

    def _name(self, name: str) -> str:
        return f"{'__Host-' if is_secure(self.request) else ''}lobke-{name}"


View = Callable[[Visit], Response]


def route(
    path: str,
    view: View,
    *methods: str,
    login: bool = True,
    roles: Collection[str] = ROLES,
    largest: int = LARGEST_FORM,
) -> Route:
    """A page of the portal for staff with one of these roles, or, without `login`, for everybody.

    `largest`: bytes in a form; with more than LARGEST_FORM it may hold a file.
    """

    async def endpoint(request: Request) -> Response:
        visit = Visit(request)
        try:
            if visit.is_post:
                visit.form = await read_form(request, largest)
            async with services(request).portal_turns:
                return await run_in_threadpool(_answer, visit, view, login, roles)
        except Refusal as error:
            refusal = error
        except Problem as error:
            refusal = Refusal(error.status, "Dat lukt niet", DETAILS[error.status], error.headers)
        except DatabaseDown:
            refusal = Refusal(503, "Even niet te bereiken", NOT_NOW, {"Retry-After": "60"})
        shown = {"title": refusal.title, "text": refusal.text, "typed": visit.typed, "back": _page_of(visit)}
        return visit.page("refused.html", refusal.status, refusal.headers, **shown)

    return Route(path, endpoint, methods=list(methods))


def _answer(visit: Visit, view: View, login: bool, roles: Collection[str]) -> Response:
    if COOKIE.fullmatch(visit.token):
        visit.cookie = visit.token
        visit.session = sessions.find(visit.token, used=BY_ITSELF not in visit.request.query_params)
    else:
        visit.cookie = secrets.token_urlsafe(32)
    if visit.is_post and not visit.has_csrf:
        raise Refusal(403, "Dat lukt niet", OLD_FORM)
    if login and not visit.is_in:
        if visit.typed:
            raise Refusal(403, "Je bent uitgelogd", LOGGED_OUT)
        url = visit.request.url
        return visit.keep(to_login(visit, START if visit.is_post else own_page(f"{url.path}?{url.query}".rstrip("?"))))
    if login and visit.account.role not in roles:
        raise Refusal(403, "Geen toegang", NOT_YOURS)
    return visit.keep(view(visit))


def _page_of(visit: Visit) -> str:
    """The page that a form of a handoff stood on; START for any other."""
    id = visit.request.path_params.get("id", "")
    return own_page(f"{INBOX}/{id}") if visit.request.url.path.startswith(f"{INBOX}/{id}/") else START


def to_login(visit: Visit, wanted: str) -> Response:
    """Sends the browser to the step of the login that is still to do, and after it to the page wanted."""
    step = next_step(visit)
    return visit.to(step if wanted == START else f"{step}?next={quote(wanted, safe='/')}")


def next_step(visit: Visit) -> str:
    """The page of the login that this visitor is to see now."""
    if visit.session is None:
        return LOGIN
    return SET_SECOND_STEP if visit.lacks_second_factor else SECOND_STEP


def own_page(path: str) -> str:
    """The path when it is one of the portal, START otherwise: no link can send a login elsewhere."""
    return path if OWN_PAGE.fullmatch(path) else START


async def read_form(request: Request, largest: int = LARGEST_FORM) -> dict[str, str]:
    """The fields of a form. Raises Refusal (415) or a Problem: 413, or 400 when it cannot be read."""
    body = await read_body(request, largest)
    content_type = request.headers.get("content-type", "")
    if largest > LARGEST_FORM and content_type.startswith("multipart/form-data"):
        return fields_of(body, content_type)
    if content_type.partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise Refusal(415, "Dat lukt niet", OLD_FORM)
    try:
        fields = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Problem(400) from None
    return {name: value.replace("\x00", "") for name, value in fields}


def is_secure(request: Request) -> bool:
    """Whether cookies are for HTTPS only: always, except on this computer itself while developing."""
    return settings().production or request.url.scheme == "https" or request.url.hostname not in LOOPBACK


def device_name(request: Request) -> str:
    """The browser and system in words, for the list of sessions."""
    agent = request.headers.get("user-agent", "")
    browsers = {"Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Safari": "Safari"}
    systems = {
        "Windows": "Windows",
        "Android": "Android",
        "iPhone": "iPhone",
        "iPad": "iPad",
        "CrOS": "Chromebook",
        "Mac OS X": "Mac",
        "Linux": "Linux",
    }
    browser = next((name for sign, name in browsers.items() if sign in agent), "Onbekende browser")
    system = next((name for sign, name in systems.items() if sign in agent), "")
    return f"{browser} op {system}" if system else browser


def _signature(mark: str, email: str) -> str:
    return derived_key(f"portal device:{mark}:{email}")[:32]
