"""Every request has an id of its own: Rasa gets it, and so does who gets a problem."""

import re

import pytest

from tests.web.conftest import Site, StandIn, Talk, assert_problem

ID = re.compile(r"[0-9a-f]{16}")


def test_rasa_gets_the_id_that_the_problem_has(talk: Talk, rasa: StandIn) -> None:
    rasa.answer = []
    answer = talk.say("hoi")
    assert_problem(answer, 503)
    assert rasa.request_ids == [answer.headers["x-request-id"]]


def test_every_request_has_another_one_and_none_comes_from_outside(talk: Talk, rasa: StandIn) -> None:
    for text in ("een", "twee"):
        assert talk.post({"text": text}, **{"X-Request-Id": "0" * 16}).status_code == 200
    assert len({*rasa.request_ids, "0" * 16}) == 3
    assert all(ID.fullmatch(id) for id in rasa.request_ids)


@pytest.mark.parametrize("path", ["/api/messages", "/api/nergens", "/nergens", "/portal/nergens", "/mijn/a.b"])
def test_what_is_refused_has_one(site: Site, path: str) -> None:
    answer = site.http.get(path)
    assert answer.status_code >= 400
    assert ID.fullmatch(answer.headers["x-request-id"])


def test_a_request_from_another_site_too(site: Site) -> None:
    answer = site.http.get("/api/messages", headers={"Origin": "https://elders.voorbeeld.nl"})
    assert answer.status_code == 403 and ID.fullmatch(answer.headers["x-request-id"])


def test_what_goes_well_has_none(talk: Talk) -> None:
    assert "x-request-id" not in talk.say("hoi").headers
