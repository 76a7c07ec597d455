"""Which plugins there are, in which order (upstream: AllOrderedPlugins, those on by default)."""

import asyncio

from kubeade.api.resources import NAMESPACES
from kubeade.apiserver.admission.chain import AdmissionChain
from kubeade.apiserver.admission.default_classes import DefaultIngressClass, DefaultStorageClass
from kubeade.apiserver.admission.default_tolerations import DefaultTolerationSeconds
from kubeade.apiserver.admission.namespace_lifecycle import NamespaceLifecycle
from kubeade.apiserver.admission.node_taint import TaintNodesByCondition
from kubeade.apiserver.admission.plugin import Plugin
from kubeade.apiserver.admission.priority import Priority
from kubeade.apiserver.admission.service_account import ServiceAccount
from kubeade.apiserver.admission.storage_protection import StorageObjectInUseProtection
from kubeade.apiserver.allocation.allocator import ServiceAllocator
from kubeade.apiserver.allocation.plugin import ServiceAllocation
from kubeade.apiserver.allocation.pools import AddressPool, PortPool
from kubeade.apiserver.authorization.authorizer import Authorization
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import Reader
from kubeade.lib.ids import Ids

DEFAULT_SERVICE_CIDR = "10.96.0.0/16"


def build_admission(
    reader: Reader, authorization: Authorization, ids: Ids, service_cidr: str = DEFAULT_SERVICE_CIDR
) -> AdmissionChain:
    """The server's `Admission`, over the cluster's own state. To be called in the event loop."""
    namespaces = ObjectIndex(reader, NAMESPACES)
    now = asyncio.get_running_loop().time
    allocator = ServiceAllocator(reader, AddressPool(service_cidr), PortPool(), now)
    plugins: list[Plugin] = [
        NamespaceLifecycle(namespaces),
        ServiceAccount(reader, ids),
        TaintNodesByCondition(),
        Priority(reader),
        DefaultTolerationSeconds(),
        DefaultStorageClass(reader),
        StorageObjectInUseProtection(),
        DefaultIngressClass(reader),
        ServiceAllocation(allocator),
        authorization.escalation,
    ]
    return AdmissionChain(plugins)
