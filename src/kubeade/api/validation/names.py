"""What a name may look like: each rule answers with messages, none when the name is fine.

Upstream: apimachinery util/validation and api/validate/content. Rules for object names take `prefix`: a name
that something will be appended to (generateName) may end in a dash.
"""

import re
from collections.abc import Callable

from kubeade.api.label_syntax import label_key_errors, label_value_errors

NameRule = Callable[[str], list[str]]

LABEL_LIMIT = 63
SUBDOMAIN_LIMIT = 253
PORT_NAME_LIMIT = 15

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = _LABEL + r"(\." + _LABEL + ")*"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_UNDERSCORE_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_UNDERSCORE_SUBDOMAIN = _UNDERSCORE_LABEL + r"(\." + _UNDERSCORE_LABEL + ")*"
_WILDCARD = r"\*\." + _SUBDOMAIN
_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_HEADER = "[-A-Za-z0-9]+"
_PERCENT = "[0-9]+%"
_VARIABLE = "[ -<>-~]+"  # printable ASCII without "="

_matches = {
    pattern: re.compile(pattern).fullmatch
    for pattern in (
        _LABEL,
        _SUBDOMAIN,
        _LABEL_1035,
        _UNDERSCORE_SUBDOMAIN,
        _WILDCARD,
        _IDENTIFIER,
        _CONFIG_KEY,
        _HEADER,
        _PERCENT,
        _VARIABLE,
    )
}
_is_label = _matches[_LABEL]
_is_subdomain = _matches[_SUBDOMAIN]
_is_variable = _matches[_VARIABLE]

qualified_name = label_key_errors
"""`name` or `example.com/name`: keys of labels and annotations, finalizers, resource names."""

label_value = label_value_errors
"""What a label may say."""


def dns_label(name: str) -> list[str]:
    """An RFC 1123 label: what namespaces, containers and volumes are called."""
    if len(name) <= LABEL_LIMIT and _is_label(name):
        return []
    found = _limit(name, LABEL_LIMIT, "characters")
    if _is_label(name):
        return found
    if _is_subdomain(name):
        return [*found, "must not contain dots"]
    what = (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
        "and must start and end with an alphanumeric character"
    )
    return [*found, _pattern(what, _LABEL, "my-name", "123-abc")]


def dns_subdomain(name: str) -> list[str]:
    """An RFC 1123 subdomain: what most objects are called."""
    what = (
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
        "and must start and end with an alphanumeric character"
    )
    return _limited(name, SUBDOMAIN_LIMIT, _SUBDOMAIN, what, "example.com")


def dns_subdomain_with_underscore(name: str) -> list[str]:
    """A subdomain that may contain underscores: DNS search paths."""
    what = (
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', "
        "and must start and end with an alphanumeric character"
    )
    return _limited(name, SUBDOMAIN_LIMIT, _UNDERSCORE_SUBDOMAIN, what, "example.com")


def dns_1035_label(name: str) -> list[str]:
    """A DNS-1035 label: what Services are called."""
    what = (
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
        "start with an alphabetic character, and end with an alphanumeric character"
    )
    return _limited(name, LABEL_LIMIT, _LABEL_1035, what, "my-name", "abc-123")


def wildcard_subdomain(name: str) -> list[str]:
    """`*.example.com`."""
    what = (
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
        "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character"
    )
    return _limited(name, SUBDOMAIN_LIMIT, _WILDCARD, what, "*.example.com")


def path_segment(name: str) -> list[str]:
    """Anything that can stand in a URL path: what roles are called."""
    if name in (".", ".."):
        return [f"may not be '{name}'"]
    return path_segment_prefix(name)


def path_segment_prefix(name: str) -> list[str]:
    """What a path segment may begin with."""
    return [f"may not contain '{character}'" for character in "/%" if character in name]


def port_name(name: str) -> list[str]:
    """An IANA service name: what container ports are called."""
    found = [f"must be no more than {PORT_NAME_LIMIT} characters"] if len(name) > PORT_NAME_LIMIT else []
    if not re.fullmatch("[-a-z0-9]+", name):
        found.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", name):
        found.append("must contain at least one letter (a-z)")
    if "--" in name:
        found.append("must not contain consecutive hyphens")
    if name.startswith("-") or name.endswith("-"):
        found.append("must not begin or end with a hyphen")
    return found


def port_number(number: int) -> list[str]:
    """1 to 65535."""
    return [] if 1 <= number <= 65535 else ["must be between 1 and 65535, inclusive"]


def environment_name(name: str) -> list[str]:
    """Any printable ASCII without `=`."""
    if not name:
        return ["environment variable name must be non-empty"]
    if _is_variable(name):
        return []
    return [
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
    ]


def config_key(key: str) -> list[str]:
    """A key of a ConfigMap or Secret: it may become a file."""
    what = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
    found = [f"must be no more than {SUBDOMAIN_LIMIT} characters"] if len(key) > SUBDOMAIN_LIMIT else []
    if not _matches[_CONFIG_KEY](key):
        found.append(_pattern(what, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if key in (".", ".."):
        found.append(f"must not be '{key}'")
    elif key.startswith(".."):
        found.append("must not start with '..'")
    return found


def identifier(name: str) -> list[str]:
    """A C identifier."""
    what = (
        "a valid C identifier must start with alphabetic character or '_', "
        "followed by a string of alphanumeric characters or '_'"
    )
    return _matching(name, _IDENTIFIER, what, "my_name", "MY_NAME", "MyName")


def header_name(name: str) -> list[str]:
    """An HTTP header's name."""
    what = "a valid HTTP header must consist of alphanumeric characters or '-'"
    return _matching(name, _HEADER, what, "X-Header-Name")


def percent(value: str) -> list[str]:
    """`25%`."""
    what = "a valid percent string must be a numeric string followed by an ending '%'"
    return _matching(value, _PERCENT, what, "1%", "93%")


def masked(name: str) -> str:
    """A prefix as name rules should see it: its trailing dash will not be the name's last character."""
    return f"{name[:-2]}a" if len(name) > 1 and name.endswith("-") else name


def _limited(name: str, limit: int, pattern: str, what: str, *examples: str) -> list[str]:
    return _limit(name, limit, "characters") + _matching(name, pattern, what, *examples)


def _limit(name: str, limit: int, unit: str) -> list[str]:
    return [f"must be no more than {limit} {unit}"] if len(name) > limit else []


def _matching(name: str, pattern: str, what: str, *examples: str) -> list[str]:
    return [] if _matches[pattern](name) else [_pattern(what, pattern, *examples)]


def _pattern(what: str, pattern: str, *examples: str) -> str:
    listed = " or ".join(f"'{example}', " for example in examples)
    return f"{what} (e.g. {listed}regex used for validation is '{pattern}')"
