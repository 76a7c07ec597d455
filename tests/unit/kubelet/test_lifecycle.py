"""Hooks, probes by exec, graceful ends: a kubelet on a runtime that answers as the test says."""

import asyncio

import pytest
from kubelet_lab import Lab, pod_manifest
from scripted_runtime import ScriptedRuntime

from kubeade.cri.service import CriError


@pytest.fixture
async def lab(tmp_path):
    lab = Lab(tmp_path, simulated=False)
    lab.runtime = ScriptedRuntime()
    await lab.start()
    yield lab
    await lab.stop()


def with_app(name="web", *, spec=None, **container):
    manifest = pod_manifest(name, **(spec or {}))
    manifest["spec"]["containers"][0].update(container)
    return manifest


def app(lab, name="web"):
    statuses = (lab.pod(name).get("status") or {}).get("containerStatuses") or [{"state": {}}]
    return statuses[0]


def execs(*words):
    return {"exec": {"command": list(words)}}


async def test_post_start_runs_before_the_container_counts_as_started(lab):
    lab.order(with_app(lifecycle={"postStart": execs("post")}))
    await lab.until_phase("web", "Running")
    assert ("exec", "post") in lab.runtime.tape


async def test_failed_post_start_kills_the_container(lab):
    lab.runtime.answers["post"] = 1
    lab.order(with_app(lifecycle={"postStart": execs("post")}))
    await lab.api.until(lambda: lab.api.events("FailedPostStartHook"))
    await lab.api.until(lambda: any(each[0] == "stop" for each in lab.runtime.tape))
    await lab.api.until(
        lambda: app(lab)["state"].get("waiting", {}).get("reason", "").endswith(("Error", "Off"))
    )


async def test_pre_stop_runs_inside_the_grace_period(lab):
    lab.order(with_app(lifecycle={"preStop": execs("pre")}))
    await lab.until_phase("web", "Running")
    lab.delete("web", 30)
    await lab.api.until(lambda: lab.pod("web") is None)
    assert lab.runtime.tape == [("exec", "pre"), ("stop", "app", 30)]


async def test_failed_pre_stop_does_not_keep_the_pod(lab):
    lab.runtime.answers["pre"] = CriError("gone")
    lab.order(with_app(lifecycle={"preStop": execs("pre")}))
    await lab.until_phase("web", "Running")
    lab.delete("web", 30)
    await lab.api.until(lambda: lab.pod("web") is None)
    await lab.api.until(lambda: lab.api.events("FailedPreStopHook"))


async def test_pre_stop_that_hangs_ends_with_the_grace_period(lab):
    lab.runtime.answers["pre"] = asyncio.Event().wait
    lab.order(with_app(lifecycle={"preStop": execs("pre")}))
    await lab.until_phase("web", "Running")
    lab.delete("web", 1)
    await lab.api.until(lambda: lab.pod("web") is None)
    assert lab.runtime.tape[-1] == ("stop", "app", 2)


async def test_sidecars_stop_last_in_reverse_order(lab):
    sidecars = [{"name": name, "image": "x:1", "restartPolicy": "Always"} for name in ("first", "second")]
    lab.order(pod_manifest("web", initContainers=sidecars))
    await lab.until_phase("web", "Running")
    lab.delete("web", 30)
    await lab.api.until(lambda: lab.pod("web") is None)
    assert [each[1] for each in lab.runtime.tape] == ["app", "second", "first"]


async def test_shorter_grace_period_replaces_a_longer_one(lab):
    lab.order(pod_manifest("web"))
    await lab.until_phase("web", "Running")
    lab.runtime.stop_gate = asyncio.Event()
    lab.delete("web", 1000)
    async with asyncio.timeout(5):
        while not lab.runtime.tape:
            await asyncio.sleep(0)
    lab.delete("web", 5)
    async with asyncio.timeout(5):
        while len(lab.runtime.tape) < 2:
            await asyncio.sleep(0)
    assert lab.runtime.tape == [("stop", "app", 1000), ("stop", "app", 5)]
    lab.runtime.stop_gate.set()
    await lab.api.until(lambda: lab.pod("web") is None)


async def test_deletion_interrupts_a_hook_that_hangs(lab):
    lab.runtime.answers["post"] = asyncio.Event().wait
    lab.order(with_app(lifecycle={"postStart": execs("post")}))
    async with asyncio.timeout(5):
        while ("exec", "post") not in lab.runtime.tape:
            await asyncio.sleep(0)
    lab.delete("web", 1)
    await lab.api.until(lambda: lab.pod("web") is None)


async def test_readiness_follows_the_probe(lab):
    lab.runtime.answers["ready"] = 1
    lab.order(with_app(readinessProbe={**execs("ready"), "periodSeconds": 1, "failureThreshold": 1}))
    await lab.until_phase("web", "Running")
    await lab.api.until(lambda: lab.api.events("Unhealthy"))
    assert app(lab)["ready"] is False
    assert lab.api.events("Unhealthy")[0]["message"] == "Readiness probe failed: out of ready"
    lab.runtime.answers["ready"] = 0
    await lab.api.until(lambda: app(lab)["ready"])


async def test_failed_liveness_restarts_with_its_own_grace(lab):
    lab.runtime.answers["alive"] = 1
    probe = {**execs("alive"), "periodSeconds": 1, "failureThreshold": 1, "terminationGracePeriodSeconds": 7}
    lab.order(with_app(livenessProbe=probe))
    await lab.api.until(lambda: lab.pod("web").get("status") and app(lab).get("restartCount") == 1)
    assert ("stop", "app", 7) in lab.runtime.tape
    await lab.api.until(lambda: lab.api.events("Killing"))
    message = lab.api.events("Killing")[0]["message"]
    assert message == "Container app failed liveness probe, will be restarted"


async def test_others_wait_for_the_startup_probe(lab):
    lab.runtime.answers["started"] = asyncio.Event().wait
    lab.order(with_app(startupProbe=execs("started"), readinessProbe=execs("ready")))
    await lab.until_phase("web", "Running")
    await lab.settle()
    assert ("exec", "ready") not in lab.runtime.tape
    assert app(lab)["started"] is False


async def test_container_that_cannot_start_says_so(lab):
    lab.runtime.fail_start = True
    lab.order(pod_manifest("web"))
    await lab.api.until(lambda: app(lab)["state"].get("waiting", {}).get("reason") == "RunContainerError")
    assert app(lab)["state"]["waiting"]["message"] == "no such file or directory"
    await lab.api.until(lambda: lab.api.events("Failed"))
    assert lab.api.events("Failed")[0]["message"] == "Error: no such file or directory"


async def test_readiness_gate_set_by_somebody_else_makes_the_pod_ready(lab):
    lab.order(pod_manifest("web", readinessGates=[{"conditionType": "shop/open"}]))
    pod = await lab.until_phase("web", "Running")
    conditions = [*pod["status"]["conditions"], {"type": "shop/open", "status": "True"}]
    lab.order(
        {**pod, "metadata": dict(pod["metadata"]), "status": {**pod["status"], "conditions": conditions}}
    )

    def ready():
        found = {each["type"]: each["status"] for each in lab.pod("web")["status"]["conditions"]}
        return found["Ready"] == "True"

    await lab.api.until(ready)
