"""Which plugins there are, in which order (upstream: AllOrderedPlugins, those on by default)."""

import asyncio
from dataclasses import dataclass

from kubeade.api.resources import NAMESPACES
from kubeade.apiserver.admission.certificates import (
    CertificateApproval,
    CertificateRequestor,
    CertificateSubjectRestriction,
)
from kubeade.apiserver.admission.chain import AdmissionChain
from kubeade.apiserver.admission.claim_resize import PersistentVolumeClaimResize
from kubeade.apiserver.admission.default_classes import DefaultIngressClass, DefaultStorageClass
from kubeade.apiserver.admission.default_tolerations import DefaultTolerationSeconds
from kubeade.apiserver.admission.device_admin import DeviceAdminAccess
from kubeade.apiserver.admission.dynamic.plugins import dynamic_admission
from kubeade.apiserver.admission.limit_ranger import LimitRanger
from kubeade.apiserver.admission.namespace_lifecycle import NamespaceLifecycle
from kubeade.apiserver.admission.node_restriction import NodeRestriction
from kubeade.apiserver.admission.node_taint import TaintNodesByCondition
from kubeade.apiserver.admission.plugin import Plugin
from kubeade.apiserver.admission.pod_resize import PodResizeValidator
from kubeade.apiserver.admission.pod_security import PodSecurity
from kubeade.apiserver.admission.pod_topology import PodTopologyLabels
from kubeade.apiserver.admission.priority import Priority
from kubeade.apiserver.admission.quota_ledger import QuotaLedger
from kubeade.apiserver.admission.resource_quota import ResourceQuota
from kubeade.apiserver.admission.runtime_class import RuntimeClass
from kubeade.apiserver.admission.service_account import ServiceAccount
from kubeade.apiserver.admission.storage_protection import StorageObjectInUseProtection
from kubeade.apiserver.admission.trust_bundles import ClusterTrustBundleAttest
from kubeade.apiserver.allocation.allocator import ServiceAllocator
from kubeade.apiserver.allocation.plugin import ServiceAllocation
from kubeade.apiserver.allocation.pools import AddressPool, PortPool
from kubeade.apiserver.authorization.authorizer import Authorization
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import Reader
from kubeade.apiserver.shared_notes import SharedNotes
from kubeade.apiserver.webhooks.client import WebhookClient
from kubeade.lib.clock import Clock
from kubeade.lib.ids import Ids

DEFAULT_SERVICE_CIDR = "10.96.0.0/16"


@dataclass(frozen=True, slots=True)
class AdmissionParts:
    """All that the wiring needs of this room; `quotas` is what `QuotaStatus` writes down, `webhooks` is
    to be closed."""

    chain: AdmissionChain
    quotas: QuotaLedger
    webhooks: WebhookClient


def build_admission(
    reader: Reader,
    authorization: Authorization,
    ids: Ids,
    clock: Clock,
    service_cidr: str = DEFAULT_SERVICE_CIDR,
    notes: SharedNotes | None = None,
) -> AdmissionParts:
    """The server's `Admission`, over the cluster's own state; `notes` where others serve it, too."""
    namespaces = ObjectIndex(reader, NAMESPACES)
    now = _loop_time if notes is None else lambda: clock.now().timestamp()
    allocator = ServiceAllocator(reader, AddressPool(service_cidr), PortPool(), now)
    quotas = QuotaLedger(reader, clock, now)
    dynamic = dynamic_admission(reader, namespaces, authorization.authorizer, ids)
    plugins: list[Plugin] = [
        NamespaceLifecycle(namespaces),
        LimitRanger(reader),
        ServiceAccount(reader, ids),
        NodeRestriction(reader),
        TaintNodesByCondition(),
        PodSecurity(reader, namespaces),
        Priority(reader),
        DefaultTolerationSeconds(),
        DefaultStorageClass(reader),
        StorageObjectInUseProtection(),
        PersistentVolumeClaimResize(reader),
        RuntimeClass(reader),
        CertificateRequestor(),
        CertificateApproval(authorization.authorizer),
        ClusterTrustBundleAttest(authorization.authorizer),
        CertificateSubjectRestriction(),
        DefaultIngressClass(reader),
        PodTopologyLabels(reader),
        PodResizeValidator(reader),
        DeviceAdminAccess(namespaces),
        ServiceAllocation(allocator, notes),
        authorization.escalation,
        *dynamic.plugins,
        ResourceQuota(quotas, notes),
    ]
    return AdmissionParts(AdmissionChain(plugins), quotas, dynamic.client)


def _loop_time() -> float:
    """Seconds that only move forward, and that a virtual event loop moves."""
    return asyncio.get_running_loop().time()
