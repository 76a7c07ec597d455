"""The node's figures over HTTP: /metrics and its sisters, /stats/summary, /configz, /runningpods."""

import os
import resource as process_resource

import msgspec

from kubeade.api.resource import Object
from kubeade.cri.types import ContainerState
from kubeade.kubelet.pod_access import PodAccess
from kubeade.kubelet.server.logs import is_true
from kubeade.kubelet.stats.cadvisor_metrics import cadvisor_metrics
from kubeade.kubelet.stats.exposition import CONTENT_TYPE, Family, text_of
from kubeade.kubelet.stats.resource_metrics import resource_metrics
from kubeade.kubelet.stats.summary import summary
from kubeade.kubelet.stats.usage import UsageReader
from kubeade.lib.http.message import Request, Response

_JSON = [("content-type", "application/json")]
_PAGES = "/metrics, /metrics/cadvisor, /metrics/probes, /metrics/resource, /stats/summary"


class Figures:
    """What `usage` measures, in the formats that are asked for."""

    def __init__(self, usage: UsageReader) -> None:
        self._usage = usage

    async def metrics(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        match rest:
            case []:
                return _text(await self._own(access))
            case ["resource"]:
                return _text(resource_metrics(await self._usage.read(with_disk=False)))
            case ["cadvisor"]:
                return _text(cadvisor_metrics(await self._usage.read(), os.cpu_count() or 1))
            case ["probes"]:
                return _text([_probes(access)])
        return _missing()

    async def stats(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        if rest != ["summary"]:
            return _missing()
        brief = is_true(dict(request.query()).get("only_cpu_and_memory", ""))
        usage = await self._usage.read(with_disk=not brief)
        found = summary(self._usage.config.node_name, usage, only_cpu_and_memory=brief)
        return Response(200, _JSON, msgspec.json.encode(found))

    async def configz(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        found = {"kubeletconfig": self._usage.config.as_kubelet_configuration()}
        return Response(200, _JSON, msgspec.json.encode(found))

    async def running_pods(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        """What the runtime runs, whatever the API says."""
        found = {"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": await _running(access)}
        return Response(200, _JSON, msgspec.json.encode(found))

    async def checkpoint(self, access: PodAccess, request: Request, rest: list[str]) -> Response:
        message = b"checkpointing a container is not supported by this node"
        return Response(404, [("content-type", "text/plain; charset=utf-8")], message)

    async def _own(self, access: PodAccess) -> list[Family]:
        """The kubelet's own: who it is, what it runs, what it costs."""
        node = Family("kubelet_node_name", "gauge", "The node's name. The count is always 1.")
        node.add(1, node=self._usage.config.node_name)
        pods = Family("kubelet_running_pods", "gauge", "Number of pods that have a running pod sandbox")
        containers = Family("kubelet_running_containers", "gauge", "Number of containers by state")
        pods.add(len(await _running(access)))
        found = await access.runtime.list_containers()
        for state in ContainerState:
            count = sum(each.state is state for each in found)
            containers.add(count, container_state=state.value.removeprefix("CONTAINER_").lower())
        active = Family("kubelet_active_pods", "gauge", "The number of pods the kubelet considers active")
        active.add(sum(1 for each in access.contexts() if not each.should_stop))
        return [node, pods, containers, active, *_process()]


async def _running(access: PodAccess) -> list[Object]:
    found = []
    for sandbox in await access.runtime.list_pod_sandboxes():
        containers = await access.runtime.list_containers(sandbox.id)
        running = [each for each in containers if each.state is ContainerState.RUNNING]
        if running:
            known = sandbox.metadata
            metadata = {"name": known.name, "namespace": known.namespace, "uid": known.uid}
            names = [{"name": each.metadata.name, "image": each.image} for each in running]
            found.append({"metadata": metadata, "spec": {"containers": names}, "status": {}})
    return found


def _process() -> list[Family]:
    """The process that this kubelet is part of."""
    used = process_resource.getrusage(process_resource.RUSAGE_SELF)
    cpu = Family("process_cpu_seconds_total", "counter", "Total user and system CPU time spent in seconds.")
    cpu.add(used.ru_utime + used.ru_stime)
    memory = Family("process_max_resident_memory_bytes", "gauge", "Largest resident memory size in bytes.")
    memory.add(used.ru_maxrss * 1024)
    return [cpu, memory]


def _probes(access: PodAccess) -> Family:
    text = "Cumulative number of a liveness, readiness or startup probe for a container by result."
    family = Family("prober_probe_total", "counter", text)
    for context in access.contexts():
        metadata = context.pod["metadata"]
        labels = {"pod": metadata["name"], "namespace": metadata["namespace"], "pod_uid": metadata["uid"]}
        for (kind, container, result), count in context.probes.counts.items():
            family.add(count, probe_type=kind, container=container, result=result, **labels)
    return family


def _text(families: list[Family]) -> Response:
    return Response(200, [("content-type", CONTENT_TYPE)], text_of(families).encode())


def _missing() -> Response:
    message = f"404 page not found: this node has {_PAGES}"
    return Response(404, [("content-type", "text/plain; charset=utf-8")], message.encode())
