"""What may differ from cluster to cluster in how objects are judged."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ValidationOptions:
    """`allow_loopback_endpoints`: pods may have addresses in 127.0.0.0/8, as they do where the node may not
    make networks; upstream refuses such endpoints."""

    allow_loopback_endpoints: bool = False


DEFAULT_OPTIONS = ValidationOptions()
