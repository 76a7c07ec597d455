"""The four plugins of dynamic admission, with what they share."""

from dataclasses import dataclass

from kubeade.apiserver.admission.plugin import Plugin
from kubeade.apiserver.admission.policies.invocations import Invocations
from kubeade.apiserver.admission.policies.mutating import MutatingAdmissionPolicy
from kubeade.apiserver.admission.policies.validating import ValidatingAdmissionPolicy
from kubeade.apiserver.admission.webhooks.calling import Calls
from kubeade.apiserver.admission.webhooks.mutating import MutatingAdmissionWebhook
from kubeade.apiserver.admission.webhooks.validating import ValidatingAdmissionWebhook
from kubeade.apiserver.derived import ObjectIndex
from kubeade.apiserver.seams import Authorizer, Reader
from kubeade.apiserver.webhooks.client import WebhookClient
from kubeade.lib.ids import Ids


@dataclass(frozen=True, slots=True)
class DynamicAdmission:
    """`plugins` in upstream's order. The client is to be closed."""

    plugins: tuple[Plugin, ...]
    client: WebhookClient


def dynamic_admission(
    reader: Reader, namespaces: ObjectIndex, authorizer: Authorizer, ids: Ids
) -> DynamicAdmission:
    client = WebhookClient(reader)
    calls = Calls(client, namespaces, authorizer, ids)
    invocations = Invocations(reader, namespaces, authorizer)
    plugins = (
        MutatingAdmissionPolicy(invocations),
        MutatingAdmissionWebhook(reader, calls),
        ValidatingAdmissionPolicy(invocations),
        ValidatingAdmissionWebhook(reader, calls),
    )
    return DynamicAdmission(plugins, client)
