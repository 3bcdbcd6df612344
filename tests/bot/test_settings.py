"""Settings that cannot be are refused at the start."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings


def test_without_addresses_rasa_is_on_this_machine(data_dir: Path) -> None:
    settings = Settings(rasa_port=6000, rasa_workers=2)
    assert settings.rasa_addresses == ["http://127.0.0.1:6000", "http://127.0.0.1:6001"]


def test_rasa_may_be_on_other_machines(data_dir: Path) -> None:
    settings = Settings(rasa_urls="http://10.0.0.11:5005/, http://rasa-2:5005,")
    assert settings.rasa_addresses == ["http://10.0.0.11:5005", "http://rasa-2:5005"]


@pytest.mark.parametrize("value", ["10.0.0.11:5005", "http://", "http://a b:1", "http://a/path", "ftp://a"])
def test_what_is_no_address_of_rasa_is_refused(data_dir: Path, value: str) -> None:
    with pytest.raises(ValidationError):
        Settings(rasa_urls=f"http://10.0.0.12:5005,{value}")


@pytest.mark.parametrize("value", ["localhost:6379", "http://localhost", "redis://localhost:port"])
def test_what_is_no_address_of_redis_is_refused(data_dir: Path, value: str) -> None:
    with pytest.raises(ValidationError):
        Settings(redis_url=value)


def test_the_password_of_redis_is_not_shown(data_dir: Path) -> None:
    assert "geheim" not in repr(Settings(redis_url="rediss://:geheim@localhost:6379/1"))
