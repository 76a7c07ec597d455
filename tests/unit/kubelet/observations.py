"""Short ways to say what the runtime holds."""

from kubeade.cri.types import (
    ContainerMetadata,
    ContainerState,
    ContainerStatus,
    SandboxMetadata,
    SandboxState,
    SandboxStatus,
)
from kubeade.kubelet.identity import container_hash
from kubeade.kubelet.observed import HASH_ANNOTATION, ObservedPod

SECOND = 1_000_000_000


def sandbox(*, ready=True, attempt=0, ips=("10.0.0.1",)):
    state = SandboxState.READY if ready else SandboxState.NOT_READY
    return SandboxStatus("s", SandboxMetadata("web", "u", "shop", attempt), state, SECOND, list(ips))


def container(name, state="running", *, code=0, attempt=0, image="lemonade:1", at=1):
    states = {
        "created": ContainerState.CREATED,
        "running": ContainerState.RUNNING,
        "exited": ContainerState.EXITED,
        "unknown": ContainerState.UNKNOWN,
    }
    return ContainerStatus(
        id=f"{name}-{attempt}",
        metadata=ContainerMetadata(name, attempt),
        state=states[state],
        created_at=at * SECOND,
        started_at=0 if state == "created" else at * SECOND,
        finished_at=(at + 1) * SECOND if state == "exited" else 0,
        exit_code=code,
        image=image,
        image_ref=f"{image}@sha256:1",
        annotations={HASH_ANNOTATION: container_hash({"name": name, "image": image})},
    )


def observed(*containers, box=None):
    """`containers` newest first; with a ready sandbox unless another is given."""
    return ObservedPod([sandbox() if box is None else box], list(containers))


def spec_container(name="app", **more):
    return {"name": name, "image": "lemonade:1", **more}


def pod(*containers, init=(), **spec):
    apps = list(containers) or [spec_container()]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "uid": "u", "generation": 1},
        "spec": {"restartPolicy": "Always", "containers": apps, "initContainers": list(init), **spec},
    }
