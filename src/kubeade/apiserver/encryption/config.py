"""The EncryptionConfiguration: per resource the providers to read with, the first of which writes."""

import base64
import binascii
from collections.abc import Sequence

from kubeade.apiserver.config_file import ConfigError, ConfigStruct, read_config
from kubeade.apiserver.encryption.ciphers import AesCbc, AesGcm, Cipher, Transformer

_KEY_BYTES = (16, 24, 32)


class Key(ConfigStruct, frozen=True):
    name: str
    secret: str


class AesKeys(ConfigStruct, frozen=True):
    keys: tuple[Key, ...]


class Identity(ConfigStruct, frozen=True):
    pass


class Provider(ConfigStruct, frozen=True):
    """Exactly one of them. `kms` and `secretbox` are known by name in order to be refused by name."""

    aesgcm: AesKeys | None = None
    aescbc: AesKeys | None = None
    identity: Identity | None = None
    secretbox: dict[str, object] | None = None
    kms: dict[str, object] | None = None


class Resources(ConfigStruct, frozen=True):
    resources: tuple[str, ...]
    providers: tuple[Provider, ...]


class EncryptionConfiguration(ConfigStruct, frozen=True):
    resources: tuple[Resources, ...]


class Encryption:
    """Which `Transformer` a resource's objects go through."""

    def __init__(self, entries: Sequence[tuple[tuple[str, ...], Transformer]]) -> None:
        self._entries = entries

    def of(self, group: str, plural: str) -> Transformer | None:
        """The first entry that names it; None for what is stored as it is."""
        names = {f"{plural}.{group}" if group else plural, f"*.{group}", "*.*"}
        return next((transformer for named, transformer in self._entries if names.intersection(named)), None)


def read_encryption(path: str) -> Encryption:
    """Raises ConfigError, OSError."""
    version = ("apiserver.config.k8s.io/v1",)
    found = read_config(path, "EncryptionConfiguration", version, EncryptionConfiguration)
    if not found.resources:
        raise ConfigError(f"{path}: resources: at least one is required")
    entries = []
    for number, entry in enumerate(found.resources):
        place = f"{path}: resources[{number}]"
        if not entry.resources or not entry.providers:
            raise ConfigError(f"{place}: resources and providers are required")
        entries.append((entry.resources, Transformer(_ciphers(place, entry.providers))))
    return Encryption(entries)


def _ciphers(place: str, providers: Sequence[Provider]) -> list[Cipher | None]:
    """In order; None stands for `identity`."""
    ciphers: list[Cipher | None] = []
    for number, provider in enumerate(providers):
        here = f"{place}.providers[{number}]"
        named = [name for name in provider.__struct_fields__ if getattr(provider, name) is not None]
        if len(named) != 1:
            raise ConfigError(f"{here}: exactly one provider is required")
        match named[0]:
            case "identity":
                ciphers.append(None)
            case "aesgcm" | "aescbc" as kind:
                keys: AesKeys = getattr(provider, kind)
                make = AesGcm if kind == "aesgcm" else AesCbc
                ciphers.extend(make(key.name, _secret(f"{here}.{kind}", key)) for key in keys.keys)
                _check_names(f"{here}.{kind}", [key.name for key in keys.keys])
            case other:
                raise ConfigError(f"{here}: {other} is not supported: use aesgcm or aescbc")
    return ciphers


def _secret(place: str, key: Key) -> bytes:
    try:
        secret = base64.b64decode(key.secret, validate=True)
    except binascii.Error as error:
        raise ConfigError(f"{place}: key {key.name}: secret must be base64 encoded") from error
    if len(secret) not in _KEY_BYTES:
        raise ConfigError(
            f"{place}: key {key.name}: secret is not of the expected length, got {len(secret)}, "
            "expected one of 16, 24, 32 bytes"
        )
    return secret


def _check_names(place: str, names: list[str]) -> None:
    if not names or not all(names):
        raise ConfigError(f"{place}: keys with names are required")
    if len(set(names)) != len(names) or any(":" in name for name in names):
        raise ConfigError(f"{place}: names of keys must differ, and have no colon")
