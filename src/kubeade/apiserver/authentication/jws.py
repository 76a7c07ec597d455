"""Signed tokens (JWS compact serialization, RFC 7515) with the service account keys.

Written on `cryptography` alone, which is imported with the first token; the algorithm follows from the
key, never from the token: ES256 for P-256 keys, RS256 for RSA keys that a cluster brings along.
"""

import binascii
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec

from kubeade.api.resource import Object

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_COORDINATE_BYTES = 32


class InvalidToken(Exception):
    """Not a token, or not signed by one of our keys. The text may be shown to its bearer."""


class VerifyingKey:
    """A public key, by which tokens are checked. `key_id` is upstream's: the hash of its DER form."""

    def __init__(self, public: "PublicKey") -> None:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec

        self.public = public
        self.algorithm = "ES256" if isinstance(public, ec.EllipticCurvePublicKey) else "RS256"
        der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.key_id = _encode(hashlib.sha256(der).digest())

    def verifies(self, signature: bytes, signed: bytes) -> bool:
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding
        from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

        try:
            if isinstance(self.public, ec.EllipticCurvePublicKey):
                if len(signature) != 2 * _COORDINATE_BYTES:
                    return False
                r, s = signature[:_COORDINATE_BYTES], signature[_COORDINATE_BYTES:]
                der = encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))
                self.public.verify(der, signed, ec.ECDSA(hashes.SHA256()))
            else:
                self.public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def jwk(self) -> Object:
        """As a JSON Web Key (RFC 7517)."""
        from cryptography.hazmat.primitives.asymmetric import ec

        common = {"use": "sig", "kid": self.key_id, "alg": self.algorithm}
        if isinstance(self.public, ec.EllipticCurvePublicKey):
            point = self.public.public_numbers()
            x, y = (_encode(part.to_bytes(_COORDINATE_BYTES, "big")) for part in (point.x, point.y))
            return {**common, "kty": "EC", "crv": "P-256", "x": x, "y": y}
        numbers = self.public.public_numbers()
        return {**common, "kty": "RSA", "n": _encode_integer(numbers.n), "e": _encode_integer(numbers.e)}


class ServiceAccountKeys:
    """The key that signs, and all whose tokens count: its own, and older ones given as public keys."""

    def __init__(self, signing_pem: bytes, verifying_pems: tuple[bytes, ...] = ()) -> None:
        self._signing_pem = signing_pem
        self._verifying_pems = verifying_pems

    @cached_property
    def verifying(self) -> list[VerifyingKey]:
        from cryptography.hazmat.primitives.serialization import load_pem_public_key

        public_keys = [_supported(load_pem_public_key(pem)) for pem in self._verifying_pems]
        return [VerifyingKey(key) for key in (self._signing.public_key(), *public_keys)]

    @cached_property
    def _signing(self) -> "PrivateKey":
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        key: PrivateKey = _supported(load_pem_private_key(self._signing_pem, password=None))
        return key

    def sign(self, claims: Object) -> str:
        key = self.verifying[0]
        header = {"alg": key.algorithm, "kid": key.key_id}
        signed = f"{_encode(msgspec.json.encode(header))}.{_encode(msgspec.json.encode(claims))}"
        return f"{signed}.{_encode(self._signature(signed.encode()))}"

    def verify(self, token: str) -> Object:
        """The claims of a token that one of the keys has signed. Raises InvalidToken."""
        signed, _, signature_text = token.rpartition(".")
        header = _decode_json(signed.partition(".")[0])
        signature = _decode(signature_text)
        candidates = [key for key in self.verifying if header.get("kid") in (None, key.key_id)]
        for key in candidates:
            if header.get("alg") == key.algorithm and key.verifies(signature, signed.encode()):
                return unverified_claims(token)
        raise InvalidToken("invalid signature" if candidates else "invalid signature, no keys found")

    def _signature(self, signed: bytes) -> bytes:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

        key = self._signing
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            return key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(key.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")


def unverified_claims(token: str) -> Object:
    """What a token says of itself. Believe it only after `verify`. Raises InvalidToken."""
    parts = token.split(".")
    if len(parts) != 3:
        raise InvalidToken("not a signed token")
    return _decode_json(parts[1])


def _supported(key: Any) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if isinstance(key, rsa.RSAPrivateKey | rsa.RSAPublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) and key.key_size == 256:
        return key
    raise ValueError("a service account key must be EC P-256 or RSA")


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _encode_integer(number: int) -> str:
    return _encode(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _decode(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as error:
        raise InvalidToken("not a signed token") from error


def _decode_json(text: str) -> Object:
    try:
        return msgspec.json.decode(_decode(text), type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidToken("not a signed token") from error
