"""Defaults of webhook configurations and admission policies."""

from kubeade.api.defaults.cluster import default_service_port
from kubeade.api.defaults.fill import attached, fill, fill_absent
from kubeade.api.parts import part, parts
from kubeade.api.resource import Object

_TIMEOUT_SECONDS = 10


def default_validating_webhooks(configuration: Object) -> None:
    """ValidatingWebhookConfiguration."""
    for webhook in parts(configuration, "webhooks"):
        _default_webhook(webhook)


def default_mutating_webhooks(configuration: Object) -> None:
    """MutatingWebhookConfiguration."""
    for webhook in parts(configuration, "webhooks"):
        _default_webhook(webhook)
        fill_absent(webhook, "reinvocationPolicy", "Never")


def default_policy(policy: Object) -> None:
    """ValidatingAdmissionPolicy and MutatingAdmissionPolicy."""
    spec = attached(policy, "spec")
    fill_absent(spec, "failurePolicy", "Fail")
    _default_match(spec.get("matchConstraints"))


def default_policy_binding(binding: Object) -> None:
    """ValidatingAdmissionPolicyBinding and MutatingAdmissionPolicyBinding."""
    _default_match(part(binding, "spec").get("matchResources"))


def _default_webhook(webhook: Object) -> None:
    fill_absent(webhook, "failurePolicy", "Fail")
    fill(webhook, "timeoutSeconds", _TIMEOUT_SECONDS)
    _default_match(webhook)
    default_service_port(part(webhook, "clientConfig"))
    for rule in parts(webhook, "rules"):
        fill_absent(rule, "scope", "*")


def _default_match(holder: object) -> None:
    if not isinstance(holder, dict):
        return
    fill_absent(holder, "matchPolicy", "Equivalent")
    fill(holder, "namespaceSelector", {})
    fill(holder, "objectSelector", {})
    for rule in parts(holder, "resourceRules") + parts(holder, "excludeResourceRules"):
        fill_absent(rule, "scope", "*")
