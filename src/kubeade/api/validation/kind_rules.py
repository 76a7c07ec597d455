"""What a kind's rules consist of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors
from kubeade.api.validation.names import NameRule, dns_subdomain
from kubeade.api.validation.options import ValidationOptions

Rule = Callable[[Object], Errors]
OptionalRule = Callable[[Object, ValidationOptions], Errors]
ChangeRule = Callable[[Object, Object], Errors]
"""Takes the new object, then the old one."""


@dataclass(frozen=True, slots=True)
class KindRules:
    """`always` holds for every object, `create` for new ones besides, `change` for a changed one besides.

    `subresources` hold instead of these when only that part of the object is written. `plain_finalizers`:
    they need no domain.
    """

    always: Rule | None = None
    create: Rule | None = None
    change: ChangeRule | None = None
    name: NameRule = dns_subdomain
    subresources: Mapping[str, ChangeRule] = field(default_factory=dict)
    with_options: OptionalRule | None = None
    plain_finalizers: bool = False

    def on_create(self, obj: Object, options: ValidationOptions) -> Errors:
        yield from self._always(obj, options)
        if self.create is not None:
            yield from self.create(obj)

    def on_update(self, new: Object, old: Object, options: ValidationOptions) -> Errors:
        yield from self._always(new, options)
        if self.change is not None:
            yield from self.change(new, old)

    def _always(self, obj: Object, options: ValidationOptions) -> Errors:
        if self.always is not None:
            yield from self.always(obj)
        if self.with_options is not None:
            yield from self.with_options(obj, options)
