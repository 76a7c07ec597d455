"""ValidatingAdmissionWebhook: all at once, on the finished object; one refusal is enough."""

import logging

from kubeade.api.resource import Resource
from kubeade.apiserver.admission.dynamic.matching import GROUP, is_exempt
from kubeade.apiserver.admission.dynamic.view import View, Views
from kubeade.apiserver.admission.plugin import Plugin
from kubeade.apiserver.admission.webhooks.calling import Calls, Unanswered, all_of, failed_closed
from kubeade.apiserver.admission.webhooks.hooks import Hook, Hooks
from kubeade.apiserver.seams import AdmissionAttributes, Kinds, Reader

CONFIGURATIONS = Resource(
    GROUP, "v1", "validatingwebhookconfigurations", "ValidatingWebhookConfiguration", namespaced=False
)
_log = logging.getLogger(__name__)


class ValidatingAdmissionWebhook(Plugin):
    def __init__(self, reader: Reader, calls: Calls) -> None:
        self._hooks = Hooks(reader, CONFIGURATIONS)
        self._calls = calls

    async def validate(self, attributes: AdmissionAttributes) -> None:
        hooks = self._hooks.all()
        if not hooks or is_exempt(attributes):
            return
        views = Views(attributes)
        invited = []
        for hook in hooks:
            resource = await self._calls.invited(hook, attributes, views)
            if resource is not None:
                invited.append((hook, await views.of(resource)))
        if invited:
            tasks = (
                self._ask(hook, view, attributes, views.kinds, index)
                for index, (hook, view) in enumerate(invited)
            )
            await all_of(*tasks)

    async def _ask(
        self, hook: Hook, view: View, attributes: AdmissionAttributes, kinds: Kinds, index: int
    ) -> None:
        try:
            await self._calls.ask(hook, attributes, view, kinds, mutating=False)
        except Unanswered as error:
            if hook.fails:
                raise failed_closed(hook, error) from None
            _log.warning("failed calling webhook, failing open %s: %s", hook.name, error)
            key = f"failed-open.validating.webhook.admission.k8s.io/round_0_index_{index}"
            attributes.audit_annotations[key] = hook.name
