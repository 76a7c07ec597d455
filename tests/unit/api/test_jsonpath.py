"""The JSONPath that printer columns use."""

from typing import Any

import pytest

from kubeade.api.jsonpath import JsonPath, JsonPathError

CUP = {
    "spec": {"size": "L", "a.b": 1, "list": [1, 2, 3]},
    "conditions": [{"type": "Ready", "status": "True", "n": 2}, {"type": "Cold", "status": "False", "n": 5}],
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.size", ["L"]),
        ("{.spec.size}", ["L"]),
        ("$.spec.size", ["L"]),
        ("spec.size", ["L"]),
        ("['spec']['a.b']", [1]),
        (r".spec.a\.b", [1]),
        (".spec.list[0]", [1]),
        (".spec.list[-1]", [3]),
        (".spec.list[1:]", [2, 3]),
        (".spec.list[*]", [1, 2, 3]),
        (".spec.list[9]", []),
        ('.conditions[?(@.type=="Ready")].status', ["True"]),
        (".conditions[?(@.type!='Ready')].status", ["False"]),
        (".conditions[?(@.n>2)].type", ["Cold"]),
        (".conditions[?(@.n)].type", ["Ready", "Cold"]),
        (".conditions[?(@.type>3)].type", []),
        ("..status", ["True", "False"]),
        (".missing.below", []),
        (".spec.size.below", []),
    ],
)
def test_values_are_found(path: str, found: list[Any]) -> None:
    assert JsonPath.compile(path).find(CUP) == found


@pytest.mark.parametrize("path", [".a[", ".a[?(@.b==c)]", ".a]x", ".a['b]"])
def test_what_cannot_be_read_is_refused(path: str) -> None:
    with pytest.raises(JsonPathError):
        JsonPath.compile(path)
