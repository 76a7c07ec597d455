"""MutatingAdmissionWebhook: one after the other, each on what the one before it left."""

import logging
from typing import Any

from kubeade.api.errors import ApiError, InternalError
from kubeade.api.patch import json_patch
from kubeade.api.resource import Object, Resource
from kubeade.apiserver.admission.dynamic.matching import GROUP, is_exempt
from kubeade.apiserver.admission.dynamic.view import View, Views, body_resource
from kubeade.apiserver.admission.plugin import Plugin
from kubeade.apiserver.admission.reinvocation import Memory, Reinvocation
from kubeade.apiserver.admission.webhooks.calling import Calls, Unanswered, failed_closed
from kubeade.apiserver.admission.webhooks.hooks import Hook, Hooks
from kubeade.apiserver.encoding import encode
from kubeade.apiserver.seams import AdmissionAttributes, Kinds, Reader

CONFIGURATIONS = Resource(
    GROUP, "v1", "mutatingwebhookconfigurations", "MutatingWebhookConfiguration", namespaced=False
)
_NAME = "MutatingAdmissionWebhook"
_log = logging.getLogger(__name__)


class MutatingAdmissionWebhook(Plugin):
    def __init__(self, reader: Reader, calls: Calls) -> None:
        self._hooks = Hooks(reader, CONFIGURATIONS)
        self._calls = calls

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        hooks = self._hooks.all()
        if not hooks or is_exempt(attributes):
            return
        if attributes.reinvocation is None:
            attributes.reinvocation = Reinvocation()
        rounds = attributes.reinvocation
        memory = rounds.enter(_NAME, attributes.object)
        views = Views(attributes)
        for index, hook in enumerate(hooks):
            resource = await self._calls.invited(hook, attributes, views)
            if resource is None or rounds.skips(memory, hook.key):
                continue
            changed = await self._call(hook, index, attributes, views, resource)
            if changed:
                views = Views(attributes)
                rounds.changed(memory)
            _remember(memory, hook)
        rounds.leave(memory, attributes.object)

    async def _call(
        self, hook: Hook, index: int, attributes: AdmissionAttributes, views: Views, resource: Resource
    ) -> bool:
        """Whether the object was changed. Raises what refuses."""
        view = await views.of(resource)
        rounds = attributes.reinvocation
        place = f"round_{int(rounds is not None and rounds.second)}_index_{index}"
        prefix = "mutation.webhook.admission.k8s.io/"
        try:
            answer = await self._calls.ask(hook, attributes, view, views.kinds, mutating=True)
        except Unanswered as error:
            if hook.fails:
                raise failed_closed(hook, error) from None
            _log.warning("failed calling webhook, failing open %s: %s", hook.name, error)
            attributes.audit_annotations[f"failed-open.{prefix}{place}"] = hook.name
            return False
        changed = bool(answer.patch) and await _patch(hook, attributes, views.kinds, view, answer.patch)
        said: dict[str, Any] = {"configuration": hook.configuration, "webhook": hook.name, "mutated": changed}
        attributes.audit_annotations[prefix + place] = encode(said).decode()
        return changed


def _remember(memory: Memory, hook: Hook) -> None:
    if hook.reinvoked:
        memory.invoked.add(hook.key)


async def _patch(hook: Hook, attributes: AdmissionAttributes, kinds: Kinds, view: View, patch: Any) -> bool:
    """Apply it to the object as the webhook saw it, and complete what comes out of that."""
    if view.object is None:
        why = f'admission webhook "{hook.name}" attempted to modify the object'
        raise _internal(f"{why}, which is not supported for this operation")
    try:
        patched: Object = json_patch(view.object, patch)
        patched = kinds.completed(body_resource(view.resource, view.object), patched)
    except ApiError as error:
        raise _internal(error.message) from None
    if patched == view.object:
        return False
    attributes.object = await kinds.convert(patched, attributes.resource)
    return True


def _internal(why: str) -> InternalError:
    return InternalError(f"Internal error occurred: {why}", details={"causes": [{"message": why}]})
