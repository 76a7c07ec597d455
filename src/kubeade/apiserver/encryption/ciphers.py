"""Values in upstream's forms: `k8s:enc:aesgcm:v1:key1:` and what the cipher made.

The key of the ledger is authenticated with AES-GCM, so that nobody who can write to the disk can put one
Secret in another's place. AES-CBC and secretbox, which cannot do that, are there for data that was written
with them.
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

_PREFIX = b"k8s:enc:"
_NONCE_BYTES = 12
_BLOCK_BYTES = 16


class Unreadable(Exception):
    """A stored value that none of the configured keys opens. The message may be logged."""


class PluginAway(ValueError):
    """Who has to be asked about a value does not answer; later he may."""


class SeedUnknown(Exception):
    """A value cannot be opened before somebody outside has been asked: await `learn`, which raises PluginAway
    or ValueError, and try again."""

    def __init__(self, learn: Callable[[], Awaitable[None]]) -> None:
        super().__init__("the value's key is not known yet")
        self.learn = learn


class Unwritable(Exception):
    """Nothing can be sealed now. The message may be shown."""


class Cipher(Protocol):
    prefix: bytes

    def seal(self, plain: bytes, key: bytes) -> bytes:
        """Raises ValueError."""
        ...

    def open(self, sealed: bytes, key: bytes) -> bytes:
        """Without the prefix. Raises ValueError, SeedUnknown."""
        ...

    def is_stale(self, sealed: bytes) -> bool:
        """Whether it would be sealed with another key now."""
        ...


class Transformer:
    """Writes with the first cipher, reads with whichever the value names; None is `identity`."""

    def __init__(self, ciphers: Sequence[Cipher | None]) -> None:
        self._ciphers = ciphers

    @property
    def encrypts(self) -> bool:
        return self._ciphers[0] is not None

    def seal(self, plain: bytes, key: bytes) -> bytes:
        """Raises Unwritable."""
        cipher = self._ciphers[0]
        try:
            return plain if cipher is None else cipher.prefix + cipher.seal(plain, key)
        except ValueError as error:
            raise Unwritable(str(error)) from error

    def is_stale(self, stored: bytes) -> bool:
        """Whether it was written otherwise than it would be now."""
        first = self._ciphers[0]
        if first is None or not stored.startswith(first.prefix):
            return first is not None or stored.startswith(_PREFIX)
        return first.is_stale(stored[len(first.prefix) :])

    def open(self, stored: bytes, key: bytes) -> bytes:
        """Raises Unreadable, SeedUnknown."""
        for cipher in self._ciphers:
            if cipher is None and not stored.startswith(_PREFIX):
                return stored
            if cipher is not None and stored.startswith(cipher.prefix):
                try:
                    return cipher.open(stored[len(cipher.prefix) :], key)
                except ValueError as error:
                    raise Unreadable(f"{key.decode()}: {error}") from error
        raise Unreadable(f"{key.decode()}: no provider of the encryption configuration can read it")


class FixedKey:
    """What is written with a key that does not change by itself is not stale."""

    def is_stale(self, sealed: bytes) -> bool:
        return False


class AesGcm(FixedKey):
    def __init__(self, name: str, secret: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self.prefix = b"%baesgcm:v1:%b:" % (_PREFIX, name.encode())
        self._cipher = AESGCM(secret)

    def seal(self, plain: bytes, key: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, key)

    def open(self, sealed: bytes, key: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], key)
        except InvalidTag:
            raise ValueError("it was written with another key, or changed since") from None


class AesCbc(FixedKey):
    def __init__(self, name: str, secret: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers.algorithms import AES

        self.prefix = b"%baescbc:v1:%b:" % (_PREFIX, name.encode())
        self._algorithm = AES(secret)

    def seal(self, plain: bytes, key: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers import Cipher as Mode
        from cryptography.hazmat.primitives.ciphers.modes import CBC
        from cryptography.hazmat.primitives.padding import PKCS7

        vector = os.urandom(_BLOCK_BYTES)
        padder, encryptor = PKCS7(8 * _BLOCK_BYTES).padder(), Mode(self._algorithm, CBC(vector)).encryptor()
        padded = padder.update(plain) + padder.finalize()
        return vector + encryptor.update(padded) + encryptor.finalize()

    def open(self, sealed: bytes, key: bytes) -> bytes:
        from cryptography.hazmat.primitives.ciphers import Cipher as Mode
        from cryptography.hazmat.primitives.ciphers.modes import CBC
        from cryptography.hazmat.primitives.padding import PKCS7

        decryptor = Mode(self._algorithm, CBC(sealed[:_BLOCK_BYTES])).decryptor()
        padded = decryptor.update(sealed[_BLOCK_BYTES:]) + decryptor.finalize()
        unpadder = PKCS7(8 * _BLOCK_BYTES).unpadder()
        return unpadder.update(padded) + unpadder.finalize()


class SecretBox(FixedKey):
    """NaCl's: XSalsa20 and Poly1305. The ledger's key is not authenticated, as upstream has it."""

    def __init__(self, name: str, secret: bytes) -> None:
        from nacl.secret import SecretBox as Box

        self.prefix = b"%bsecretbox:v1:%b:" % (_PREFIX, name.encode())
        self._box = Box(secret)

    def seal(self, plain: bytes, key: bytes) -> bytes:
        return bytes(self._box.encrypt(plain))

    def open(self, sealed: bytes, key: bytes) -> bytes:
        from nacl.exceptions import CryptoError

        try:
            return bytes(self._box.decrypt(sealed))
        except CryptoError:
            raise ValueError("it was written with another key, or changed since") from None
