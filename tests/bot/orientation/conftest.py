"""The real knowledge files, loaded once."""

import pytest

from bot.knowledge.loader import Knowledge, load
from bot.settings import PROJECT


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load(PROJECT / "knowledge")
