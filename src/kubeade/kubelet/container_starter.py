"""Starts one container: back-off, image, configuration, create, start, postStart.

Every way to fail is a `StartFailure` with the reason that the pod's status shows, and an event where
upstream has one.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from kubeade.api.resource import Object, Resource
from kubeade.cri.service import CriError
from kubeade.cri.types import ContainerConfig, ContainerState, Image, Mount, SandboxConfig
from kubeade.kubelet import pods
from kubeade.kubelet.container_config import ContainerInputs, container_config
from kubeade.kubelet.env_file import BadEnvFile, read_env_file
from kubeade.kubelet.environment import ConfigError, EnvironmentInputs, environment
from kubeade.kubelet.failures import HookFailure, StartFailure
from kubeade.kubelet.hooks import run_hook
from kubeade.kubelet.hosts import hosts_file
from kubeade.kubelet.identity import container_hash
from kubeade.kubelet.log_rotation import log_path, rotated
from kubeade.kubelet.mounts import hosts_mount, termination_mount, volume_mounts
from kubeade.kubelet.observed import ObservedPod
from kubeade.kubelet.pod_context import PodContext
from kubeade.kubelet.stopper import stop_one
from kubeade.kubelet.volumes.manager import PodVolume

DEAD_CONTAINERS_KEPT = 1


@dataclass(frozen=True, slots=True)
class Place:
    """Where the containers of a pod start: its sandbox and its volumes."""

    sandbox_id: str
    sandbox_config: SandboxConfig
    volumes: Mapping[str, PodVolume]


class ContainerStarter:
    def __init__(self, context: PodContext, place: Place, observed: ObservedPod) -> None:
        self._context = context
        self._node = context.node
        self._place = place
        self._observed = observed

    async def start(self, container: Object) -> None:
        """Raises StartFailure."""
        self._check_backoff(container)
        image = await self._node.images.ensure(self._context.pod, container)
        await self._ensure_image_volumes(container)
        await self._remove_unstarted(container)
        attempt = self._attempt(container)
        config = self._configure(container, image, attempt)
        container_id = await self._create(container, config)
        self._context.say_normal("Created", "Container created", container)
        await self._start(container, container_id)
        self._context.say_normal("Started", "Container started", container)
        await self._post_start(container, container_id)
        await self._remove_old(container)

    async def _ensure_image_volumes(self, container: Object) -> None:
        for mount in container.get("volumeMounts") or []:
            volume = self._place.volumes.get(mount["name"])
            if volume is not None and volume.image:
                wanted = {"image": volume.image, "imagePullPolicy": volume.pull_policy}
                await self._node.images.ensure(self._context.pod, {**container, **wanted})

    def _check_backoff(self, container: Object) -> None:
        """A container that ended has to wait, longer each time."""
        context, name = self._context, container["name"]
        exited = [e for e in self._observed.of_name(name) if e.state is ContainerState.EXITED]
        if not exited:
            return
        key = f"{name}_{container_hash(container)}"
        since = datetime.fromtimestamp(exited[0].finished_at / 1e9, UTC)
        until = context.crashes.until(key, since)
        wait_seconds = (until - context.now()).total_seconds() if until is not None else 0.0
        if wait_seconds <= 0:
            context.crashes.failed(key, context.now())
            return
        pod_name = pods.full_name(context.pod)
        context.say_warning(
            "BackOff", f"Back-off restarting failed container {name} in pod {pod_name}", container
        )
        delay = _duration(context.crashes.delay_seconds(key))
        message = f"back-off {delay} restarting failed container={name} pod={pod_name}"
        raise StartFailure("CrashLoopBackOff", message, retry_seconds=wait_seconds)

    def _attempt(self, container: Object) -> int:
        latest = self._observed.latest(container["name"])
        if latest is not None:
            return latest.metadata.attempt + (latest.state is not ContainerState.CREATED)
        status = self._context.status
        places = ("containerStatuses", "initContainerStatuses")
        known = [each for place in places for each in status.get(place) or []]
        old = next((each for each in known if each["name"] == container["name"]), None)
        if old is None:
            return 0
        ended = "terminated" in (old.get("lastState") or {}) or "terminated" in (old.get("state") or {})
        return int(old.get("restartCount", 0)) + (1 if ended else 0)

    def _configure(self, container: Object, image: Image, attempt: int) -> ContainerConfig:
        context = self._context
        try:
            variables = environment(self._environment_inputs(container))
            mounts, termination_file = self._mounts(container, variables, attempt)
            return container_config(
                ContainerInputs(
                    pod=context.pod,
                    container=container,
                    image=image,
                    attempt=attempt,
                    environment=variables,
                    mounts=mounts,
                    termination_file=termination_file,
                    memory_capacity_bytes=self._node.memory_capacity_bytes,
                    target_id=self._target(container),
                )
            )
        except ConfigError as error:
            context.say_warning("Failed", f"Error: {error}", container)
            raise StartFailure("CreateContainerConfigError", str(error)) from error

    def _environment_inputs(self, container: Object) -> EnvironmentInputs:
        context, namespace = self._context, pods.namespace_of(self._context.pod)

        def lookup(resource: Resource, name: str) -> Object | None:
            return self._node.objects.get(resource, namespace, name)

        return EnvironmentInputs(
            context.current_pod,
            container,
            lookup,
            self._node.services(),
            self._node.allocatable,
            self._read_file,
        )

    def _read_file(self, name: str, path: str) -> str | None:
        volume = self._place.volumes.get(name)
        if volume is None:
            raise ConfigError(f'cannot find the volume "{name}" referenced by FileKeyRef')
        try:
            return read_env_file(volume.path, path)
        except (BadEnvFile, OSError) as error:
            raise ConfigError(f"couldn't read env file {path!r}: {error}") from error

    def _mounts(
        self, container: Object, variables: Mapping[str, str], attempt: int
    ) -> tuple[list[Mount], str]:
        """All mounts, and the file on this node that will hold the termination message."""
        if self._node.config.simulated:
            return [], ""
        volumes = volume_mounts(container, self._place.volumes, variables)
        termination = termination_mount(container, self._context.directory, attempt)
        mounts = [*volumes, *self._hosts(container), *termination]
        return mounts, termination[0].host_path if termination else ""

    def _hosts(self, container: Object) -> list[Mount]:
        context, config = self._context, self._node.config
        addresses = [each["ip"] for each in context.status.get("podIPs") or []]
        node_hosts = ""
        if pods.uses_host_network(context.pod):
            with contextlib.suppress(OSError):
                node_hosts = config.hosts_file.read_text()
        path = context.directory / "etc-hosts"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(hosts_file(context.pod, addresses, config.cluster_domain, node_hosts))
        path.chmod(0o644)
        return hosts_mount(container, path)

    def _target(self, container: Object) -> str:
        name = container.get("targetContainerName")
        if not name:
            return ""
        target = self._observed.latest(name)
        if target is None or target.state is not ContainerState.RUNNING:
            raise ConfigError(f'unable to find target container "{name}"')
        return target.id

    async def _create(self, container: Object, config: ContainerConfig) -> str:
        try:
            return await self._node.runtime.create_container(
                self._place.sandbox_id, config, self._place.sandbox_config
            )
        except (CriError, OSError) as error:
            self._context.say_warning("Failed", f"Error: {error}", container)
            raise StartFailure("CreateContainerError", str(error)) from error

    async def _start(self, container: Object, container_id: str) -> None:
        try:
            await self._node.runtime.start_container(container_id)
        except (CriError, OSError) as error:
            self._context.say_warning("Failed", f"Error: {error}", container)
            raise StartFailure("RunContainerError", str(error)) from error

    async def _post_start(self, container: Object, container_id: str) -> None:
        handler = (container.get("lifecycle") or {}).get("postStart")
        if not handler or self._node.config.simulated:
            return
        address = self._context.status.get("podIP", "")
        try:
            await run_hook(handler, container, container_id, address, self._node.runtime)
        except HookFailure as error:
            self._context.say_warning("FailedPostStartHook", "PostStartHook failed", container)
            message = f"FailedPostStartHook: {error}"
            await stop_one(self._context, container, container_id, "FailedPostStartHook")
            raise StartFailure("PostStartHookError", message) from error

    async def _remove_unstarted(self, container: Object) -> None:
        """One that was created by a kubelet that died before it could start it: that attempt is made now."""
        for found in self._observed.of_name(container["name"]):
            if found.state is ContainerState.CREATED:
                with contextlib.suppress(CriError):
                    await self._node.runtime.remove_container(found.id)

    async def _remove_old(self, container: Object) -> None:
        """Keep only the newest of the dead: it is the container's last state."""
        name = container["name"]
        dead = [each for each in self._observed.of_name(name) if each.state is not ContainerState.CREATED]
        for old in dead[DEAD_CONTAINERS_KEPT:]:
            with contextlib.suppress(CriError):
                await self._node.runtime.remove_container(old.id)
            log_file = log_path(self._context, old)
            for each in (log_file, *rotated(log_file)):
                each.unlink(missing_ok=True)


def _duration(seconds: float) -> str:
    """As Go writes it: `10s`, `2m40s`, `5m0s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"
