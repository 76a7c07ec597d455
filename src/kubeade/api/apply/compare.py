"""What changed between two versions of an object, as sets of fields."""

from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Any

from kubeade.api.apply import field_set
from kubeade.api.apply.field_set import Fields
from kubeade.api.apply.owned_fields import all_fields
from kubeade.api.apply.shape import LEAF, Form, Shape

_MAP, _LIST = Form.MAP, Form.LIST
_MISSING = object()


@dataclass(slots=True)
class Comparison:
    """The fields that came, changed and went."""

    added: Fields = attribute(default_factory=dict)
    modified: Fields = attribute(default_factory=dict)
    removed: Fields = attribute(default_factory=dict)

    @property
    def written(self) -> Fields:
        """What the one who made the change owns afterwards."""
        return field_set.union(self.modified, self.added)

    def is_same(self) -> bool:
        return not (self.added or self.modified or self.removed)

    def without(self, ignored: Fields) -> "Comparison":
        if not ignored:
            return self
        sets = (self.added, self.modified, self.removed)
        return Comparison(*[field_set.without(fields, ignored) for fields in sets])

    def difference_to(self, fields: Fields) -> Fields:
        """`fields` less every field that changed in any way."""
        for changed in (self.modified, self.added, self.removed):
            fields = field_set.difference(fields, changed)
        return fields

    def attach(self, element: str, below: "Comparison") -> None:
        """Hang a member's comparison in under its path element."""
        if below.added:
            self.added[element] = below.added
        if below.modified:
            self.modified[element] = below.modified
        if below.removed:
            self.removed[element] = below.removed


def compare(old: dict[str, Any], new: dict[str, Any], shape: Shape) -> Comparison:
    """What `new` changes of `old`. List items without keys, which only old objects have, are passed over."""
    result = Comparison()
    _compare_maps(old, new, shape, result)
    return result


def _compare_maps(old: dict[str, Any], new: dict[str, Any], shape: Shape, result: Comparison) -> None:
    absent = shape.absent
    for name, value in new.items():
        previous = old[name] if name in old else absent.get(name, _MISSING)
        # Equal parts are recognised at C speed; only what changed is walked.
        if previous == value:
            continue
        element, below = shape.step(name)
        if previous is _MISSING:
            result.added[element] = all_fields(value, below)
        else:
            _compare_values(element, previous, value, below, result)
    for name, previous in old.items():
        if name in new:
            continue
        element, below = shape.step(name)
        if name in absent:
            _compare_values(element, previous, absent[name], below, result)
        else:
            result.removed[element] = all_fields(previous, below)


def _compare_values(element: str, old: Any, new: Any, shape: Shape, result: Comparison) -> None:
    container = dict if shape.form is _MAP else list if shape.form is _LIST else None
    if container is None or not (_is_or_null(old, container) and _is_or_null(new, container)):
        if old != new:
            result.modified[element] = {}
        return
    below = Comparison()
    if container is dict:
        _compare_maps(old or {}, new or {}, shape, below)
    else:
        _compare_lists(old or [], new or [], shape, below)
    if not old and not new and old != new:
        # From null to empty: a change of the field itself.
        result.modified[element] = {}
    result.attach(element, below)


def _is_or_null(value: Any, container: type) -> bool:
    return value is None or type(value) is container


def _compare_lists(old: list[Any], new: list[Any], shape: Shape, result: Comparison) -> None:
    before, after = _by_element(old, shape), _by_element(new, shape)
    items = shape.items or LEAF
    for element, values in after.items():
        previous = before.get(element, [])
        if len(values) > 1 or len(previous) > 1:
            _compare_duplicates(element, previous, values, items, result)
        elif not previous:
            result.added[element] = all_fields(values[0], items)
        elif previous[0] != values[0]:
            _compare_values(element, previous[0], values[0], items, result)
    for element, previous in before.items():
        if element not in after:
            result.removed[element] = {} if len(previous) > 1 else all_fields(previous[0], items)


def _by_element(items: list[Any], shape: Shape) -> dict[str, list[Any]]:
    result: dict[str, list[Any]] = {}
    for item in items:
        try:
            result.setdefault(shape.item_element(item), []).append(item)
        except ValueError:
            continue
    return result


def _compare_duplicates(
    element: str, old: list[Any], new: list[Any], items: Shape, result: Comparison
) -> None:
    """Items of the same key are one leaf; where only one side repeats them, they turn into or out of one."""
    if len(old) > 1 and len(new) > 1:
        if old != new:
            result.modified[element] = {}
    elif len(old) > 1:
        result.removed[element] = {}
        result.added[element] = all_fields(new[0], items)
    else:
        result.added[element] = {}
        if old:
            result.removed[element] = all_fields(old[0], items)
