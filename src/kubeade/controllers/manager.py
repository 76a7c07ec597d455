"""The controller manager: every controller with an identity of its own, over one shared set of copies."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from kubeade.api.resources import CONFIG_MAPS, REPLICA_SETS, REPLICATION_CONTROLLERS, SECRETS
from kubeade.client.client import Client
from kubeade.controllers.accounttoken.controller import TYPE as ACCOUNT_TOKEN_TYPE
from kubeade.controllers.accounttoken.controller import AccountTokenController
from kubeade.controllers.certificate.controller import CertificateController
from kubeade.controllers.certificate.signer import SigningKey
from kubeade.controllers.cronjob.controller import CronJobController
from kubeade.controllers.daemonset.controller import DaemonSetController
from kubeade.controllers.deployment.controller import DeploymentController
from kubeade.controllers.disruption.controller import DisruptionController
from kubeade.controllers.endpoints.controller import EndpointsController
from kubeade.controllers.endpointslice.controller import EndpointSliceController
from kubeade.controllers.endpointslicemirroring.controller import EndpointSliceMirroringController
from kubeade.controllers.ephemeralvolume.controller import EphemeralVolumeController
from kubeade.controllers.garbagecollector.controller import GarbageCollector
from kubeade.controllers.job.controller import JobController
from kubeade.controllers.namespace.controller import NamespaceController
from kubeade.controllers.nodeipam.controller import NodeIpamController
from kubeade.controllers.nodelifecycle.controller import NodeLifecycleController
from kubeade.controllers.persistentvolume.controller import PersistentVolumeController
from kubeade.controllers.podgc.controller import PodGarbageCollector
from kubeade.controllers.policystatus.controller import PolicyStatusController
from kubeade.controllers.replicaset.controller import ReplicaSetController
from kubeade.controllers.rootca.controller import NAME as ROOT_CA_NAME
from kubeade.controllers.rootca.controller import RootCertificateController
from kubeade.controllers.serviceaccount.controller import ServiceAccountController
from kubeade.controllers.statefulset.controller import StatefulSetController
from kubeade.controllers.tokencleaner.controller import TokenCleaner
from kubeade.controllers.tokencleaner.plan import TYPE as BOOTSTRAP_TOKEN_TYPE
from kubeade.controllers.ttlafterfinished.controller import TtlAfterFinishedController
from kubeade.controllers.volumeprotection.controller import (
    ClaimProtectionController,
    VolumeProtectionController,
)
from kubeade.lib.clock import Clock
from kubeade.lib.ids import Ids
from kubeade.reconcile.controller import Controller
from kubeade.reconcile.environment import Environment
from kubeade.reconcile.events import EventRecorder
from kubeade.reconcile.informer import Informer, Informers

ClientFor = Callable[[str], Client]
"""A client for a controller by its service account's name in kube-system; for "" the shared reader's."""

Runner = Callable[[], Coroutine[Any, Any, None]]


class HasController(Protocol):
    """What every controller of this room offers: its loop."""

    controller: Controller


@dataclass(frozen=True, slots=True)
class ControllerManagerConfig:
    """What all controllers together are told: the authority to publish, the range that nodes' pods live
    in, and what certificates are signed with (None: they are approved, and somebody else signs them)."""

    root_ca_pem: str
    pod_cidr: str
    signing_key: SigningKey | None = None


class ControllerManager:
    """Runs all controllers."""

    def __init__(
        self, client_for: ClientFor, clock: Clock, ids: Ids, config: ControllerManagerConfig
    ) -> None:
        self._client_for = client_for
        self._clock = clock
        self._ids = ids
        self._informers = Informers(client_for(""))
        self._recorders: list[EventRecorder] = []
        root_ca = f"metadata.name={ROOT_CA_NAME}"
        self._root_ca_maps = Informer(client_for(""), CONFIG_MAPS, field_selector=root_ca)
        token_type = f"type={ACCOUNT_TOKEN_TYPE}"
        self._token_secrets = Informer(client_for(""), SECRETS, field_selector=token_type)
        bootstrap_type = f"type={BOOTSTRAP_TOKEN_TYPE}"
        self._bootstrap_tokens = Informer(
            client_for(""), SECRETS, "kube-system", field_selector=bootstrap_type
        )
        self._runners = self._build(config)

    async def run(self) -> None:
        """Run until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._informers.run(), name="controller informers")
            tasks.create_task(self._root_ca_maps.run(), name="root certificates")
            tasks.create_task(self._token_secrets.run(), name="account token secrets")
            tasks.create_task(self._bootstrap_tokens.run(), name="bootstrap tokens")
            for recorder in self._recorders:
                tasks.create_task(recorder.run(), name="controller events")
            await self._informers.wait_synced()
            await self._root_ca_maps.wait_synced()
            await self._token_secrets.wait_synced()
            await self._bootstrap_tokens.wait_synced()
            for name, runner in self._runners.items():
                tasks.create_task(runner(), name=name)

    def _build(self, config: ControllerManagerConfig) -> dict[str, Runner]:
        of = self._environment
        root_ca = of("root-ca-cert-publisher")
        controllers: list[HasController] = [
            DeploymentController(of("deployment-controller")),
            ReplicaSetController(of("replicaset-controller"), REPLICA_SETS),
            ReplicaSetController(of("replication-controller"), REPLICATION_CONTROLLERS),
            DaemonSetController(of("daemon-set-controller")),
            StatefulSetController(of("statefulset-controller")),
            EndpointSliceController(of("endpointslice-controller")),
            EndpointsController(of("endpoint-controller")),
            EndpointSliceMirroringController(of("endpointslicemirroring-controller")),
            NamespaceController(of("namespace-controller")),
            ServiceAccountController(of("service-account-controller")),
            RootCertificateController(root_ca, self._root_ca_maps, config.root_ca_pem),
            AccountTokenController(of(""), self._token_secrets, config.root_ca_pem),
            NodeLifecycleController(of("node-controller")),
            NodeIpamController(of("node-controller"), config.pod_cidr),
            PodGarbageCollector(of("pod-garbage-collector")),
            DisruptionController(of("disruption-controller")),
            PersistentVolumeController(of("persistent-volume-binder")),
            EphemeralVolumeController(of("ephemeral-volume-controller")),
            ClaimProtectionController(of("pvc-protection-controller")),
            VolumeProtectionController(of("pv-protection-controller")),
            CertificateController(of("certificate-controller"), config.signing_key),
            CronJobController(of("cronjob-controller")),
            JobController(of("job-controller")),
            TokenCleaner(of("token-cleaner"), self._bootstrap_tokens),
            TtlAfterFinishedController(of("ttl-after-finished-controller")),
            PolicyStatusController(of("validatingadmissionpolicy-status-controller")),
        ]
        runners: dict[str, Runner] = {one.controller.name: one.controller.run for one in controllers}
        runners["garbage-collector"] = GarbageCollector(of("generic-garbage-collector")).run
        return runners

    def _environment(self, name: str) -> Environment:
        client = self._client_for(name)
        recorder = EventRecorder(client, name, self._clock)
        self._recorders.append(recorder)
        return Environment(client, self._informers, self._clock, self._ids, recorder)
