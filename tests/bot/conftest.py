"""Fixtures for the tests of the library."""

from tests.bot.databases import data_dir, database, postgres_url, sqlite_database

__all__ = ["data_dir", "database", "postgres_url", "sqlite_database"]
