"""Defaults of the RBAC group: which API group a name belongs to."""

from kubeade.api.defaults.fill import attached, fill
from kubeade.api.parts import parts
from kubeade.api.resource import Object

_GROUP = "rbac.authorization.k8s.io"


def default_role_binding(binding: Object) -> None:
    """RoleBinding and ClusterRoleBinding."""
    fill(attached(binding, "roleRef"), "apiGroup", _GROUP)
    for subject in parts(binding, "subjects"):
        if subject.get("kind") in ("User", "Group"):
            fill(subject, "apiGroup", _GROUP)
