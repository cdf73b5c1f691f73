from __future__ import annotations

from pathlib import Path

import pytest

from indexer.shared.text import clean_text, fold, redact_contacts

# --- cleaning ---


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\r\nb\rc\u2028d\u0085e\x0bf", "a\nb\nc\nd\ne\nf"),
        ("\ufeffa\u00a0b\u202fc\u3000d\te", "a b c d e"),
        ("a\u200bb\u00adc\u2060d\u200ee\u202ef", "abcdef"),
        ("a\x00b\x07c\x1bd\ud800e", "abcde"),
        ("e\u0301", "é"),
        ("a  \n b\u00a0\n", "a\n b\n"),
        ("x\u200cy\u200dz", "xyz"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("“quotes” – ½ ™", "“quotes” – ½ ™"),
    ],
)
def test_text_is_cleaned_of_what_nobody_sees(text: str, cleaned: str) -> None:
    assert clean_text(text) == cleaned


def test_clean_text_stays_clean() -> None:
    text = clean_text("\ufeffÀ\u00a0la\u200b carte\r\n\r\n e\u0301 \t")
    assert clean_text(text) == text


# --- folding ---


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Évaluation", "evaluation"),
        ("l’œuvre", "L'OEUVRE"),
        ("Straße", "STRASSE"),
        ("mi\u2011parcours", "mi-parcours"),
        ("ｆｕｌｌ　width", "full width"),
        ("São  Paulo\n", "sao paulo"),
        ("ﬁn", "fin"),
    ],
)
def test_spellings_fold_to_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


# --- contact details ---


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("lmj777@korea.kr, + 82-2-2100-4145", "[…], […]"),
        ("Write to first.last+tag@some-where.gov.uk.", "Write to […]."),
        ("jane [at] example.org", "[…]"),
        ("+44 (0)20 7946 0958", "[…]"),
        ("(+351) 213 305 076", "[…]"),
        ("(+82-2-2100-4145)", "([…])"),
        ("+33.1.42.75.80.00 ou", "[…] ou"),
        ("Tel.: 416-327-2333 Fax: 416 327-3790", "Tel.: […] Fax: […]"),
        ("Tél. : 01 42 75 80 00", "Tél. : […]"),
        ("Teléfono: 55 5140 5030 ext. 3", "Teléfono: […] ext. 3"),
        ("Telefone (11) 3333-4444", "Telefone (11) 3333-4444"),
        ("call 416-327-2333 or (416) 327-2333", "call […] or […]"),
    ],
)
def test_addresses_and_numbers_of_people_are_redacted(text: str, redacted: str) -> None:
    assert redact_contacts(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "17 n ° 1 (2012): 1\u221226",
        "2016-18, 2018-2020 et 2018-09-01",
        "UK0066, SEO0002 et FR0039, 2018, Aide",
        "https://www.example.org/2012_17_1_4_christian/@name/416-327-2333?x=1@2.de",
        "doi 10.3351/ppp.2022.9258898236, ISBN 978-989-95146-5-2, ISSN 1234-5678",
        "+ 15 000 000 euros, 1 500 000 personnes, 12,000 people",
        "application mobile 2018-2020, téléphone 2018",
        "IP 192.168.100.200, version 1.2.3",
        "Suivez @opengovpart",
        "NAP 3 + 2 = 5",
        "11.1. Création; 10.2 Implemente",
    ],
)
def test_years_dates_ids_amounts_and_addresses_of_pages_stay(text: str) -> None:
    assert redact_contacts(text) == text


def test_of_the_seeds_only_one_line_changes(seeds: Path) -> None:
    changed = [
        (path.name, before, after)
        for path in sorted(seeds.glob("*.txt"))
        for before, after in zip(
            path.read_text(encoding="utf-8").split("\n"),
            redact_contacts(path.read_text(encoding="utf-8")).split("\n"),
            strict=True,
        )
        if before != after
    ]
    assert changed == [("003_870d1cf21ae36b1b.txt", "lmj777@korea.kr, + 82-2-2100-4145", "[…], […]")]
