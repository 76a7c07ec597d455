"""Who may come in and what is kept of it, as somebody ordered it for this start: files and limits by name.

Nothing of it is kept with the cluster: like kube-apiserver's flags, it is said at every start.
"""

from dataclasses import dataclass, field

from kubeade.apiserver.audit.rotation import Retention

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class AuditFiles:
    """The audit policy, and where events go; without either there is no audit log."""

    policy: str = ""
    log: str = ""
    retention: Retention = field(default_factory=Retention)


@dataclass(frozen=True, slots=True)
class Access:
    audit: AuditFiles = field(default_factory=AuditFiles)
