"""How the processes log: a line a message, with the id of the request that it is about and without what pupils typed.

Lines are JSON, or readable on a terminal that is not in production. Of an error only its kind and place are kept. What
a library says is kept only outside a request and when it is about no error, since it could quote a pupil.
"""

import logging
import re
import secrets
import sys
import threading
import traceback
from collections.abc import Mapping, MutableMapping
from typing import Any, Optional

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars
from structlog.stdlib import ProcessorFormatter

from bot import clock
from bot.settings import settings

REQUEST_ID = "X-Request-Id"
"""The header that takes the id from one process to the next, and to who gets a problem."""
OWN = {"bot", "web", "actions"}
_ID = re.compile(r"[0-9a-f]{16}")
_FRAMES = 4


def configure(process: str) -> None:
    """Log like this from now on. Call it before the first line: loggers of libraries may keep what they began with."""

    def line(logger: Any, method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
        return _line(process, event)

    readable = sys.stderr.isatty() and not settings().production
    renderer = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer(ensure_ascii=False)
    handler = logging.StreamHandler()
    handler.setFormatter(ProcessorFormatter(processors=[line, renderer]))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.lastResort = handler  # for loggers that keep to themselves, such as Sanic's
    for name in OWN:
        logging.getLogger(name).setLevel(logging.INFO)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    threading.excepthook = _on_thread_failed


def begin_request(id: Optional[str] = None) -> str:
    """From now on lines of this task are about the request with this id; a new one unless it is one of ours."""
    id = id if id and _ID.fullmatch(id) else secrets.token_hex(8)
    clear_contextvars()
    bind_contextvars(request_id=id)
    return id


def headers() -> dict[str, str]:
    """What a call to another process carries, so that it logs the same id."""
    id = get_contextvars().get("request_id")
    return {REQUEST_ID: id} if id else {}


def about(error: BaseException) -> dict[str, Any]:
    """The kind of the error and where it came up. Not its text: that could hold what a pupil typed."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return {"error": type(error).__name__, "where": [f"{frame.filename}:{frame.lineno}" for frame in frames]}


def _line(process: str, event: Mapping[str, Any]) -> dict[str, Any]:
    """What a line holds, from what structlog or the logging module was told."""
    record: logging.LogRecord = event["_record"]
    about_request = get_contextvars()
    values = {name: value for name, value in event.items() if not name.startswith("_")}
    text, error = values.pop("event"), _error(values.pop("exc_info", None))
    values.pop("stack_info", None)
    if record.name.partition(".")[0] not in OWN:
        if not event["_from_structlog"] and (about_request or error):
            text = "library_message"
        values = {"where": [f"{record.pathname}:{record.lineno}"]}
    return {
        "timestamp": clock.now().isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "process": process,
        "logger": record.name,
        **about_request,
        "event": text,
        **values,
        **(about(error) if error else {}),
    }


def _error(exc_info: Any) -> Optional[BaseException]:
    if exc_info is True:
        exc_info = sys.exc_info()
    found = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    return found if isinstance(found, BaseException) else None


def _on_thread_failed(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None:
        structlog.get_logger(__name__).error("thread_failed", **about(failed.exc_value))
