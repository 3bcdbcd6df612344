"""What every answer carries, who may call the API from another site, and how the widget's files are sent."""

from collections.abc import Callable

import pytest

from tests.web.conftest import Site, Talk, assert_problem

SCHOOL = "https://www.voorbeeld.nl"
EVERYWHERE = ["/", "/lobke.js", "/static/lobke.css", "/healthz", "/livez", "/api/messages", "/api/unknown", "/unknown"]
EVERYWHERE += ["/mijn/x", "/mijn/x.pdf", "/kalender/aanmelden-1-april-2027.ics", "/kalender/x.ics", "/antwoord"]
EVERYWHERE += ["/kalender", "/kalender.ics", "/evaluatie/x"]


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_carries_the_security_headers(site: Site, path: str) -> None:
    headers = site.http.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy and "http:" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "server" not in headers
    assert "strict-transport-security" not in headers
    assert "set-cookie" not in headers


def test_in_production_browsers_are_told_to_stay_on_https(site: Site, set_up: Callable[..., None]) -> None:
    set_up(production=True)
    assert site.http.get("/").headers["strict-transport-security"] == "max-age=31536000"


def test_nothing_of_the_api_is_kept_by_a_cache(site: Site, talk: Talk) -> None:
    for answer in (talk.read(), talk.say("hoi"), site.http.get("/api/unknown"), talk.delete()):
        assert answer.headers["cache-control"] == "no-store"
        assert "Origin" in answer.headers["vary"]


# Other sites


@pytest.fixture
def open_to_school(set_up: Callable[..., None], site: Site) -> Site:
    set_up(sites=f"{SCHOOL}, https://lob.voorbeeld.nl/")
    return site


def test_a_site_of_the_settings_may_call_the_api(open_to_school: Site) -> None:
    answer = open_to_school.http.post("/api/sessions", json={}, headers={"Origin": SCHOOL})
    assert answer.status_code == 201
    assert answer.headers["access-control-allow-origin"] == SCHOOL
    assert answer.headers["access-control-expose-headers"] == "Retry-After"
    assert "access-control-allow-credentials" not in answer.headers


def test_its_problems_can_be_read_too(open_to_school: Site) -> None:
    answer = open_to_school.http.get("/api/messages", headers={"Origin": "https://lob.voorbeeld.nl"})
    assert_problem(answer, 401)
    assert answer.headers["access-control-allow-origin"] == "https://lob.voorbeeld.nl"


def preflight(site: Site, origin: str, path: str = "/api/messages") -> dict[str, str]:
    answer = site.http.options(path, headers={"Origin": origin, "Access-Control-Request-Method": "POST"})
    return {**answer.headers, "status": str(answer.status_code)}


def test_a_browser_that_asks_first_is_told_what_is_allowed(open_to_school: Site) -> None:
    for path in ("/api/sessions", "/api/messages", "/api/events", "/api/session"):
        answer = preflight(open_to_school, SCHOOL, path)
        assert answer["status"] == "204"
        assert answer["access-control-allow-origin"] == SCHOOL
        assert answer["access-control-allow-methods"] == "GET, POST, DELETE"
        assert {"Authorization", "Content-Type", "Idempotency-Key"} <= set(
            answer["access-control-allow-headers"].split(", ")
        )
        assert "Origin" in answer["vary"]


@pytest.mark.parametrize(
    "origin",
    [
        "https://kwaad.nl",
        "http://www.voorbeeld.nl",
        "https://www.voorbeeld.nl.kwaad.nl",
        "https://www.voorbeeld.nl:8443",
        "null",
        "http://[",
        "file://",
    ],
)
def test_any_other_site_may_not(open_to_school: Site, origin: str) -> None:
    answer = open_to_school.http.post("/api/sessions", json={}, headers={"Origin": origin})
    assert_problem(answer, 403)
    assert "access-control-allow-origin" not in answer.headers
    assert preflight(open_to_school, origin)["status"] == "403"


def test_the_own_page_may_call_the_api_also_behind_a_proxy_with_https(site: Site) -> None:
    host = site.url.removeprefix("http://")
    for origin in (f"http://{host}", f"https://{host}"):
        assert site.http.post("/api/sessions", json={}, headers={"Origin": origin}).status_code == 201
    headers = {"Origin": "https://chat.voorbeeld.nl", "Host": "chat.voorbeeld.nl"}
    assert site.http.post("/api/sessions", json={}, headers=headers).status_code == 201


# The page and the widget


def test_the_page_shows_the_chat_and_how_to_embed_it(site: Site) -> None:
    answer = site.http.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<lobke-chat" in answer.text
    assert f"{site.url}/lobke.js" in answer.text


def test_behind_a_proxy_the_page_names_the_address_that_browsers_see(site: Site, set_up: Callable[..., None]) -> None:
    set_up(trusted_proxy=True)
    answer = site.http.get("/", headers={"Host": "chat.voorbeeld.nl", "X-Forwarded-Proto": "https"})
    assert "https://chat.voorbeeld.nl/lobke.js" in answer.text


@pytest.mark.parametrize(
    ("path", "type"),
    [
        ("/lobke.js", "text/javascript; charset=utf-8"),
        ("/static/lobke.css", "text/css; charset=utf-8"),
        ("/static/lobke.svg", "image/svg+xml"),
    ],
)
def test_any_site_may_load_the_widgets_files_and_need_not_load_them_twice(site: Site, path: str, type: str) -> None:
    first = site.http.get(path)
    assert first.status_code == 200
    assert first.headers["content-type"] == type
    assert first.headers["access-control-allow-origin"] == "*"
    assert first.headers["cross-origin-resource-policy"] == "cross-origin"
    assert first.headers["cache-control"] == "public, max-age=300"
    again = site.http.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/"])
def test_only_the_files_in_the_folder_are_sent(site: Site, path: str) -> None:
    assert site.http.get(path).status_code == 404


def test_what_is_not_there_is_said_in_dutch(site: Site) -> None:
    assert_problem(site.http.get("/api/unknown"), 404)
    assert_problem(site.http.get("/api/messages/"), 404)
    answer = site.http.put("/api/messages")
    assert_problem(answer, 405)
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST"}
    assert_problem(site.http.get("/api/session"), 405)
    assert site.http.get("/unknown").text == "Wat je zoekt, is hier niet.\n"


def test_no_call_but_the_documented_ones_is_there(site: Site) -> None:
    for path in ("/webhooks/lobke/webhook", "/status", "/docs", "/openapi.json", "/.env"):
        assert site.http.get(path).status_code == 404
    assert site.http.head("/api/events").status_code == 405
