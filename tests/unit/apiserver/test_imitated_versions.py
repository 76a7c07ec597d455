"""A server that is asked to be another version of Kubernetes serves its kinds, fields and subresources."""

from pathlib import Path

import pytest
from api_lab import api_lab

from kubeade.apiserver.server import ApiServerConfig

PODS = "/api/v1/namespaces/default/pods"
POD = {
    "metadata": {"name": "web"},
    "spec": {
        "containers": [{"name": "a", "image": "a"}],
        "resources": {"requests": {"cpu": "1"}},  # of a whole pod: since 1.32
    },
}


@pytest.mark.parametrize(("version", "newer"), [("1.30", False), ("1.37", True)])
async def test_each_end_of_the_range(tmp_path: Path, version: str, newer: bool) -> None:
    async with api_lab(tmp_path, config=ApiServerConfig(kubernetes_version=version)) as lab:
        said = (await lab.send("GET", "/version")).json
        assert said["gitVersion"].startswith(f"v{version}.")
        assert f"{said['major']}.{said['minor']}" == version

        groups = (await lab.send("GET", "/apis")).json["groups"]
        assert ("storagemigration.k8s.io" in {group["name"] for group in groups}) is newer
        networking = (await lab.send("GET", "/apis/networking.k8s.io/v1")).json["resources"]
        assert ("servicecidrs" in {each["name"] for each in networking}) is newer
        core = {each["name"] for each in (await lab.send("GET", "/api/v1")).json["resources"]}
        assert ("pods/resize" in core) is newer

        answer = await lab.send("POST", PODS, POD)
        assert ("resources" in answer.json["spec"]) is newer
        told = [
            warning
            for warning in answer.header("warning")
            if 'unknown field "spec.resources"' in warning.replace("\\", "")
        ]
        assert bool(told) is not newer
        strict = await lab.send("POST", f"{PODS}?fieldValidation=Strict", {**POD, "metadata": {"name": "b"}})
        assert strict.status == (201 if newer else 400)


@pytest.mark.parametrize("version", ["1.31", "1.33", "1.35"])
async def test_the_versions_between(tmp_path: Path, version: str) -> None:
    async with api_lab(tmp_path, config=ApiServerConfig(kubernetes_version=version)) as lab:
        assert (await lab.send("GET", "/version")).json["minor"] == version.removeprefix("1.")
        pod = {"metadata": {"name": "web"}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        assert (await lab.send("POST", PODS, pod)).status == 201
        document = (await lab.send("GET", "/openapi/v3/apis/apps/v1")).json
        assert document["info"]["version"].startswith(f"v{version}")
