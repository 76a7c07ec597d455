"""Defaults of dynamic resource allocation: one device where no number is said, all of a key's value
tolerated."""

from kubeade.api.defaults.fill import fill, fill_number
from kubeade.api.parts import part, parts
from kubeade.api.resource import Object


def default_resource_claim(claim: Object) -> None:
    """ResourceClaim."""
    for request in parts(claim, "spec", "devices", "requests"):
        choices = parts(request, "firstAvailable")
        exactly = request.get("exactly")
        for choice in [*choices, exactly] if isinstance(exactly, dict) else choices:
            fill(choice, "allocationMode", "ExactCount")
            if choice["allocationMode"] == "ExactCount":
                fill_number(choice, "count", 1)
            for toleration in parts(choice, "tolerations"):
                fill(toleration, "operator", "Equal")


def default_resource_claim_template(template: Object) -> None:
    """ResourceClaimTemplate."""
    default_resource_claim(part(template, "spec"))
