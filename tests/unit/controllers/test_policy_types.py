"""Warnings about the types of a validating admission policy's expressions."""

from typing import Any

import pytest
from controller_lab import ControllerLab

from kubeade.api.cel.type_check import type_problem
from kubeade.controllers.policystatus.controller import POLICIES

SCHEMAS: dict[str, Any] = {
    "Spec": {
        "type": "object",
        "properties": {
            "replicas": {"type": "integer"},
            "name": {"type": "string"},
            "ports": {"type": "array", "items": {"type": "integer"}},
            "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            "max": {"x-kubernetes-int-or-string": True},
        },
    },
    "Thing": {
        "type": "object",
        "properties": {"spec": {"allOf": [{"$ref": "#/components/schemas/Spec"}], "default": {}}},
    },
}


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("object.spec.replicas > 1", ""),
        ("object.spec.replicas > '1'", "no matching overload for '_>_' applied to '(int, string)'"),
        ("'got ' + object.spec.replicas", "no matching overload for '_+_' applied to '(string, int)'"),
        ("object.spec.retries < 10", "undefined field 'retries'"),
        ("has(object.spec.retries)", "undefined field 'retries'"),
        ("has(object.spec.name) && object.spec.name.startsWith('a')", ""),
        ("object.spec.name.unheard()", "undeclared reference to 'unheard'"),
        ("object.spec.ports.all(port, port > 'x')", "no matching overload for '_>_' applied to"),
        ("object.spec.labels.anything == 'object.spec.nothing'", ""),
        ("object.spec.max == 1 || object.spec.max == '1%'", ""),
        ("variables.count > '1'", "no matching overload for '_>_' applied to '(int, string)'"),
    ],
)
def test_types_are_those_of_the_schema(expression: str, problem: str) -> None:
    variables = (("count", "object.spec.replicas"),)
    found = type_problem(expression, variables, SCHEMAS["Thing"], SCHEMAS)
    assert problem in found if problem else not found


async def test_a_policys_status_tells_what_does_not_fit(lab: ControllerLab) -> None:
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "resources": ["deployments"],
        "operations": ["CREATE"],
    }
    confused = {
        "expression": "object.spec.replicas > '1'",
        "messageExpression": "'replicas: ' + object.spec.replicas",
    }
    spec = {"matchConstraints": {"resourceRules": [rule]}, "validations": [confused]}
    await lab.client.create(POLICIES, {"metadata": {"name": "p"}, "spec": spec})

    async def checked() -> Any:
        found = await lab.client.get(POLICIES, "p")
        return found.get("status", {}).get("typeChecking")

    first, second = (await lab.until(checked))["expressionWarnings"]
    assert first["fieldRef"] == "spec.validations[0].expression"
    assert first["warning"].startswith("apps/v1, Kind=Deployment: compilation failed: ERROR: ")
    assert "found no matching overload for '_>_' applied to '(int, string)'" in first["warning"]
    assert second["fieldRef"] == "spec.validations[0].messageExpression"
    assert (await lab.client.get(POLICIES, "p"))["status"]["observedGeneration"] == 1
