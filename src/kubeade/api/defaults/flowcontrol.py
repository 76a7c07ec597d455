"""Defaults of API priority and fairness."""

from kubeade.api.conversion import ZERO_SHARES
from kubeade.api.defaults.fill import attached, fill, fill_number
from kubeade.api.parts import part
from kubeade.api.resource import Object


def default_flow_schema(schema: Object) -> None:
    """FlowSchema."""
    fill_number(attached(schema, "spec"), "matchingPrecedence", 1000)


def default_priority_level(level: Object) -> None:
    """PriorityLevelConfiguration."""
    spec = attached(level, "spec")
    if isinstance(exempt := spec.get("exempt"), dict):
        fill(exempt, "nominalConcurrencyShares", 0)
        fill(exempt, "lendablePercent", 0)
    if isinstance(limited := spec.get("limited"), dict):
        # The older version cannot tell no shares from none said, but for an annotation.
        older = str(level.get("apiVersion")).endswith("/v1beta3")
        meant = ZERO_SHARES in part(level, "metadata", "annotations")
        (fill_number if older and not meant else fill)(limited, "nominalConcurrencyShares", 30)
        fill(limited, "lendablePercent", 0)
        _default_queuing(attached(limited, "limitResponse"))


def _default_queuing(response: Object) -> None:
    if isinstance(queuing := response.get("queuing"), dict):
        fill_number(queuing, "queues", 64)
        fill_number(queuing, "handSize", 8)
        fill_number(queuing, "queueLengthLimit", 50)
