"""Rules of label selectors (upstream: apis/meta/v1/validation)."""

from kubeade.api.parts import part, parts, text, values
from kubeade.api.resource import Object
from kubeade.api.validation.fields import Errors, forbidden, invalid, messages, required
from kubeade.api.validation.metadata import labels
from kubeade.api.validation.names import label_value, qualified_name


def label_selector(selector: object, path: str) -> Errors:
    """A LabelSelector; absent is fine."""
    yield from labels(part(selector, "matchLabels"), f"{path}.matchLabels")
    for index, expression in enumerate(parts(selector, "matchExpressions")):
        yield from _requirement(expression, f"{path}.matchExpressions[{index}]")


def _requirement(expression: Object, path: str) -> Errors:
    operator, found = text(expression, "operator"), values(expression, "values")
    if operator in ("In", "NotIn"):
        if not found:
            yield required(f"{path}.values", "must be specified when `operator` is 'In' or 'NotIn'")
    elif operator in ("Exists", "DoesNotExist"):
        if found:
            detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            yield forbidden(f"{path}.values", detail)
    else:
        yield invalid(f"{path}.operator", operator, "not a valid selector operator")
    key = text(expression, "key")
    yield from messages(f"{path}.key", key, qualified_name(key))
    for index, value in enumerate(found):
        yield from messages(f"{path}.values[{index}]", value, label_value(str(value)))


def is_empty(selector: object) -> bool:
    """A selector that says nothing."""
    return not part(selector, "matchLabels") and not parts(selector, "matchExpressions")
