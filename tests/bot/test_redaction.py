"""Personal data is taken out of text; what the question is about stays."""

import pytest

from bot.privacy.redaction import redact


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("bel me op 06-12345678", "bel me op [telefoon]"),
        ("0612345678 of +31 6 1234 5678", "[telefoon] of [telefoon]"),
        ("app 06 12 34 56 78 maar", "app [telefoon] maar"),
        ("mail jan.jansen@voorbeeld.nl", "mail [e-mail]"),
        ("mijn bsn is 123456782", "mijn bsn is [bsn]"),
        ("NL91ABNA0417164300 is mijn rekening", "[rekening] is mijn rekening"),
        ("ik woon op 3811 AB", "ik woon op [postcode]"),
        ("ik woon op 3811ab in amersfoort", "ik woon op [postcode] in amersfoort"),
        ("ik woon in de kerkstraat 12b", "ik woon in de [adres]"),
        ("geboren op 12-03-2012", "geboren op [geboortedatum]"),
        ("ik heet Fatima en wil kok worden", "ik heet [naam] en wil kok worden"),
        ("ik heet fatima el amrani en ik zoek iets", "ik heet [naam] en ik zoek iets"),
        ("Mijn naam is Jan Willem de Boer.", "Mijn naam is [naam]."),
        ("mijn naam is jan van der berg", "mijn naam is [naam]"),
        ("naam: Piet", "naam: [naam]"),
        ("ik ben Sanne en ik ben 14", "ik ben [naam] en ik ben 14"),
        ("mijn decaan is mevrouw de Vries", "mijn decaan is mevrouw [naam]"),
        ("groetjes Sanne", "groetjes [naam]"),
        ("mijn leerlingnummer is 4321", "mijn leerlingnummer is [leerlingnummer]"),
        ("leerlingnr: 123456", "leerlingnr: [leerlingnummer]"),
        ("het is 10294857", "het is [nummer]"),
        ("mijn snap is piet_12", "mijn snap is [account]"),
    ],
)
def test_personal_data_is_taken_out(typed: str, kept: str) -> None:
    assert redact(typed) == kept


@pytest.mark.parametrize(
    "typed",
    [
        "ik kan naar niveau 2 of 3 in 2027, dus voor 1 april 2027 om 15.30",
        "crebo 25641 kost dat 1234 euro in 2026 of 2027",
        "ik ben goed in koken en ik ben 14",
        "hoe heet de opleiding voor kok",
        "hoe heet je",
        "ik zit in 4 kb 2026 kb",
        "open dag op 12-03-2027",
        "",
    ],
)
def test_what_the_question_is_about_stays(typed: str) -> None:
    assert redact(typed) == typed


def test_the_longest_message_is_read_to_its_end() -> None:
    assert redact("06" * 500) == "[nummer]"
    for text in ("ik heet " * 125, "a" * 1000, "1-1-" * 250):
        assert redact(text) == text
