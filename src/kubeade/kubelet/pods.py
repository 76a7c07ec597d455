"""Reading a Pod: the small questions that every part of the kubelet asks of its spec. Pure."""

from collections.abc import Iterator

from kubeade.api.resource import Object

ACTIVE_GRACE_SECONDS = 30
MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
SOURCE_ANNOTATION = "kubernetes.io/config.source"
SYSTEM_CRITICAL_PRIORITY = 2_000_000_000


def uid_of(pod: Object) -> str:
    return str(pod["metadata"]["uid"])


def namespace_of(pod: Object) -> str:
    return str(pod["metadata"]["namespace"])


def full_name(pod: Object) -> str:
    """`name_namespace(uid)`, as upstream writes a pod in messages."""
    metadata = pod["metadata"]
    return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"


def init_containers(pod: Object) -> list[Object]:
    return pod["spec"].get("initContainers") or []


def app_containers(pod: Object) -> list[Object]:
    return pod["spec"].get("containers") or []


def ephemeral_containers(pod: Object) -> list[Object]:
    return pod["spec"].get("ephemeralContainers") or []


def all_containers(pod: Object) -> Iterator[Object]:
    """Init, app and ephemeral containers, in that order."""
    yield from init_containers(pod)
    yield from app_containers(pod)
    yield from ephemeral_containers(pod)


def container_named(pod: Object, name: str) -> Object | None:
    return next((container for container in all_containers(pod) if container["name"] == name), None)


def is_sidecar(container: Object) -> bool:
    """An init container that keeps running; only asked of init containers."""
    return container.get("restartPolicy") == "Always"


def field_path(pod: Object, container: Object) -> str:
    """Where the container stands in the pod, as events point to it: `spec.containers{app}`."""
    for place in ("initContainers", "containers", "ephemeralContainers"):
        if any(each["name"] == container["name"] for each in pod["spec"].get(place) or []):
            return f"spec.{place}{{{container['name']}}}"
    return ""


def is_deleted(pod: Object) -> bool:
    return bool(pod["metadata"].get("deletionTimestamp"))


def phase_of(pod: Object) -> str:
    return str((pod.get("status") or {}).get("phase") or "Pending")


def is_terminal_phase(phase: str | None) -> bool:
    return phase in ("Succeeded", "Failed")


def uses_host_network(pod: Object) -> bool:
    return bool(pod["spec"].get("hostNetwork"))


def grace_period_seconds(pod: Object) -> int:
    """How long its containers may take to stop: as its deletion says, else as its spec does."""
    from_deletion = pod["metadata"].get("deletionGracePeriodSeconds")
    if from_deletion is not None and is_deleted(pod):
        return max(1, int(from_deletion))
    from_spec = pod["spec"].get("terminationGracePeriodSeconds")
    return max(1, int(ACTIVE_GRACE_SECONDS if from_spec is None else from_spec))


def is_mirror(pod: Object) -> bool:
    """Whether this is but the image of a pod that its node runs of its own accord."""
    return MIRROR_ANNOTATION in (pod["metadata"].get("annotations") or {})


def is_critical(pod: Object) -> bool:
    """What the node itself depends on: static pods, and those of the system's highest priority."""
    source = (pod["metadata"].get("annotations") or {}).get(SOURCE_ANNOTATION, "api")
    return source != "api" or int(pod["spec"].get("priority") or 0) >= SYSTEM_CRITICAL_PRIORITY


def should_restart(container: Object, pod: Object, exit_code: int) -> bool:
    """Whether an exited container starts again: its own rules, its own policy, the pod's policy."""
    own = container.get("restartPolicy")
    if own and _matching_rule(container, exit_code):
        return True
    policy = own or pod["spec"].get("restartPolicy") or "Always"
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def restarts_when_killed(container: Object, pod: Object) -> bool:
    """Whether a container that the kubelet itself stops (a probe failed) starts again."""
    policy = container.get("restartPolicy") or pod["spec"].get("restartPolicy") or "Always"
    return bool(policy != "Never")


def _matching_rule(container: Object, exit_code: int) -> bool:
    for rule in container.get("restartPolicyRules") or []:
        codes = rule.get("exitCodes") or {}
        listed = exit_code in (codes.get("values") or [])
        if rule.get("action") == "Restart" and listed == (codes.get("operator") == "In"):
            return True
    return False
