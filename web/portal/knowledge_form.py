"""The form of a knowledge entry, made from the JSON Schema of its model: its fields, what they hold, what was typed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Optional

from bot.knowledge.calendar import DEADLINE
from bot.knowledge.kinds import TABLE
from bot.knowledge.loader import Knowledge
from bot.knowledge.models import Activiteit, Entry, Event, Hulplijn, Id, Niveau, Profiel, Wereld
from bot.knowledge.schema import file_schema

PREFIX = "veld-"
SPARE_PAIRS = 2
LIST_LINES, TEXT_LINES = 4, 4
WHOLE = re.compile(r"-?\d{1,9}")
NOT_A_NAME = "Schrijf ook links waar deze tekst bij hoort, of maak de tekst leeg."
LABELS = {
    "id": "Kenmerk",
    "namen": "Andere namen",
    "vragen": "Vragen van leerlingen",
    "eenvoudig": "In makkelijke woorden",
    "controleer_voor": "Kijk na vóór",
    "eigenaar": "Wie kijkt het na",
    "knop": "Tekst op de knop",
    "let_op": "Let op",
    "antwoorden": "Antwoorden op andere soorten vragen",
    "zie_ook": "Zie ook",
    "vergelijkt": "Vergelijkt",
    "past_bij": "Past bij",
    "kies_vragen": "Vragen om te kiezen",
    "doel_voorbeelden": "Voorbeelden van doelen",
    "kosten_tijd": "Kosten en tijden",
    "uid": "Kenmerk in de andere agenda",
    "dag": "Een dag",
    "niet": "Niet",
    "elke": "Elke",
    "ook": "Ook op",
    "afgelast": "Gaat niet door",
    "plekken": "Vrije plekken",
    "voorbeeld": "Dit is een voorbeeld",
    "specialist": "Specialistenopleiding",
    "herhaal": "Komt vaker",
    "aanwezig": "Hoeveel mensen er waren",
    "doelgroep": "Voor wie is het",
    "soort": "Soort",
    "betrouwbaarheid": "Hoe zeker is het",
}
HINTS = {
    "id": "Hieraan herkent Lobke dit item. Laat je het leeg, dan bedenkt ze er zelf een.",
    "bron": "Waar je dit vandaan hebt. Laat je het leeg, dan geldt de bron van het hele bestand.",
    "betrouwbaarheid": "Bij ‘middel’ zegt Lobke erbij dat de leerling het moet navragen.",
    "naam": "Zo noemt Lobke het.",
    "namen": "Zet elke naam op een eigen regel. Zo typen leerlingen het, ook met een tikfout.",
    "vragen": "Zet elke vraag op een eigen regel. Schrijf ze zoals leerlingen ze typen.",
    "eenvoudig": "Dit zegt Lobke als een leerling het niet snapt.",
    "controleer_voor": "Een maand voor deze dag krijgt redactie een mail.",
    "eigenaar": "Het e-mailadres van een account. Laat je het leeg, dan krijgt iedereen van redactie de mail.",
    "knop": "Hoogstens 32 tekens.",
    "antwoord": "Schrijf korte zinnen, en hoogstens 60 woorden.",
    "antwoorden": "Links staat om welke soort vraag het gaat, rechts wat Lobke dan zegt.",
    "zie_ook": "Hier komen knoppen van. Zet elk item op een eigen regel, als soort:kenmerk, zoals onderwerp:bol.",
    "vergelijkt": "Wat hier naast elkaar staat. Zet elk item op een eigen regel, als soort:kenmerk.",
    "voorbeelden": "Zet elk item op een eigen regel, als soort:kenmerk.",
    "uitleg": "Schrijf korte zinnen, en hoogstens 60 woorden.",
    "datum": "Laat leeg als de datum nog volgt.",
    "einddatum": "Alleen als het langer dan 1 dag duurt.",
    "tijd": "Zoals 19.00-20.30.",
    "aanmelden": "Hoe meld je je aan? Schrijf dat in woorden, of zet er een adres met https:// neer.",
    "plekken": "0 betekent vol. Laat leeg als je het niet weet.",
    "afgelast": "Het was gepland, en het is er niet.",
    "herhaal": "Is het er steeds weer, of nog op andere dagen? Vul dat dan hier in.",
    "elke": "‘maand’ is steeds dezelfde dag van de week, zoals de tweede dinsdag.",
    "tot": "De laatste dag.",
    "niet": "Zet elke dag op een eigen regel, zoals 2027-05-05.",
    "ook": "Zet elke dag op een eigen regel, zoals 2027-06-01.",
    "aanwezig": "Vul dit na afloop in.",
    "doelgroep": "Kies je ‘professionals’, dan noemt Lobke het niet in de chat. Leeg betekent: voor leerlingen.",
    "uid": "Dit vult Lobke in als je een agenda inleest. Laat het zo.",
    "voorbeeld": "Een voorbeeld is verzonnen. Leerlingen zien het niet als Lobke echt draait.",
    "riasec": "3 letters uit RIASEC, de belangrijkste eerst.",
    "van": "De eerste dag.",
    "beroepen": "Zet elk beroep op een eigen regel.",
    "plaatsen": "Zet elke plaats op een eigen regel.",
    "kies_vragen": "Zet elke vraag op een eigen regel, met hoogstens 60 tekens.",
    "doel_voorbeelden": "Hoogstens 3. Zet elk doel op een eigen regel, met hoogstens 40 tekens.",
    "patronen": "Zet elk patroon op een eigen regel. Verander dit alleen samen met een ontwikkelaar.",
    "schrift": "Verander dit alleen samen met een ontwikkelaar.",
}
OF_TYPE = {
    ("opleiding", "id"): "De crebocode van 5 cijfers. Leerlingen zien die niet, en hij verandert nooit.",
    ("nood", "niet"): "Zet elk patroon op een eigen regel. Verander dit alleen samen met een ontwikkelaar.",
    ("moment", "van"): "De eerste dag, als maand-dag, zoals 09-01.",
    ("moment", "tot"): "De laatste dag, als maand-dag, zoals 10-31.",
    ("interesse", "voorbeelden"): "Hoogstens 3. Zet elk item op een eigen regel, zoals opleiding:25180.",
}
LAST = ("controleer_voor", "eigenaar", "bron", "betrouwbaarheid", "uid", "voorbeeld")
"""What comes at the end of a form."""
SHORT = {"naam", "titel", "bron", "plaats", "tijd", "organisator", "telefoon", "afkorting", "knop", "uid", "chat"}
SHORT |= {"duur", "eigenaar", "regio", "riasec", "status", "id"}
KINDS = {kind for _, kind in TABLE} | {"waarom", "kosten", "verdienen", "duur", "niveau", "waar", "wie"}
Values = dict[str, str]
"""What stands in the form, by the name of the input."""
Errors = dict[str, list[str]]
"""What is wrong, by the name of the field."""
Model = type[Entry]


@dataclass(frozen=True)
class Field:
    """A field of the form. `kind` is the macro of knowledge_fields.html that shows it."""

    name: str
    label: str
    hint: str
    kind: str
    required: bool = False
    options: tuple[tuple[str, str], ...] = ()
    minimum: Optional[int] = None
    maximum: Optional[int] = None
    whole: bool = False
    fields: tuple["Field", ...] = ()

    @property
    def input(self) -> str:
        """The name of its input."""
        return f"{PREFIX}{self.name}"


def fields_of(model: type[Entry], known: Optional[Knowledge], new: bool) -> list[Field]:
    """The fields for an entry of this type. The id of an entry that is there cannot be changed."""
    schema = file_schema(model)
    item = schema["properties"]["items"]["items"]
    required = set(item.get("required", []))
    found = []
    for name, part in item["properties"].items():
        if (name == "id" and not new) or (name == "naam" and model.__fields__["naam"].required is False):
            continue
        if name in ("namen", "vragen", "eenvoudig") and model.__fields__["naam"].required is False:
            continue  # nobody asks for these by name
        is_required = name in required and (name != "id" or id_is_a_code(model))
        found.append(_field(model.type, name, part, schema.get("definitions", {}), is_required, known))
    last = LAST if id_is_a_code(model) else (*LAST, "id")
    return sorted(found, key=lambda one: last.index(one.name) if one.name in last else -1)


def id_is_a_code(model: Model) -> bool:
    """Whether the id of an entry means something, so that staff must fill it in."""
    return model.__fields__["id"].type_ is not Id


def _field(
    type: str, name: str, part: Mapping[str, Any], definitions: Mapping[str, Any], required: bool, known: Any
) -> Field:
    part = _plain(part, definitions)
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    hint = OF_TYPE.get((type, name)) or HINTS.get(name, "")
    options = _options(type, name, known)
    common: dict[str, Any] = {"name": name, "label": label, "hint": hint, "required": required}
    common |= {"minimum": part.get("minimum"), "maximum": part.get("maximum")}
    if part.get("properties"):
        inner = tuple(
            _field(type, f"{name}-{inside}", inner, definitions, False, known)
            for inside, inner in part["properties"].items()
        )
        inner = tuple(_renamed(field, field.name.partition("-")[2], type) for field in inner)
        return Field(**common, kind="groep", fields=inner)
    kind, items = part.get("type"), _plain(part.get("items", {}), definitions)
    if kind == "array":
        whole = items.get("type") == "integer"
        options = options or tuple((value, value) for value in items.get("enum", ()))
        return Field(**common, kind="vinkjes" if options else "lijst", options=options, whole=whole)
    if kind == "object":
        return Field(**common, kind="paren", options=tuple((kind, kind) for kind in sorted(KINDS)))
    if kind == "boolean":
        return Field(**common, kind="ja")
    if kind == "integer":
        return Field(**common, kind="getal", whole=True)
    if part.get("format") == "date":
        return Field(**common, kind="datum")
    if options or "enum" in part:
        return Field(**common, kind="keuze", options=options or tuple((value, value) for value in part["enum"]))
    is_short = name.rpartition("-")[2] in SHORT or "pattern" in part or "maxLength" in part
    return Field(**common, kind="tekst" if is_short else "lang")


def _renamed(field: Field, name: str, type: str) -> Field:
    """A field inside another, with the label and hint of its own name."""
    label = LABELS.get(name, name.replace("_", " ").capitalize())
    return Field(**{**vars(field), "label": label, "hint": HINTS.get(name, "")})


def _plain(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema of a field, without what only says that it may be empty or stands elsewhere."""
    for name in ("anyOf", "allOf"):
        if name in part:
            return _plain(next(each for each in part[name] if each.get("type") != "null"), definitions)
    return definitions[part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def _options(type: str, name: str, known: Optional[Knowledge]) -> tuple[tuple[str, str], ...]:
    """The entries that a field may refer to: value and label."""
    if name == "leerjaren":
        return tuple((str(year), f"Leerjaar {year}") for year in range(1, 5))
    models: dict[str, Model] = {
        "werelden": Wereld,
        "profielen": Profiel,
        "hulplijnen": Hulplijn,
        "activiteiten": Activiteit,
        "niveaus": Niveau,
    }
    model = Activiteit if (type, name) == (Event.type, "soort") else models.get(name)
    if known is None or model is None:
        return ()
    found = tuple((str(entry.id), str(entry.naam)) for entry in known.all(model))
    return (*found, (DEADLINE, "Uiterste dag")) if name == "soort" else found


def shown(fields: Sequence[Field], raw: Mapping[str, Any]) -> Values:
    """What the form shows of an entry as it stands in the file."""
    found: Values = {}
    for field in fields:
        value = raw.get(field.name.rpartition("-")[2], None)
        if field.kind == "groep":
            found |= shown(field.fields, value if isinstance(value, Mapping) else {})
        elif field.kind == "vinkjes":
            found |= {f"{field.input}-{one}": "ja" for one in _listed(value)}
        elif field.kind == "paren":
            pairs = value.items() if isinstance(value, Mapping) else ()
            for at, (name, text) in enumerate(pairs):
                found |= {f"{field.input}-{at}-naam": str(name), f"{field.input}-{at}-tekst": _text(text)}
        elif field.kind == "ja":
            found |= {field.input: "ja"} if value is True else {}
        elif field.kind == "lijst":
            found[field.input] = "\n".join(_listed(value))
        else:
            found[field.input] = _text(value)
    return found


def typed(fields: Sequence[Field], form: Mapping[str, str], raw: Mapping[str, Any]) -> tuple[dict[str, Any], Errors]:
    """The fields that differ from the entry as it stands in the file, None for one that is empty now; and mistakes
    that the file could not show.
    """
    changed: dict[str, Any] = {}
    errors: Errors = {}
    before = shown(fields, raw)
    for field in fields:
        name = field.name
        value = _value(field, form, raw.get(name), errors)
        if value == _value(field, before, raw.get(name), {}):
            continue
        empty = value in (None, "", [], {}) or (value is False and not field.required)
        changed[name] = None if empty and not (field.kind in ("vinkjes", "lijst") and field.required) else value
    return {name: value for name, value in changed.items() if value is not None or name in raw}, errors


def _value(field: Field, form: Mapping[str, str], raw: Any, errors: Errors) -> Any:
    if field.kind == "groep":
        inner = {one.name.partition("-")[2]: _value(one, form, None, errors) for one in field.fields}
        return {name: value for name, value in inner.items() if value not in (None, "", [])}
    if field.kind == "vinkjes":
        kept = [one for one in _listed(raw) if f"{field.input}-{one}" in form]
        new = [one for one, _ in field.options if f"{field.input}-{one}" in form and one not in kept]
        return [_number(one, field.whole) for one in (*kept, *new)]
    if field.kind == "paren":
        return _pairs(field, form, errors)
    if field.kind == "ja":
        return field.input in form
    value = form.get(field.input, "").replace("\r\n", "\n").strip()
    if field.kind == "lijst":
        return [_number(line.strip(), field.whole) for line in value.split("\n") if line.strip()]
    return _number(value, field.whole) if value else None


def _pairs(field: Field, form: Mapping[str, str], errors: Errors) -> dict[str, str]:
    found = {}
    for at in pair_numbers(field, form):
        name = form.get(f"{field.input}-{at}-naam", "").strip()
        text = form.get(f"{field.input}-{at}-tekst", "").replace("\r\n", "\n").strip()
        if text and not name:
            errors.setdefault(field.name, []).append(NOT_A_NAME)
        elif text:
            found[name] = text
    return found


def pair_numbers(field: Field, form: Mapping[str, str]) -> list[int]:
    """The numbers of the pairs in a form."""
    pattern = re.compile(rf"{re.escape(field.input)}-(\d{{1,3}})-naam")
    return sorted(int(match[1]) for name in form if (match := pattern.fullmatch(name)))


def rows(field: Field, form: Mapping[str, str]) -> list[int]:
    """The numbers of the pairs to show: those that are there, and some empty ones."""
    found = pair_numbers(field, form)
    first = found[-1] + 1 if found else 0
    return [*found, *range(first, first + SPARE_PAIRS)]


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _number(value: str, whole: bool) -> Any:
    return int(value) if whole and WHOLE.fullmatch(value) else value


def new_id(values: Mapping[str, Any]) -> str:
    """An id for a new entry, from its name."""
    name = str(values.get("naam") or values.get("titel") or values.get("doe") or "nieuw").lower()
    made = re.sub(r"[^a-z0-9]+", "-", name.translate(_PLAIN)).strip("-")
    return made[:60].strip("-") or "nieuw"


_PLAIN = str.maketrans("áàâäéèêëíìîïóòôöúùûüñç", "aaaaeeeeiiiioooouuuunc")
