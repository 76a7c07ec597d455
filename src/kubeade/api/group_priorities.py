"""In which order groups and versions are listed: the higher, the earlier (upstream's APIService priorities).

Clients that know only a short name take the first group that has it.
"""

_GROUPS = {
    "apiregistration.k8s.io": 20000,
    "": 18000,
    "apps": 17800,
    "events.k8s.io": 17750,
    "authentication.k8s.io": 17700,
    "authorization.k8s.io": 17600,
    "autoscaling": 17500,
    "batch": 17400,
    "certificates.k8s.io": 17300,
    "networking.k8s.io": 17200,
    "policy": 17100,
    "rbac.authorization.k8s.io": 17000,
    "storage.k8s.io": 16800,
    "apiextensions.k8s.io": 16700,
    "admissionregistration.k8s.io": 16700,
    "scheduling.k8s.io": 16600,
    "coordination.k8s.io": 16500,
    "node.k8s.io": 16300,
    "discovery.k8s.io": 16200,
    "resource.k8s.io": 16200,
    "flowcontrol.apiserver.k8s.io": 16100,
    "storagemigration.k8s.io": 15800,
}
_VERSIONS = {
    ("", "v1"): 1,
    ("autoscaling", "v2"): 30,
    ("flowcontrol.apiserver.k8s.io", "v1"): 21,
    ("flowcontrol.apiserver.k8s.io", "v1beta3"): 18,
    ("resource.k8s.io", "v1"): 21,
}
_STABLE = 15
_UNSTABLE = 9
_CUSTOM_GROUP = 1000
_CUSTOM_VERSION = 100


def is_built_in(group: str) -> bool:
    return group in _GROUPS


def group_priority(group: str) -> int:
    return _GROUPS.get(group, _CUSTOM_GROUP)


def version_priority(group: str, version: str) -> int:
    """Versions of equal priority are sorted as versions are: v2, v1, v1beta1."""
    if not is_built_in(group):
        return _CUSTOM_VERSION
    return _VERSIONS.get((group, version), _UNSTABLE if "alpha" in version or "beta" in version else _STABLE)
