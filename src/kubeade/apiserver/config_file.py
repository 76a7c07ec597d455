"""Configuration files in Kubernetes' style (kind, apiVersion, fields), read strictly.

What a file says and nobody knows is an error: a misspelt field of an access rule must not be passed over.
"""

from pathlib import Path
from typing import TypeVar

import msgspec

from kubeade.api.resource import Object
from kubeade.apiserver.body import read_yaml

Config = TypeVar("Config", bound=msgspec.Struct)


class ConfigError(ValueError):
    """A configuration file does not say what it should; the message names the file and the field."""


class ConfigStruct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What the fields of such files are read into."""


def read_config(path: str, kind: str, api_versions: tuple[str, ...], into: type[Config]) -> Config:
    """The file's fields beside kind and apiVersion, as `into`. Raises ConfigError, OSError."""
    try:
        found = read_yaml(Path(path).read_bytes())
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise ConfigError(f"{path}: not a {kind}")
    if found.get("kind") != kind or found.get("apiVersion") not in api_versions:
        expected = " or ".join(f"{version} {kind}" for version in api_versions)
        said = f"{found.get('apiVersion', '')} {found.get('kind', '')}".strip() or "nothing"
        raise ConfigError(f"{path}: must be {expected}, and is {said}")
    return convert(path, found, into)


def convert(path: str, found: Object, into: type[Config]) -> Config:
    fields = {key: value for key, value in found.items() if key not in ("kind", "apiVersion", "metadata")}
    try:
        return msgspec.convert(fields, into)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{path}: {error}") from error
