"""A document: what a pupil made in a conversation, to print or to keep. It holds no name, and ends with the talk."""

from typing import Any, Literal, Optional

from pydantic import BaseModel, ValidationError, validator

LONGEST_TEXT = 1200  # characters; more is cut, so that no text breaks the page
MOST_PARTS = 40  # sections, items, rows, bars
MOST_LINES = 20  # empty lines to write on, a section


class _Part(BaseModel):
    @validator("*", pre=True)
    def _cut(cls, value: Any) -> Any:
        return cut(value)


class Bar(_Part):
    """A bar of the chart: `value` out of `of`; a strong one stands out."""

    label: str
    value: int
    of: int
    strong: bool = False

    @property
    def share(self) -> float:
        """The part of the bar that is full, 0 to 1."""
        return min(max(self.value / self.of, 0.0), 1.0) if self.of > 0 else 0.0


class Chart(_Part):
    """Bars, and words that say the same."""

    alt: str
    bars: list[Bar]


class Row(_Part):
    """A fact with its label."""

    label: str
    value: str


class Section(_Part):
    """A heading with what stands under it; `lines` are empty lines to write on."""

    title: str
    text: str = ""
    items: list[str] = []
    rows: list[Row] = []
    lines: int = 0

    @validator("lines")
    def _few(cls, lines: int) -> int:
        return min(max(lines, 0), MOST_LINES)


class Document(_Part):
    """A whole document."""

    kind: Literal["verkenning", "terugblik", "voorbereiding", "visitekaartje", "oefening"]
    title: str
    intro: str = ""
    chart: Optional[Chart]
    sections: list[Section]
    note: str = ""

    @property
    def is_written_on(self) -> bool:
        """Whether a pupil goes on working in it, so that it exists as a Word file too."""
        return self.kind in ("terugblik", "voorbereiding", "oefening")


def read_document(data: Any) -> Optional[Document]:
    """The document in a card, cut where it is too long; None for anything that is not a document."""
    try:
        found: Document = Document.parse_obj(data)
    except ValidationError:
        return None
    return found


def cut(value: Any) -> Any:
    """A text without characters that cannot be printed, or a list, neither too long; other values as they are."""
    if isinstance(value, str):
        kept = value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"
        return "".join(character if character.isprintable() or character == "\n" else " " for character in kept)
    if isinstance(value, list):
        return [cut(item) for item in value[:MOST_PARTS]]
    return value
