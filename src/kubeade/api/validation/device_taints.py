"""Rules of taints of devices, what tolerates them, and DeviceTaintRules (upstream:
pkg/apis/resource/validation)."""

from kubeade.api.parts import part, parts, text
from kubeade.api.resource import Object
from kubeade.api.validation.conditions import conditions
from kubeade.api.validation.device_names import label_name, pool_name
from kubeade.api.validation.driver_names import driver_name
from kubeade.api.validation.fields import Errors, invalid, messages, not_supported, required, too_many
from kubeade.api.validation.names import label_value, qualified_name

_EFFECTS = ("NoExecute", "NoSchedule", "None")
_OPERATORS = ("Equal", "Exists")
_MOST_CONDITIONS = 8


def taint(found: Object, path: str) -> Errors:
    """A device's taint, or a rule's."""
    yield from _key_and_value(found, path)
    effect = text(found, "effect")
    if not effect:
        yield required(f"{path}.effect")
    elif effect not in _EFFECTS:
        yield not_supported(f"{path}.effect", effect, _EFFECTS)


def toleration(found: Object, path: str) -> Errors:
    """A request's toleration."""
    key, value, operator = text(found, "key"), text(found, "value"), text(found, "operator")
    if key:
        yield from messages(f"{path}.key", key, qualified_name(key))
    if operator == "Exists":
        if value:
            yield invalid(f"{path}.value", value, "must be empty for operator `Exists`")
    elif operator == "Equal":
        yield from messages(f"{path}.value", value, label_value(value))
    elif not operator:
        yield required(f"{path}.operator")
    else:
        yield not_supported(f"{path}.operator", operator, _OPERATORS)
    effect = text(found, "effect")
    if effect and effect not in _EFFECTS:
        yield not_supported(f"{path}.effect", effect, _EFFECTS)


def taint_rule(found: Object) -> Errors:
    """A new DeviceTaintRule."""
    yield from _selector(part(found, "spec", "deviceSelector"), "spec.deviceSelector")
    yield from taint(part(found, "spec", "taint"), "spec.taint")


def taint_rule_change(new: Object, old: Object) -> Errors:
    """A changed one: an effect that stays is not looked at again."""
    yield from _selector(part(new, "spec", "deviceSelector"), "spec.deviceSelector")
    after = part(new, "spec", "taint")
    if text(after, "effect") == text(old, "spec", "taint", "effect"):
        yield from _key_and_value(after, "spec.taint")
    else:
        yield from taint(after, "spec.taint")


def taint_rule_status(new: Object, _old: Object) -> Errors:
    """How far a rule has got."""
    found, at = parts(new, "status", "conditions"), "status.conditions"
    yield from conditions(found, at)
    if len(found) > _MOST_CONDITIONS:
        yield too_many(at, len(found), _MOST_CONDITIONS)


def _key_and_value(found: Object, path: str) -> Errors:
    key, value = text(found, "key"), text(found, "value")
    yield from messages(f"{path}.key", key, qualified_name(key))
    if value:
        yield from messages(f"{path}.value", value, label_value(value))


def _selector(selector: Object, path: str) -> Errors:
    for key, rule in (("driver", driver_name), ("pool", pool_name), ("device", label_name)):
        if selector.get(key) is not None:
            yield from rule(text(selector, key), f"{path}.{key}")
