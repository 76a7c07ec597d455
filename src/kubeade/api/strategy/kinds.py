"""Facts about kinds: whose generation counts what, and what an empty status looks like.

Keys are (group, plural). The facts are those of upstream's registry strategies.
"""

from kubeade.api.apply.field_set import Fields, of_paths
from kubeade.api.resource import Object
from kubeade.api.resource_type import ResourceType

Key = tuple[str, str]

PODS = ("", "pods")
NODES = ("", "nodes")
NAMESPACES = ("", "namespaces")
SECRETS = ("", "secrets")
LIMIT_RANGES = ("", "limitranges")
SERVICE_ACCOUNTS = ("", "serviceaccounts")
SERVICES = ("", "services")
PERSISTENT_VOLUMES = ("", "persistentvolumes")
PERSISTENT_VOLUME_CLAIMS = ("", "persistentvolumeclaims")
DEPLOYMENTS = ("apps", "deployments")
DAEMON_SETS = ("apps", "daemonsets")
JOBS = ("batch", "jobs")
CSI_DRIVERS = ("storage.k8s.io", "csidrivers")
ENDPOINT_SLICES = ("discovery.k8s.io", "endpointslices")
API_SERVICES = ("apiregistration.k8s.io", "apiservices")
DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")
SIGNING_REQUESTS = ("certificates.k8s.io", "certificatesigningrequests")
RESOURCE_CLAIMS = ("resource.k8s.io", "resourceclaims")
RESOURCE_SLICES = ("resource.k8s.io", "resourceslices")
DEVICE_TAINT_RULES = ("resource.k8s.io", "devicetaintrules")

_ADMISSION = "admissionregistration.k8s.io"
_FLOW_CONTROL = "flowcontrol.apiserver.k8s.io"
_RESOURCE = "resource.k8s.io"

# The fields whose change makes a new generation.
GENERATION: dict[Key, tuple[str, ...]] = {
    PODS: ("spec",),
    ("", "podtemplates"): ("template",),
    ("", "replicationcontrollers"): ("spec",),
    ("apps", "daemonsets"): ("spec",),
    DEPLOYMENTS: ("spec",),
    ("apps", "replicasets"): ("spec",),
    ("apps", "statefulsets"): ("spec",),
    JOBS: ("spec",),
    ("batch", "cronjobs"): ("spec",),
    ENDPOINT_SLICES: ("addressType", "endpoints", "ports"),
    ("networking.k8s.io", "ingresses"): ("spec",),
    ("networking.k8s.io", "ingressclasses"): ("spec",),
    ("networking.k8s.io", "networkpolicies"): ("spec",),
    ("policy", "poddisruptionbudgets"): ("spec",),
    ("scheduling.k8s.io", "priorityclasses"): (),
    CSI_DRIVERS: ("spec",),
    (_FLOW_CONTROL, "flowschemas"): ("spec",),
    (_FLOW_CONTROL, "prioritylevelconfigurations"): ("spec",),
    (_RESOURCE, "deviceclasses"): ("spec",),
    (_RESOURCE, "devicetaintrules"): ("spec",),
    (_RESOURCE, "resourceslices"): ("spec",),
    (_ADMISSION, "mutatingwebhookconfigurations"): ("webhooks",),
    (_ADMISSION, "validatingwebhookconfigurations"): ("webhooks",),
    (_ADMISSION, "mutatingadmissionpolicies"): ("spec",),
    (_ADMISSION, "mutatingadmissionpolicybindings"): ("spec",),
    (_ADMISSION, "validatingadmissionpolicies"): ("spec",),
    (_ADMISSION, "validatingadmissionpolicybindings"): ("spec",),
    ("apiextensions.k8s.io", "customresourcedefinitions"): ("spec",),
}

# A new object's status, where it is not simply empty: fields that are always written.
NEW_STATUS: dict[Key, Object] = {
    PODS: {"phase": "Pending"},
    NAMESPACES: {"phase": "Active"},
    SERVICES: {"loadBalancer": {}},
    PERSISTENT_VOLUMES: {"phase": "Pending"},
    PERSISTENT_VOLUME_CLAIMS: {"phase": "Pending"},
    ("", "replicationcontrollers"): {"replicas": 0},
    DAEMON_SETS: {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    },
    ("apps", "replicasets"): {"replicas": 0},
    ("apps", "statefulsets"): {"replicas": 0, "availableReplicas": 0},
    ("autoscaling", "horizontalpodautoscalers"): {"desiredReplicas": 0},
    ("networking.k8s.io", "ingresses"): {"loadBalancer": {}},
    ("policy", "poddisruptionbudgets"): {
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "disruptionsAllowed": 0,
        "expectedPods": 0,
    },
    ("storage.k8s.io", "volumeattachments"): {"attached": False},
}

# Kinds whose status subresource leaves labels, annotations, finalizers and owners alone.
STATUS_KEEPS_METADATA: frozenset[Key] = frozenset(
    {
        (_ADMISSION, "validatingadmissionpolicies"),
        ("certificates.k8s.io", "podcertificaterequests"),
        (_FLOW_CONTROL, "flowschemas"),
        (_FLOW_CONTROL, "prioritylevelconfigurations"),
        ("networking.k8s.io", "servicecidrs"),
        (_RESOURCE, "devicetaintrules"),
        (_RESOURCE, "resourceclaims"),
        ("storage.k8s.io", "volumeattachments"),
        ("storagemigration.k8s.io", "storageversionmigrations"),
    }
)


_SPEC, _STATUS = of_paths(("spec",)), of_paths(("status",))
_METADATA_AND_SPEC = of_paths(("metadata",), ("spec",))
_RESET_OF_SIGNING_REQUESTS = {
    "": of_paths(("spec",), ("status",)),
    "status": of_paths(("spec",), ("status", "conditions")),
    "approval": of_paths(("spec",), ("status", "certificate")),
}


def reset_fields(resource_type: ResourceType, subresource: str) -> Fields:
    """What a write of the object (or of a subresource of it) cannot change: nobody comes to own it."""
    name = key(resource_type)
    if name == SIGNING_REQUESTS:
        return _RESET_OF_SIGNING_REQUESTS.get(subresource, _STATUS)
    if subresource == "status":
        keeps_metadata = resource_type.custom or name in STATUS_KEEPS_METADATA
        return _METADATA_AND_SPEC if keeps_metadata else _SPEC
    return _STATUS if resource_type.has_status else {}


def key(resource_type: ResourceType) -> Key:
    return resource_type.group, resource_type.plural
