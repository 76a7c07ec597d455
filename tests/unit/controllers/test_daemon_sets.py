"""DaemonSets against a real API server: a pod on every node, and new templates node by node."""

from controller_lab import ControllerLab, template

from kubeade.api.parts import number, part, parts, text
from kubeade.api.resource import Object
from kubeade.api.resources import CONTROLLER_REVISIONS, DAEMON_SETS, NODES, PODS

HASH = "controller-revision-hash"


async def node(lab: ControllerLab, name: str, taints: list[Object] | None = None, **spec: object) -> None:
    """A node that is ready: without the taint that admission gives to every new one."""
    await lab.client.create(NODES, {"metadata": {"name": name, "labels": {"disk": name}}, "spec": spec})
    status = {"conditions": [{"type": "Ready", "status": "True"}]}
    await lab.client.patch(NODES, name, {"status": status}, subresource="status")
    await lab.client.patch(NODES, name, {"spec": {"taints": taints}})


async def daemon_set(lab: ControllerLab, name: str = "agent", **spec: object) -> None:
    body = {
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template(name), **spec},
    }
    await lab.client.create(DAEMON_SETS, body, "default")


def node_of(pod: Object) -> str:
    required = pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    (term,) = required["nodeSelectorTerms"]
    (field,) = term["matchFields"]
    assert (field["key"], field["operator"]) == ("metadata.name", "In")
    return str(field["values"][0])


async def settled(lab: ControllerLab, pods: int, name: str = "agent") -> Object:
    """Play kubelet until every pod is of the present template and available."""

    async def complete() -> Object | None:
        await lab.make_all_ready()
        found = await lab.client.get(DAEMON_SETS, name, "default")
        status = part(found, "status")
        keys = (
            "desiredNumberScheduled",
            "currentNumberScheduled",
            "updatedNumberScheduled",
            "numberAvailable",
        )
        seen = number(status, "observedGeneration") == number(found, "metadata", "generation")
        return found if seen and [number(status, key) for key in keys] == [pods] * 4 else None

    found: Object = await lab.until(complete)
    return found


async def test_every_node_gets_one_pod_bound_to_it(lab: ControllerLab) -> None:
    await node(lab, "a")
    await node(lab, "b")
    await daemon_set(lab)
    pods = await lab.count_pods(2)
    assert sorted(node_of(pod) for pod in pods) == ["a", "b"]
    found = await settled(lab, 2)
    assert "numberUnavailable" not in found["status"]
    assert found["status"]["numberMisscheduled"] == 0
    await node(lab, "c")
    assert sorted(node_of(pod) for pod in await lab.count_pods(3)) == ["a", "b", "c"]


async def test_a_daemon_bears_with_a_node_in_trouble(lab: ControllerLab) -> None:
    await node(lab, "a", unschedulable=True)
    await daemon_set(lab)
    (pod,) = await lab.count_pods(1)
    keys = {(one["key"], one.get("effect")) for one in parts(pod, "spec", "tolerations")}
    assert ("node.kubernetes.io/not-ready", "NoExecute") in keys
    assert ("node.kubernetes.io/unschedulable", "NoSchedule") in keys
    assert ("node.kubernetes.io/network-unavailable", "NoSchedule") not in keys


async def test_taints_and_node_selectors_keep_pods_away(lab: ControllerLab) -> None:
    await node(lab, "a")
    await node(lab, "b", taints=[{"key": "own", "effect": "NoSchedule"}])
    await node(lab, "c")
    spec = template("agent")
    spec["spec"]["affinity"] = {
        "nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {
                "nodeSelectorTerms": [
                    {"matchExpressions": [{"key": "disk", "operator": "In", "values": ["a", "b"]}]}
                ]
            }
        }
    }
    await daemon_set(lab, template=spec)
    (pod,) = await lab.count_pods(1)
    assert node_of(pod) == "a"
    await lab.client.patch(NODES, "a", {"metadata": {"labels": {"disk": "other"}}})
    await lab.count_pods(0)


async def test_a_new_template_replaces_pods_one_node_at_a_time(lab: ControllerLab) -> None:
    for name in ("a", "b", "c"):
        await node(lab, name)
    await daemon_set(lab)
    await settled(lab, 3)
    before = {pod["metadata"]["name"] for pod in await lab.pods()}
    await lab.patch(DAEMON_SETS, "agent", {"spec": {"template": template("agent", "two")}})

    async def one_is_leaving() -> bool:
        return any("deletionTimestamp" in pod["metadata"] for pod in await lab.items(PODS)) or (
            {pod["metadata"]["name"] for pod in await lab.pods()} != before
        )

    await lab.until(one_is_leaving)
    assert len(before & {pod["metadata"]["name"] for pod in await lab.pods()}) == 2
    await settled(lab, 3)
    pods = await lab.pods()
    assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"two"}
    revisions = await lab.items(CONTROLLER_REVISIONS)
    assert sorted(one["revision"] for one in revisions) == [1, 2]
    newest = max(revisions, key=lambda one: one["revision"])
    assert {pod["metadata"]["labels"][HASH] for pod in pods} == {newest["metadata"]["labels"][HASH]}


async def test_on_delete_waits_for_someone_to_delete_the_old_pod(lab: ControllerLab) -> None:
    await node(lab, "a")
    await daemon_set(lab, updateStrategy={"type": "OnDelete"})
    await settled(lab, 1)
    (old,) = await lab.pods()
    await lab.patch(DAEMON_SETS, "agent", {"spec": {"template": template("agent", "two")}})

    async def noticed() -> bool:
        found = await lab.client.get(DAEMON_SETS, "agent", "default")
        return number(found, "status", "observedGeneration") == 2

    await lab.until(noticed)
    assert [pod["metadata"]["uid"] for pod in await lab.pods()] == [old["metadata"]["uid"]]
    await lab.client.delete(PODS, old["metadata"]["name"], "default", grace_period_seconds=0)
    await settled(lab, 1)
    (new,) = await lab.pods()
    assert new["spec"]["containers"][0]["image"] == "two"


async def test_surge_starts_the_new_pod_before_the_old_one_goes(lab: ControllerLab) -> None:
    await node(lab, "a")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    await daemon_set(lab, updateStrategy=strategy)
    await settled(lab, 1)
    await lab.patch(DAEMON_SETS, "agent", {"spec": {"template": template("agent", "two")}})
    both = await lab.count_pods(2)
    assert {pod["spec"]["containers"][0]["image"] for pod in both} == {"one", "two"}
    await settled(lab, 1)
    (new,) = await lab.count_pods(1)
    assert new["spec"]["containers"][0]["image"] == "two"


async def test_a_failed_pod_is_replaced(lab: ControllerLab) -> None:
    await node(lab, "a")
    await daemon_set(lab)
    (pod,) = await lab.count_pods(1)
    await lab.patch(PODS, pod["metadata"]["name"], {"status": {"phase": "Failed"}}, subresource="status")

    async def replaced() -> bool:
        return any(text(one, "metadata", "uid") != pod["metadata"]["uid"] for one in await lab.pods())

    await lab.until(replaced)
