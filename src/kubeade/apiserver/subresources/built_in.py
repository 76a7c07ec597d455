"""The subresource handlers that come with the server."""

from kubeade.apiserver.subresources.binding import bind
from kubeade.apiserver.subresources.eviction import evict
from kubeade.apiserver.subresources.order import order
from kubeade.apiserver.subresources.registry import SubresourceRegistry
from kubeade.apiserver.subresources.scale import scale


def built_in_subresources() -> SubresourceRegistry:
    """Those that need nothing but the ledger; streaming ones are added by whoever reaches nodes."""
    registry = SubresourceRegistry()
    registry.add("", "pods", "binding", bind)
    registry.add("", "bindings", "", bind)
    registry.add("", "pods", "eviction", evict)
    registry.add("*", "*", "scale", scale)
    registry.add("*", "*", "order", order)
    return registry
