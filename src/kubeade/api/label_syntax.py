"""What a label's key and value may look like, and what is said of those that do not.

The words are upstream's (apimachinery/pkg/api/validate/content).
"""

import re

_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_PREFIX = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_CHARACTERS = (
    "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_KEY_FORMAT = (
    f"must consist of {_CHARACTERS} (e.g. 'MyName',  or 'my.name',  or '123-abc', "
    "regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_NESTED_FORMAT = f"a valid label key {_KEY_FORMAT} with an optional DNS subdomain prefix and '/'"
_VALUE_FORMAT = (
    f"a valid label must be an empty string or consist of {_CHARACTERS} "
    "(e.g. 'MyValue',  or 'my_value',  or '12345', "
    "regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_PREFIX_FORMAT = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
    "and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_NAME_LIMIT = 63
_PREFIX_LIMIT = 253


def label_key_errors(key: str) -> list[str]:
    """What is wrong with a key such as `example.com/name`; nothing for a good one."""
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix:
        return [f"{_NESTED_FORMAT} (e.g. 'example.com/MyName')"]
    return [*(_prefix_errors(prefix) if slash else ()), *_name_errors(name)]


def label_value_errors(value: str) -> list[str]:
    """What is wrong with a label's value; the empty one is good."""
    errors = [] if len(value) <= _NAME_LIMIT else [f"must be no more than {_NAME_LIMIT} bytes"]
    return errors if not value or _NAME.fullmatch(value) else [*errors, _VALUE_FORMAT]


def _prefix_errors(prefix: str) -> list[str]:
    if not prefix:
        return ["prefix part must be non-empty"]
    errors = []
    if len(prefix) > _PREFIX_LIMIT:
        errors.append(f"prefix part must be no more than {_PREFIX_LIMIT} bytes")
    return errors if _PREFIX.fullmatch(prefix) else [*errors, f"prefix part {_PREFIX_FORMAT}"]


def _name_errors(name: str) -> list[str]:
    errors = []
    if not name:
        errors.append("name part must be non-empty")
    elif len(name) > _NAME_LIMIT:
        errors.append(f"name part must be no more than {_NAME_LIMIT} bytes")
    return errors if _NAME.fullmatch(name) else [*errors, f"name part {_KEY_FORMAT}"]
