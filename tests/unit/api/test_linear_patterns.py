"""Regular expressions of strangers are matched in linear time."""

import re

import pytest

from kubeade.api.linear_patterns import find_all, searcher, without_captures


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("^[a-z]+$", "lemon", True),
        ("^[a-z]+$", "lemon\n", False),
        (r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", "a.b-c.d", True),
        (r"^(\d+(\.\d+)?%)$", "12.5%", True),
        (r"\p{Greek}", "α", True),
        (r"^\S$", "\ud800", True),
        ("a", "", False),
    ],
)
def test_says_whether_a_text_matches(pattern: str, text: str, found: bool) -> None:
    assert searcher(pattern)(text) is found


@pytest.mark.parametrize("pattern", ["(x+x+)+y", "(a|a)*b", "x*x*x*x*y", "(?:x|xx)+$y"])
def test_backtracking_bombs_end(pattern: str) -> None:
    """With backtracking this would not end in a lifetime."""
    assert searcher(pattern)("x" * 50_000) is False
    assert find_all(pattern, "x" * 50_000) == []


@pytest.mark.parametrize("pattern", ["(a", "(?=a)b", "(?<!a)b", "a**", "(a+)\\1"])
def test_what_is_no_pattern_is_told(pattern: str) -> None:
    with pytest.raises(re.error):
        searcher(pattern)


def test_finds_whole_matches_whatever_the_groups() -> None:
    assert find_all("(a)(b+)|(?P<c>c)", "abbxcab") == ["abb", "c", "ab"]
    assert find_all(r"\(a\)", "a(a)a") == ["(a)"]


@pytest.mark.parametrize(
    ("pattern", "plain"),
    [
        ("(a)", "(?:a)"),
        ("(?:a)", "(?:a)"),
        ("(?i)a", "(?i)a"),
        ("(?P<n>a)(?<m>b)", "(?:a)(?:b)"),
        (r"\(([(])[[:alpha:](]\)", r"\((?:[(])[[:alpha:](]\)"),
        ("[]()]", "[]()]"),
    ],
)
def test_groups_need_not_be_captured(pattern: str, plain: str) -> None:
    assert without_captures(pattern) == plain
