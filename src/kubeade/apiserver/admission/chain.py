"""The plugins in upstream's order: all that mutate, then, on the finished object, all that validate.

Where a webhook or a policy changed the object, all that mutate have a second look at it (`reinvocation`).
"""

from collections.abc import Sequence

from kubeade.apiserver.admission.plugin import Plugin
from kubeade.apiserver.seams import AdmissionAttributes, Operation

Place = tuple[str, str, Operation]


class AdmissionChain:
    """The server's `Admission`. Which plugins a kind of request meets is worked out once."""

    def __init__(self, plugins: Sequence[Plugin]) -> None:
        self._plugins = plugins
        self._mutating: dict[Place, list[Plugin]] = {}
        self._validating: dict[Place, list[Plugin]] = {}

    async def mutate(self, attributes: AdmissionAttributes) -> None:
        place = _place(attributes)
        plugins = self._mutating.get(place)
        if plugins is None:
            plugins = self._mutating[place] = self._overriding("mutate", place)
        for plugin in plugins:
            await plugin.mutate(attributes)
        rounds = attributes.reinvocation
        if rounds is not None and rounds.wanted:
            rounds.second = True
            for plugin in plugins:
                await plugin.mutate(attributes)

    async def validate(self, attributes: AdmissionAttributes) -> None:
        place = _place(attributes)
        plugins = self._validating.get(place)
        if plugins is None:
            plugins = self._validating[place] = self._overriding("validate", place)
        for plugin in plugins:
            await plugin.validate(attributes)

    def _overriding(self, method: str, place: Place) -> list[Plugin]:
        group, plural, operation = place
        return [
            plugin
            for plugin in self._plugins
            if operation in plugin.operations
            and (plugin.resources is None or (group, plural) in plugin.resources)
            and getattr(type(plugin), method) is not getattr(Plugin, method)
        ]


def _place(attributes: AdmissionAttributes) -> Place:
    return attributes.resource.group, attributes.resource.plural, attributes.operation
