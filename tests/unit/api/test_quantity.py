import pytest
from hypothesis import given
from hypothesis import strategies as st

from kubeade.api.quantity import Format, Quantity, QuantityError, canonical


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("0", "0"),
        ("0Gi", "0"),
        ("100m", "100m"),
        ("0.1", "100m"),
        ("1000m", "1"),
        ("1.5", "1500m"),
        (".5", "500m"),
        ("1.", "1"),
        ("+3", "3"),
        ("-2500m", "-2500m"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("1025Ki", "1025Ki"),
        ("512", "512"),
        ("0.5Ki", "512"),
        ("1000k", "1M"),
        ("12e6", "12e6"),
        ("1E3", "1e3"),
        ("1e-3", "1e-3"),
        ("5E", "5E"),
        ("1000E", "1000E"),
        ("0.1n", "1n"),
        ("-0.1n", "-1n"),
        ("16Ei", "9223372036854775807"),
        ("0.5Mi", "512Ki"),
        ("0.0001Ki", "102400u"),
    ],
)
def test_canonical_form(text: str, written: str) -> None:
    assert canonical(text) == written


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "1 Gi", "1Gi2x", "0x10"])
def test_not_a_quantity(text: str) -> None:
    with pytest.raises(QuantityError, match="quantities must match the regular expression"):
        Quantity.parse(text)


@pytest.mark.parametrize("text", ["1Kii", "1KM", "1mm", "1eE", "--1", "1i", "1e99999999999"])
def test_not_a_suffix(text: str) -> None:
    with pytest.raises(QuantityError, match="unable to parse quantity's suffix"):
        Quantity.parse(text)


def test_integers_are_rounded_up_away_from_zero() -> None:
    assert (Quantity.parse("1.2").value(), Quantity.parse("-1.2").value()) == (2, -2)
    assert (Quantity.parse("1u").milli_value(), Quantity.parse("-2").milli_value()) == (1, -2000)


def test_amounts_compare_whatever_their_suffix() -> None:
    assert Quantity.parse("1Ki") == Quantity.parse("1024")
    assert Quantity.parse("1k") < Quantity.parse("1Ki")
    assert len({Quantity.parse("1000m"), Quantity.parse("1")}) == 1
    assert not Quantity.parse("0")


def test_sums_keep_the_suffix_of_the_first_that_is_not_zero() -> None:
    total = Quantity.of(0) + Quantity.parse("512Mi") + Quantity.parse("1G")
    assert total.format is Format.BINARY
    assert str(Quantity.parse("2") - Quantity.parse("500m")) == "1500m"
    assert str(-Quantity.of_milli(250)) == "-250m"


@given(st.integers(-(10**27), 10**27), st.sampled_from(list(Format)))
def test_canonical_text_reads_back_and_stays(nano: int, format: Format) -> None:
    quantity = Quantity(nano, format)
    written = str(quantity)
    if format is not Format.BINARY or written.endswith("i"):  # 625000 without a suffix reads as decimal: 625k
        assert canonical(written) == written
    if format is not Format.BINARY or nano % 10**9 == 0:
        assert Quantity.parse(written) == quantity
