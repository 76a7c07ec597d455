"""Static pods run, are mirrored, and obey their files, not the API."""

import os
from dataclasses import replace

import pytest
from kubelet_lab import Lab

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers: [{name: app, image: "lemonade:1"}]
"""
PATH = "/api/v1/namespaces/default/pods/web-n1"


class StaticLab(Lab):
    def __init__(self, directory):
        super().__init__(directory / "kubelet")
        self.manifests = directory / "manifests"
        self.manifests.mkdir()
        self.config = replace(self.config, static_pod_directory=self.manifests)

    def write(self, text, stamp):
        file = self.manifests / "web.yaml"
        file.write_text(text)
        os.utime(file, ns=(stamp, stamp))
        self.look()

    def look(self):
        """What the next look at the directory would do, now."""
        self.kubelet.workers.static_changed.set()

    def mirror(self):
        return self.api.objects.get(PATH)

    async def until_mirrored(self, image="lemonade:1"):
        def running():
            mirror = self.mirror()
            if mirror is None or (mirror.get("status") or {}).get("phase") != "Running":
                return None
            return mirror if mirror["spec"]["containers"][0]["image"] == image else None

        return await self.api.until(running)

    async def until_no_sandbox(self):
        while await self.runtime.list_pod_sandboxes():
            await self.settle()


@pytest.fixture
async def lab(tmp_path):
    made = StaticLab(tmp_path)
    await made.start()
    await made.settle()
    made.write(POD, 1)
    yield made
    await made.stop()


async def test_pod_of_a_file_runs_and_has_a_mirror_with_its_status(lab):
    mirror = await lab.until_mirrored()
    annotations = mirror["metadata"]["annotations"]
    assert annotations["kubernetes.io/config.mirror"] == annotations["kubernetes.io/config.hash"]
    (owner,) = mirror["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["controller"]) == ("Node", "n1", True)
    (sandbox,) = await lab.runtime.list_pod_sandboxes()
    assert sandbox.metadata.uid == annotations["kubernetes.io/config.hash"]


async def test_mirror_that_is_deleted_comes_back_and_the_pod_runs_on(lab):
    first = await lab.until_mirrored()
    (before,) = await lab.runtime.list_pod_sandboxes()
    gone = {**first["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}
    lab.api.put(PATH, {**first, "metadata": gone})
    again = await lab.api.until(
        lambda: lab.mirror() if lab.mirror() and "deletionTimestamp" not in lab.mirror()["metadata"] else None
    )
    assert "deletionTimestamp" not in again["metadata"]
    await lab.until_mirrored()
    assert [each.id for each in await lab.runtime.list_pod_sandboxes()] == [before.id]


async def test_pod_ends_with_its_file(lab):
    await lab.until_mirrored()
    (lab.manifests / "web.yaml").unlink()
    lab.look()
    await lab.api.until(lambda: lab.mirror() is None)
    await lab.until_no_sandbox()


async def test_changed_file_replaces_the_pod(lab):
    await lab.until_mirrored()
    (before,) = await lab.runtime.list_pod_sandboxes()
    lab.write(POD.replace("lemonade:1", "lemonade:2"), 2)
    await lab.until_mirrored("lemonade:2")
    (after,) = await lab.runtime.list_pod_sandboxes()
    assert after.metadata.uid != before.metadata.uid


async def test_restarted_kubelet_finds_its_static_pod_again(lab):
    await lab.until_mirrored()
    (before,) = await lab.runtime.list_pod_sandboxes()
    await lab.restart()
    await lab.settle()
    await lab.until_mirrored()
    assert [each.id for each in await lab.runtime.list_pod_sandboxes()] == [before.id]


async def test_mirror_without_a_file_is_removed(lab):
    await lab.until_mirrored()
    await lab.stop()
    (lab.manifests / "web.yaml").unlink()
    await lab.start()
    await lab.api.until(lambda: lab.mirror() is None)
    await lab.until_no_sandbox()


async def test_logs_are_found_by_the_uid_of_the_mirror(lab):
    mirror = await lab.until_mirrored()
    found = await lab.kubelet.access.find_container("default", "web-n1", "app", mirror["metadata"]["uid"])
    assert found
