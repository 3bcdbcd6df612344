"""Documents: as a page to print, as PDF, and as a Word file. Who has the address of a document may open it.

The library for PDF is imported with the first one: that takes a second, and Debian packages it needs may be missing.
"""

import logging
from io import BytesIO
from typing import Any, Optional

import structlog
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from bot.knowledge.calendar import dutch_date
from bot.orientation.document import Document, read_document
from bot.storage.database import DatabaseDown
from bot.storage.turns import CONVERSATION_HOURS
from web.api import services
from web.limits import address
from web.pages import WEB, templates
from web.problems import DETAILS, Problem
from web.tokens import BadToken, read_document_token

log = structlog.get_logger()

WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}
CARDS = 8  # of 85 × 55 mm on an A4
INSIDE = "https://lobke.invalid"  # where files for a PDF seem to come from; nothing is fetched over a network

GONE = "Dit blad is er niet meer"
WHY_GONE = (
    f"Een blad hoort bij een gesprek met mij. Is je gesprek {CONVERSATION_HOURS} uur stil, of wis je het? "
    "Dan verdwijnt je blad mee. Kijk ook of het adres klopt. "
    "Wil je een nieuw blad? Praat dan weer met mij, dan maken we het samen."
)
NO_PDF = "PDF maken lukt hier niet; druk de pagina af"
INSTEAD_OF_PDF = "Ga terug naar je blad en kies daar Afdrukken. Vaak kun je dan ook kiezen voor opslaan als PDF."
NOT_NOW = "Dit lukt nu even niet"
TRY_LATER = "Ik kan je blad nu even niet ophalen. Het is niet weg, dus probeer het straks nog eens."
TOO_FAST = "Dat gaat even te snel"


class NotShown(Exception):
    """A page that cannot be shown: becomes a page that says why."""

    def __init__(self, status: int, title: str, text: str, headers: Optional[dict[str, str]] = None) -> None:
        super().__init__(status)
        self.status, self.title, self.text, self.headers = status, title, text, headers or {}


class NoPdf(Exception):
    """This machine cannot make a PDF."""


def on_not_shown(request: Request, error: Exception) -> Response:
    """Answers a NotShown raised in a view."""
    assert isinstance(error, NotShown)
    page = templates.get_template("document_gone.html").render(title=error.title, text=error.text)
    return HTMLResponse(page, error.status, {**PRIVATE, **error.headers})


async def page(request: Request) -> Response:
    """GET /mijn/TOKEN: the document as a page."""
    document, day = await _opened(request)
    return HTMLResponse(as_page(document, day, request.path_params["token"]), headers=PRIVATE)


async def pdf(request: Request) -> Response:
    """GET /mijn/TOKEN.pdf. Making one takes a processor a while, so one is made at a time."""
    document, day = await _opened(request)
    try:
        async with services(request).making_pdf:
            content = await run_in_threadpool(as_pdf, as_page(document, day))
    except NoPdf:
        raise NotShown(503, NO_PDF, INSTEAD_OF_PDF) from None
    return _file(content, "application/pdf", f"lobke-{document.kind}.pdf")


async def word(request: Request) -> Response:
    """GET /mijn/TOKEN.docx, for documents that a pupil goes on working in."""
    document, day = await _opened(request)
    if not document.is_written_on:
        raise NotShown(404, GONE, WHY_GONE)
    return _file(await run_in_threadpool(as_word, document, day), WORD_TYPE, f"lobke-{document.kind}.docx")


def count_page(request: Request, *uses: tuple[str, str]) -> None:
    """Counts one request of this address, and for each (rule, key). Raises NotShown when there are too many."""
    try:
        services(request).limits.count(("pages of an address", address(request)), *uses)
    except Problem as error:
        raise NotShown(error.status, TOO_FAST, DETAILS[error.status], dict(error.headers or {})) from None


async def _opened(request: Request) -> tuple[Document, str]:
    """The document of the token in the path, and its day in words. Raises NotShown."""
    try:
        message_id = read_document_token(request.path_params["token"])
    except BadToken:
        count_page(request)
        raise NotShown(404, GONE, WHY_GONE) from None
    count_page(request, ("pages of a document", message_id))
    try:
        found = await run_in_threadpool(services(request).conversations.open_message, message_id)
    except DatabaseDown as error:
        raise NotShown(503, NOT_NOW, TRY_LATER, {"Retry-After": "5"}) from error
    document = read_document(found.card.get("document")) if found and found.card else None
    if found is None or document is None:
        raise NotShown(404, GONE, WHY_GONE)
    return document, dutch_date(found.at.date())


def _file(content: bytes, type: str, name: str) -> Response:
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=type, headers=headers)


def as_page(document: Document, day: str, token: str = "") -> str:
    """The document as HTML; the token is for the links to its files."""
    context = {"document": document, "day": day, "token": token, "cards": CARDS, "hours": CONVERSATION_HOURS}
    return templates.get_template("document.html").render(context)


def as_pdf(html: str) -> bytes:
    """The page as a tagged PDF, as it is printed. Only web/static is read for it. Raises NoPdf."""
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher, URLFetcherResponse
    except (ImportError, OSError) as error:  # OSError: a library of Debian is missing
        log.warning("pdf_not_available", error=type(error).__name__)
        raise NoPdf from error

    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # else it names all CSS that is for screens only

    class OwnFiles(URLFetcher):
        def fetch(self, url: str, headers: Optional[dict[str, str]] = None) -> Any:
            static = WEB / "static"
            file = (static / url.removeprefix(f"{INSIDE}/static/")).resolve()
            if not url.startswith(f"{INSIDE}/static/") or static not in file.parents:
                raise ValueError("not a file of Lobke")
            types = {".css": "text/css", ".svg": "image/svg+xml"}
            return URLFetcherResponse(url, file.read_bytes(), {"Content-Type": types[file.suffix]})

    made: bytes = HTML(string=html, base_url=f"{INSIDE}/", url_fetcher=OwnFiles()).write_pdf(pdf_tags=True)
    return made


def new_word(title: str) -> Any:
    """An empty Word file (DOCX): A4, in Dutch."""
    from docx import Document as new_file
    from docx.oxml.ns import qn
    from docx.shared import Cm

    file = new_file()
    page = file.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.5)
    for language in file.styles.element.iter(qn("w:lang")):
        language.set(qn("w:val"), "nl-NL")
    about = file.core_properties
    about.title, about.author, about.comments, about.language = title[:255], "", "", "nl-NL"
    return file


def as_word(document: Document, day: str) -> bytes:
    """The document as a Word file (DOCX), A4."""
    from docx.shared import Cm

    file = new_word(document.title)

    def rows(cells: list[tuple[str, ...]]) -> None:
        table = file.add_table(rows=0, cols=len(cells[0]), style="Table Grid")
        for texts in cells:
            row = table.add_row()
            row.height = Cm(0.9)
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
        file.add_paragraph()

    file.add_heading(document.title, 1)
    file.add_paragraph(day)
    if document.intro:
        file.add_paragraph(document.intro)
    if document.chart:
        rows([(bar.label, f"{bar.value} van {bar.of}") for bar in document.chart.bars])
    for section in document.sections:
        file.add_heading(section.title, 2)
        if section.text:
            file.add_paragraph(section.text)
        for item in section.items:
            file.add_paragraph(item, style="List Bullet")
        if section.rows:
            rows([(row.label, row.value) for row in section.rows])
        if section.lines:
            rows([("",)] * section.lines)
    if document.note:
        file.add_paragraph(document.note)
    content = BytesIO()
    file.save(content)
    return content.getvalue()


routes: list[BaseRoute] = [
    Route("/mijn/{token}.pdf", pdf),
    Route("/mijn/{token}.docx", word),
    Route("/mijn/{token}", page),
]
