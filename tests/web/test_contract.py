"""openapi.yml says what the API does, and the API does what openapi.yml says."""

from collections.abc import Callable

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import load_all_checks

from bot.settings import PROJECT
from tests.web.conftest import Site, StandIn
from web import api, handoffs_api
from web.limits import RULES, Limit, Limits

FILE = PROJECT / "openapi.yml"
schema = schemathesis.openapi.from_path(FILE)
load_all_checks()
schema.config.generation.update(allow_extra_parameters=False)  # an unknown query parameter is let be
# A schema cannot say "at least one visible character", so 422 is a fair answer to some texts that it allows.
schema.config.checks.positive_data_acceptance.expected_statuses = ["2xx", "401", "404", "422"]


@pytest.fixture
def without_limits(run: Callable[..., Site]) -> Site:
    wide = {name: (Limit(100_000, 60),) for name in RULES}
    return run(lambda: Limits(wide))


# A stream never ends, so its promises are in test_events.py.
@schema.exclude(path="/api/events").parametrize()
@hypothesis.settings(
    max_examples=40, deadline=None, suppress_health_check=list(hypothesis.HealthCheck), derandomize=True
)
def test_calls_keep_the_contract(case: schemathesis.Case, without_limits: Site) -> None:
    token = without_limits.start().token
    case.call_and_validate(base_url=without_limits.url, headers={"Authorization": f"Bearer {token}"})


def test_the_file_and_the_routes_name_the_same_calls() -> None:
    documented = {(path, method.upper()) for path, item in schema.raw_schema["paths"].items() for method in item}
    served = {(route.path, method) for route in [*api.routes, *handoffs_api.routes] for method in route.methods}
    assert documented == served | {("/healthz", "GET"), ("/livez", "GET")}


def test_problems_keep_the_contract_too(without_limits: Site, rasa: StandIn) -> None:
    talk = without_limits.start()
    rasa.answer = []
    call = schema["/api/messages"]["POST"]
    call.validate_response(talk.say("hoi"))
    call.validate_response(talk.say(""))
    rasa.stop()
    schema["/healthz"]["GET"].validate_response(without_limits.http.get("/healthz"))
