"""The audit log, wired: a policy, a file, and what follows requests between them."""

from pathlib import Path

from kubeade.apiserver.audit.log import AuditLog, StandardOutput
from kubeade.apiserver.audit.policy import read_policy
from kubeade.apiserver.audit.rotation import RotatedFile
from kubeade.apiserver.audit.trail import Auditor
from kubeade.cluster.access import STANDARD_OUTPUT, AuditFiles
from kubeade.lib.clock import Clock
from kubeade.lib.ids import Ids


class AuditParts:
    """The audit log's writer and what feeds it. Raises ConfigError, OSError."""

    def __init__(self, files: AuditFiles, kubernetes_version: str, clock: Clock, ids: Ids) -> None:
        file = (
            StandardOutput()
            if files.log == STANDARD_OUTPUT
            else RotatedFile(Path(files.log), files.retention, clock)
        )
        self.log = AuditLog(file, kubernetes_version)
        self.auditor = Auditor(read_policy(files.policy), self.log, clock, ids)
