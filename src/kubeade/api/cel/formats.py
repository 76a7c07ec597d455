"""Named formats of strings (upstream: cel/library/format.go): `format.dns1123Label().validate(text)`.

validate answers with an optional list of what is wrong; no value means that nothing is.
"""

from collections.abc import Callable

from kubeade.api.cel.overload import Overload, method, plain_function
from kubeade.api.cel.values import NOTHING, Opaque, Optional
from kubeade.api.crd.formats import rule_of
from kubeade.api.label_syntax import label_value_errors
from kubeade.api.validation import names

FORMAT = "kubernetes.NamedFormat"
_Check = Callable[[str], list[str]]


def _prefixed(check: _Check) -> _Check:
    return lambda text: check(text.removesuffix("-"))


def _by_rule(name: str, message: str) -> _Check:
    def check(text: str) -> list[str]:
        rule = rule_of(name)
        return [] if rule is None or rule(text) else [message]

    return check


_CHECKS: dict[str, _Check] = {
    "dns1123Label": names.dns_label,
    "dns1123Subdomain": names.dns_subdomain,
    "dns1035Label": names.dns_1035_label,
    "qualifiedName": names.qualified_name,
    "dns1123LabelPrefix": _prefixed(names.dns_label),
    "dns1123SubdomainPrefix": _prefixed(names.dns_subdomain),
    "dns1035LabelPrefix": _prefixed(names.dns_1035_label),
    "labelValue": label_value_errors,
    "uri": _by_rule("uri", "invalid URI"),
    "uuid": _by_rule("uuid", "does not match the UUID format"),
    "byte": _by_rule("byte", "invalid base64"),
    "date": _by_rule("date", "invalid date"),
    "datetime": _by_rule("datetime", "invalid datetime"),
}


def _format(name: str) -> Opaque:
    return Opaque(FORMAT, name)


def _named(name: str) -> Optional:
    return Optional((_format(name),)) if name in _CHECKS else NOTHING


def _validate(found: Opaque, text: str) -> Optional:
    problems = _CHECKS[found.key](text)
    return Optional((problems,)) if problems else NOTHING


FORMATS: tuple[Overload, ...] = (
    plain_function("format.named", "dyn", "string", _named),
    method("validate", "dyn", f"{FORMAT} string", _validate),
    *(Overload(f"format.{name}", False, FORMAT, (), lambda name=name: _format(name)) for name in _CHECKS),
)
