"""Takes a message apart: pupils ask two things at once, and hide what matters in the middle of something else."""

import re

_ASKING = (
    "hoe|hoelang|hoeveel|wat|waar|waarom|wanneer|welk|welke|wie|kan|kun|mag|moet|is|zijn|heb|heeft|hebben|krijg|krijgt|"
    "word|wordt|duurt|verdien|verdient|doe|ga|gaat|past|bestaat|kunnen|mogen|moeten"
)
_WORDS = re.compile(r"\b(?:hoe|hoelang|hoeveel|wat|waar|wanneer|welk|welke|wie)\b")
_BEFORE = r"(?:en |maar |ook |of |dan )*(?:(?:in|op|met|voor|bij|van|na|tot|vanaf|naar|over) )?"
_STARTS = re.compile(rf"{_BEFORE}(?:{_ASKING})\b")
_BREAK = re.compile(
    rf"[.?!;:\n]+\s+|\n|\s*[+]\s*|\s*,\s*(?=\w+ \w+)|\s+(?=en (?:ook |dan )?(?:{_ASKING})\b)"
    r"|\s+(?=(?:maar|want|omdat|terwijl|sinds)\b)",
    re.IGNORECASE,
)
_LEAST_WORDS = 2
_MOST_PARTS = 6


def parts(text: str) -> list[str]:
    """The sentences and clauses of a message in order, at most six; [] when it is one."""
    found: list[str] = []
    for piece in filter(None, (piece.strip() for piece in _BREAK.split(text))):
        if found and (len(piece.split()) < _LEAST_WORDS or len(found) == _MOST_PARTS):
            found[-1] = f"{found[-1]} {piece}"
        else:
            found.append(piece)
    return found if len(found) > 1 else []


def asks(part: str) -> bool:
    """Whether a part looks like a question: it begins like one, holds a question word, or ends with a question mark."""
    return bool(_STARTS.match(part.lower()) or _WORDS.search(part.lower())) or part.endswith("?")
