"""What strategic merge asks of a schema: how a field merges, and the schema below it."""

from kubeade.api.schema_node import Node


def field_of(node: Node | None, key: str) -> Node | None:
    """The schema of a member of an object; None where the schema does not know it."""
    if node is None:
        return None
    return node.fields.get(key) or node.values


def strategy_of(node: Node | None) -> str:
    """`merge`, `replace` or "": retainKeys is the directive's business, not the merge's."""
    strategies = node.patch_strategies if node is not None else ()
    return next((strategy for strategy in strategies if strategy != "retainKeys"), "")
