"""An applied configuration merged into an object, by the schema.

Members merge one by one, items of lists by their key; a leaf that is applied replaces the live one. The
order of a list: applied items stand as they were applied, items that only the object has stay close to where
they were.
"""

from typing import Any

from kubeade.api.apply.shape import LEAF, Form, Shape

_ABSENT: Any = object()


def merge(live: dict[str, Any], config: dict[str, Any], shape: Shape) -> dict[str, Any]:
    """`live` with `config` applied. The result shares parts with both; neither is changed."""
    merged: dict[str, Any] = _merged(live, config, shape)
    return merged


def _merged(live: Any, config: Any, shape: Shape) -> Any:
    if config is _ABSENT:
        return live
    if live is _ABSENT or shape.form is Form.LEAF:
        return config
    if shape.form is Form.MAP:
        mergeable = _is_or_null(live, dict) and _is_or_null(config, dict)
        return _merged_maps(live or {}, config or {}, shape) if mergeable and (live or config) else config
    mergeable = _is_or_null(live, list) and _is_or_null(config, list)
    return _merged_lists(live or [], config or [], shape) if mergeable and (live or config) else config


def _is_or_null(value: Any, container: type) -> bool:
    return value is None or type(value) is container


def _merged_maps(live: dict[str, Any], config: dict[str, Any], shape: Shape) -> dict[str, Any]:
    result = dict(live)
    for name, value in config.items():
        result[name] = _merged(live.get(name, _ABSENT), value, shape.step(name)[1])
    return result


def _merged_lists(live: list[Any], config: list[Any], shape: Shape) -> list[Any]:
    """Both lists in one pass, as a merge of sorted lists goes, the applied order leading.

    `shared` holds the keys of both lists in applied order: a live item that is shared but not the next one
    of them waits for its turn in the applied list.
    """
    live_keys = [shape.item_element(item) for item in live]
    config_items = {shape.item_element(item): item for item in config}
    config_keys = list(config_items)
    live_items = _only_once(live_keys, live)
    shared = [key for key in reversed(config_keys) if key in live_items]
    items = shape.items or LEAF
    result: list[Any] = []
    taken: set[str] = set()
    at = applied = 0
    while at < len(live_keys) or applied < len(config_keys):
        key = live_keys[at] if at < len(live_keys) else None
        if key is not None and key not in config_items:
            result.append(live[at])
            at += 1
            continue
        wanted = config_keys[applied] if applied < len(config_keys) else None
        if key is not None and key != wanted and (key in taken or _waits(key, wanted, shared)):
            at += 1
            continue
        if wanted is None:
            at += 1
            continue
        result.append(_merged(live_items.get(wanted, _ABSENT), config_items[wanted], items))
        taken.add(wanted)
        applied += 1
        at += key == wanted
        if shared and shared[-1] == wanted:
            shared.pop()
    return result


def _waits(key: str, wanted: str | None, shared: list[str]) -> bool:
    return wanted is not None and bool(shared) and shared[-1] != key


def _only_once(keys: list[str], items: list[Any]) -> dict[str, Any]:
    """Items by key. Repeated ones (which only old objects have) are not merged with: they are replaced."""
    result: dict[str, Any] = {}
    for key, item in zip(keys, items, strict=True):
        result[key] = None if key in result else item
    return result
