"""/antwoord: with the code of a handoff its pupil reads the answer, writes back, takes it back or deletes it.

The code comes in the body of a form, and then stays in a signed cookie until the page is left alone for half an hour.
Other sites can neither use that cookie (SameSite=Strict) nor send a form here (Sec-Fetch-Site).
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Optional

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot import clock, knowledge
from bot.handoff.away import shown as away_message
from bot.handoff.codes import code_hash, normalised
from bot.handoff.rules import Impossible
from bot.handoff.school_time import SchoolTime
from bot.handoff.store import Handoffs, Message, Thread
from bot.knowledge.calendar import dutch_date, dutch_moment
from bot.knowledge.kinds.help import helpline_card, helplines
from bot.knowledge.question import sources_of
from bot.privacy.retention import CLOSED_DAYS
from bot.storage.database import DatabaseDown
from web import distress
from web.api import LONGEST_TEXT, services
from web.documents import NOT_NOW, PRIVATE, NotShown, count_page
from web.limits import Limits, address, wait_of
from web.pages import templates
from web.portal.door import Refusal, is_secure, read_form
from web.problems import DETAILS, Problem
from web.tokens import BadToken, answer_tokens

PAGE = "/antwoord"
LONGEST_KEY = 64
SAME_SITE = ("same-origin", "none")

WRONG = (
    "Met deze code vind ik geen bericht. Kijk goed of elk teken klopt. "
    "Is je bericht gewist? Dan werkt de code niet meer."
)
TYPE_AGAIN = "Typ je code nog een keer, want deze pagina stond een tijd stil."
DRAFT_KEPT = "Wat je typte, staat er nog."
EMPTY = "Typ eerst je bericht."
TOO_LONG = "Dat past niet, want het zijn {now} tekens. Probeer het in hoogstens {most} tekens te zeggen."
BUSY = "Ik kan er nu even niet bij. Je bericht is niet weg. Probeer het over een minuut nog eens."
NOT_BACK = "Je decaan heeft dit al afgerond, dus intrekken kan niet meer. Wissen kan nog wel."
NOT_POSSIBLE = "Dit lukt niet"
OTHER_SITE = "Ga naar /antwoord en probeer het daar nog eens."
WAIT = "Even wachten"
TOO_OFTEN = "Er is te vaak een code getypt die niet klopt. Wacht {wait} en probeer het dan nog eens."
TOO_MANY = "Je stuurt veel berichten achter elkaar. Wacht {wait} en probeer het dan nog eens."
DONE = {
    "verstuurd": "Gelukt, je decaan kan je bericht lezen.",
    "hulp": "Gelukt, je decaan kan je bericht lezen. Heb je nu iemand nodig? Wacht dan niet op antwoord.",
    "ingetrokken": "Gelukt, je hebt je bericht ingetrokken.",
    "gewist": "Gelukt, ik heb alles gewist. Je code werkt niet meer.",
    "klaar": "Deze pagina is weer leeg. Met je code kun je altijd terugkomen.",
}
"""What is said after something was done, by the word for it in the address."""


@dataclass
class Visit:
    """One request: its form, and the code that the browser holds, or ""."""

    request: Request
    form: Mapping[str, str]
    code: str

    @property
    def handoffs(self) -> Handoffs:
        return Handoffs(services(self.request).conversations.spool)

    @property
    def draft(self) -> str:
        """The text of the form, with lines that end as the field counts them."""
        return self.form.get("text", "").replace("\r\n", "\n").strip()

    @property
    def key(self) -> str:
        """The key of the message in the form, or a new one."""
        return self.form.get("key", "")[:LONGEST_KEY] or secrets.token_hex(16)

    def page(self, view: str, status: int = 200, error: str = "", **context: Any) -> Response:
        """The page in one of its views: code, thread, withdraw or delete."""
        note = DONE.get(self.request.query_params.get("gedaan", ""), "")
        context = {"view": view, "note": note, "error": error, "draft": self.draft, "key": self.key, **context}
        context |= {"most": LONGEST_TEXT, "days": CLOSED_DAYS}
        response = HTMLResponse(templates.get_template("answer.html").render(context), status, PRIVATE)
        if view != "code":
            self._set(response, answer_tokens.new(self.code), answer_tokens.seconds)
        return response

    def ask_code(self, status: int = 200, error: str = "") -> Response:
        """The page that asks for the code; a message that was typed goes along."""
        kept = f"{error} {DRAFT_KEPT}" if error and self.draft else error
        return self.page("code", status, kept)

    def to_page(self, done: str = "") -> Response:
        """Sends the browser to the page; `done` is what it says there."""
        return RedirectResponse(f"{PAGE}?gedaan={done}" if done else PAGE, 303, PRIVATE)

    def open(self, response: Response, code: str) -> Response:
        """From now on the browser holds this code; without one it holds none."""
        self._set(response, answer_tokens.new(code) if code else "", answer_tokens.seconds if code else 0)
        return response

    def _set(self, response: Response, value: str, seconds: int) -> None:
        secure = is_secure(self.request)
        name = cookie_name(self.request)
        response.set_cookie(name, value, seconds, path="/", secure=secure, httponly=True, samesite="strict")


View = Callable[[Visit], Response]


def cookie_name(request: Request) -> str:
    """The name of the cookie with the code."""
    return f"{'__Host-' if is_secure(request) else ''}lobke-antwoord"


def read(visit: Visit) -> Response:
    """GET /antwoord: the thread, or the question for the code."""
    thread = visit.handoffs.by_code(visit.code) if visit.code else None
    return _thread(visit, thread) if thread else visit.ask_code()


def enter(visit: Visit) -> Response:
    """POST /antwoord: opens the thread of a code. What cannot be a code is no guess, so it is not counted."""
    typed = visit.form.get("code", "")
    code = normalised(typed)
    found = guess(visit.request, code) if code else None
    if code is None or found is None:
        return visit.ask_code(422, WRONG)
    visit.code = code
    return _thread(visit, found) if visit.draft else visit.open(visit.to_page(), code)


def write(visit: Visit) -> Response:
    """POST /antwoord/bericht: a message to the decaan. The key in the form makes that it is stored once."""
    if not visit.draft or len(visit.draft) > LONGEST_TEXT:
        error = TOO_LONG.format(now=len(visit.draft), most=LONGEST_TEXT) if visit.draft else EMPTY
        thread = visit.handoffs.by_code(visit.code)
        return _thread(visit, thread, 422, error) if thread else visit.ask_code(422, WRONG)
    count_message(visit.request, visit.code)
    needs_help = bool(distress.helplines(visit.draft))
    thread = visit.handoffs.write_back(visit.code, visit.key, visit.draft, urgent=needs_help)
    if thread is None:
        return visit.ask_code(422, WRONG)
    return visit.to_page("hulp" if needs_help else "verstuurd")


def withdraw(visit: Visit) -> Response:
    """GET and POST /antwoord/intrekken: takes the message back, after a second question."""
    if visit.request.method != "POST":
        return visit.page("withdraw")
    try:
        thread = visit.handoffs.withdraw(visit.code)
    except Impossible:
        return _thread(visit, visit.handoffs.by_code(visit.code), 409, NOT_BACK)
    return visit.to_page("ingetrokken") if thread else visit.ask_code(422, WRONG)


def delete(visit: Visit) -> Response:
    """GET and POST /antwoord/wissen: deletes all that is kept, after a second question."""
    if visit.request.method != "POST":
        return visit.page("delete")
    visit.handoffs.delete(visit.code)
    return visit.open(visit.to_page("gewist"), "")


def download(visit: Visit) -> Response:
    """POST /antwoord/bestand: what is kept of this pupil, as JSON."""
    kept = visit.handoffs.export(visit.code)
    if kept is None:
        return visit.ask_code(422, WRONG)
    headers = {**PRIVATE, "Content-Disposition": 'attachment; filename="lobke-bericht.json"'}
    return Response(json.dumps(kept, ensure_ascii=False, indent=2), media_type="application/json", headers=headers)


def leave(visit: Visit) -> Response:
    """POST /antwoord/klaar: the browser forgets the code, for who shares a computer."""
    return visit.open(visit.to_page("klaar"), "")


def guess(request: Request, code: str) -> Optional[Thread]:
    """The thread of this code. Counted before it is looked up, so that many tries at once are no way around it.

    Raises a 429 Problem, and DatabaseDown.
    """
    lobke = services(request)
    tries = (("wrong codes of an address", address(request)), ("wrong codes", ""))
    _count(lobke.limits, TOO_OFTEN, *tries)
    is_wrong = False
    try:
        found = Handoffs(lobke.conversations.spool).by_code(code)
        is_wrong = found is None
    finally:
        if not is_wrong:
            lobke.limits.give_back(*tries)
    return found


def count_message(request: Request, code: str) -> None:
    """Counts one message with this code. Raises a 429 Problem."""
    _count(services(request).limits, TOO_MANY, ("messages with a code", str(code_hash(code))))


def _count(limits: Limits, text: str, *uses: tuple[str, str]) -> None:
    try:
        limits.count(*uses)
    except Problem as error:
        raise Problem(429, text.format(wait=wait_of(error)), error.headers) from None


def _thread(visit: Visit, thread: Optional[Thread], status: int = 200, error: str = "") -> Response:
    if thread is None:
        return visit.ask_code(422, WRONG)
    needs_help = thread.urgent or visit.request.query_params.get("gedaan") == "hulp"
    return visit.page(
        "thread",
        status,
        error,
        thread=thread,
        school=school_name(thread),
        messages=[_message(message) for message in thread.messages],
        summary=summary(thread),
        help=help_card() if needs_help else None,
    )


def school_name(thread: Thread) -> str:
    """The name of the school it was sent to."""
    return getattr(knowledge.current().get(f"school:{thread.school}"), "naam", "")


def is_answered(thread: Thread) -> bool:
    """Whether the decaan wrote last."""
    return bool(thread.messages) and thread.messages[-1].sender == "decaan"


def summary(thread: Thread) -> str:
    """How it stands, in a few sentences."""
    if thread.close_reason == "ingetrokken":
        return "Je hebt je bericht ingetrokken. Wil je toch verder? Schrijf dan gewoon weer."
    if thread.status == "afgerond":
        return "Je decaan heeft dit afgerond. Heb je nog een vraag? Schrijf dan gewoon weer."
    if is_answered(thread):
        return "Je decaan heeft geantwoord."
    said = ["Je decaan heeft nog niet geantwoord.", _when(SchoolTime.of(knowledge.current()))]
    away = away_message(thread.school)
    return " ".join([*said, f"Je school schrijft: “{away}”"] if away else said)


def _message(message: Message) -> dict[str, str]:
    who = "Jij" if message.sender == "pupil" else message.author or "Je decaan"
    return {
        "sender": message.sender,
        "who": who,
        "at": dutch_moment(message.at.astimezone(clock.ZONE)),
        "text": message.text,
    }


def _when(time: SchoolTime) -> str:
    """When the decaan can read it."""
    now = clock.now()
    if time.is_open(now):
        return "Je decaan leest je bericht op een schooldag. Soms duurt een antwoord een paar dagen."
    day = dutch_date(time.next_open(now).date())
    return f"Je school is nu dicht. Je decaan kan je bericht lezen vanaf {day}."


def help_card() -> dict[str, Any]:
    """The helplines for everybody."""
    sources = sources_of(knowledge.current())
    return helpline_card(helplines(None, sources), sources)


def _route(path: str, views: Mapping[str, View], needs_code: bool = True) -> BaseRoute:
    """A page with a view for each method; without a code it asks for one, when it needs one."""

    async def endpoint(request: Request) -> Response:
        count_page(request)
        visit = Visit(request, await _form(request) if request.method == "POST" else {}, _code(request))
        if needs_code and not visit.code:
            return visit.ask_code(403 if request.method == "POST" else 200, TYPE_AGAIN)
        view = views["POST" if request.method == "POST" else "GET"]
        try:
            return await run_in_threadpool(view, visit)
        except Problem as error:
            raise NotShown(error.status, WAIT, error.detail, dict(error.headers or {})) from None
        except DatabaseDown:
            if not visit.draft:
                raise NotShown(503, NOT_NOW, BUSY, {"Retry-After": "60"}) from None
            return visit.ask_code(503, BUSY)

    return Route(path, endpoint, methods=list(views))


async def _form(request: Request) -> dict[str, str]:
    if request.headers.get("sec-fetch-site", SAME_SITE[0]) not in SAME_SITE:
        raise NotShown(403, NOT_POSSIBLE, OTHER_SITE)
    try:
        return await read_form(request)
    except Refusal as error:
        raise NotShown(error.status, NOT_POSSIBLE, DETAILS[400]) from None
    except Problem as error:
        raise NotShown(error.status, NOT_POSSIBLE, DETAILS[error.status]) from None


def _code(request: Request) -> str:
    try:
        return answer_tokens.read(request.cookies.get(cookie_name(request), ""))
    except BadToken:
        return ""


routes: list[BaseRoute] = [
    _route(PAGE, {"GET": read, "POST": enter}, needs_code=False),
    _route(f"{PAGE}/bericht", {"POST": write}),
    _route(f"{PAGE}/intrekken", {"GET": withdraw, "POST": withdraw}),
    _route(f"{PAGE}/wissen", {"GET": delete, "POST": delete}),
    _route(f"{PAGE}/bestand", {"POST": download}),
    _route(f"{PAGE}/klaar", {"POST": leave}, needs_code=False),
]
