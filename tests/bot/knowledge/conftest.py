"""The real knowledge files, loaded once."""

import pytest

from bot.knowledge.loader import Knowledge, load
from bot.knowledge.names import Names
from bot.knowledge.question import Sources
from bot.settings import PROJECT


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    return load(PROJECT / "knowledge")


@pytest.fixture(scope="session")
def names(knowledge: Knowledge) -> Names:
    return Names(knowledge)


@pytest.fixture(scope="session")
def sources(knowledge: Knowledge, names: Names) -> Sources:
    return Sources(knowledge, names)
