"""The EncryptionConfiguration: per resource the providers to read with, the first of which writes."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence

from kubeade.apiserver.config_file import ConfigError, ConfigStruct, read_config
from kubeade.apiserver.encryption.ciphers import AesCbc, AesGcm, Cipher, SecretBox, Transformer
from kubeade.apiserver.encryption.kms import KmsCipher, KmsPlugin

_AES_BYTES = (16, 24, 32)
_KINDS: dict[str, tuple[Callable[[str, bytes], Cipher], tuple[int, ...]]] = {
    "aesgcm": (AesGcm, _AES_BYTES),
    "aescbc": (AesCbc, _AES_BYTES),
    "secretbox": (SecretBox, (32,)),
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0}


class Key(ConfigStruct, frozen=True):
    name: str
    secret: str


class Keys(ConfigStruct, frozen=True):
    keys: tuple[Key, ...]


class Identity(ConfigStruct, frozen=True):
    pass


class Kms(ConfigStruct, frozen=True):
    """`api_version` is v1 where nothing is said, which is refused by name, as `cachesize` is, which goes
    with it."""

    name: str
    endpoint: str
    api_version: str = "v1"
    timeout: str = "3s"
    cachesize: int | None = None


class Provider(ConfigStruct, frozen=True):
    """Exactly one of them."""

    aesgcm: Keys | None = None
    aescbc: Keys | None = None
    identity: Identity | None = None
    secretbox: Keys | None = None
    kms: Kms | None = None


class Resources(ConfigStruct, frozen=True):
    resources: tuple[str, ...]
    providers: tuple[Provider, ...]


class EncryptionConfiguration(ConfigStruct, frozen=True):
    resources: tuple[Resources, ...]


class Encryption:
    """Which `Transformer` a resource's objects go through; `plugins` are asked on the way."""

    def __init__(
        self,
        entries: Sequence[tuple[tuple[str, ...], Transformer]],
        plugins: Sequence[KmsCipher] = (),
    ) -> None:
        self._entries = entries
        self.plugins = plugins

    def of(self, group: str, plural: str) -> Transformer | None:
        """The first entry that names it; None for what is stored as it is."""
        names = {f"{plural}.{group}" if group else plural, f"*.{group}", "*.*"}
        return next((transformer for named, transformer in self._entries if names.intersection(named)), None)


MakePlugin = Callable[[KmsPlugin], KmsCipher]


def read_encryption(path: str, make_plugin: MakePlugin) -> Encryption:
    """Raises ConfigError, OSError."""
    version = ("apiserver.config.k8s.io/v1",)
    found = read_config(path, "EncryptionConfiguration", version, EncryptionConfiguration)
    if not found.resources:
        raise ConfigError(f"{path}: resources: at least one is required")
    entries = []
    plugins: list[KmsCipher] = []
    for number, entry in enumerate(found.resources):
        place = f"{path}: resources[{number}]"
        if not entry.resources or not entry.providers:
            raise ConfigError(f"{place}: resources and providers are required")
        ciphers = _ciphers(place, entry.providers, make_plugin)
        entries.append((entry.resources, Transformer(ciphers)))
        plugins += [each for each in ciphers if isinstance(each, KmsCipher)]
    names = [each.name for each in plugins]
    if len(set(names)) != len(names):
        raise ConfigError(f"{path}: names of KMS providers must be unique")
    return Encryption(entries, plugins)


def _ciphers(place: str, providers: Sequence[Provider], make_plugin: MakePlugin) -> list[Cipher | None]:
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
            case "kms":
                assert provider.kms is not None
                ciphers.append(make_plugin(_plugin(f"{here}.kms", provider.kms)))
            case kind:
                keys: Keys = getattr(provider, kind)
                make, sizes = _KINDS[kind]
                _check_names(f"{here}.{kind}", [key.name for key in keys.keys])
                ciphers.extend(make(key.name, _secret(f"{here}.{kind}", key, sizes)) for key in keys.keys)
    return ciphers


def _plugin(place: str, said: Kms) -> KmsPlugin:
    if said.api_version != "v2":
        raise ConfigError(f"{place}: apiVersion {said.api_version} is not supported: use v2")
    if said.cachesize is not None:
        raise ConfigError(f"{place}: cachesize is not supported in v2")
    if not said.name or ":" in said.name:
        raise ConfigError(f'{place}: name "{said.name}" is required, and must have no colon')
    if not said.endpoint.startswith("unix:///"):
        raise ConfigError(f"{place}: endpoint {said.endpoint} is not supported, only unix:///...")
    match = _DURATION.fullmatch(said.timeout)
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if seconds <= 0:
        raise ConfigError(f"{place}: timeout {said.timeout} should be a positive value such as 3s")
    return KmsPlugin(said.name, said.endpoint, seconds)


def _secret(place: str, key: Key, sizes: tuple[int, ...]) -> bytes:
    try:
        secret = base64.b64decode(key.secret, validate=True)
    except binascii.Error as error:
        raise ConfigError(f"{place}: key {key.name}: secret must be base64 encoded") from error
    if len(secret) not in sizes:
        raise ConfigError(
            f"{place}: key {key.name}: secret is not of the expected length, got {len(secret)}, "
            f"expected one of {', '.join(map(str, sizes))} bytes"
        )
    return secret


def _check_names(place: str, names: list[str]) -> None:
    if not names or not all(names):
        raise ConfigError(f"{place}: keys with names are required")
    if len(set(names)) != len(names) or any(":" in name for name in names):
        raise ConfigError(f"{place}: names of keys must differ, and have no colon")
