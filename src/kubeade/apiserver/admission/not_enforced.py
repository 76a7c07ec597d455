"""Says aloud what this server stores and does not act on yet: admission webhooks and admission policies."""

from kubeade.apiserver.admission.plugin import CREATE, UPDATE, Plugin
from kubeade.apiserver.seams import AdmissionAttributes

GROUP = "admissionregistration.k8s.io"
_KINDS = {
    "mutatingwebhookconfigurations": "admission webhooks are not called",
    "validatingwebhookconfigurations": "admission webhooks are not called",
    "validatingadmissionpolicies": "admission policies are not evaluated",
    "validatingadmissionpolicybindings": "admission policies are not evaluated",
    "mutatingadmissionpolicies": "admission policies are not evaluated",
    "mutatingadmissionpolicybindings": "admission policies are not evaluated",
}


class NotEnforced(Plugin):
    resources = tuple((GROUP, plural) for plural in _KINDS)
    operations = frozenset({CREATE, UPDATE})

    async def validate(self, attributes: AdmissionAttributes) -> None:
        if not attributes.subresource:
            why = _KINDS[attributes.resource.plural]
            attributes.warnings.append(
                f"{attributes.kind} is stored but not enforced: {why} by this server yet"
            )
