"""Tables as files for a spreadsheet. No cell is ever read as a formula."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Union

from starlette.responses import Response

from bot import clock
from web.portal.door import PRIVATE

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA = re.compile(r"^(?=\s*[=+\-@\t\r])")
Cell = Union[str, int]
Row = Sequence[Cell]


def csv_file(name: str, rows: Sequence[Row]) -> Response:
    """The rows as Dutch spreadsheets read them: with semicolons, and a mark that it is UTF-8."""
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows([_safe(cell) for cell in row] for row in rows)
    return _file(f"\ufeff{text.getvalue()}".encode(), "text/csv; charset=utf-8", f"{name}.csv")


def xlsx_file(name: str, rows: Sequence[Row]) -> Response:
    """The rows as an Excel file."""
    return workbook_file(name, {"Lobke": rows})


def workbook_file(name: str, sheets: Mapping[str, Sequence[Row]]) -> Response:
    """An Excel file with a sheet for each of these rows, by its title."""
    from openpyxl import Workbook
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book, content = Workbook(write_only=True), io.BytesIO()
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(
                ILLEGAL_CHARACTERS_RE.sub("", cell) if isinstance(cell, str) else cell for cell in map(_safe, row)
            )
    book.save(content)
    return _file(content.getvalue(), XLSX, f"{name}.xlsx")


def _safe(cell: Cell) -> Cell:
    return FORMULA.sub("'", cell) if isinstance(cell, str) else cell


def _file(content: bytes, type: str, name: str) -> Response:
    disposition = f'attachment; filename="{clock.today().isoformat()}-{name}"'
    return Response(content, media_type=type, headers={**PRIVATE, "Content-Disposition": disposition})
