from __future__ import annotations

import pytest
from babel import Locale

from indexer.parsing.countries import find_country
from indexer.shared.regions import region_codes, region_label, region_of
from indexer.shared.tables import read_table
from indexer.shared.text import fold


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("GB", "GB"),
        ("gbr", "GB"),
        ("UK", "GB"),
        ("U.K.", "GB"),
        ("United Kingdom", "GB"),
        ("Macedonia", "MK"),
        ("Republic of North Macedonia", "MK"),
        ("Moldova", "MD"),
        ("Republic of Moldova", "MD"),
        ("Côte d’Ivoire", "CI"),
        ("IVORY COAST", "CI"),
        ("Kyrgyz Republic", "KG"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("Georgia", "GE"),
        ("Guinea", "GN"),
        ("Niger", "NE"),
        ("Deutschland", "DE"),
        ("대한민국", "KR"),
        ("Ελλάδα", "GR"),
        ("المغرب", "MA"),
        ("საქართველო", "GE"),
        (" France ", "FR"),
        ("Usine de Corée du Sud", None),
        ("Narnia", None),
        ("European Union", None),
        ("EU", None),
        ("XX", None),
        ("419", None),
        ("", None),
    ],
)
def test_countries_are_found_by_code_and_by_name(text: str, code: str | None) -> None:
    assert find_country(text) == code


def test_a_name_of_two_countries_in_other_languages_is_none() -> None:
    assert find_country("لتونی") is None  # Latvia in Persian, Lithuania in Urdu of Pakistan


def test_aliases_belong_to_one_country_each() -> None:
    aliases = read_table("indexer", "countries.toml")["aliases"]
    names = [fold(name) for others in aliases.values() for name in others]
    assert len(names) == len(set(names))
    assert set(aliases) <= set(Locale("en").territories)


def test_every_country_but_antarctica_has_one_region() -> None:
    table = read_table("indexer.shared", "regions.toml")
    listed = [country for region in table.values() for country in region["countries"]]
    assert len(listed) == len(set(listed))
    countries = {code for code, name in Locale("en").territories.items() if find_country(code) == code and name}
    without = {"AC", "AQ", "CP", "CQ", "DG", "EA", "IC", "TA"}
    assert countries - set(listed) <= without
    assert set(listed) <= countries


@pytest.mark.parametrize(
    ("country", "region"),
    [
        ("KE", "africa"),
        ("BR", "americas"),
        ("KR", "asia"),
        ("UA", "europe"),
        ("NZ", "oceania"),
        ("AQ", None),
        (None, None),
    ],
)
def test_regions_are_those_of_the_united_nations(country: str | None, region: str | None) -> None:
    assert region_of(country) == region


def test_regions_have_names_in_any_language() -> None:
    assert [region_label(code) for code in region_codes()] == ["Africa", "Americas", "Asia", "Europe", "Oceania"]
    assert region_label("americas", "es") == "América"
    assert region_label("europe", "xx") == "Europe"
    assert region_label("atlantis") == "atlantis"
