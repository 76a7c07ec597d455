"""Rules of what a shared device can be asked for (upstream: pkg/apis/resource/validation, requestPolicy)."""

from kubeade.api.parts import part, values
from kubeade.api.quantity import Quantity
from kubeade.api.resource import Object
from kubeade.api.validation.device_names import items, unique
from kubeade.api.validation.fields import Errors, forbidden, invalid, required
from kubeade.api.validation.quantities import quantity_of

_MOST_VALUES = 10
_ZERO = Quantity.parse("0")


def capacity(found: Object, shared: bool, path: str) -> Errors:
    """One of a device's capacities. `shared`: the device may be given to several claims."""
    policy, at = found.get("requestPolicy"), f"{path}.requestPolicy"
    if not isinstance(policy, dict):
        return
    if not shared:
        yield forbidden(at, "allowMultipleAllocations must be true")
        return
    ranged, listed = policy.get("validRange"), values(policy, "validValues")
    if listed and ranged is not None:
        both = 'cannot specify "validValues" and "validRange" at the same time'
        yield forbidden(at, f"exactly one policy can be specified, {both}")
    elif listed and policy.get("default") is None:
        yield required(f"{at}.default", "required when validValues is defined")
    elif listed:
        yield from _values(listed, policy["default"], found.get("value"), f"{at}.validValues")
    elif ranged is not None and policy.get("default") is None:
        yield required(f"{at}.default", "required when validRange is defined")
    elif ranged is not None:
        yield from _range(part(ranged), policy["default"], found.get("value"), f"{at}.validRange")


def _amount(value: object) -> Quantity:
    return quantity_of(value) or _ZERO


def _values(listed: list[object], default: object, most: object, path: str) -> Errors:
    amounts = [_amount(each) for each in listed]
    for index in range(1, len(amounts)):
        if amounts[index - 1] > amounts[index]:
            yield invalid(f"{path}[{index}]", str(listed[index]), "values must be sorted in ascending order")

    def option(value: object, at: str) -> Errors:
        if _amount(value) > _amount(most):
            yield invalid(at, str(value), f"option is larger than capacity value: {most}")

    yield from items(listed, _MOST_VALUES, option, path)
    if len(listed) <= _MOST_VALUES:
        yield from unique(listed, lambda each: str(_amount(each).value()), path)
    if len(listed) > _MOST_VALUES or _amount(default) not in amounts:
        yield invalid(path, str(default), "default value is not valid according to the requestPolicy")


def _range(ranged: Object, default: object, capacity_value: object, path: str) -> Errors:
    least, most, step = ranged.get("min"), ranged.get("max"), ranged.get("step")
    if least is None:
        yield required(f"{path}.min", "required when validRange is defined")
        return
    limit, low, said = _amount(capacity_value), _amount(least), _amount(default)
    if low > limit:
        yield invalid(f"{path}.min", str(least), f"min is larger than capacity value: {capacity_value}")
    if said < low:
        yield invalid(f"{path}.min", str(default), f"default is less than min: {least}")
    if most is not None:
        high = _amount(most)
        if low > high:
            yield invalid(f"{path}.max", str(least), f"min is larger than max: {most}")
        if high > limit:
            yield invalid(f"{path}.max", str(most), f"max is larger than capacity value: {capacity_value}")
        if said > high:
            yield invalid(f"{path}.max", str(default), f"default is more than max: {most}")
    if step is not None:
        yield from _steps(ranged, default, capacity_value, f"{path}.step")


def _steps(ranged: Object, default: object, capacity_value: object, path: str) -> Errors:
    least, most, step = ranged.get("min"), ranged.get("max"), ranged.get("step")
    low, width = _amount(least), _amount(step)
    first = low + width
    if first > _amount(capacity_value):
        detail = f"one step {first} is larger than capacity value: {capacity_value}"
        yield invalid(path, str(step), detail)
    for value in (default, most):
        if value is not None and width.value() and (_amount(value).value() - low.value()) % width.value():
            detail = f"value is not a multiple of a given step ({step}) from ({least})"
            yield invalid(path, str(value), detail)
