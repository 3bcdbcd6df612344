"""Every setting of Lobke, read from `LOBKE_*` environment variables."""

import os
import re
import secrets
import tempfile
from contextlib import suppress
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Optional
from urllib.parse import urlsplit

from pydantic import BaseSettings, Field, validator

PROJECT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Settings(BaseSettings):
    """Typed settings. Lists are comma-separated; paths may be relative to the project."""

    host: str = Field("127.0.0.1", description="Address the public web process listens on.")
    port: int = Field(8000, ge=1, le=65535, description="Port of the public web process.")
    rasa_host: str = Field("127.0.0.1", description="Address Rasa listens on.")
    rasa_port: int = Field(5005, ge=1, le=65535, description="Port of Rasa.")
    rasa_workers: int = Field(
        1, ge=1, le=16, description="How many Rasa processes answer pupils, each on the next port after rasa_port."
    )
    rasa_urls: str = Field("", description="Addresses of Rasa processes, comma-separated; empty: this machine's own.")
    actions_port: int = Field(5055, ge=1, le=65535, description="Port of the action server, on 127.0.0.1 only.")
    data_dir: Path = Field(PROJECT / "var", description="Folder for the database, models, secret and spool.")
    knowledge_dir: Path = Field(PROJECT / "knowledge", description="Folder with the knowledge files.")
    database_url: str = Field("", description="SQLAlchemy URL; empty means SQLite in the data folder.")
    redis_url: str = Field("", repr=False, description="Redis that several machines share; empty means one machine.")
    secret: str = Field("", description="Signing key of chat tokens; empty means one kept in the data folder.")
    sites: str = Field("", description="Origins that may embed the widget, comma-separated (https://www.voorbeeld.nl).")
    production: bool = Field(False, description="Leaves example content out, asks for HTTPS and a second factor.")
    trusted_proxy: bool = Field(False, description="Believe X-Forwarded-For of the proxy in front.")
    rasa_timeout: float = Field(20.0, gt=0, description="Seconds the web process waits for Rasa.")
    smtp_host: str = Field("", description="Mail server; empty means that Lobke sends no mail.")
    smtp_port: int = Field(587, ge=1, le=65535, description="Port of the mail server.")
    smtp_user: str = Field("", description="Name to log in with at the mail server; empty means no login.")
    smtp_password: str = Field("", repr=False, description="Password at the mail server.")
    smtp_tls: Literal["starttls", "tls", "none"] = Field("starttls", description="How mail is encrypted on its way.")
    mail_from: str = Field("", description="Sender of mail: an address, or a name with an address.")
    public_url: str = Field("", description="Address of Lobke in links in mail (https://lobke.voorbeeld.nl).")
    oidc_issuer: str = Field("", description="Issuer of an OpenID Connect provider where staff log in; empty: none.")
    oidc_client_id: str = Field("", description="Lobke's client id at that provider.")
    oidc_client_secret: str = Field("", repr=False, description="Lobke's client secret at that provider.")
    oidc_name: str = Field("je schoolaccount", description="What the button of that login says after 'Inloggen met'.")
    metrics_token: str = Field("", repr=False, description="Token for /metrics from another computer; empty: none.")
    now: Optional[str] = Field(None, description="Freezes the clock (ISO date-time, zone Europe/Amsterdam); for tests.")

    class Config:
        env_prefix = "LOBKE_"

    @validator("data_dir", "knowledge_dir")
    def _absolute(cls, value: Path) -> Path:
        return value if value.is_absolute() else PROJECT / value

    @validator("redis_url")
    def _redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://")):
            raise ValueError("not an address with redis:// or rediss://")
        urlsplit(value).port  # noqa: B018 (raises ValueError when it is no number)
        return value

    @validator("rasa_urls")
    def _rasa(cls, value: str) -> str:
        if any(not re.fullmatch(r"https?://[^\s/]+/?", url.strip()) for url in value.split(",") if url.strip()):
            raise ValueError("not addresses with http://, a name and a port")
        return value

    @validator("mail_from", "public_url", always=True)
    def _needed_for_mail(cls, value: str, values: dict[str, Any]) -> str:
        if values.get("smtp_host") and not value:
            raise ValueError("needed when there is a mail server")
        return value

    @validator("mail_from")
    def _sender(cls, value: str) -> str:
        if value and "@" not in parseaddr(value)[1]:
            raise ValueError("not an e-mail address")
        return value

    @validator("public_url")
    def _url(cls, value: str, values: dict[str, Any]) -> str:
        schemes = ("https://",) if values.get("production") else ("https://", "http://")
        if value and not value.startswith(schemes):
            raise ValueError("not an address with https://")
        return value.rstrip("/")

    @validator("oidc_issuer")
    def _issuer(cls, value: str) -> str:
        if value and not re.match(r"https://|http://(127\.0\.0\.1|localhost)(:|/|$)", value):
            raise ValueError("not an address with https://")
        return value

    @property
    def rasa_ports(self) -> tuple[int, ...]:
        """The port of each Rasa process of this machine."""
        return tuple(range(self.rasa_port, self.rasa_port + self.rasa_workers))

    @property
    def rasa_addresses(self) -> list[str]:
        """The address (http://host:port) of each Rasa process that answers the messages of this web process."""
        named = [url.strip().rstrip("/") for url in self.rasa_urls.split(",") if url.strip()]
        return named or [f"http://127.0.0.1:{port}" for port in self.rasa_ports]

    @property
    def has_oidc(self) -> bool:
        """Whether staff may log in at an OpenID Connect provider."""
        return bool(self.oidc_issuer and self.oidc_client_id and self.oidc_client_secret)

    @property
    def has_mail(self) -> bool:
        """Whether Lobke sends mail."""
        return bool(self.smtp_host)

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
    def cache_dir(self) -> Path:
        """Folder for what can be computed again, though not fast."""
        return self.data_dir / "cache"

    @property
    def spool_dir(self) -> Path:
        """Folder for rows that wait for the database."""
        return self.data_dir / "spool"

    def key(self) -> str:
        """Signing key: the setting, or one made once and kept, readable by the owner only, in the data folder.

        All processes that share the data folder share the key. Raises OSError when the folder cannot be written.
        """
        return self.secret or _kept_key(self.data_dir)


@lru_cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()


@lru_cache(maxsize=8)
def _kept_key(folder: Path) -> str:
    path = folder / "secret"
    folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        # A name appears only with its content, so that no process ever reads half a key.
        descriptor, made = tempfile.mkstemp(dir=folder)
        with open(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            os.link(made, path)
        os.unlink(made)
    return path.read_text().strip()
