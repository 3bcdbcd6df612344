"""How a process logs: one JSON object a line, with an id, and without the text of errors."""

import json
import subprocess
import sys
from typing import Any

from bot.settings import PROJECT

BEGIN = """
import logging, threading
import structlog
from bot import logs
logs.configure("web")
own, theirs = structlog.get_logger("web.app"), structlog.get_logger("rasa.core")
library = logging.getLogger("library")
"""


def logged(script: str) -> list[dict[str, Any]]:
    """The lines of a process that runs this script."""
    command = [sys.executable, "-c", BEGIN + script]
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert result.stdout == ""
    return [json.loads(line) for line in result.stderr.splitlines()]


def test_a_line_says_when_where_and_what() -> None:
    (line,) = logged("own.info('spool_emptied', number=3)")
    assert line.pop("timestamp")
    expected = {"level": "info", "process": "web", "logger": "web.app", "event": "spool_emptied", "number": 3}
    assert line == expected


def test_lines_of_a_request_have_its_id() -> None:
    first, second = logged("logs.begin_request('0123456789abcdef'); own.info('a'); logs.begin_request(); own.info('b')")
    assert first["request_id"] == "0123456789abcdef"
    assert len(second["request_id"]) == 16 and second["request_id"] != first["request_id"]


def test_an_id_of_another_shape_is_not_taken_over() -> None:
    (line,) = logged("logs.begin_request('een naam'); own.info('a')")
    assert len(line["request_id"]) == 16


def test_of_an_error_only_kind_and_place_are_kept() -> None:
    script = "\n".join(
        [
            "def fail(): raise ValueError('geheim')",
            "try: fail()",
            "except ValueError:",
            "    own.exception('a')",
            "    logging.getLogger('bot.x').exception('b')",
            "    library.exception('geheim %s', 'geheim')",
            "thread = threading.Thread(target=fail); thread.start(); thread.join()",
        ]
    )
    lines = logged(script)
    assert [line["event"] for line in lines] == ["a", "b", "library_message", "thread_failed"]
    assert {line["error"] for line in lines} == {"ValueError"} and all(line["where"] for line in lines)
    assert "geheim" not in str(lines)


def test_what_a_library_says_is_kept_outside_a_request_only() -> None:
    script = "library.warning('poort %s bezet', 8000); logs.begin_request(); library.warning('een %s', 'geheim')"
    outside, inside = logged(script)
    assert outside["event"] == "poort 8000 bezet"
    assert inside["event"] == "library_message" and "geheim" not in str(inside) and inside["where"]


def test_values_that_a_library_adds_are_left_out() -> None:
    (line,) = logged("theirs.warning('processor.parse', text='geheim', event_info='geheim')")
    assert line["event"] == "processor.parse" and "geheim" not in str(line)


def test_a_library_tells_only_what_needs_attention_also_when_it_keeps_to_itself() -> None:
    script = "library.propagate = False; library.info('a'); library.error('b'); own.debug('c')"
    assert [line["event"] for line in logged(script)] == ["b"]
