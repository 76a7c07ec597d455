"""A short, name-safe fingerprint of a pod template: the value of `pod-template-hash` and of revisions.

It is not upstream's number (that hashes Go's memory layout). Nobody compares the two: a ReplicaSet is
recognised by its template, the hash only has to be stable and to avoid collisions.
"""

import hashlib

import msgspec

from kubeade.api.resource import Object

SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
_encoder = msgspec.json.Encoder(order="deterministic")


def template_hash(template: Object, collision_count: int = 0) -> str:
    """Up to ten characters that spell no word."""
    data = _encoder.encode([template, collision_count])
    number = int.from_bytes(hashlib.blake2b(data, digest_size=4).digest(), "big")
    return "".join(SAFE_ALPHABET[ord(digit) % len(SAFE_ALPHABET)] for digit in str(number))
