"""Fixtures for the tests of the library."""

from tests.bot.postgres import data_dir, database, postgres_server, postgres_url, sqlite_database

__all__ = ["data_dir", "database", "postgres_server", "postgres_url", "sqlite_database"]
