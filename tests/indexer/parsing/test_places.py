from __future__ import annotations

import pytest
from babel import Locale

from indexer.parsing.places import find_place
from indexer.shared.tables import read_table


@pytest.mark.parametrize(
    ("commitment_id", "place"),
    [
        ("UK0066", ("GB", None)),
        ("DE0026", ("DE", None)),
        ("KR0042", ("KR", None)),
        ("SEO0002", ("KR", "Seoul")),
        ("SCO0001", ("GB", "Scotland")),
        ("MAD0006", ("ES", "Madrid")),
        ("JP0001", ("JP", None)),
    ],
)
def test_the_id_tells_the_place(commitment_id: str, place: tuple[str, str | None]) -> None:
    assert find_place(commitment_id) == place
    assert find_place(commitment_id, "Paris, France") == place


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("Paris, Francia", ("FR", "Paris")),
        ("Basque Country, Espagne", ("ES", "Basque Country")),
        ("São Paulo", ("BR", "São Paulo")),
        ("Coreia do Sul", ("KR", None)),
        ("Nowhere in particular", (None, None)),
        ("", (None, None)),
    ],
)
def test_of_an_unknown_id_the_line_tells_the_place(line: str, place: tuple[str | None, str | None]) -> None:
    assert find_place("XQZ0001", line) == place


def test_the_table_holds_countries_only() -> None:
    table = read_table("indexer", "countries.toml")
    codes = {*table["members"], *table["exceptions"].values(), *(one["country"] for one in table["local"])}
    assert codes <= set(Locale("en").territories)
    assert {"UK", "EL"} & codes == set()
    assert table["members"] == sorted(set(table["members"]))
    prefixes = [one["prefix"] for one in table["local"] if "prefix" in one]
    assert len(prefixes) == len(set(prefixes))
