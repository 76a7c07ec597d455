"""Which plugins there are, in which order (upstream: AllOrderedPlugins, those on by default)."""

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
from kubeade.apiserver.authorization.authorizer import Authorization
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import Reader
from kubeade.lib.ids import Ids


def build_admission(reader: Reader, authorization: Authorization, ids: Ids) -> AdmissionChain:
    """The server's `Admission`, over the cluster's own state."""
    namespaces = ObjectIndex(reader, NAMESPACES)
    plugins: list[Plugin] = [
        NamespaceLifecycle(namespaces),
        ServiceAccount(reader, ids),
        TaintNodesByCondition(),
        Priority(reader),
        DefaultTolerationSeconds(),
        DefaultStorageClass(reader),
        StorageObjectInUseProtection(),
        DefaultIngressClass(reader),
        authorization.escalation,
    ]
    return AdmissionChain(plugins)
