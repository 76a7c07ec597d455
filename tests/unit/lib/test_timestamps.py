"""Dates in the forms of Kubernetes."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from kubeade.lib.timestamps import format_micro_time, format_time, parse_time


def test_dates_are_written_in_utc_with_four_digits_of_the_year() -> None:
    moment = datetime(1, 1, 1, 2, 0, 2, 5, tzinfo=timezone(timedelta(hours=1)))
    assert format_time(moment) == "0001-01-01T01:00:02Z"
    assert format_micro_time(moment) == "0001-01-01T01:00:02.000005Z"


@pytest.mark.parametrize("text", ["2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00"])
def test_either_form_is_read(text: str) -> None:
    assert parse_time(text) == datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "2026-01-31", "2026-01-31T12:00:00", "0001-01-01T00:00:00+05:00"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_time(text)
