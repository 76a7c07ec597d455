"""YAML bodies: read as JSON values, and never larger than they look."""

import pytest

from kubeade.api.errors import BadRequest
from kubeade.apiserver.yaml_body import load_yaml


def test_dates_stay_text_and_keys_become_strings():
    assert load_yaml(b"{a: 2026-01-31, 7: x, true: y}") == {"a": "2026-01-31", "7": "x", "true": "y"}


def test_a_bomb_of_aliases_is_refused_before_it_is_built():
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    with pytest.raises(BadRequest, match="aliases are not accepted"):
        load_yaml("\n".join(levels).encode())


@pytest.mark.parametrize("text", [b"{", b"a: [", b"\xff\xfe\x00", b"a: b: c"])
def test_what_is_no_yaml_is_a_bad_request(text):
    with pytest.raises(BadRequest):
        load_yaml(text)
