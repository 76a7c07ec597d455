"""YAML request bodies, read as JSON values: the one place that needs a YAML parser.

Kept apart because the parser is only loaded when somebody sends YAML. Aliases are refused: they let a
small body stand for a huge object.
"""

from typing import Any

import yaml

from kubeade.api.errors import BadRequest

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Dates are not JSON: they stay text, as sigs.k8s.io/yaml leaves them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Base.yaml_implicit_resolvers.items()
}


def load_yaml(data: bytes) -> Any:
    """The document's value. Raises BadRequest."""
    try:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(data, Loader=_Loader)):
            raise BadRequest("error converting YAML to JSON: aliases are not accepted")
        return _jsonable(yaml.load(data, Loader=_Loader))  # noqa: S506 - a safe loader, narrowed
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first_line = str(error).splitlines()[0] if str(error) else "malformed"
        raise BadRequest(f"error converting YAML to JSON: yaml: {first_line}") from None


def dump_yaml(value: Any) -> bytes:
    """A JSON value as YAML, keys in order."""
    dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=2**30)
    return text.encode()


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_key(key): _jsonable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_jsonable(item) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    return str(key)
