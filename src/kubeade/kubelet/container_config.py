"""Pod and container as the runtime wants them: SandboxConfig and ContainerConfig. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kubeade.api.resource import Object
from kubeade.cri.types import (
    ContainerConfig,
    ContainerMetadata,
    DnsConfig,
    Image,
    Mount,
    PortMapping,
    SandboxConfig,
    SandboxMetadata,
)
from kubeade.kubelet import pods
from kubeade.kubelet.expansion import expand
from kubeade.kubelet.identity import container_hash
from kubeade.kubelet.observed import (
    CONTAINER_NAME_LABEL,
    GRACE_ANNOTATION,
    HASH_ANNOTATION,
    POD_NAME_LABEL,
    POD_NAMESPACE_LABEL,
    POD_UID_LABEL,
    RUNS_TO_COMPLETION_ANNOTATION,
    TERMINATION_FILE_ANNOTATION,
    TERMINATION_PATH_ANNOTATION,
    TERMINATION_POLICY_ANNOTATION,
)
from kubeade.kubelet.resources import linux_resources, pod_resources
from kubeade.kubelet.security import namespaces, security_context

HOSTNAME_LIMIT = 63


@dataclass(frozen=True, slots=True)
class ContainerInputs:
    """Everything that one container's configuration is made from."""

    pod: Object
    container: Object
    image: Image
    attempt: int
    environment: Mapping[str, str]
    mounts: list[Mount] = field(default_factory=list)
    termination_file: str = ""
    memory_capacity_bytes: int = 0
    target_id: str = ""


def pod_labels(pod: Object) -> dict[str, str]:
    """How sandboxes and containers of a pod are found again."""
    metadata = pod["metadata"]
    return {
        POD_NAME_LABEL: metadata["name"],
        POD_NAMESPACE_LABEL: metadata["namespace"],
        POD_UID_LABEL: metadata["uid"],
    }


def sandbox_config(
    pod: Object, *, attempt: int, log_directory: str, dns: DnsConfig, cluster_domain: str
) -> SandboxConfig:
    metadata = pod["metadata"]
    sysctls = (pod["spec"].get("securityContext") or {}).get("sysctls") or []
    return SandboxConfig(
        metadata=SandboxMetadata(metadata["name"], metadata["uid"], metadata["namespace"], attempt),
        hostname="" if pods.uses_host_network(pod) else hostname(pod, cluster_domain),
        log_directory=log_directory,
        dns_config=dns,
        port_mappings=_port_mappings(pod),
        labels={**(metadata.get("labels") or {}), **pod_labels(pod)},
        annotations=dict(metadata.get("annotations") or {}),
        namespaces=namespaces(pod),
        sysctls={each["name"]: each["value"] for each in sysctls},
        resources=pod_resources(pod),
    )


def hostname(pod: Object, cluster_domain: str) -> str:
    """The pod's host name, or its full name with setHostnameAsFQDN."""
    override = pod["spec"].get("hostnameOverride")
    if override:
        return str(override)
    short = short_hostname(pod)
    subdomain = pod["spec"].get("subdomain")
    if pod["spec"].get("setHostnameAsFQDN") and subdomain:
        return f"{short}.{subdomain}.{pods.namespace_of(pod)}.svc.{cluster_domain}"
    return short


def short_hostname(pod: Object) -> str:
    chosen = pod["spec"].get("hostname") or pod["metadata"]["name"]
    return str(chosen)[:HOSTNAME_LIMIT].rstrip("-.")


def container_config(inputs: ContainerInputs) -> ContainerConfig:
    """Raises ConfigError where the security context cannot be kept."""
    pod, container = inputs.pod, inputs.container
    variables = inputs.environment
    return ContainerConfig(
        metadata=ContainerMetadata(container["name"], inputs.attempt),
        image=container.get("image", ""),
        command=[expand(each, variables) for each in container.get("command") or []],
        args=[expand(each, variables) for each in container.get("args") or []],
        working_dir=container.get("workingDir") or "",
        envs=list(variables.items()),
        mounts=inputs.mounts,
        labels={**pod_labels(pod), CONTAINER_NAME_LABEL: container["name"]},
        annotations=_annotations(inputs),
        log_path=f"{container['name']}/{inputs.attempt}.log",
        stdin=bool(container.get("stdin")),
        stdin_once=bool(container.get("stdinOnce")),
        tty=bool(container.get("tty")),
        resources=linux_resources(container, pod, inputs.memory_capacity_bytes),
        security=security_context(pod, container, inputs.image, inputs.target_id),
        stop_signal=(container.get("lifecycle") or {}).get("stopSignal") or "",
    )


def _annotations(inputs: ContainerInputs) -> dict[str, str]:
    container = inputs.container
    runs_to_completion = _runs_to_completion(inputs.pod, container)
    return {
        **({RUNS_TO_COMPLETION_ANNOTATION: runs_to_completion} if runs_to_completion else {}),
        HASH_ANNOTATION: container_hash(container),
        TERMINATION_PATH_ANNOTATION: container.get("terminationMessagePath") or "",
        TERMINATION_POLICY_ANNOTATION: container.get("terminationMessagePolicy") or "File",
        TERMINATION_FILE_ANNOTATION: inputs.termination_file,
        GRACE_ANNOTATION: str(pods.grace_period_seconds(inputs.pod)),
    }


def _runs_to_completion(pod: Object, container: Object) -> str:
    """`init`, `true`, or empty for a container that is to run until it is stopped."""
    if any(each is container for each in pods.init_containers(pod)):
        return "" if pods.is_sidecar(container) else "init"
    policy = container.get("restartPolicy") or pod["spec"].get("restartPolicy") or "Always"
    return "" if policy == "Always" else "true"


def _port_mappings(pod: Object) -> list[PortMapping]:
    if pods.uses_host_network(pod):
        return []
    return [
        PortMapping(
            port.get("protocol") or "TCP", port["containerPort"], port["hostPort"], port.get("hostIP", "")
        )
        for container in pods.all_containers(pod)
        for port in container.get("ports") or []
        if port.get("hostPort")
    ]
