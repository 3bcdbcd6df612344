"""What all tests share."""

from collections.abc import Iterator

import pytest

from tests.postgres import postgres_server
from tests.stack import Lobke, running


@pytest.fixture(scope="session")
def lobke(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lobke]:
    """The real Lobke: three processes, a fresh database with one decaan, the clock at 21 November 2026, 12 o'clock."""
    with running(tmp_path_factory.mktemp("lobke")) as stack:
        stack.add_decaan()
        yield stack


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """The SQLAlchemy URL of an empty PostgreSQL database."""
    with postgres_server() as url:
        yield url
