"""Which rules belong to which kind of resource.k8s.io."""

from kubeade.api.validation import device_allocations, device_claims, device_slices, device_taints
from kubeade.api.validation.kind_rules import KindRules

RULES = {
    "ResourceClaim": KindRules(
        create=device_claims.claim,
        change=device_claims.claim_change,
        subresources={"status": device_allocations.claim_status},
    ),
    "ResourceClaimTemplate": KindRules(always=device_claims.template, change=device_claims.template_change),
    "DeviceClass": KindRules(create=device_claims.device_class, change=device_claims.device_class_change),
    "ResourceSlice": KindRules(
        create=device_slices.resource_slice, change=device_slices.resource_slice_change
    ),
    "DeviceTaintRule": KindRules(
        create=device_taints.taint_rule,
        change=device_taints.taint_rule_change,
        subresources={"status": device_taints.taint_rule_status},
    ),
}
