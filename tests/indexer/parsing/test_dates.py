from __future__ import annotations

import pytest

from indexer.parsing.dates import find_dates, parse_bare_range, parse_date, parse_range


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2018", "2018"),
        ("Mai 2016", "2016-05"),
        ("mayo de 2016", "2016-05"),
        ("Septembre 1, 2018", "2018-09-01"),
        ("September 1st, 2018", "2018-09-01"),
        ("1er juin 2022", "2022-06-01"),
        ("1 de septiembre del 2018", "2018-09-01"),
        ("31 de dezembro de 2020", "2020-12-31"),
        ("Sept. 2019", "2019-09"),
        ("févr. 2019", "2019-02"),
        ("FEVRIER 2019", "2019-02"),
        ("out. 2019", "2019-10"),
        ("Début octobre 2018", "2018-10"),
        ("2018-09-01", "2018-09-01"),
        ("2018-09", "2018-09"),
        ("09/2018", "2018-09"),
        ("31/12/2012", "2012-12-31"),
        ("12/31/2012", "2012-12-31"),
        ("Quarter 1 2014", "2014"),
        ("30 February 2018", "2018-02"),
        ("32/13/2018", "2018"),
        ("2016-18", "2016"),
        ("Ongoing", None),
        ("Not specified", None),
        ("12345", None),
        ("", None),
    ],
)
def test_dates_are_as_precise_as_the_source(text: str, date: str | None) -> None:
    assert parse_date(text) == date


def test_of_an_ambiguous_date_only_the_year_is_certain() -> None:
    assert parse_date("04/01/2012") == "2012"
    assert parse_date("04/01/2012", day_first=True) == "2012-01-04"
    assert parse_date("04/01/2012", day_first=False) == "2012-04-01"
    assert parse_date("05/05/2012") == "2012-05-05"


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("Septembre 1, 2018 ~ Août 31, 2020", ("2018-09-01", "2020-08-31")),
        ("du 1er septembre 2018 au 31 août 2020", ("2018-09-01", "2020-08-31")),
        ("1 de outubro de 2018 a 31 de julho de 2020", ("2018-10-01", "2020-07-31")),
        ("2018-2020", ("2018", "2020")),
        ("May 2018", None),
        ("2016, 2017 and 2018", None),
    ],
)
def test_a_range_has_two_dates(text: str, dates: tuple[str, str] | None) -> None:
    assert parse_range(text) == dates


def test_a_bare_range_holds_little_else_and_tells_months() -> None:
    assert parse_bare_range("Début octobre 2018 - Fin août 2020") == ("2018-10", "2020-08")
    assert parse_bare_range("2018-2020") is None
    assert parse_bare_range("The plan of May 2018 was replaced in June 2020 by a new one") is None


def test_only_the_beginning_of_a_long_text_is_searched() -> None:
    assert find_dates("x " * 200 + "2018") == []
