"""All functions that Kubernetes adds to CEL, in one table.

https://kubernetes.io/docs/reference/using-api/cel/#cel-options-language-features-and-libraries
Sets, lists and comprehensions with two variables come with the engine.
"""

from kubeade.api.cel.authorizer import AUTHORIZER
from kubeade.api.cel.formats import FORMATS
from kubeade.api.cel.lists import LISTS
from kubeade.api.cel.networks import NETWORKS
from kubeade.api.cel.numbers import NUMBERS
from kubeade.api.cel.overload import Overload, fields_of, method, plain_function
from kubeade.api.cel.text import TEXT


def _is_optional(value: object) -> bool:
    return bool(fields_of(value, "optional")["value"])


def _text_of(value: object) -> str:
    found = fields_of(value, "ip", "cidr", "url", "quantity", "semver")
    return str(found.get("text") or found["key"])


def _value_or(value: object, other: object) -> object:
    found = fields_of(value, "optional")["value"]
    return found[0] if found else other


LIBRARY: tuple[Overload, ...] = (
    *LISTS,
    *TEXT,
    *NETWORKS,
    *NUMBERS,
    *FORMATS,
    *AUTHORIZER,
    plain_function("string", "string", "map", _text_of),
    method("hasValue", "bool", "map", _is_optional),
    method("value", "dyn", "map", lambda value: fields_of(value, "optional")["value"][0]),
    method("orValue", "dyn", "map dyn", _value_or),
)
