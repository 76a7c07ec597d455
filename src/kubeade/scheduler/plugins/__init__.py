"""One file per plugin; `DEFAULT_PLUGINS` in upstream's order, which is also the order of the checks.

Every plugin is pure (an import contract keeps it so): what it looks at is handed to it.
"""

from kubeade.scheduler.framework import Plugin
from kubeade.scheduler.plugins.image_locality import ImageLocality
from kubeade.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from kubeade.scheduler.plugins.node_affinity import NodeAffinity
from kubeade.scheduler.plugins.node_name import NodeName
from kubeade.scheduler.plugins.node_ports import NodePorts
from kubeade.scheduler.plugins.node_resources import BalancedAllocation, ResourcesFit
from kubeade.scheduler.plugins.node_unschedulable import NodeUnschedulable
from kubeade.scheduler.plugins.pod_topology_spread import PodTopologySpread
from kubeade.scheduler.plugins.taint_toleration import TaintToleration
from kubeade.scheduler.plugins.volume_binding import VolumeBinding

DEFAULT_PLUGINS: tuple[Plugin, ...] = (
    NodeUnschedulable(),
    NodeName(),
    TaintToleration(),
    NodeAffinity(),
    NodePorts(),
    ResourcesFit(),
    VolumeBinding(),
    PodTopologySpread(),
    InterPodAffinity(),
    BalancedAllocation(),
    ImageLocality(),
)
