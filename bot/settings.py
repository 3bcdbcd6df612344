"""Every setting of Lobke, read from `LOBKE_*` environment variables."""

import os
import secrets
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Optional

from pydantic import BaseSettings, Field, validator

PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """Typed settings. Lists are comma-separated; paths may be relative to the project."""

    host: str = Field("127.0.0.1", description="Address the public web process listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port of the public web process.")
    rasa_port: int = Field(5005, ge=1, le=65535, description="Port of Rasa, on 127.0.0.1 only.")
    actions_port: int = Field(5055, ge=1, le=65535, description="Port of the action server, on 127.0.0.1 only.")
    data_dir: Path = Field(PROJECT / "var", description="Folder for the database, models, secret and spool.")
    knowledge_dir: Path = Field(PROJECT / "knowledge", description="Folder with the knowledge files.")
    database_url: str = Field("", description="SQLAlchemy URL; empty means SQLite in the data folder.")
    secret: str = Field("", description="Signing key of chat tokens; empty means one kept in the data folder.")
    sites: str = Field("", description="Origins that may embed the widget, comma-separated (https://www.voorbeeld.nl).")
    production: bool = Field(False, description="Leaves example content out, asks for HTTPS and a second factor.")
    trusted_proxy: bool = Field(False, description="Believe X-Forwarded-For of the proxy in front.")
    rasa_timeout: float = Field(20.0, gt=0, description="Seconds the web process waits for Rasa.")
    now: Optional[str] = Field(None, description="Freezes the clock (ISO date-time, zone Europe/Amsterdam); for tests.")

    class Config:
        env_prefix = "LOBKE_"

    @validator("data_dir", "knowledge_dir")
    def _absolute(cls, value: Path) -> Path:
        return value if value.is_absolute() else PROJECT / value

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.data_dir / 'lobke.db'}"

    @property
    def site_origins(self) -> list[str]:
        """Origins (scheme://host[:port]) that may embed the widget."""
        return [site.strip().rstrip("/") for site in self.sites.split(",") if site.strip()]

    @property
    def models_dir(self) -> Path:
        """Folder with trained Rasa models."""
        return self.data_dir / "models"

    @property
    def spool_dir(self) -> Path:
        """Folder for rows that wait for the database."""
        return self.data_dir / "spool"

    def key(self) -> str:
        """Signing key: the setting, or one made once and kept, readable by the owner only, in the data folder.

        All processes that share the data folder share the key. Raises OSError when the folder cannot be written.
        """
        if self.secret:
            return self.secret
        path = self.data_dir / "secret"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # A name appears only with its content, so that no process ever reads half a key.
            descriptor, made = tempfile.mkstemp(dir=self.data_dir)
            with open(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(48))
            with suppress(FileExistsError):
                os.link(made, path)
            os.unlink(made)
        return path.read_text().strip()


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
