"""The annual report as files: HTML that opens from disk, PDF, and Word. The same report gives the same bytes.

`python -m web.report SCHOOLJAAR MAP` makes all three; `lobke report` starts that, since bot knows nothing of web.
"""

import re
import sys
import zipfile
from datetime import datetime, time, timezone
from io import BytesIO
from pathlib import Path
from typing import Any

from bot import clock, logs
from bot.knowledge import KnowledgeError
from bot.monitoring.entered import year_of
from bot.monitoring.figures import roll_up
from bot.monitoring.report import Report, Table, report
from bot.school_year import school_year, year_name
from bot.storage.database import DatabaseDown
from web.documents import NoPdf, as_pdf, new_word
from web.pages import WEB, templates

HTML, PDF, WORD = "html", "pdf", "docx"
CSS = WEB / "static" / "report.css"
NO_PDF = "PDF maken lukt op deze computer niet. Open het HTML-bestand en druk dat af, of bewaar het als PDF."
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def as_html(made: Report, standalone: bool = True) -> str:
    """The report as a page. `standalone`: with its style inside, so that it opens from disk."""
    style = CSS.read_text(encoding="utf-8") if standalone else ""
    return templates.get_template("report.html").render(report=made, style=style)


def as_file(made: Report, kind: str) -> bytes:
    """The report as HTML, PDF or WORD. Raises NoPdf."""
    if kind == WORD:
        return as_word(made)
    page = as_html(made)
    return as_pdf(page) if kind == PDF else page.encode()


def file_name(made: Report, kind: str) -> str:
    """ "jaarverslag-2026-2027.pdf"."""
    return f"jaarverslag-{made.name}.{kind}"


def as_word(made: Report) -> bytes:
    """The report as a Word file (DOCX). Its charts are left out, since the tables say the same."""
    file = new_word(f"{made.title} {made.name}")
    about = file.core_properties
    about.created = about.modified = datetime.combine(made.day, time(), timezone.utc)
    file.add_heading(made.title, 0)
    file.add_paragraph(f"Schooljaar {made.name}")
    file.add_paragraph(made.made_on)
    for section in made.sections:
        file.add_heading(section.title, 1)
        for text in (*section.said, *section.text):
            file.add_paragraph(_plain(text))
        for table in section.tables:
            file.add_heading(_plain(table.title), 2)
            file.add_paragraph(_plain(table.intro))
            _add_table(file, table)
    content = BytesIO()
    file.save(content)
    return _without_times(content.getvalue())


def _add_table(file: Any, table: Table) -> None:
    """A table with a head that is repeated on each page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    made = file.add_table(rows=0, cols=len(table.columns), style="Table Grid")
    lines = [table.columns, *table.rows, *([table.total] if table.total else [])]
    for number, line in enumerate(lines):
        row = made.add_row()
        for cell, text in zip(row.cells, line, strict=True):
            run = cell.paragraphs[0].add_run(_plain(text))
            run.font.size = Pt(9)
            run.bold = not number or line is table.total
        properties = row._tr.get_or_add_trPr()
        for mark in ("w:cantSplit", *([] if number else ["w:tblHeader"])):
            properties.append(OxmlElement(mark))
    look = made._tbl.tblPr.find(qn("w:tblLook"))
    if look is not None:
        look.set(qn("w:firstRow"), "1")
    file.add_paragraph()


def _plain(text: str) -> str:
    """The text without what a Word file does not take."""
    return _NOT_IN_XML.sub("", text)


def _without_times(content: bytes) -> bytes:
    """The same zip file with the same moment at each of its files."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            part.compress_type, part.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            new.writestr(part, old.read(name))
    return made.getvalue()


def main(typed: str, folder: Path) -> int:
    """Makes the files of this school year in this folder and says which; 0, or 1 when something went wrong."""
    year = year_of(typed)
    if year is None:
        return _fail(f"'{typed}' is geen schooljaar. Schrijf het zoals {year_name(school_year(clock.today()))}.")
    if year > school_year(clock.today()):
        return _fail(f"Schooljaar {year_name(year)} is nog niet begonnen.")
    try:
        roll_up()
        made = report(year)
    except DatabaseDown as error:
        return _fail(f"De database antwoordt niet ({error}).")
    except KnowledgeError as error:
        return _fail(f"Een kennisbestand heeft een fout: {error.problems[0]}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for kind in (HTML, WORD, PDF):
            path = folder / file_name(made, kind)
            path.write_bytes(as_file(made, kind))
            print(path)
    except NoPdf:
        return _fail(NO_PDF)
    except OSError as error:
        return _fail(f"In {folder} kan ik niets bewaren: {error.strerror or error}.")
    return 0


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    logs.configure("lobke")
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
