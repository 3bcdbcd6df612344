"""Reads a form with a file in it (multipart/form-data, RFC 7578)."""

import re
from base64 import b64encode

from web.problems import Problem

MOST_FIELDS = 5000
_BOUNDARY = re.compile(r'boundary="?([^";,\s]{1,70})"?', re.ASCII)
_NAME = re.compile(rb'[;\s]name="([^"]*)"', re.IGNORECASE)
_FILE_NAME = re.compile(rb'[;\s]filename="([^"]*)"', re.IGNORECASE)


def fields_of(body: bytes, content_type: str) -> dict[str, str]:
    """The fields of the form. A file is its content in base64, with its name in the field `NAME_naam`.

    Raises a Problem (400) when it cannot be read.
    """
    boundary = _BOUNDARY.search(content_type)
    if not boundary:
        raise Problem(400)
    line = b"\r\n--" + boundary[1].encode()
    first, *parts = (b"\r\n" + body).split(line, MOST_FIELDS + 1)
    if not parts or not parts[-1].startswith(b"--") or len(parts) > MOST_FIELDS:
        raise Problem(400)
    fields: dict[str, str] = {}
    for part in parts[:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        name, file = _NAME.search(head), _FILE_NAME.search(head)
        if not name:
            raise Problem(400)
        key = name[1].decode(errors="replace")
        if file:
            fields[key] = b64encode(content).decode()
            fields[f"{key}_naam"] = file[1].decode(errors="replace").replace("\x00", "")
        else:
            fields[key] = content.decode(errors="replace").replace("\x00", "")
    return fields
