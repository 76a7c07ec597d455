"""Values sealed with the help of a KMS plugin (upstream: KMS v2): the key of keys never leaves the plugin.

A seed is made here and sealed by the plugin; each value has a key of its own, derived from the seed, so the
plugin is asked at a start, when its key changes, and once for each seed that stored values name. Its status
is asked for all the time: when it says another key, a new seed is made, and what was written before is
stale. While the plugin is away, what was read before can be read; writing goes on for three minutes.
"""

import asyncio
import hashlib
import logging
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from kubeade.apiserver.bounded import BoundedCache
from kubeade.apiserver.encryption import kms_messages as m
from kubeade.apiserver.encryption.ciphers import PluginAway, SeedUnknown
from kubeade.lib.clock import Clock
from kubeade.lib.ids import Ids
from kubeade.lib.protobuf.message import Message, decode, encode
from kubeade.lib.protobuf.wire import WireError

if TYPE_CHECKING:
    import grpc.aio

_log = logging.getLogger(__name__)
M = TypeVar("M", bound=Message)

_HEALTHY_SECONDS = 20.0
_UNHEALTHY_SECONDS = 3.0
_WRITING_SECONDS = 180.0
_START_ATTEMPTS, _START_SECONDS = 60, 0.25
_VERSIONS = ("v2", "v2beta1")
_SEED_BYTES = _INFO_BYTES = 32
_NONCE_BYTES = 12
_KEY_ID_BYTES = _SEALED_SEED_BYTES = 1024
_ANNOTATION_BYTES = 32 * 1024
_DOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+")
_REMEMBERED_SEEDS = 4096


class KmsError(Exception):
    """The plugin could not be asked, or did not say what it should."""


@dataclass(frozen=True, slots=True)
class KmsPlugin:
    """`endpoint` is a Unix socket: unix:///run/kms.sock, or unix:///@name for an abstract one."""

    name: str
    endpoint: str
    timeout_seconds: float = 3.0


class KmsClient:
    """Calls over gRPC, which is imported with the first. Raises KmsError."""

    def __init__(self, plugin: KmsPlugin) -> None:
        self._plugin = plugin
        self._channel: grpc.aio.Channel | None = None

    async def status(self) -> m.StatusResponse:
        return await self._call("Status", m.StatusRequest(), m.StatusResponse)

    async def encrypt(self, plain: bytes, uid: str) -> m.EncryptResponse:
        return await self._call("Encrypt", m.EncryptRequest(plain, uid), m.EncryptResponse)

    async def decrypt(self, sealed: m.EncryptedObject, uid: str) -> bytes:
        request = m.DecryptRequest(sealed.encryptedDEKSource, uid, sealed.keyID, sealed.annotations)
        return (await self._call("Decrypt", request, m.DecryptResponse)).plaintext

    async def close(self) -> None:
        if self._channel is not None:
            await self._channel.close()

    async def _call(self, method: str, request: Message, answer: type[M]) -> M:
        import grpc.aio

        if self._channel is None:
            target = self._plugin.endpoint.replace("unix:///@", "unix-abstract:")
            options = (("grpc.default_authority", "localhost"), ("grpc.max_reconnect_backoff_ms", 1_000))
            self._channel = grpc.aio.insecure_channel(target, options=options)
        call: Any = self._channel.unary_unary(f"/v2.KeyManagementService/{method}")
        try:
            said: Any = await call(encode(request), timeout=self._plugin.timeout_seconds)
            return decode(answer, said)
        except grpc.aio.AioRpcError as error:
            raise KmsError(f"{method}: {error.code().name.lower()}: {error.details()}") from error
        except (WireError, UnicodeDecodeError) as error:
            raise KmsError(f"{method}: {error}") from error


@dataclass(frozen=True, slots=True)
class _Seed:
    """What values are written with now."""

    plain: bytes
    sealed: m.EncryptedObject


class KmsCipher:
    """A `ciphers.Cipher` that must be `start`ed before, and `check`ed meanwhile."""

    def __init__(self, plugin: KmsPlugin, client: KmsClient, clock: Clock, ids: Ids) -> None:
        self.name = plugin.name
        self.prefix = b"k8s:enc:kms:v2:%b:" % plugin.name.encode()
        self._client = client
        self._clock = clock
        self._ids = ids
        self._seed: _Seed | None = None
        self._writable_until = 0.0
        self._version = ""
        self._known: BoundedCache[bytes, bytes] = BoundedCache(_REMEMBERED_SEEDS)
        self.unhealthy = "it has not been asked yet"

    # -- values ------------------------------------------------------------------------------------

    def seal(self, plain: bytes, key: bytes) -> bytes:
        """Raises ValueError while the plugin is away for too long."""
        seed = self._seed
        if seed is None or self._clock.now().timestamp() > self._writable_until:
            raise ValueError(f"KMS provider {self.name} is not healthy: {self.unhealthy}")
        info, nonce = os.urandom(_INFO_BYTES), os.urandom(_NONCE_BYTES)
        data = info + nonce + _cipher(_derived(seed.plain, info)).encrypt(nonce, plain, key)
        return encode(
            m.EncryptedObject(
                data, seed.sealed.keyID, seed.sealed.encryptedDEKSource, seed.sealed.annotations, m.SEED
            )
        )

    def open(self, sealed: bytes, key: bytes) -> bytes:
        """Raises ValueError, SeedUnknown."""
        found = _decoded(sealed)
        secret = self._known.get(_fingerprint(found))
        if secret is None:
            raise SeedUnknown(lambda: self._learn(found))
        data = found.encryptedData
        if found.encryptedDEKSourceType == m.SEED:
            info, data = data[:_INFO_BYTES], data[_INFO_BYTES:]
            secret = _derived(secret, info)
        return _opened(secret, data, key)

    def is_stale(self, sealed: bytes) -> bool:
        found = _decoded(sealed)
        current = self._seed.sealed.keyID if self._seed is not None else found.keyID
        return found.keyID != current or found.encryptedDEKSourceType != m.SEED

    async def _learn(self, sealed: m.EncryptedObject) -> None:
        """Raises PluginAway, ValueError."""
        try:
            secret = await self._client.decrypt(sealed, self._ids.uid())
        except KmsError as error:
            raise PluginAway(f"KMS provider {self.name}: {error}") from error
        if sealed.encryptedDEKSourceType == m.SEED and len(secret) < _SEED_BYTES:
            raise ValueError(f"KMS provider {self.name}: the seed is too short")
        self._known.put(_fingerprint(sealed), secret)

    # -- the plugin --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Wait for the plugin, for a while: it may be starting, too."""
        for _ in range(_START_ATTEMPTS):
            if await self.check():
                return
            await asyncio.sleep(_START_SECONDS)

    async def close(self) -> None:
        await self._client.close()

    @property
    def key_id(self) -> str:
        """Of the key that it writes with now."""
        return self._seed.sealed.keyID if self._seed is not None else ""

    @property
    def rest_seconds(self) -> float:
        """Until it should be checked again."""
        return _UNHEALTHY_SECONDS if self.unhealthy else _HEALTHY_SECONDS

    async def check(self) -> bool:
        """Ask for its status, and follow its key. `unhealthy` says what is wrong."""
        asked = self._clock.now().timestamp()
        try:
            status = await self._client.status()
            await self._follow(status)
        except KmsError as error:
            if str(error) != self.unhealthy:
                _log.error("KMS provider %s is not healthy: %s", self.name, error)
            self.unhealthy = str(error)
            return False
        self._writable_until = asked + _WRITING_SECONDS
        self.unhealthy = ""
        return True

    async def _follow(self, status: m.StatusResponse) -> None:
        if status.healthz != "ok":
            raise KmsError(f"got unexpected healthz status: {status.healthz}")
        if status.version not in _VERSIONS:
            raise KmsError(f"expected KMSv2 API version v2, got {status.version}")
        self._version = self._version or status.version
        if status.version != self._version:
            raise KmsError(f"its API version should not change from {self._version} to {status.version}")
        _check_key_id(status.key_id)
        if self._seed is None or self._seed.sealed.keyID != status.key_id:
            await self._renew(status.key_id)

    async def _renew(self, key_id: str) -> None:
        plain = os.urandom(_SEED_BYTES)
        answer = await self._client.encrypt(plain, self._ids.uid())
        _check_sealed(answer)
        if answer.key_id != key_id:
            raise KmsError("it says one key in its status and encrypts with another")
        sealed = m.EncryptedObject(b"", key_id, answer.ciphertext, answer.annotations, m.SEED)
        self._known.put(_fingerprint(sealed), plain)
        self._seed = _Seed(plain, sealed)


def _check_key_id(key_id: str) -> None:
    if not 0 < len(key_id.encode()) <= _KEY_ID_BYTES:
        raise KmsError("its key ID must have 1 to 1024 bytes")


def _check_sealed(answer: m.EncryptResponse) -> None:
    _check_key_id(answer.key_id)
    if not 0 < len(answer.ciphertext) <= _SEALED_SEED_BYTES:
        raise KmsError("what it encrypts must have 1 to 1024 bytes")
    if sum(len(each.key.encode()) + len(each.value) for each in answer.annotations) > _ANNOTATION_BYTES:
        raise KmsError("its annotations must not be larger than 32 kB")
    for each in answer.annotations:
        if not _DOMAIN.fullmatch(each.key):
            raise KmsError(f"its annotation {each.key} must be a fully qualified domain name")


def _decoded(sealed: bytes) -> m.EncryptedObject:
    try:
        return decode(m.EncryptedObject, sealed)
    except (WireError, UnicodeDecodeError) as error:
        raise ValueError(f"it is damaged: {error}") from error


def _fingerprint(sealed: m.EncryptedObject) -> bytes:
    annotations = sorted(sealed.annotations, key=lambda each: each.key)
    kept = m.EncryptedObject(
        b"", sealed.keyID, sealed.encryptedDEKSource, annotations, sealed.encryptedDEKSourceType
    )
    return hashlib.sha256(encode(kept)).digest()


def _derived(seed: bytes, info: bytes) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    return HKDFExpand(SHA256(), 32, info).derive(seed)


def _opened(secret: bytes, data: bytes, key: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag

    try:
        return bytes(_cipher(secret).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], key))
    except InvalidTag:
        raise ValueError("it was written with another key, or changed since") from None


def _cipher(secret: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(secret)
