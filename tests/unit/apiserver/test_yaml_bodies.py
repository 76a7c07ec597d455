"""YAML bodies: read as JSON values, and never larger than they look."""

import pytest

from kubeade.apiserver.yaml_body import load_yaml


def test_dates_stay_text_and_keys_become_strings() -> None:
    assert load_yaml(b"{a: 2026-01-31, 7: x, true: z}") == {"a": "2026-01-31", "7": "x", "true": "z"}


def test_yes_and_on_are_true_as_upstream_reads_them() -> None:
    assert load_yaml(b"[y, yes, on, n, no, off, Yes, why]") == [
        True,
        True,
        True,
        False,
        False,
        False,
        True,
        "why",
    ]


def test_aliases_and_merge_keys_are_resolved() -> None:
    assert load_yaml(b"a: &x {b: 1}\nc: *x\nd: {<<: *x, e: 2}") == {
        "a": {"b": 1},
        "c": {"b": 1},
        "d": {"b": 1, "e": 2},
    }


def test_the_first_document_counts() -> None:
    assert load_yaml(b"a: 1\n---\na: 2\n") == {"a": 1}


@pytest.mark.parametrize("link", ["[{}]", "{{<<: [{}]}}"])
def test_a_bomb_of_aliases_is_refused_before_it_is_built(link: str) -> None:
    first = "a0: &a0 [x, x, x, x, x, x, x, x, x]" if link[0] == "[" else "a0: &a0 {k: v}"
    levels = [first, *(f"a{n}: &a{n} " + link.format(", ".join([f"*a{n - 1}"] * 9)) for n in range(1, 12))]
    with pytest.raises(ValueError, match="excessive aliasing"):
        load_yaml("\n".join(levels).encode())


@pytest.mark.parametrize("text", [b"[" * 1_000_000, b"- " * 1_000_000, b"{a: " * 700_000, b"? " * 1_000_000])
def test_a_nest_without_a_bottom_is_refused(text: bytes) -> None:
    """The parser itself would follow it down to the end of the process's stack."""
    with pytest.raises(ValueError, match="exceeded max depth"):
        load_yaml(text)


@pytest.mark.parametrize(
    "text", [b"{", b"a: [", b"\xff\xfe\x00", b"a: b: c", b"a: *b", b"&a [*a]", b"a: .inf", b"\tx"]
)
def test_what_is_no_yaml_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        load_yaml(text)
