"""Owners' fields after a change of the schema: what became atomic is owned as a whole.

What went from atomic to granular needs nothing: its owner keeps the field itself.
"""

from kubeade.api.apply.field_set import SELF, Fields
from kubeade.api.apply.shape import LEAF, Form, Shape


def reconciled(fields: Fields, shape: Shape) -> Fields:
    """The set as today's schema would have it."""
    return {element: _reconciled(element, node, shape) for element, node in fields.items()}


def _reconciled(element: str, node: Fields, shape: Shape) -> Fields:
    if not node or element == SELF:
        return node
    below = _below(element, shape)
    return {} if below.form is Form.LEAF else reconciled(node, below)


def _below(element: str, shape: Shape) -> Shape:
    if shape.form is Form.MAP:
        return shape.step(element[2:])[1]
    return shape.items or LEAF
