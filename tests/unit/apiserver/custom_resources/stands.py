"""A definition to change and delete, and a laboratory that serves it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

from api_lab import ApiLab, api_lab

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
NAME = "stands.lemon.example.com"
MERGE = {"content-type": "application/merge-patch+json"}
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {"cups": {"type": "integer"}, "color": {"type": "string"}},
            "x-kubernetes-validations": [{"rule": "self.cups < 100", "message": "too many cups"}],
        },
        "status": {"type": "object", "properties": {"sold": {"type": "integer"}}},
    },
}


def stands(version: str = "v1", group: str = "lemon.example.com") -> str:
    return f"/apis/{group}/{version}/namespaces/default/stands"


def version(name: str, **fields: Any) -> dict[str, Any]:
    schema = {"openAPIV3Schema": deepcopy(_SCHEMA)}
    return {"name": name, "served": True, "storage": False, "schema": schema, **fields}


def definition(*versions: dict[str, Any], **spec: Any) -> dict[str, Any]:
    names = {"plural": "stands", "kind": "Stand", "shortNames": ["st"]}
    found = versions or (version("v1", storage=True, subresources={"status": {}}),)
    own = {"group": "lemon.example.com", "scope": "Namespaced", "names": names, "versions": list(found)}
    return {"metadata": {"name": NAME}, "spec": {**own, **spec}}


def condition(obj: dict[str, Any], kind: str) -> dict[str, str]:
    found = obj.get("status", {}).get("conditions") or []
    return next((each for each in found if each["type"] == kind), {})


async def established(lab: ApiLab, wanted: dict[str, Any]) -> dict[str, Any]:
    """Create a definition and wait until it is served."""
    name = wanted["metadata"]["name"]
    async with lab.watching(f"{CRDS}?watch=1&fieldSelector=metadata.name%3D{name}") as events:
        await lab.make(CRDS, wanted)
        while True:
            found: dict[str, Any] = (await events.next())["object"]
            if condition(found, "Established").get("status") == "True":
                return found


async def removed(lab: ApiLab, name: str = NAME) -> None:
    """Delete a definition and wait until it is gone."""
    async with lab.watching(f"{CRDS}?watch=1&fieldSelector=metadata.name%3D{name}") as events:
        await lab.send("DELETE", f"{CRDS}/{name}")
        while (await events.next())["type"] != "DELETED":
            pass


@asynccontextmanager
async def serving(path: Path, *versions: dict[str, Any], **spec: Any) -> AsyncIterator[ApiLab]:
    async with api_lab(path) as lab:
        await established(lab, definition(*versions, **spec))
        yield lab
