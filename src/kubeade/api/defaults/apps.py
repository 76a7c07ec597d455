"""Defaults of the apps group."""

from kubeade.api.defaults.fill import attached, fill
from kubeade.api.defaults.pods import default_template_in
from kubeade.api.defaults.storage import default_persistent_volume_claim
from kubeade.api.parts import parts
from kubeade.api.resource import Object

_REVISION_HISTORY_LIMIT = 10
_PROGRESS_DEADLINE_SECONDS = 600
TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"
"""An annotation, which was a field once: so it is always there, and who writes the object owns it."""


def default_deployment(deployment: Object) -> None:
    """One replica, rolled by a quarter."""
    spec = attached(deployment, "spec")
    fill(spec, "replicas", 1)
    strategy = attached(spec, "strategy")
    fill(strategy, "type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling_update = attached(strategy, "rollingUpdate")
        fill(rolling_update, "maxUnavailable", "25%")
        fill(rolling_update, "maxSurge", "25%")
    fill(spec, "revisionHistoryLimit", _REVISION_HISTORY_LIMIT)
    fill(spec, "progressDeadlineSeconds", _PROGRESS_DEADLINE_SECONDS)
    default_template_in(spec)


def default_replica_set(replica_set: Object) -> None:
    """One replica."""
    spec = attached(replica_set, "spec")
    fill(spec, "replicas", 1)
    default_template_in(spec)


def default_stateful_set(stateful_set: Object) -> None:
    """Ordered, rolled from the last, claims kept."""
    spec = attached(stateful_set, "spec")
    fill(spec, "replicas", 1)
    fill(spec, "podManagementPolicy", "OrderedReady")
    fill(spec, "revisionHistoryLimit", _REVISION_HISTORY_LIMIT)
    strategy = attached(spec, "updateStrategy")
    if not strategy.get("type"):
        strategy["type"] = "RollingUpdate"
        attached(strategy, "rollingUpdate")
    rolling_update = strategy.get("rollingUpdate")
    if strategy["type"] == "RollingUpdate" and isinstance(rolling_update, dict):
        fill(rolling_update, "partition", 0)
    retention = attached(spec, "persistentVolumeClaimRetentionPolicy")
    fill(retention, "whenDeleted", "Retain")
    fill(retention, "whenScaled", "Retain")
    for claim in parts(spec, "volumeClaimTemplates"):
        default_persistent_volume_claim(claim)
        fill(claim, "apiVersion", "v1")
        fill(claim, "kind", "PersistentVolumeClaim")
    default_template_in(spec)


def default_daemon_set(daemon_set: Object) -> None:
    """One node's pod at a time, with no surplus."""
    metadata = attached(daemon_set, "metadata")
    metadata["annotations"] = {TEMPLATE_GENERATION: "0", **(metadata.get("annotations") or {})}
    spec = attached(daemon_set, "spec")
    strategy = attached(spec, "updateStrategy")
    fill(strategy, "type", "RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling_update = attached(strategy, "rollingUpdate")
        fill(rolling_update, "maxUnavailable", 1)
        fill(rolling_update, "maxSurge", 0)
    fill(spec, "revisionHistoryLimit", _REVISION_HISTORY_LIMIT)
    default_template_in(spec)
