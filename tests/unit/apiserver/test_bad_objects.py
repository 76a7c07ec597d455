"""Objects that lack what they should have, or have something else in its place: refused or completed, never a failure."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_lab import ApiLab, api_lab

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[ApiLab]:
    async with api_lab(tmp_path) as lab:
        yield lab


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/namespaces/default/resourcequotas",
        "/api/v1/namespaces/default/limitranges",
        "/apis/coordination.k8s.io/v1/namespaces/default/leases",
        "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
    ],
)
async def test_an_object_without_a_spec_gets_an_empty_one(lab: ApiLab, path: str) -> None:
    assert isinstance((await lab.make(path, {"metadata": {"name": "a"}}))["spec"], dict)


async def test_a_dry_run_is_shown_as_a_table(lab: ApiLab) -> None:
    headers = {"accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}
    body = {"metadata": {"name": "a"}}
    answer = await lab.send("POST", "/api/v1/namespaces/default/configmaps?dryRun=All", body, headers=headers)
    assert answer.status == 201
    assert answer.json["rows"][0]["cells"][0] == "a"


@pytest.mark.parametrize("operation", [{"op": 1, "path": "/a"}, {"op": "add", "path": 5, "value": 1}])
async def test_a_json_patch_of_wrong_types_is_no_patch(lab: ApiLab, operation: dict[str, object]) -> None:
    await lab.config_map("a")
    headers = {"content-type": "application/json-patch+json"}
    answer = await lab.send("PATCH", "/api/v1/namespaces/default/configmaps/a", [operation], headers=headers)
    assert answer.status == 400
    assert answer.message.startswith("error decoding patch: json: cannot unmarshal")


@pytest.mark.parametrize("inner", [{"properties": {"a": "x"}}, {"allOf": "x"}, {"type": 5}])
@pytest.mark.parametrize("word", ["items", "additionalProperties"])
async def test_a_definitions_inner_schema_must_be_one(
    lab: ApiLab, word: str, inner: dict[str, object]
) -> None:
    outer = {"type": "array" if word == "items" else "object", word: {"type": "object", **inner}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"outer": outer}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "stands", "kind": "Stand"}
    spec = {"group": "lemon.example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    body = {"metadata": {"name": "stands.lemon.example.com"}, "spec": spec}
    answer = await lab.send("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", body)
    assert answer.status == 400
    assert "json: cannot unmarshal" in answer.message
