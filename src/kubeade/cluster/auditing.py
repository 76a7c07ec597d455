"""The audit log, wired: a policy, a file or a webhook or both, and what follows requests between them."""

from pathlib import Path
from random import SystemRandom

from kubeade.apiserver.audit.lines import Lines
from kubeade.apiserver.audit.log import AuditLog, StandardOutput
from kubeade.apiserver.audit.policy import read_policy
from kubeade.apiserver.audit.rotation import RotatedFile
from kubeade.apiserver.audit.trail import Auditor, Sink
from kubeade.cluster.access import STANDARD_OUTPUT, AuditFiles
from kubeade.cluster.users import webhook_place
from kubeade.lib.clock import Clock
from kubeade.lib.ids import Ids


def build_auditor(files: AuditFiles, kubernetes_version: str, clock: Clock, ids: Ids) -> Auditor:
    """What feeds the audit log, and closes it. Raises ConfigError, OSError."""
    sinks: list[Sink] = []
    if files.log:
        own = files.log == STANDARD_OUTPUT
        file = StandardOutput() if own else RotatedFile(Path(files.log), files.retention, clock)
        sinks.append(AuditLog(file, Lines(kubernetes_version, files.log_truncation)))
    if files.webhook is not None:
        from kubeade.apiserver.audit.webhook import AuditWebhook

        lines = Lines(kubernetes_version, files.webhook_truncation)
        sinks.append(AuditWebhook(webhook_place(files.webhook), lines, files.delivery, SystemRandom()))
    return Auditor(read_policy(files.policy), sinks, clock, ids)
