"""JSON texts that are none: upstream's words; and texts that are too much: refused before they do harm."""

import pytest

from kubeade.api.decoding.json_text import DEEPEST, read_json


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"", "unexpected end of JSON input"),
        (b'{"a":1', "unexpected end of JSON input"),
        (b'{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        (b"[1,]", "invalid character ']' looking for beginning of value"),
        (b"{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        (b'{"a" 1}', "invalid character '1' after object key"),
        (b'{"a":1 2}', "invalid character '2' after object key:value pair"),
        (b"[1 2]", "invalid character '2' after array element"),
        (b"{} x", "invalid character 'x' after top-level value"),
        (b"truth", "invalid character 't' in literal true (expecting 'e')"),
        (b"nul", "invalid character ' ' in literal null (expecting 'l')"),
        (b"-", "invalid character ' ' in numeric literal"),
        (b"1.", "invalid character ' ' after decimal point in numeric literal"),
        (b"1e", "invalid character ' ' in exponent of numeric literal"),
        (b'"\x01"', "invalid character '\\x01' in string literal"),
        (b'"\\q"', "invalid character 'q' in string escape code"),
        (b'"\\u12"', "invalid character '\"' in \\u hexadecimal character escape"),
        (b"NaN", "invalid character 'N' looking for beginning of value"),
        (b"\xef\xbb\xbf{}", "invalid character 'ï' looking for beginning of value"),
        (b"1e400", "json: cannot unmarshal number into Go value of type float64"),
    ],
)
def test_errors_are_worded_as_upstream_words_them(text: bytes, message: str) -> None:
    with pytest.raises(ValueError) as raised:
        read_json(text)
    assert str(raised.value) == message


@pytest.mark.parametrize("text", [b'"a\xffb"', b'"a\\ud800b"'])
def test_what_is_no_character_becomes_the_replacement_character(text: bytes) -> None:
    assert read_json(text) == "a\ufffdb"


@pytest.mark.parametrize("depth", [DEEPEST + 1, 900, 20_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_nest_that_is_too_deep_is_refused(depth: int, opening: bytes, closing: bytes) -> None:
    with pytest.raises(ValueError, match="exceeded max depth"):
        read_json(opening * depth + b"1" + closing * depth)


def test_a_deep_nest_within_reason_is_read() -> None:
    assert read_json(b"[" * DEEPEST + b"]" * DEEPEST)


def test_many_values_that_are_not_nested_are_no_nest() -> None:
    assert len(read_json(b"[" + b",".join([b"[]"] * 1000) + b"]")) == 1000
