"""Fixtures for the tests of the library."""

from tests.bot.databases import (
    data_dir,
    database,
    empty_postgres_url,
    own_database,
    own_knowledge,
    postgres_url,
    redis,
    sqlite_database,
)

__all__ = [
    "data_dir",
    "database",
    "empty_postgres_url",
    "own_database",
    "own_knowledge",
    "postgres_url",
    "redis",
    "sqlite_database",
]
