"""Chromium, and the pages that embed Lobke.

The session fixture `lobke` runs the real processes: `lobke.url`, `lobke.stop(name)` and `lobke.start(name)`.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.chat import Chat
from tests.stack import SITE

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    return {**browser_type_launch_args, "executable_path": shutil.which("chromium"), "args": CHROMIUM_FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    wide = {"width": 1280, "height": 800}
    return {**browser_context_args, "viewport": wide, "locale": "nl-NL", "timezone_id": "Europe/Amsterdam"}


@pytest.fixture
def home(page: Page, lobke) -> Chat:
    """The chat in Lobke's own page, not begun."""
    page.goto(lobke.url)
    chat = Chat(page)
    expect(chat.begin_button).to_be_visible()
    return chat


@pytest.fixture
def widget(page: Page, site: str) -> Chat:
    """The closed chat in the page of a site that may embed Lobke."""
    page.goto(site)
    chat = Chat(page)
    expect(chat.launcher).to_be_visible()
    return chat


@pytest.fixture(scope="session")
def site(lobke) -> Iterator[str]:
    """Address of a page, on the list of sites, that embeds Lobke under a strict content security policy."""
    with embedding_page(lobke.url, urlsplit(SITE).port) as address:
        yield address


@pytest.fixture(scope="session")
def stranger(lobke) -> Iterator[str]:
    """Address of the same page on a site that is not on the list."""
    with embedding_page(lobke.url, 0) as address:
        yield address


@contextmanager
def embedding_page(lobke_url: str, port: int) -> Iterator[str]:
    """Serves a page with Lobke's one tag, and at /eigen-stijl one that dresses her; gives its address."""
    head = '<!doctype html><html lang="nl"><meta name="viewport" content="width=device-width"><title>School</title>'
    body = (
        f'<h1>LOB</h1><p>Over de school.</p><script type="module" src="{lobke_url}/lobke.js"></script>'
        "<lobke-chat></lobke-chat>"
    )
    style = "button { color: red; font-size: 9px } lobke-chat { --lobke-accent: #7a1f5c; --lobke-radius: 3px }"
    pages = {
        "/": ("text/html", head + body),
        "/eigen-stijl": ("text/html", f'{head}<link rel="stylesheet" href="/stijl.css">{body}'),
        "/stijl.css": ("text/css", style),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            kind, text = pages.get(self.path, ("text/plain", ""))
            policy = f"default-src 'none'; style-src 'self'; script-src {lobke_url}; connect-src {lobke_url}"
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_):
            """Keeps the test output quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
